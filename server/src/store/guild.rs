//! Guilds and their members.

use protocol::guild::{Afk, Guild, Member};
use protocol::id::{ChannelId, GuildId, UserId};
use protocol::time::Timestamp;
use protocol::voice::Restraint;
use sqlx::query_as;

use super::access::GuildAccess;
use super::engine::{Hold, execute, on_engine};
use super::row::{self, GuildRow, MemberRow};
use super::{Result, Tx};

/// Makes a guild without members; anyone signed in may.
pub(crate) async fn insert(tx: &mut Tx, new: &Guild) -> Result<()> {
    execute!(tx, connection => sqlx::query("insert into guilds (id, name, owner_id) values ($1, $2, $3)")
        .bind(new.id.get())
        .bind(&new.name)
        .bind(new.owner_id.get())
        .execute(connection))?;
    Ok(())
}

/// Keeps everyone else from relying on a guild's members and channels, and from changing them, until the transaction ends.
/// Whoever changes them does this before anything else.
pub(crate) async fn hold(tx: &mut Tx, guild: GuildId) -> Result<()> {
    tx.hold(guild.get(), Hold::Alone).await
}

pub(crate) async fn find(tx: &mut Tx, guild: GuildId) -> Result<Option<Guild>> {
    let found: Option<GuildRow> = on_engine!(tx, connection => query_as(
        "select id, name, owner_id, afk_channel_id, afk_timeout_s from guilds where id = $1",
    )
    .bind(guild.get())
    .fetch_optional(connection))?;
    found.map(row::guild).transpose()
}

/// The guilds that a user is a member of, by id.
pub(crate) async fn list_of_user(tx: &mut Tx, user: UserId) -> Result<Vec<Guild>> {
    let rows: Vec<GuildRow> = on_engine!(tx, connection => query_as(
        "select guilds.id, guilds.name, guilds.owner_id, afk_channel_id, afk_timeout_s from guilds \
         join members on members.guild_id = guilds.id \
         where members.user_id = $1 order by guilds.id",
    )
    .bind(user.get())
    .fetch_all(connection))?;
    rows.into_iter().map(row::guild).collect()
}

pub(crate) async fn count_owned(tx: &mut Tx, user: UserId) -> Result<u32> {
    let (count,): (i64,) = on_engine!(tx, connection => query_as("select count(*) from guilds where owner_id = $1")
        .bind(user.get())
        .fetch_one(connection))?;
    row::count(count)
}

pub(crate) async fn count_joined(tx: &mut Tx, user: UserId) -> Result<u32> {
    let (count,): (i64,) = on_engine!(tx, connection => query_as("select count(*) from members where user_id = $1")
        .bind(user.get())
        .fetch_one(connection))?;
    row::count(count)
}

/// Changes the name, and where those go who do nothing, of the guild that `access` proves.
pub(crate) async fn update(tx: &mut Tx, access: &GuildAccess, name: &str, afk: Afk) -> Result<Guild> {
    let guild = access.guild();
    execute!(tx, connection => sqlx::query(
        "update guilds set name = $2, afk_channel_id = $3, afk_timeout_s = $4 where id = $1",
    )
    .bind(guild.id.get())
    .bind(name)
    .bind(afk.afk_channel_id.map(ChannelId::get))
    .bind(i64::from(afk.afk_timeout_s))
    .execute(connection))?;
    Ok(Guild { name: name.to_owned(), afk, ..guild.clone() })
}

pub(crate) async fn delete(tx: &mut Tx, access: &GuildAccess) -> Result<()> {
    execute!(tx, connection => sqlx::query("delete from guilds where id = $1")
        .bind(access.guild().id.get())
        .execute(connection))?;
    Ok(())
}

pub(crate) async fn is_member(tx: &mut Tx, guild: GuildId, user: UserId) -> Result<bool> {
    let found: Option<(i64,)> = on_engine!(tx, connection => query_as(
        "select user_id from members where guild_id = $1 and user_id = $2",
    )
    .bind(guild.get())
    .bind(user.get())
    .fetch_optional(connection))?;
    Ok(found.is_some())
}

/// Makes a user a member; false where they were one already.
pub(crate) async fn insert_member(tx: &mut Tx, guild: GuildId, user: UserId, now: Timestamp) -> Result<bool> {
    let inserted: Option<(i64,)> = on_engine!(tx, connection => query_as(
        "insert into members (guild_id, user_id, joined_at) values ($1, $2, $3) \
         on conflict (guild_id, user_id) do nothing returning user_id",
    )
    .bind(guild.get())
    .bind(user.get())
    .bind(now.0)
    .fetch_optional(connection))?;
    Ok(inserted.is_some())
}

/// Ends a membership; false where there was none.
pub(crate) async fn delete_member(tx: &mut Tx, access: &GuildAccess, user: UserId) -> Result<bool> {
    let deleted: Option<(i64,)> = on_engine!(tx, connection => query_as(
        "delete from members where guild_id = $1 and user_id = $2 returning user_id",
    )
    .bind(access.guild().id.get())
    .bind(user.get())
    .fetch_optional(connection))?;
    Ok(deleted.is_some())
}

/// The members of a guild, by id.
pub(crate) async fn members(tx: &mut Tx, guild: GuildId) -> Result<Vec<Member>> {
    let rows: Vec<MemberRow> = on_engine!(tx, connection => query_as(
        "select users.id, username, display_name, joined_at, server_muted, server_deafened \
         from members join users on users.id = members.user_id \
         left join restraints on restraints.guild_id = members.guild_id and restraints.user_id = members.user_id \
         where members.guild_id = $1 order by users.id",
    )
    .bind(guild.get())
    .fetch_all(connection))?;
    rows.into_iter().map(row::member).collect()
}

/// A member of a guild.
pub(crate) async fn member(tx: &mut Tx, guild: GuildId, user: UserId) -> Result<Option<Member>> {
    let found: Option<MemberRow> = on_engine!(tx, connection => query_as(
        "select users.id, username, display_name, joined_at, server_muted, server_deafened \
         from members join users on users.id = members.user_id \
         left join restraints on restraints.guild_id = members.guild_id and restraints.user_id = members.user_id \
         where members.guild_id = $1 and members.user_id = $2",
    )
    .bind(guild.get())
    .bind(user.get())
    .fetch_optional(connection))?;
    found.map(row::member).transpose()
}

/// Decides about a user in the guild that `access` proves.
pub(crate) async fn restrain(tx: &mut Tx, access: &GuildAccess, user: UserId, restraint: Restraint) -> Result<()> {
    execute!(tx, connection => sqlx::query(
        "insert into restraints (guild_id, user_id, server_muted, server_deafened) values ($1, $2, $3, $4) \
         on conflict (guild_id, user_id) do update \
         set server_muted = excluded.server_muted, server_deafened = excluded.server_deafened",
    )
    .bind(access.guild().id.get())
    .bind(user.get())
    .bind(restraint.server_muted)
    .bind(restraint.server_deafened)
    .execute(connection))?;
    Ok(())
}

/// The ids of the members of a guild.
pub(crate) async fn member_ids(tx: &mut Tx, guild: GuildId) -> Result<Vec<UserId>> {
    let rows: Vec<(i64,)> = on_engine!(tx, connection => query_as("select user_id from members where guild_id = $1")
        .bind(guild.get())
        .fetch_all(connection))?;
    rows.into_iter().map(|(user,)| row::id(user)).collect()
}

/// The ids of everyone who shares a guild with a user, the user too.
pub(crate) async fn acquaintance_ids(tx: &mut Tx, user: UserId) -> Result<Vec<UserId>> {
    let rows: Vec<(i64,)> = on_engine!(tx, connection => query_as(
        "select distinct others.user_id from members as own join members as others on others.guild_id = own.guild_id \
         where own.user_id = $1",
    )
    .bind(user.get())
    .fetch_all(connection))?;
    rows.into_iter().map(|(user,)| row::id(user)).collect()
}
