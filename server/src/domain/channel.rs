//! Channels.

use std::collections::{BTreeMap, BTreeSet};

use protocol::channel::{Channel, ChannelKind, ReadState, RoomSettings};
use protocol::event::{ChannelDeleted, Event, TypingStarted};
use protocol::id::{ChannelId, GuildId, MessageId, UserId};
use protocol::permission::Permissions;
use protocol::request::channel::{ChannelPatch, ChannelPlace, NewChannel};
use protocol::{limits, name};

use super::voice;
use crate::app::App;
use crate::clock;
use crate::error::{Error, Result};
use crate::hub::Audience;
use crate::store;
use crate::store::access::{require_channel, require_guild};
use crate::store::channel::Look;

pub(crate) async fn create(app: &App, user: UserId, guild: GuildId, new: NewChannel) -> Result<Channel> {
    let name = name::title(&new.name).map_err(Error::field("name"))?;
    if new.kind == ChannelKind::Unknown {
        return Err(Error::InvalidField { field: "kind", reason: "is text, voice or category".into() });
    }
    let mut tx = app.store.write().await?;
    store::guild::hold(&mut tx, guild).await?;
    let access = require_guild(&mut tx, user, guild, Permissions::MANAGE_CHANNELS).await?;
    let siblings = store::channel::list(&mut tx, guild).await?;
    if siblings.len() >= limits::CHANNELS_PER_GUILD {
        return Err(Error::LimitReached("the server has as many channels as it can"));
    }
    let last = siblings.iter().map(|channel| channel.position).max();
    let channel = Channel {
        id: app.ids.next(),
        guild_id: guild,
        kind: new.kind,
        name: name.to_owned(),
        topic: String::new(),
        parent_id: new.parent_id,
        position: last.map_or(0, |position| position.saturating_add(1)),
        last_message_id: None,
        room: RoomSettings::default(),
    };
    refuse_wrong_parents(&siblings, std::iter::once((channel.kind, channel.parent_id)))?;
    store::channel::insert(&mut tx, &access, &channel).await?;
    let audience = store::guild::member_ids(&mut tx, guild).await?;
    let committed = tx.commit().await?;
    app.hub.publish(&committed, &Audience::Users(&audience), &Event::ChannelCreated(channel.clone()));
    Ok(channel)
}

pub(crate) async fn update(app: &App, user: UserId, channel: ChannelId, patch: ChannelPatch) -> Result<Channel> {
    let name = patch.name.as_deref().map(name::title).transpose().map_err(Error::field("name"))?;
    let topic = patch.topic.as_deref().map(name::topic).transpose().map_err(Error::field("topic"))?;
    let mut tx = app.store.write().await?;
    store::channel::hold_guild(&mut tx, channel).await?;
    let access = require_channel(&mut tx, user, channel, Permissions::MANAGE_CHANNELS).await?;
    let old = access.channel();
    let (name, topic) = (name.unwrap_or(&old.name), topic.unwrap_or(&old.topic));
    let look = Look { name, topic, room: room_settings(old, &patch)? };
    let updated = store::channel::update(&mut tx, &access, look).await?;
    let sounds_different = updated.room.bitrate != old.room.bitrate;
    let audience = store::guild::member_ids(&mut tx, updated.guild_id).await?;
    let committed = tx.commit().await?;
    let bitrate = sounds_different.then(|| voice::set_bitrate(app, channel, updated.room.bitrate));
    app.hub.publish(&committed, &Audience::Users(&audience), &Event::ChannelUpdated(updated.clone()));
    drop(committed);
    if let Some(bitrate) = bitrate {
        bitrate.complete(app).await?;
    }
    Ok(updated)
}

/// What a voice channel's room is to be like.
fn room_settings(old: &Channel, patch: &ChannelPatch) -> Result<RoomSettings> {
    let room = RoomSettings {
        user_limit: patch.user_limit.unwrap_or(old.room.user_limit),
        bitrate: patch.bitrate.unwrap_or(old.room.bitrate),
    };
    if room != old.room && old.kind != ChannelKind::Voice {
        return Err(Error::Conflict("the channel is no voice channel"));
    }
    if room.user_limit > limits::USER_LIMIT {
        return Err(Error::InvalidField { field: "user_limit", reason: format!("is over {}", limits::USER_LIMIT) });
    }
    let bitrates = limits::MIN_BITRATE..=limits::MAX_BITRATE;
    if !bitrates.contains(&room.bitrate) {
        let reason = format!("is not {} to {} bit/s", bitrates.start(), bitrates.end());
        return Err(Error::InvalidField { field: "bitrate", reason });
    }
    Ok(room)
}

/// Moves channels, and answers with all of the guild's.
pub(crate) async fn reorder(
    app: &App,
    user: UserId,
    guild: GuildId,
    places: Vec<ChannelPlace>,
) -> Result<Vec<Channel>> {
    let distinct: BTreeSet<_> = places.iter().map(|place| place.id).collect();
    if distinct.len() != places.len() {
        return Err(Error::InvalidRequest("a channel is named twice".into()));
    }
    let mut tx = app.store.write().await?;
    store::guild::hold(&mut tx, guild).await?;
    let access = require_guild(&mut tx, user, guild, Permissions::MANAGE_CHANNELS).await?;
    let before = store::channel::list(&mut tx, guild).await?;
    let kinds: BTreeMap<_, _> = before.iter().map(|channel| (channel.id, channel.kind)).collect();
    let moved = places.iter().filter_map(|place| Some((*kinds.get(&place.id)?, place.parent_id)));
    refuse_wrong_parents(&before, moved)?;
    for place in places {
        if !store::channel::place(&mut tx, &access, place).await? {
            return Err(Error::NotFound);
        }
    }
    let after = store::channel::list(&mut tx, guild).await?;
    let audience = store::guild::member_ids(&mut tx, guild).await?;
    let committed = tx.commit().await?;
    for channel in after.iter().filter(|channel| !before.contains(channel)) {
        app.hub.publish(&committed, &Audience::Users(&audience), &Event::ChannelUpdated(channel.clone()));
    }
    Ok(after)
}

/// Deletes a channel; what a category held moves to the top level.
pub(crate) async fn delete(app: &App, user: UserId, channel: ChannelId) -> Result<()> {
    let mut tx = app.store.write().await?;
    store::channel::hold_guild(&mut tx, channel).await?;
    let access = require_channel(&mut tx, user, channel, Permissions::MANAGE_CHANNELS).await?;
    let guild_id = access.channel().guild_id;
    store::channel::delete(&mut tx, &access).await?;
    // Those who do nothing have nowhere to go any more.
    let left = if access.is_afk() { store::guild::find(&mut tx, guild_id).await? } else { None };
    let audience = store::guild::member_ids(&mut tx, guild_id).await?;
    let committed = tx.commit().await?;
    let event = Event::ChannelDeleted(ChannelDeleted { guild_id, channel_id: channel });
    app.hub.publish(&committed, &Audience::Users(&audience), &event);
    if let Some(guild) = left {
        app.hub.publish(&committed, &Audience::Users(&audience), &Event::GuildUpdated(guild));
    }
    drop(committed);
    voice::end_of_channel(app, channel).await;
    Ok(())
}

pub(crate) async fn mark_read(app: &App, user: UserId, channel: ChannelId, last_read: MessageId) -> Result<ReadState> {
    let mut tx = app.store.write().await?;
    let access = require_channel(&mut tx, user, channel, Permissions::VIEW_CHANNEL).await?;
    let Some(newest) = access.channel().last_message_id else {
        return Err(Error::Conflict("the channel holds no messages"));
    };
    let read = store::channel::mark_read(&mut tx, &access, last_read.min(newest)).await?;
    let committed = tx.commit().await?;
    app.hub.publish(&committed, &Audience::Users(&[user]), &Event::ReadUpdated(read));
    Ok(read)
}

/// Tells the others that a user types, at most once in three seconds.
pub(crate) async fn start_typing(app: &App, user: UserId, channel: ChannelId) -> Result<()> {
    let epoch = app.hub.epoch();
    let mut tx = app.store.read().await?;
    let access = require_channel(&mut tx, user, channel, Permissions::SEND_MESSAGES).await?;
    if app.typing.admit((user, channel), clock::instant()).is_err() {
        return Ok(());
    }
    let mut audience = store::guild::member_ids(&mut tx, access.channel().guild_id).await?;
    audience.retain(|id| *id != user);
    let event = || Event::TypingStarted(TypingStarted { channel_id: channel, user_id: user });
    if app.hub.tell_current(epoch, &Audience::Users(&audience), event).is_err() {
        tracing::debug!("somebody lost sight of a guild while a typing was to be told; it is dropped");
    }
    Ok(())
}

/// Categories stand at the top level, and everything else at the top level or in a category of the same guild.
fn refuse_wrong_parents(
    channels: &[Channel],
    mut placed: impl Iterator<Item = (ChannelKind, Option<ChannelId>)>,
) -> Result<()> {
    let categories: BTreeSet<_> =
        channels.iter().filter(|one| one.kind == ChannelKind::Category).map(|one| one.id).collect();
    let is_right = |(kind, parent): (ChannelKind, Option<ChannelId>)| match parent {
        None => true,
        Some(parent) => kind != ChannelKind::Category && categories.contains(&parent),
    };
    if placed.all(is_right) {
        Ok(())
    } else {
        Err(Error::InvalidField { field: "parent_id", reason: "is not a category that can hold this channel".into() })
    }
}
