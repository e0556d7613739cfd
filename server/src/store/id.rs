//! The ids that are in use.

use sqlx::query_as;

use super::engine::on_engine;
use super::{Result, Tx};

/// The greatest id that any noun has or that is remembered of one; 0 where there is none.
pub(crate) async fn greatest(tx: &mut Tx) -> Result<i64> {
    let (greatest,): (Option<i64>,) = on_engine!(tx, connection => query_as(
        "select max(id) from (select max(id) as id from users union all select max(id) from sessions \
         union all select max(id) from guilds union all select max(id) from channels \
         union all select max(id) from messages union all select max(id) from invites \
         union all select max(last_message_id) from channels union all select max(last_read_id) from read_states) as ids",
    )
    .fetch_one(connection))?;
    Ok(greatest.unwrap_or(0))
}
