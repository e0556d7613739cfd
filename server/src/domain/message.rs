//! Messages.

use protocol::account::User;
use protocol::event::{Event, MessageDeleted};
use protocol::id::{ChannelId, MessageId, UserId};
use protocol::message::{History, Message};
use protocol::permission::Permissions;
use protocol::request::message::{HistoryQuery, NewMessage};
use protocol::{limits, name};

use crate::app::App;
use crate::clock;
use crate::error::{Error, Result};
use crate::hub::Audience;
use crate::store::access::{ChannelAccess, require_channel};
use crate::store::message::NewMessage as NewRow;
use crate::store::{self, Committed};

const DEFAULT_PAGE: u8 = 50;

/// Sends a message; again under the same nonce, it answers with the message of the first time, and tells of it again:
/// whoever retries may have got no answer because the first time ended between the commit and the telling.
pub(crate) async fn send(app: &App, author: &User, channel: ChannelId, new: NewMessage) -> Result<Message> {
    let content = name::content(&new.content).map_err(Error::field("content"))?;
    if !new.nonce.is_valid() {
        return Err(Error::InvalidField {
            field: "nonce",
            reason: format!("is 1 to {} letters, digits or hyphens", limits::NONCE_CHARS),
        });
    }
    let mut tx = app.store.write().await?;
    let access = require_channel(&mut tx, author.id, channel, Permissions::SEND_MESSAGES).await?;
    refuse_without_chat(&access)?;
    store::message::take_turn(&mut tx, &access).await?;
    let row = NewRow { id: app.ids.next(), author, nonce: &new.nonce, content };
    let message = match store::message::insert(&mut tx, &access, row).await? {
        Some(message) => message,
        None => match store::message::find_by_nonce(&mut tx, author.id, &new.nonce).await? {
            Some(sent) if sent.channel_id == channel => sent,
            Some(_) | None => return Err(Error::Conflict("the nonce was used for another message")),
        },
    };
    let audience = store::guild::member_ids(&mut tx, access.channel().guild_id).await?;
    let committed = tx.commit().await?;
    publish(app, &committed, (&audience, &message), Event::MessageCreated);
    Ok(message)
}

/// Changes the text of one's own message.
pub(crate) async fn edit(
    app: &App,
    user: UserId,
    (channel, message): (ChannelId, MessageId),
    content: &str,
) -> Result<Message> {
    let content = name::content(content).map_err(Error::field("content"))?;
    let mut tx = app.store.write().await?;
    let access = require_channel(&mut tx, user, channel, Permissions::SEND_MESSAGES).await?;
    store::message::take_turn(&mut tx, &access).await?;
    let old = store::message::find(&mut tx, channel, message).await?.ok_or(Error::NotFound)?;
    if old.author.id != user {
        return Err(Error::Forbidden);
    }
    let edited = store::message::edit(&mut tx, &access, message, (content, clock::now())).await?;
    let edited = edited.ok_or(Error::NotFound)?;
    let audience = store::guild::member_ids(&mut tx, access.channel().guild_id).await?;
    let committed = tx.commit().await?;
    publish(app, &committed, (&audience, &edited), Event::MessageUpdated);
    Ok(edited)
}

/// Deletes one's own message, or with the permission anyone's.
pub(crate) async fn delete(app: &App, user: UserId, (channel, message): (ChannelId, MessageId)) -> Result<()> {
    let mut tx = app.store.write().await?;
    let access = require_channel(&mut tx, user, channel, Permissions::VIEW_CHANNEL).await?;
    store::message::take_turn(&mut tx, &access).await?;
    let old = store::message::find(&mut tx, channel, message).await?.ok_or(Error::NotFound)?;
    if old.author.id != user && !access.permissions().contains(Permissions::MANAGE_MESSAGES) {
        return Err(Error::Forbidden);
    }
    if !store::message::delete(&mut tx, &access, message).await? {
        return Err(Error::NotFound);
    }
    let audience = store::guild::member_ids(&mut tx, access.channel().guild_id).await?;
    let committed = tx.commit().await?;
    let event = Event::MessageDeleted(MessageDeleted { channel_id: channel, message_id: message });
    app.hub.publish(&committed, &Audience::Users(&audience), &event);
    Ok(())
}

/// A page of history, oldest first.
pub(crate) async fn history(app: &App, user: UserId, channel: ChannelId, query: HistoryQuery) -> Result<History> {
    let limit = u32::from(query.limit.unwrap_or(DEFAULT_PAGE));
    if limit == 0 || limit as usize > limits::HISTORY_PAGE {
        return Err(Error::InvalidField { field: "limit", reason: format!("is 1 to {}", limits::HISTORY_PAGE) });
    }
    let mut tx = app.store.read().await?;
    let access = require_channel(&mut tx, user, channel, Permissions::VIEW_CHANNEL).await?;
    refuse_without_chat(&access)?;
    let (mut messages, has_before, has_after) = match (query.before, query.after) {
        (Some(_), Some(_)) => return Err(Error::InvalidRequest("before and after exclude each other".into())),
        (before, None) => {
            let mut messages = store::message::before(&mut tx, &access, before, limit + 1).await?;
            let has_before = messages.len() > limit as usize;
            messages.truncate(limit as usize);
            messages.reverse();
            (messages, has_before, before.is_some())
        }
        (None, Some(after)) => {
            let mut messages = store::message::after(&mut tx, &access, after, limit + 1).await?;
            let has_after = messages.len() > limit as usize;
            messages.truncate(limit as usize);
            (messages, true, has_after)
        }
    };
    for message in messages.iter_mut().filter(|message| message.author.id != user) {
        message.nonce = None;
    }
    Ok(History { messages, has_before, has_after })
}

/// Tells everyone of a message; its nonce only its author.
fn publish(
    app: &App,
    committed: &Committed,
    (audience, message): (&[UserId], &Message),
    event: impl Fn(Message) -> Event,
) {
    let author = message.author.id;
    let others: Vec<_> = audience.iter().copied().filter(|user| *user != author).collect();
    app.hub.publish(committed, &Audience::Users(&[author]), &event(message.clone()));
    app.hub.publish(committed, &Audience::Users(&others), &event(Message { nonce: None, ..message.clone() }));
}

fn refuse_without_chat(access: &ChannelAccess) -> Result<()> {
    if access.channel().kind.has_messages() { Ok(()) } else { Err(Error::Conflict("a category holds no messages")) }
}
