//! Sign-ins.

use protocol::account::{CurrentUser, Session};
use protocol::id::{SessionId, UserId};
use protocol::time::Timestamp;
use sqlx::query_as;

use super::engine::{execute, on_engine};
use super::row;
use super::{Result, Tx};
use crate::secret::SecretHash;

pub(crate) struct NewSession<'a> {
    pub(crate) id: SessionId,
    pub(crate) user: UserId,
    pub(crate) token_hash: &'a SecretHash,
    pub(crate) device: &'a str,
    pub(crate) now: Timestamp,
}

/// A session that a token proved.
#[derive(Debug, Clone)]
pub(crate) struct LiveSession {
    pub(crate) id: SessionId,
    pub(crate) user: CurrentUser,
    pub(crate) last_used_at: Timestamp,
}

pub(crate) async fn insert(tx: &mut Tx, new: NewSession<'_>) -> Result<()> {
    execute!(tx, connection => sqlx::query(
        "insert into sessions (id, user_id, token_hash, device, last_used_at) values ($1, $2, $3, $4, $5)",
    )
    .bind(new.id.get())
    .bind(new.user.get())
    .bind(new.token_hash.as_str())
    .bind(new.device)
    .bind(new.now.0)
    .execute(connection))?;
    Ok(())
}

/// The session of a token, unless it was last used before `since`.
pub(crate) async fn find_by_token(tx: &mut Tx, token: &SecretHash, since: Timestamp) -> Result<Option<LiveSession>> {
    let found: Option<(i64, i64, i64, String, String, bool)> = on_engine!(tx, connection => query_as(
        "select sessions.id, sessions.last_used_at, users.id, users.username, users.display_name, users.is_admin \
         from sessions join users on users.id = sessions.user_id \
         where sessions.token_hash = $1 and sessions.last_used_at >= $2",
    )
    .bind(token.as_str())
    .bind(since.0)
    .fetch_optional(connection))?;
    found
        .map(|(id, last_used_at, user_id, username, display_name, is_admin)| {
            let user = CurrentUser { user: row::user((user_id, username, display_name))?, is_admin };
            Ok(LiveSession { id: row::id(id)?, user, last_used_at: Timestamp(last_used_at) })
        })
        .transpose()
}

/// The user's sessions that were used at `since` or later, the most recently used first.
pub(crate) async fn list(tx: &mut Tx, user: UserId, (current, since): (SessionId, Timestamp)) -> Result<Vec<Session>> {
    let rows: Vec<(i64, String, i64)> = on_engine!(tx, connection => query_as(
        "select id, device, last_used_at from sessions where user_id = $1 and last_used_at >= $2 \
         order by last_used_at desc, id desc",
    )
    .bind(user.get())
    .bind(since.0)
    .fetch_all(connection))?;
    rows.into_iter()
        .map(|(id, device, last_used_at)| {
            let id: SessionId = row::id(id)?;
            let last_used_at = Timestamp(last_used_at);
            Ok(Session { id, device, created_at: id.created_at(), last_used_at, is_current: id == current })
        })
        .collect()
}

pub(crate) async fn touch(tx: &mut Tx, session: SessionId, now: Timestamp) -> Result<()> {
    execute!(tx, connection => sqlx::query("update sessions set last_used_at = $2 where id = $1")
        .bind(session.get())
        .bind(now.0)
        .execute(connection))?;
    Ok(())
}

/// Ends a session of the user; false where there is none.
pub(crate) async fn delete(tx: &mut Tx, user: UserId, session: SessionId) -> Result<bool> {
    let deleted: Option<(i64,)> = on_engine!(tx, connection => query_as(
        "delete from sessions where id = $1 and user_id = $2 returning id",
    )
    .bind(session.get())
    .bind(user.get())
    .fetch_optional(connection))?;
    Ok(deleted.is_some())
}

/// Ends the user's sessions that were last used before `since`, and those beyond the `kept` that were used last; answers
/// with them.
pub(crate) async fn delete_beyond(
    tx: &mut Tx,
    user: UserId,
    (kept, since): (usize, Timestamp),
) -> Result<Vec<SessionId>> {
    let deleted: Vec<(i64,)> = on_engine!(tx, connection => query_as(
        "delete from sessions where user_id = $1 and (last_used_at < $3 or id not in \
         (select id from sessions where user_id = $1 order by last_used_at desc, id desc limit $2)) returning id",
    )
    .bind(user.get())
    .bind(i64::try_from(kept).unwrap_or(i64::MAX))
    .bind(since.0)
    .fetch_all(connection))?;
    deleted.into_iter().map(|(id,)| row::id(id)).collect()
}

/// Whether a session has not ended.
pub(crate) async fn is_live(tx: &mut Tx, session: SessionId) -> Result<bool> {
    let found: Option<(i64,)> = on_engine!(tx, connection => query_as("select id from sessions where id = $1")
        .bind(session.get())
        .fetch_optional(connection))?;
    Ok(found.is_some())
}
