//! Invites.

use protocol::id::{GuildId, InviteId, UserId};
use protocol::invite::Invite;
use protocol::time::Timestamp;
use sqlx::query_as;

use super::access::GuildAccess;
use super::engine::{Hold, execute, on_engine};
use super::row::{self, InviteRow};
use super::{Result, Tx};
use crate::secret::SecretHash;

/// Stands for the instance where things are held by id: no noun has it.
const INSTANCE: i64 = 0;

/// How a new invite ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) max_uses: Option<u32>,
    pub(crate) expires_at: Option<Timestamp>,
}

pub(crate) struct NewInvite<'a> {
    pub(crate) id: InviteId,
    pub(crate) code: &'a SecretHash,
    pub(crate) terms: Terms,
}

/// Makes an invite to the guild that `access` proves.
pub(crate) async fn insert_for_guild(tx: &mut Tx, access: &GuildAccess, new: NewInvite<'_>) -> Result<()> {
    insert(tx, (Some(access.guild().id), access.user()), new).await
}

/// Makes an invite to the instance; the caller has checked that `inviter` is an admin.
pub(crate) async fn insert_for_instance(tx: &mut Tx, inviter: UserId, new: NewInvite<'_>) -> Result<()> {
    insert(tx, (None, inviter), new).await
}

async fn insert(tx: &mut Tx, (guild, inviter): (Option<GuildId>, UserId), new: NewInvite<'_>) -> Result<()> {
    execute!(tx, connection => sqlx::query(
        "insert into invites (id, code_hash, guild_id, inviter_id, max_uses, uses, expires_at) \
         values ($1, $2, $3, $4, $5, 0, $6)",
    )
    .bind(new.id.get())
    .bind(new.code.as_str())
    .bind(guild.map(GuildId::get))
    .bind(inviter.get())
    .bind(new.terms.max_uses.map(i64::from))
    .bind(new.terms.expires_at.map(|at| at.0))
    .execute(connection))?;
    Ok(())
}

/// Takes one use of an invite that can still be used, and answers with it; of several who race for the last, one gets it.
pub(crate) async fn take_use(tx: &mut Tx, code: &SecretHash, now: Timestamp) -> Result<Option<Invite>> {
    let taken: Option<(i64,)> = on_engine!(tx, connection => query_as(
        "update invites set uses = uses + 1 where code_hash = $1 \
         and (max_uses is null or uses < max_uses) and (expires_at is null or expires_at > $2) returning id",
    )
    .bind(code.as_str())
    .bind(now.0)
    .fetch_optional(connection))?;
    match taken {
        Some((id,)) => find(tx, row::id(id)?).await,
        None => Ok(None),
    }
}

/// An invite that can still be used.
pub(crate) async fn find_usable(tx: &mut Tx, code: &SecretHash, now: Timestamp) -> Result<Option<Invite>> {
    let found: Option<InviteRow> = on_engine!(tx, connection => query_as(
        "select invites.id, guild_id, inviter_id, username, display_name, max_uses, uses, expires_at \
         from invites join users on users.id = invites.inviter_id where code_hash = $1 \
         and (max_uses is null or uses < max_uses) and (expires_at is null or expires_at > $2)",
    )
    .bind(code.as_str())
    .bind(now.0)
    .fetch_optional(connection))?;
    found.map(row::invite).transpose()
}

pub(crate) async fn find(tx: &mut Tx, invite: InviteId) -> Result<Option<Invite>> {
    let found: Option<InviteRow> = on_engine!(tx, connection => query_as(
        "select invites.id, guild_id, inviter_id, username, display_name, max_uses, uses, expires_at \
         from invites join users on users.id = invites.inviter_id where invites.id = $1",
    )
    .bind(invite.get())
    .fetch_optional(connection))?;
    found.map(row::invite).transpose()
}

/// The guild's invites that can still be used, the newest first.
pub(crate) async fn list_usable(tx: &mut Tx, access: &GuildAccess, now: Timestamp) -> Result<Vec<Invite>> {
    let rows: Vec<InviteRow> = on_engine!(tx, connection => query_as(
        "select invites.id, guild_id, inviter_id, username, display_name, max_uses, uses, expires_at \
         from invites join users on users.id = invites.inviter_id where guild_id = $1 \
         and (max_uses is null or uses < max_uses) and (expires_at is null or expires_at > $2) \
         order by invites.id desc",
    )
    .bind(access.guild().id.get())
    .bind(now.0)
    .fetch_all(connection))?;
    rows.into_iter().map(row::invite).collect()
}

/// Keeps everyone else from making invites to the instance until the transaction ends.
pub(crate) async fn hold_of_instance(tx: &mut Tx) -> Result<()> {
    tx.hold(INSTANCE, Hold::Alone).await
}

/// How many invites to the instance can still be used.
pub(crate) async fn count_usable_of_instance(tx: &mut Tx, now: Timestamp) -> Result<u32> {
    let (count,): (i64,) = on_engine!(tx, connection => query_as(
        "select count(*) from invites where guild_id is null \
         and (max_uses is null or uses < max_uses) and (expires_at is null or expires_at > $1)",
    )
    .bind(now.0)
    .fetch_one(connection))?;
    row::count(count)
}

/// Makes an invite useless; the caller has checked who may.
pub(crate) async fn delete(tx: &mut Tx, invite: InviteId) -> Result<()> {
    execute!(tx, connection => sqlx::query("delete from invites where id = $1")
        .bind(invite.get())
        .execute(connection))?;
    Ok(())
}
