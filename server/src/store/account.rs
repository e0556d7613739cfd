//! Users.

use protocol::account::CurrentUser;
use protocol::id::UserId;
use sqlx::query_as;

use super::engine::{Hold, execute, on_engine};
use super::row;
use super::{Result, Tx};

pub(crate) struct NewUser<'a> {
    pub(crate) id: UserId,
    pub(crate) username: &'a str,
    pub(crate) display_name: &'a str,
    pub(crate) password_hash: &'a str,
    pub(crate) is_admin: bool,
}

/// Makes a user; a unique violation says that the name is taken.
pub(crate) async fn insert(tx: &mut Tx, new: NewUser<'_>) -> Result<()> {
    execute!(tx, connection => sqlx::query(
        "insert into users (id, username, display_name, password_hash, is_admin) values ($1, $2, $3, $4, $5)",
    )
    .bind(new.id.get())
    .bind(new.username)
    .bind(new.display_name)
    .bind(new.password_hash)
    .bind(new.is_admin)
    .execute(connection))?;
    Ok(())
}

/// Keeps everyone else from making a user owner or member of something until the transaction ends.
pub(crate) async fn hold(tx: &mut Tx, user: UserId) -> Result<()> {
    tx.hold(user.get(), Hold::Alone).await
}

/// Whether there is any account.
pub(crate) async fn any(tx: &mut Tx) -> Result<bool> {
    let row: Option<(i64,)> =
        on_engine!(tx, connection => query_as("select id from users limit 1").fetch_optional(connection))?;
    Ok(row.is_some())
}

/// A user and the hash of their password.
pub(crate) async fn find_by_username(tx: &mut Tx, username: &str) -> Result<Option<(CurrentUser, String)>> {
    let found: Option<(i64, String, String, bool, String)> = on_engine!(tx, connection => query_as(
        "select id, username, display_name, is_admin, password_hash from users where username = $1",
    )
    .bind(username)
    .fetch_optional(connection))?;
    found
        .map(|(id, username, display_name, is_admin, hash)| {
            Ok((CurrentUser { user: row::user((id, username, display_name))?, is_admin }, hash))
        })
        .transpose()
}
