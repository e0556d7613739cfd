//! Channels, and how far users have read them.

use protocol::channel::{Channel, ReadState, RoomSettings};
use protocol::id::{ChannelId, GuildId, MessageId, UserId};
use protocol::permission::Facts;
use protocol::request::channel::ChannelPlace;
use protocol::voice::Restraint;
use sqlx::query_as;

use super::access::{ChannelAccess, GuildAccess};
use super::engine::{Hold, execute, on_engine};
use super::row::{self, ChannelRow, RestraintRow};
use super::{Result, Tx};

/// As [`super::guild::hold`], for the guild of a channel.
pub(crate) async fn hold_guild(tx: &mut Tx, channel: ChannelId) -> Result<()> {
    tx.hold_guild_of(channel, Hold::Alone).await
}

/// Makes a channel in the guild that `access` proves; `new.guild_id` is that guild's.
pub(crate) async fn insert(tx: &mut Tx, access: &GuildAccess, new: &Channel) -> Result<()> {
    execute!(tx, connection => sqlx::query(
        "insert into channels (id, guild_id, kind, name, topic, parent_id, position, user_limit, bitrate) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(new.id.get())
    .bind(access.guild().id.get())
    .bind(row::channel_kind_column(new.kind)?)
    .bind(&new.name)
    .bind(&new.topic)
    .bind(new.parent_id.map(ChannelId::get))
    .bind(i64::from(new.position))
    .bind(i64::from(new.room.user_limit))
    .bind(i64::from(new.room.bitrate))
    .execute(connection))?;
    Ok(())
}

/// A channel, and what is known and was decided of a user in its guild.
pub(super) struct Known {
    pub(super) channel: Channel,
    pub(super) facts: Facts,
    pub(super) restraint: Restraint,
    /// Whether those go there who do nothing in another.
    pub(super) is_afk: bool,
}

pub(super) async fn find_with_facts(tx: &mut Tx, channel: ChannelId, user: UserId) -> Result<Option<Known>> {
    let found: Option<FactsRow> = on_engine!(tx, connection => query_as(
        "select channels.id, channels.guild_id, kind, channels.name, topic, parent_id, position, last_message_id, \
         user_limit, bitrate, guilds.owner_id, guilds.afk_channel_id, members.user_id as member_id, server_muted, server_deafened \
         from channels join guilds on guilds.id = channels.guild_id \
         left join members on members.guild_id = channels.guild_id and members.user_id = $2 \
         left join restraints on restraints.guild_id = channels.guild_id and restraints.user_id = $2 \
         where channels.id = $1",
    )
    .bind(channel.get())
    .bind(user.get())
    .fetch_optional(connection))?;
    found
        .map(|row| {
            let facts = Facts { is_owner: row.owner_id == user.get(), is_member: row.member_id.is_some() };
            let channel = row::channel(row.channel)?;
            let is_afk = row.afk_channel_id == Some(channel.id.get());
            Ok(Known { channel, facts, restraint: row::restraint(row.restraint), is_afk })
        })
        .transpose()
}

#[derive(sqlx::FromRow)]
struct FactsRow {
    #[sqlx(flatten)]
    channel: ChannelRow,
    owner_id: i64,
    afk_channel_id: Option<i64>,
    member_id: Option<i64>,
    #[sqlx(flatten)]
    restraint: RestraintRow,
}

/// The channels of a guild, by position, then id.
pub(crate) async fn list(tx: &mut Tx, guild: GuildId) -> Result<Vec<Channel>> {
    let rows: Vec<ChannelRow> = on_engine!(tx, connection => query_as(
        "select id, guild_id, kind, name, topic, parent_id, position, last_message_id, user_limit, bitrate \
         from channels where guild_id = $1 order by position, id",
    )
    .bind(guild.get())
    .fetch_all(connection))?;
    rows.into_iter().map(row::channel).collect()
}

/// What of a channel can be changed but its place.
pub(crate) struct Look<'a> {
    pub(crate) name: &'a str,
    pub(crate) topic: &'a str,
    pub(crate) room: RoomSettings,
}

pub(crate) async fn update(tx: &mut Tx, access: &ChannelAccess, look: Look<'_>) -> Result<Channel> {
    let channel = access.channel();
    let Look { name, topic, room } = look;
    execute!(tx, connection => sqlx::query(
        "update channels set name = $2, topic = $3, user_limit = $4, bitrate = $5 where id = $1",
    )
    .bind(channel.id.get())
    .bind(name)
    .bind(topic)
    .bind(i64::from(room.user_limit))
    .bind(i64::from(room.bitrate))
    .execute(connection))?;
    Ok(Channel { name: name.to_owned(), topic: topic.to_owned(), room, ..channel.clone() })
}

/// Moves a channel; false where the guild that `access` proves has no such channel.
pub(crate) async fn place(tx: &mut Tx, access: &GuildAccess, place: ChannelPlace) -> Result<bool> {
    let moved: Option<(i64,)> = on_engine!(tx, connection => query_as(
        "update channels set parent_id = $3, position = $4 where id = $1 and guild_id = $2 returning id",
    )
    .bind(place.id.get())
    .bind(access.guild().id.get())
    .bind(place.parent_id.map(ChannelId::get))
    .bind(i64::from(place.position))
    .fetch_optional(connection))?;
    Ok(moved.is_some())
}

pub(crate) async fn delete(tx: &mut Tx, access: &ChannelAccess) -> Result<()> {
    execute!(tx, connection => sqlx::query("delete from channels where id = $1")
        .bind(access.channel().id.get())
        .execute(connection))?;
    Ok(())
}

/// Marks a channel as read up to a message, never backwards, and answers with how far it is read now.
pub(crate) async fn mark_read(tx: &mut Tx, access: &ChannelAccess, last_read: MessageId) -> Result<ReadState> {
    let channel_id = access.channel().id;
    let (last_read_id,): (i64,) = on_engine!(tx, connection => query_as(
        "insert into read_states (user_id, channel_id, last_read_id) values ($1, $2, $3) \
         on conflict (user_id, channel_id) do update set last_read_id = \
         case when excluded.last_read_id > read_states.last_read_id \
         then excluded.last_read_id else read_states.last_read_id end \
         returning last_read_id",
    )
    .bind(access.user().get())
    .bind(channel_id.get())
    .bind(last_read.get())
    .fetch_one(connection))?;
    Ok(ReadState { channel_id, last_read_id: row::id(last_read_id)? })
}

/// How far a user has read the channels of guilds that they are in.
pub(crate) async fn read_states(tx: &mut Tx, user: UserId) -> Result<Vec<ReadState>> {
    let rows: Vec<(i64, i64)> = on_engine!(tx, connection => query_as(
        "select read_states.channel_id, read_states.last_read_id from read_states \
         join channels on channels.id = read_states.channel_id \
         join members on members.guild_id = channels.guild_id and members.user_id = read_states.user_id \
         where read_states.user_id = $1 order by read_states.channel_id",
    )
    .bind(user.get())
    .fetch_all(connection))?;
    rows.into_iter()
        .map(|(channel, last_read)| Ok(ReadState { channel_id: row::id(channel)?, last_read_id: row::id(last_read)? }))
        .collect()
}
