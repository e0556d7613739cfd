//! Settings of the instance, by name.

use sqlx::query_as;

use super::engine::{execute, on_engine};
use super::{Result, Tx};

pub(crate) async fn get(tx: &mut Tx, name: &'static str) -> Result<Option<String>> {
    let found: Option<(String,)> = on_engine!(tx, connection => query_as(
        "select value from settings where name = $1",
    )
    .bind(name)
    .fetch_optional(connection))?;
    Ok(found.map(|(value,)| value))
}

pub(crate) async fn set(tx: &mut Tx, name: &'static str, value: &str) -> Result<()> {
    execute!(tx, connection => sqlx::query(
        "insert into settings (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value",
    )
    .bind(name)
    .bind(value)
    .execute(connection))?;
    Ok(())
}

/// Removes a setting; false where there was none, so that of several who take it one succeeds.
pub(crate) async fn take(tx: &mut Tx, name: &'static str) -> Result<bool> {
    let found: Option<(String,)> = on_engine!(tx, connection => query_as(
        "delete from settings where name = $1 returning name",
    )
    .bind(name)
    .fetch_optional(connection))?;
    Ok(found.is_some())
}
