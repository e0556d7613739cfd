//! From columns to the protocol's nouns.

use protocol::account::User;
use protocol::channel::{Channel, ChannelKind, RoomSettings};
use protocol::guild::{Afk, Guild, Member};
use protocol::invite::Invite;
use protocol::message::{Message, Nonce};
use protocol::time::Timestamp;
use protocol::voice::Restraint;

use super::{Error, Result};

/// An id from its column.
pub(super) fn id<T: TryFrom<i64>>(value: i64) -> Result<T> {
    T::try_from(value).map_err(|_| Error::Corrupt("an id"))
}

pub(super) fn optional_id<T: TryFrom<i64>>(value: Option<i64>) -> Result<Option<T>> {
    value.map(id).transpose()
}

pub(super) fn count(value: i64) -> Result<u32> {
    u32::try_from(value).map_err(|_| Error::Corrupt("a count"))
}

/// `id, username, display_name` of a user.
pub(super) type UserRow = (i64, String, String);

pub(super) fn user((user_id, username, display_name): UserRow) -> Result<User> {
    Ok(User { id: id(user_id)?, username, display_name })
}

#[derive(sqlx::FromRow)]
pub(super) struct GuildRow {
    id: i64,
    name: String,
    owner_id: i64,
    afk_channel_id: Option<i64>,
    afk_timeout_s: i64,
}

pub(super) fn guild(row: GuildRow) -> Result<Guild> {
    let afk = Afk { afk_channel_id: optional_id(row.afk_channel_id)?, afk_timeout_s: count(row.afk_timeout_s)? };
    Ok(Guild { id: id(row.id)?, name: row.name, owner_id: id(row.owner_id)?, afk })
}

#[derive(sqlx::FromRow)]
pub(super) struct MemberRow {
    id: i64,
    username: String,
    display_name: String,
    joined_at: i64,
    #[sqlx(flatten)]
    restraint: RestraintRow,
}

pub(super) fn member(row: MemberRow) -> Result<Member> {
    Ok(Member {
        user: user((row.id, row.username, row.display_name))?,
        joined_at: Timestamp(row.joined_at),
        restraint: restraint(row.restraint),
    })
}

/// Null where nothing was ever decided.
#[derive(sqlx::FromRow)]
pub(super) struct RestraintRow {
    server_muted: Option<bool>,
    server_deafened: Option<bool>,
}

pub(super) fn restraint(row: RestraintRow) -> Restraint {
    Restraint {
        server_muted: row.server_muted.unwrap_or_default(),
        server_deafened: row.server_deafened.unwrap_or_default(),
    }
}

#[derive(sqlx::FromRow)]
pub(super) struct ChannelRow {
    id: i64,
    guild_id: i64,
    kind: String,
    name: String,
    topic: String,
    parent_id: Option<i64>,
    position: i64,
    last_message_id: Option<i64>,
    user_limit: i64,
    bitrate: i64,
}

pub(super) fn channel(row: ChannelRow) -> Result<Channel> {
    Ok(Channel {
        id: id(row.id)?,
        guild_id: id(row.guild_id)?,
        kind: channel_kind(&row.kind)?,
        name: row.name,
        topic: row.topic,
        parent_id: optional_id(row.parent_id)?,
        position: count(row.position)?,
        last_message_id: optional_id(row.last_message_id)?,
        room: RoomSettings { user_limit: count(row.user_limit)?, bitrate: count(row.bitrate)? },
    })
}

fn channel_kind(text: &str) -> Result<ChannelKind> {
    match text {
        "text" => Ok(ChannelKind::Text),
        "voice" => Ok(ChannelKind::Voice),
        "category" => Ok(ChannelKind::Category),
        _ => Err(Error::Corrupt("a channel's kind")),
    }
}

pub(super) fn channel_kind_column(kind: ChannelKind) -> Result<&'static str> {
    match kind {
        ChannelKind::Text => Ok("text"),
        ChannelKind::Voice => Ok("voice"),
        ChannelKind::Category => Ok("category"),
        ChannelKind::Unknown => Err(Error::Corrupt("a channel's kind")),
    }
}

#[derive(sqlx::FromRow)]
pub(super) struct MessageRow {
    id: i64,
    channel_id: i64,
    author_id: i64,
    username: String,
    display_name: String,
    nonce: String,
    content: String,
    edited_at: Option<i64>,
}

/// A message with its nonce, which only the author may be shown.
pub(super) fn message(row: MessageRow) -> Result<Message> {
    Ok(Message {
        id: id(row.id)?,
        channel_id: id(row.channel_id)?,
        author: user((row.author_id, row.username, row.display_name))?,
        content: row.content,
        edited_at: row.edited_at.map(Timestamp),
        nonce: Some(Nonce(row.nonce)),
    })
}

#[derive(sqlx::FromRow)]
pub(super) struct InviteRow {
    id: i64,
    guild_id: Option<i64>,
    inviter_id: i64,
    username: String,
    display_name: String,
    max_uses: Option<i64>,
    uses: i64,
    expires_at: Option<i64>,
}

pub(super) fn invite(row: InviteRow) -> Result<Invite> {
    Ok(Invite {
        id: id(row.id)?,
        guild_id: optional_id(row.guild_id)?,
        inviter: user((row.inviter_id, row.username, row.display_name))?,
        max_uses: row.max_uses.map(count).transpose()?,
        uses: count(row.uses)?,
        expires_at: row.expires_at.map(Timestamp),
    })
}
