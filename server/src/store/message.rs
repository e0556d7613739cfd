//! Messages.

use protocol::account::User;
use protocol::id::{ChannelId, MessageId, UserId};
use protocol::message::{Message, Nonce};
use protocol::time::Timestamp;
use sqlx::query_as;

use super::access::ChannelAccess;
use super::engine::{execute, on_engine};
use super::row::{self, MessageRow};
use super::{Result, Tx};

pub(crate) struct NewMessage<'a> {
    pub(crate) id: MessageId,
    /// The user that the access proves.
    pub(crate) author: &'a User,
    pub(crate) nonce: &'a Nonce,
    pub(crate) content: &'a str,
}

/// Takes the channel's turn until the transaction ends: ids made after this ascend in the order of commits, and no other
/// message of the channel is written, changed or deleted meanwhile.
pub(crate) async fn take_turn(tx: &mut Tx, access: &ChannelAccess) -> Result<()> {
    execute!(tx, connection => sqlx::query("update channels set position = position where id = $1")
        .bind(access.channel().id.get())
        .execute(connection))?;
    Ok(())
}

/// Stores a message of the user that `access` proves; none where the user has used the nonce before.
pub(crate) async fn insert(tx: &mut Tx, access: &ChannelAccess, new: NewMessage<'_>) -> Result<Option<Message>> {
    let NewMessage { id, author, nonce, content } = new;
    let channel = access.channel().id;
    let inserted: Option<(i64,)> = on_engine!(tx, connection => query_as(
        "insert into messages (id, channel_id, author_id, nonce, content) values ($1, $2, $3, $4, $5) \
         on conflict (author_id, nonce) do nothing returning id",
    )
    .bind(id.get())
    .bind(channel.get())
    .bind(access.user().get())
    .bind(&nonce.0)
    .bind(content)
    .fetch_optional(connection))?;
    if inserted.is_none() {
        return Ok(None);
    }
    execute!(tx, connection => sqlx::query("update channels set last_message_id = $2 where id = $1")
        .bind(channel.get())
        .bind(id.get())
        .execute(connection))?;
    Ok(Some(Message {
        id,
        channel_id: channel,
        author: author.clone(),
        content: content.to_owned(),
        edited_at: None,
        nonce: Some(nonce.clone()),
    }))
}

pub(crate) async fn find(tx: &mut Tx, channel: ChannelId, message: MessageId) -> Result<Option<Message>> {
    let found: Option<MessageRow> = on_engine!(tx, connection => query_as(
        "select messages.id, channel_id, author_id, username, display_name, nonce, content, edited_at \
         from messages join users on users.id = messages.author_id where messages.id = $1 and channel_id = $2",
    )
    .bind(message.get())
    .bind(channel.get())
    .fetch_optional(connection))?;
    found.map(row::message).transpose()
}

pub(crate) async fn find_by_nonce(tx: &mut Tx, author: UserId, nonce: &Nonce) -> Result<Option<Message>> {
    let found: Option<MessageRow> = on_engine!(tx, connection => query_as(
        "select messages.id, channel_id, author_id, username, display_name, nonce, content, edited_at \
         from messages join users on users.id = messages.author_id where author_id = $1 and nonce = $2",
    )
    .bind(author.get())
    .bind(&nonce.0)
    .fetch_optional(connection))?;
    found.map(row::message).transpose()
}

/// Up to `limit` messages before one, or the newest; the newest first.
pub(crate) async fn before(
    tx: &mut Tx,
    access: &ChannelAccess,
    before: Option<MessageId>,
    limit: u32,
) -> Result<Vec<Message>> {
    let rows: Vec<MessageRow> = on_engine!(tx, connection => query_as(
        "select messages.id, channel_id, author_id, username, display_name, nonce, content, edited_at \
         from messages join users on users.id = messages.author_id \
         where channel_id = $1 and messages.id < $2 order by messages.id desc limit $3",
    )
    .bind(access.channel().id.get())
    .bind(before.map_or(i64::MAX, MessageId::get))
    .bind(i64::from(limit))
    .fetch_all(connection))?;
    rows.into_iter().map(row::message).collect()
}

/// Up to `limit` messages after one, the oldest first.
pub(crate) async fn after(tx: &mut Tx, access: &ChannelAccess, after: MessageId, limit: u32) -> Result<Vec<Message>> {
    let rows: Vec<MessageRow> = on_engine!(tx, connection => query_as(
        "select messages.id, channel_id, author_id, username, display_name, nonce, content, edited_at \
         from messages join users on users.id = messages.author_id \
         where channel_id = $1 and messages.id > $2 order by messages.id limit $3",
    )
    .bind(access.channel().id.get())
    .bind(after.get())
    .bind(i64::from(limit))
    .fetch_all(connection))?;
    rows.into_iter().map(row::message).collect()
}

/// Changes the text of a message in the channel that `access` proves; none where there is no such message.
pub(crate) async fn edit(
    tx: &mut Tx,
    access: &ChannelAccess,
    message: MessageId,
    (content, now): (&str, Timestamp),
) -> Result<Option<Message>> {
    let channel = access.channel().id;
    execute!(tx, connection => sqlx::query(
        "update messages set content = $3, edited_at = $4 where id = $1 and channel_id = $2",
    )
    .bind(message.get())
    .bind(channel.get())
    .bind(content)
    .bind(now.0)
    .execute(connection))?;
    find(tx, channel, message).await
}

/// Deletes a message in the channel that `access` proves; false where there is none.
pub(crate) async fn delete(tx: &mut Tx, access: &ChannelAccess, message: MessageId) -> Result<bool> {
    let deleted: Option<(i64,)> = on_engine!(tx, connection => query_as(
        "delete from messages where id = $1 and channel_id = $2 returning id",
    )
    .bind(message.get())
    .bind(access.channel().id.get())
    .fetch_optional(connection))?;
    Ok(deleted.is_some())
}
