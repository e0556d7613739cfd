//! Rooms: joining, leaving, what one publishes, and what the media threads tell.

use std::collections::BTreeMap;

use protocol::channel::ChannelKind;
use protocol::event::{Event, VoiceEnded, VoiceLeft, VoiceQuality, VoiceSlots, VoiceSpeakers};
use protocol::id::{ChannelId, GuildId, PeerId, SessionId, UserId};
use protocol::limits;
use protocol::permission::Permissions;
use protocol::request::voice::{JoinBody, Wishes};
use protocol::voice::{
    Answer, Mid, Offer, PeerFlags, PublishedLine, Quality, Shown, Slot, Source, Speaker, VoiceEnd, VoiceState,
};
use sfu::{GoneReason, Grant, JoinError, PeerState, RoomId};

use super::session;
use crate::app::App;
use crate::error::{Error, Result};
use crate::hub::Audience;
use crate::room::{Ended, Entry};
use crate::seat::Seat;
use crate::store;
use crate::store::access::require_channel;
use crate::store::session::LiveSession;

/// Takes a seat in a voice channel; a seat that the user has elsewhere ends.
pub(crate) async fn join(app: &App, session: &LiveSession, channel: ChannelId, body: JoinBody) -> Result<Answer> {
    let user = session.user.user.id;
    let (guild, permissions) = may_connect(app, user, channel).await?;
    let peer: PeerId = app.ids.next();
    let flags = consistent(body.flags);
    let entry = Entry {
        room: RoomId(channel.get().unsigned_abs()),
        peer: media_peer(peer),
        grant: grant(permissions),
        state: media_state(flags),
        sources: sources(&body.offer.lines)?,
        offer: checked(body.offer)?,
    };
    let answer = app.rooms.join(entry).await.map_err(ended)?.map_err(refused_offer)?;
    let state = VoiceState { guild_id: guild, channel_id: channel, user_id: user, peer_id: peer, flags };
    let seat = Seat { state: state.clone(), session: session.id, is_suspended: false };
    end_all(app, app.seats.take(seat), VoiceEnd::Replaced).await;
    // Asked again: who lost the right, or the session, since has either been seen here, or finds the seat and ends it.
    if let Err(error) = may_still_connect(app, session, channel).await {
        leave_quietly(app, peer).await;
        return Err(error);
    }
    tell_guild(app, guild, Event::VoiceStateUpdated(state)).await?;
    Ok(Answer { peer_id: peer, sdp: answer.sdp })
}

async fn may_connect(app: &App, user: UserId, channel: ChannelId) -> Result<(GuildId, Permissions)> {
    let mut tx = app.store.read().await?;
    let access = require_channel(&mut tx, user, channel, Permissions::CONNECT).await?;
    if access.channel().kind != ChannelKind::Voice {
        return Err(Error::Conflict("the channel is no voice channel"));
    }
    Ok((access.channel().guild_id, access.permissions()))
}

async fn may_still_connect(app: &App, session: &LiveSession, channel: ChannelId) -> Result<()> {
    may_connect(app, session.user.user.id, channel).await?;
    if session::is_live(app, session.id).await? { Ok(()) } else { Err(Error::Unauthorized) }
}

/// Answers a new offer on the same connection.
pub(crate) async fn restart(app: &App, session: &LiveSession, peer: PeerId, offer: Offer) -> Result<Answer> {
    own_seat(app, session, peer)?;
    let answer = app.rooms.restart(media_peer(peer), checked(offer)?).await;
    let answer = answer.map_err(ended)?.map_err(refused_offer)?;
    Ok(Answer { peer_id: peer, sdp: answer.sdp })
}

/// Changes what a peer publishes and hears.
pub(crate) async fn update(app: &App, session: &LiveSession, peer: PeerId, flags: PeerFlags) -> Result<()> {
    own_seat(app, session, peer)?;
    let flags = consistent(flags);
    app.rooms.set_state(media_peer(peer), media_state(flags)).await.map_err(ended)?;
    let seat = app.seats.set_flags(peer, flags).ok_or(Error::NotFound)?;
    if seat.is_suspended {
        return Ok(());
    }
    tell_guild(app, seat.state.guild_id, Event::VoiceStateUpdated(seat.state)).await
}

/// Says which tracks the video slots should show.
pub(crate) async fn set_wishes(app: &App, session: &LiveSession, peer: PeerId, wishes: Wishes) -> Result<()> {
    own_seat(app, session, peer)?;
    if wishes.video.len() > limits::VIDEO_SLOTS {
        return Err(Error::InvalidField {
            field: "video",
            reason: format!("names over {} slots", limits::VIDEO_SLOTS),
        });
    }
    let wishes = wishes.video.into_iter().map(|wish| {
        Ok(sfu::Wish {
            mid: wish.mid.0.as_str().into(),
            peer: media_peer(wish.peer_id),
            source: media_source(wish.source)?,
            width: wish.width,
            height: wish.height,
        })
    });
    app.rooms.set_wishes(media_peer(peer), wishes.collect::<Result<_>>()?).await.map_err(ended)
}

/// Gives a seat up.
pub(crate) async fn leave(app: &App, session: &LiveSession, peer: PeerId) -> Result<()> {
    own_seat(app, session, peer)?;
    app.rooms.leave(media_peer(peer)).await.map_err(ended)?;
    match app.seats.remove(peer) {
        Some(seat) => tell_left(app, &seat).await,
        None => Ok(()),
    }
}

/// Ends the seats of a session that ended.
pub(crate) async fn end_of_session(app: &App, session: SessionId) {
    end_all(app, app.seats.remove_where(|seat| seat.session == session), VoiceEnd::Removed).await;
}

/// Ends the seats of a channel that is gone.
pub(crate) async fn end_of_channel(app: &App, channel: ChannelId) {
    end_all(app, app.seats.remove_where(|seat| seat.state.channel_id == channel), VoiceEnd::Removed).await;
}

/// Ends the seats of a guild that is gone, or those of one user who is no longer a member.
pub(crate) async fn end_of_guild(app: &App, guild: GuildId, user: Option<UserId>) {
    let matches = |seat: &Seat| seat.state.guild_id == guild && user.is_none_or(|user| seat.state.user_id == user);
    end_all(app, app.seats.remove_where(matches), VoiceEnd::Removed).await;
}

/// Passes on what a media thread tells.
pub(crate) async fn handle(app: &App, event: sfu::Event) -> Result<()> {
    match event {
        sfu::Event::Connected { peer } => tracing::debug!(peer = peer.0, "a peer is connected"),
        sfu::Event::Suspended { peer } => {
            if let Some(seat) = app.seats.set_suspended(peer_id(peer)?, true) {
                tell_left(app, &seat).await?;
            }
        }
        sfu::Event::Resumed { peer } => {
            if let Some(seat) = app.seats.set_suspended(peer_id(peer)?, false) {
                tell_guild(app, seat.state.guild_id, Event::VoiceStateUpdated(seat.state)).await?;
            }
        }
        sfu::Event::Gone { peer, reason } => {
            if let Some(seat) = app.seats.remove(peer_id(peer)?) {
                tell_ended(app, &seat, end_reason(reason)).await?;
            }
        }
        sfu::Event::Slots { peer, slots } => {
            let peer_id = peer_id(peer)?;
            let slots = slots.into_iter().map(slot).collect::<Result<_>>()?;
            tell_peer(app, peer_id, &Event::VoiceSlots(VoiceSlots { peer_id, slots }));
        }
        sfu::Event::Speakers { room, speakers } => {
            let channel_id = ChannelId::try_from(room.0.cast_signed()).map_err(Error::internal)?;
            let speakers = speakers.iter().map(|one| Ok(Speaker { peer_id: peer_id(one.peer)?, level: one.level }));
            let event = Event::VoiceSpeakers(VoiceSpeakers { channel_id, speakers: speakers.collect::<Result<_>>()? });
            for session in app.seats.sessions_in(channel_id) {
                app.hub.tell(&Audience::Session(session), &event);
            }
        }
        sfu::Event::Quality { peer, quality: measured } => {
            let peer_id = peer_id(peer)?;
            tell_peer(app, peer_id, &Event::VoiceQuality(VoiceQuality { peer_id, quality: quality(measured) }));
        }
    }
    Ok(())
}

fn tell_peer(app: &App, peer: PeerId, event: &Event) {
    if let Some(seat) = app.seats.get(peer) {
        app.hub.tell(&Audience::Session(seat.session), event);
    }
}

/// Ends seats that are taken out already; what cannot be told is logged, for the seats are gone all the same.
async fn end_all(app: &App, seats: Vec<Seat>, reason: VoiceEnd) {
    for seat in seats {
        if let Err(error) = app.rooms.leave(media_peer(seat.state.peer_id)).await {
            tracing::warn!(%error, "could not end a peer");
        }
        if let Err(error) = tell_ended(app, &seat, reason).await {
            tracing::warn!(%error, "could not tell that a seat was freed");
        }
    }
}

async fn leave_quietly(app: &App, peer: PeerId) {
    app.seats.remove(peer);
    if let Err(error) = app.rooms.leave(media_peer(peer)).await {
        tracing::warn!(%error, "could not end a peer");
    }
}

async fn tell_ended(app: &App, seat: &Seat, reason: VoiceEnd) -> Result<()> {
    let VoiceState { channel_id, peer_id, .. } = seat.state;
    let event = Event::VoiceEnded(VoiceEnded { channel_id, peer_id, reason });
    app.hub.tell(&Audience::Session(seat.session), &event);
    if seat.is_suspended { Ok(()) } else { tell_left(app, seat).await }
}

async fn tell_left(app: &App, seat: &Seat) -> Result<()> {
    let VoiceState { guild_id, channel_id, user_id, peer_id, .. } = seat.state;
    tell_guild(app, guild_id, Event::VoiceLeft(VoiceLeft { guild_id, channel_id, user_id, peer_id })).await
}

async fn tell_guild(app: &App, guild: GuildId, event: Event) -> Result<()> {
    let mut tx = app.store.read().await?;
    let audience = store::guild::member_ids(&mut tx, guild).await?;
    drop(tx);
    app.hub.tell(&Audience::Users(&audience), &event);
    Ok(())
}

fn own_seat(app: &App, session: &LiveSession, peer: PeerId) -> Result<Seat> {
    app.seats.get(peer).filter(|seat| seat.session == session.id).ok_or(Error::NotFound)
}

fn grant(permissions: Permissions) -> Grant {
    let may = |permission| permissions.contains(permission);
    Grant {
        audio: may(Permissions::SPEAK),
        video: may(Permissions::STREAM),
        screen: may(Permissions::STREAM),
        listen: may(Permissions::CONNECT),
    }
}

/// Who hears nothing is also not heard.
fn consistent(flags: PeerFlags) -> PeerFlags {
    PeerFlags { muted: flags.muted || flags.deafened, ..flags }
}

fn media_state(flags: PeerFlags) -> PeerState {
    PeerState { muted: flags.muted, deafened: flags.deafened, camera: flags.camera, screen: flags.screen }
}

fn media_peer(peer: PeerId) -> sfu::PeerId {
    sfu::PeerId(peer.get().unsigned_abs())
}

fn peer_id(peer: sfu::PeerId) -> Result<PeerId> {
    PeerId::try_from(peer.0.cast_signed()).map_err(Error::internal)
}

fn media_source(source: Source) -> Result<sfu::Source> {
    match source {
        Source::Microphone => Ok(sfu::Source::Microphone),
        Source::Camera => Ok(sfu::Source::Camera),
        Source::Screen => Ok(sfu::Source::Screen),
        Source::ScreenAudio => Ok(sfu::Source::ScreenAudio),
        Source::Unknown => Err(Error::InvalidField { field: "source", reason: "is not one that there is".into() }),
    }
}

fn source(source: sfu::Source) -> Source {
    match source {
        sfu::Source::Microphone => Source::Microphone,
        sfu::Source::Camera => Source::Camera,
        sfu::Source::Screen => Source::Screen,
        sfu::Source::ScreenAudio => Source::ScreenAudio,
    }
}

fn sources(lines: &[PublishedLine]) -> Result<BTreeMap<sfu::Mid, sfu::Source>> {
    let pairs = lines.iter().map(|line| Ok((line.mid.0.as_str().into(), media_source(line.source)?)));
    let sources: BTreeMap<_, _> = pairs.collect::<Result<_>>()?;
    if sources.len() == lines.len() { Ok(sources) } else { Err(Error::InvalidOffer("an m-line is named twice".into())) }
}

fn checked(offer: Offer) -> Result<String> {
    if offer.sdp.len() > limits::OFFER_BYTES {
        return Err(Error::InvalidOffer(format!("the offer is longer than {} bytes", limits::OFFER_BYTES)));
    }
    Ok(offer.sdp)
}

fn refused_offer(error: JoinError) -> Error {
    match error {
        JoinError::RoomFull => Error::LimitReached("the channel is full"),
        JoinError::UnknownPeer => Error::NotFound,
        JoinError::AlreadyJoined | JoinError::Offer(_) => Error::InvalidOffer(error.to_string()),
    }
}

fn ended(error: Ended) -> Error {
    tracing::error!(%error, "a room could not be reached");
    Error::Unavailable { retry_after_ms: 1_000 }
}

fn end_reason(reason: GoneReason) -> VoiceEnd {
    match reason {
        GoneReason::LeaseExpired | GoneReason::HandshakeTimeout => VoiceEnd::TimedOut,
        GoneReason::Closed | GoneReason::WrongCertificate | GoneReason::Fault => VoiceEnd::Failed,
    }
}

fn slot(view: sfu::SlotView) -> Result<Slot> {
    let mid = Mid(view.mid.as_str().to_owned());
    let Some(shown) = view.shows else { return Ok(Slot { mid, shows: None, csrc: None }) };
    let is_audio = shown.source.kind() == sfu::MediaKind::Audio;
    let shows = Shown { peer_id: peer_id(shown.peer)?, source: source(shown.source) };
    Ok(Slot { mid, shows: Some(shows), csrc: is_audio.then_some(shown.csrc) })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "shares and durations are clamped first")]
fn quality(measured: sfu::Quality) -> Quality {
    let permille = |share: f32| (share.clamp(0.0, 1.0) * 1_000.0).round() as u16;
    let milliseconds = |ms: f32| ms.clamp(0.0, 60_000.0).round() as u32;
    Quality {
        loss_up_permille: permille(measured.loss_up),
        loss_down_permille: permille(measured.loss_down),
        round_trip_ms: measured.rtt_ms.map(milliseconds),
        jitter_ms: milliseconds(measured.jitter_ms),
    }
}
