//! Rooms: joining, leaving, what one publishes, and what the media threads tell.

mod convert;
mod speaking;
mod tell;

use protocol::channel::ChannelKind;
use protocol::id::{ChannelId, GuildId, PeerId, SessionId, UserId};
use protocol::limits;
use protocol::permission::Permissions;
use protocol::request::voice::{JoinBody, Wishes};
use protocol::voice::{Answer, Offer, PeerFlags, VoiceEnd, VoiceState};
use sfu::RoomId;

use self::convert::{checked, consistent, grant, media_peer, media_source, media_state, refused_offer, sources};
pub(crate) use self::tell::handle;
use self::tell::tell_ended;
pub(super) use self::tell::tell_seat;
use super::session;
use crate::app::App;
use crate::clock;
use crate::error::{Error, Result};
use crate::room::{Ended, Entry};
use crate::seat::{Phase, Seat};
use crate::store::access::require_channel;
use crate::store::session::LiveSession;

/// Takes a seat in a voice channel; a seat that the user has elsewhere ends.
pub(crate) async fn join(app: &App, session: &LiveSession, channel: ChannelId, body: JoinBody) -> Result<Answer> {
    let user = session.user.user.id;
    app.offers.admit(user, clock::instant())?;
    let (guild, permissions) = may_connect(app, user, channel).await?;
    let peer: PeerId = app.ids.next();
    let flags = consistent(body.flags);
    let entry = Entry {
        room: RoomId(channel.get().unsigned_abs()),
        peer: media_peer(peer),
        grant: grant(permissions),
        state: media_state(flags),
        replaces: app.seats.settled(user).map(media_peer),
        sources: sources(&body.offer.lines)?,
        offer: checked(body.offer)?,
    };
    let state = VoiceState { guild_id: guild, channel_id: channel, user_id: user, peer_id: peer, flags };
    // Taken before media knows of the peer, so that whatever ends the peer finds the seat.
    app.seats.reserve(Seat { state: state.clone(), session: session.id, phase: Phase::Entering });
    let joined = app.rooms.join(entry).await.map_err(ended);
    let answer = match joined.and_then(|joined| joined.map_err(refused_offer)) {
        Ok(answer) => answer,
        Err(error) => {
            app.seats.remove(peer);
            return Err(error);
        }
    };
    // Asked again: who lost the right, or the session, since has either been seen here, or finds the seat and ends it.
    if let Err(error) = may_go_on(app, (user, session.id), channel).await {
        give_up(app, &state).await;
        return Err(error);
    }
    let Some(replaced) = app.seats.settle(peer) else {
        give_up(app, &state).await;
        return Err(Error::Conflict("the seat was taken away while you joined"));
    };
    end(app, replaced, VoiceEnd::Replaced).await;
    tell_seat(app, &state).await;
    Ok(Answer { peer_id: peer, sdp: answer.sdp })
}

/// Gives up a seat that was never settled. Whoever removed it may have told media before media knew of the peer.
async fn give_up(app: &App, seat: &VoiceState) {
    app.seats.remove(seat.peer_id);
    leave_media(app, seat.peer_id).await;
    tell_seat(app, seat).await;
}

async fn may_connect(app: &App, user: UserId, channel: ChannelId) -> Result<(GuildId, Permissions)> {
    let mut tx = app.store.read().await?;
    let access = require_channel(&mut tx, user, channel, Permissions::CONNECT).await?;
    if access.channel().kind != ChannelKind::Voice {
        return Err(Error::Conflict("the channel is no voice channel"));
    }
    Ok((access.channel().guild_id, access.permissions()))
}

async fn may_go_on(app: &App, (user, session): (UserId, SessionId), channel: ChannelId) -> Result<()> {
    may_connect(app, user, channel).await?;
    if session::is_live(app, session).await? { Ok(()) } else { Err(Error::Unauthorized) }
}

/// Answers a new offer on the same connection.
pub(crate) async fn restart(app: &App, session: &LiveSession, peer: PeerId, offer: Offer) -> Result<Answer> {
    own_seat(app, session, peer)?;
    app.offers.admit(session.user.user.id, clock::instant())?;
    let answer = app.rooms.restart(media_peer(peer), checked(offer)?).await;
    let answer = answer.map_err(ended)?.map_err(refused_offer)?;
    Ok(Answer { peer_id: peer, sdp: answer.sdp })
}

/// Changes what a peer publishes and hears.
pub(crate) async fn update(app: &App, session: &LiveSession, peer: PeerId, flags: PeerFlags) -> Result<()> {
    let seat = own_seat(app, session, peer)?;
    let flags = consistent(flags);
    let media = app.rooms.ready_to_set_state(media_peer(peer)).await.map_err(ended)?;
    app.seats.set_flags(peer, flags, || media.set(media_peer(peer), media_state(flags)));
    tell_seat(app, &seat.state).await;
    Ok(())
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
    if let Some(seat) = app.seats.remove(peer) {
        app.rooms.leave(media_peer(peer)).await.map_err(ended)?;
        tell_seat(app, &seat.state).await;
    }
    Ok(())
}

/// Ends the seats of a session that ended.
pub(crate) async fn end_of_session(app: &App, session: SessionId) {
    end(app, app.seats.remove_where(|seat| seat.session == session), VoiceEnd::Removed).await;
}

/// Ends the seats of a channel that is gone.
pub(crate) async fn end_of_channel(app: &App, channel: ChannelId) {
    end(app, app.seats.remove_where(|seat| seat.state.channel_id == channel), VoiceEnd::Removed).await;
}

/// Ends the seats of a guild that is gone, or those of one user who is no longer a member.
pub(crate) async fn end_of_guild(app: &App, guild: GuildId, user: Option<UserId>) {
    let matches = |seat: &Seat| seat.state.guild_id == guild && user.is_none_or(|user| seat.state.user_id == user);
    end(app, app.seats.remove_where(matches), VoiceEnd::Removed).await;
}

/// Ends the seats of those who no longer may sit there.
///
/// # Errors
/// Where that cannot be read; then some may have been ended.
pub(crate) async fn end_forbidden(app: &App) -> Result<()> {
    for seat in app.seats.all() {
        let VoiceState { channel_id, user_id, peer_id, .. } = seat.state;
        match may_go_on(app, (user_id, seat.session), channel_id).await {
            Ok(()) => {}
            Err(error @ (Error::Internal(_) | Error::Unavailable { .. })) => return Err(error),
            Err(_) => end(app, app.seats.remove(peer_id), VoiceEnd::Removed).await,
        }
    }
    Ok(())
}

/// Ends seats that are taken out already.
async fn end(app: &App, seats: impl IntoIterator<Item = Seat>, reason: VoiceEnd) {
    let seats: Vec<_> = seats.into_iter().collect();
    // First what ends them, which waits for no database.
    for seat in &seats {
        leave_media(app, seat.state.peer_id).await;
        tell_ended(app, seat, reason);
    }
    for seat in &seats {
        tell_seat(app, &seat.state).await;
    }
}

async fn leave_media(app: &App, peer: PeerId) {
    if let Err(error) = app.rooms.leave(media_peer(peer)).await {
        tracing::warn!(%error, "could not end a peer");
    }
}

fn own_seat(app: &App, session: &LiveSession, peer: PeerId) -> Result<Seat> {
    app.seats.get(peer).filter(|seat| seat.session == session.id).ok_or(Error::NotFound)
}

fn ended(error: Ended) -> Error {
    tracing::error!(%error, "a room could not be reached");
    Error::Unavailable { retry_after_ms: 1_000 }
}
