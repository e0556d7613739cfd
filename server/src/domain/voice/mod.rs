//! Rooms: joining, leaving, what one publishes, and what the media threads tell.

mod afk;
mod convert;
mod measured;
mod speaking;
mod tell;

use protocol::channel::ChannelKind;
use protocol::id::{ChannelId, GuildId, PeerId, SessionId, UserId};
use protocol::limits;
use protocol::permission::Permissions;
use protocol::request::voice::{JoinBody, Playback, Wishes};
use protocol::voice::{Answer, Offer, PeerFlags, Quality, Restraint, VoiceEnd, VoiceState};
use sfu::{Grant, PeerId as MediaPeer, PeerState, RoomId};

pub(crate) use self::afk::move_idle;
use self::convert::{CHANNEL_FULL, checked, consistent, media_peer, media_source, refused_offer, sources, standing};
pub(crate) use self::measured::{Measured, measured};
pub(crate) use self::tell::handle;
use self::tell::tell_ended;
pub(super) use self::tell::tell_seat;
use super::session;
use crate::app::App;
use crate::clock;
use crate::error::{Error, Result};
use crate::room::{Ended, Entry};
use crate::seat::{Phase, Seat};
use crate::store::access::{ChannelAccess, require_channel};
use crate::store::session::LiveSession;

/// Takes a seat in a voice channel; a seat that the user has elsewhere ends.
pub(crate) async fn join(app: &App, session: &LiveSession, channel: ChannelId, body: JoinBody) -> Result<Answer> {
    let user = session.user.user.id;
    app.offers.admit(user, clock::instant())?;
    let access = may_connect(app, user, channel).await?;
    let peer: PeerId = app.ids.next();
    let state = VoiceState {
        guild_id: access.channel().guild_id,
        channel_id: channel,
        user_id: user,
        peer_id: peer,
        flags: consistent(body.flags, access.permissions())?,
        restraint: access.restraint(),
    };
    let seat = Seat {
        state: state.clone(),
        permissions: access.permissions(),
        is_afk: access.is_afk(),
        quiet_since: Some(clock::instant()),
        session: session.id,
        phase: Phase::Entering,
        quality: Quality::default(),
        playback: Playback::default(),
    };
    let entered = standing(&seat);
    let bitrate = access.channel().room.bitrate;
    let entry = entry(&seat, body.offer, (bitrate, app.seats.settled(user)))?;
    // Taken before media knows of the peer, so that whatever ends the peer finds the seat.
    reserve(app, seat, &access)?;
    let joined = app.rooms.join(entry).await.map_err(ended);
    let answer = match joined.and_then(|joined| joined.map_err(refused_offer)) {
        Ok(answer) => answer,
        Err(error) => {
            app.seats.remove(peer);
            return Err(error);
        }
    };
    // Asked again: who lost the right, or the session, since has either been seen here, or finds the seat and ends it.
    if let Err(error) = confirm_entered(app, (&state, session.id), (bitrate, entered)).await {
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

fn entry(seat: &Seat, offer: Offer, (audio_bitrate, replaces): (u32, Option<PeerId>)) -> Result<Entry> {
    let (grant, state) = standing(seat);
    Ok(Entry {
        room: RoomId(seat.state.channel_id.get().unsigned_abs()),
        peer: media_peer(seat.state.peer_id),
        grant,
        state,
        audio_bitrate,
        replaces: replaces.map(media_peer),
        sources: sources(&offer.lines)?,
        offer: checked(offer)?,
    })
}

/// Keeps a seat where there is place. Who may move others, or was moved, comes in all the same.
fn reserve(app: &App, seat: Seat, access: &ChannelAccess) -> Result<()> {
    let VoiceState { user_id, channel_id, .. } = seat.state;
    let is_let_in = access.permissions().contains(Permissions::MOVE_MEMBERS)
        || app.passes.holds(user_id, channel_id, clock::instant());
    let room = access.channel().room;
    if app.seats.reserve(seat, |others| is_let_in || room.has_place(others)) { Ok(()) } else { Err(CHANNEL_FULL) }
}

/// Gives up a seat that was never settled. Whoever removed it may have told media before media knew of the peer.
async fn give_up(app: &App, seat: &VoiceState) {
    app.seats.remove(seat.peer_id);
    leave_media(app, seat.peer_id).await;
    tell_seat(app, seat).await;
}

async fn may_connect(app: &App, user: UserId, channel: ChannelId) -> Result<ChannelAccess> {
    let mut tx = app.store.read().await?;
    let access = require_channel(&mut tx, user, channel, Permissions::CONNECT).await?;
    if access.channel().kind != ChannelKind::Voice {
        return Err(Error::Conflict("the channel is no voice channel"));
    }
    Ok(access)
}

/// Makes sure that a seat may go on, and that media holds it to what was decided while it was on its way in.
async fn confirm_entered(
    app: &App,
    (seat, session): (&VoiceState, SessionId),
    (bitrate, entered): (u32, (Grant, PeerState)),
) -> Result<()> {
    confirm(app, (seat, session), bitrate).await?;
    // Media that was told of a decision before it knew of the peer has let it pass.
    if app.seats.get(seat.peer_id).is_some_and(|seat| standing(&seat) != entered) {
        enforce(app, seat.peer_id).await?;
    }
    Ok(())
}

/// Makes sure that a seat may go on, that it notes what was decided about its user, and that media knows its room's bitrate.
async fn confirm(app: &App, (seat, session): (&VoiceState, SessionId), bitrate: u32) -> Result<()> {
    loop {
        let decisions = app.seats.decisions();
        let access = may_connect(app, seat.user_id, seat.channel_id).await?;
        if !session::is_live(app, session).await? {
            return Err(Error::Unauthorized);
        }
        let current = access.channel().room.bitrate;
        if current != bitrate {
            app.rooms.set_audio_bitrate(media_peer(seat.peer_id), current).await.map_err(ended)?;
        }
        let decided = (access.restraint(), access.is_afk());
        if app.seats.correct(seat.peer_id, decided, decisions).is_ok() {
            return Ok(());
        }
    }
}

/// Has media enforce how a seat stands now.
async fn enforce(app: &App, peer: PeerId) -> Result<()> {
    let media = app.rooms.ready_to_set_state(media_peer(peer)).await.map_err(ended)?;
    app.seats.with(peer, |seat| media.set(media_peer(peer), standing(seat)));
    Ok(())
}

/// Has the microphones of those in a channel measured by another bitrate; to be called while the commit is fresh, and so before
/// clients hear of it and ask.
pub(super) fn set_bitrate(app: &App, channel: ChannelId, bitrate: u32) -> NewBitrate {
    let seats = app.seats.all().into_iter().filter(|seat| seat.state.channel_id == channel);
    let peers = seats.map(|seat| media_peer(seat.state.peer_id));
    let waiting = peers.filter(|peer| !app.rooms.try_set_audio_bitrate(*peer, bitrate)).collect();
    NewBitrate { bitrate, waiting }
}

/// A bitrate, and the peers whose media thread had too much else to do to be told of it at once.
#[must_use = "those who wait are to be told"]
pub(super) struct NewBitrate {
    bitrate: u32,
    waiting: Vec<MediaPeer>,
}

impl NewBitrate {
    pub(super) async fn complete(self, app: &App) -> Result<()> {
        for peer in self.waiting {
            app.rooms.set_audio_bitrate(peer, self.bitrate).await.map_err(ended)?;
        }
        Ok(())
    }
}

/// Puts the seats of a member under what was decided, from the next packet on; to be called while the commit is fresh.
pub(super) fn restrain(app: &App, member: (GuildId, UserId), restraint: Restraint) -> Vec<VoiceState> {
    app.seats.restrain(member, restraint)
}

/// Puts the seats of a guild under where those go who do nothing, from the next packet on; to be called while the commit
/// is fresh.
pub(super) fn set_afk(app: &App, guild: GuildId, channel: Option<ChannelId>) -> Vec<VoiceState> {
    app.seats.set_afk(guild, channel)
}

/// Has media enforce what was decided about seats, and tells the guild.
pub(super) async fn enforce_all(app: &App, seats: Vec<VoiceState>) -> Result<()> {
    for seat in &seats {
        enforce(app, seat.peer_id).await?;
    }
    for seat in &seats {
        tell_seat(app, seat).await;
    }
    Ok(())
}

/// Sends a member from where they sit to another voice channel of the guild; the seat ends here and now, and the client
/// takes the other one by itself.
pub(super) async fn relocate(app: &App, (guild, user): (GuildId, UserId), channel: ChannelId) -> Result<()> {
    let is_seated =
        |seat: &Seat| seat.state.guild_id == guild && seat.state.user_id == user && seat.phase != Phase::Entering;
    let seat = app.seats.all().into_iter().find(is_seated).ok_or(NOT_SEATED)?;
    if seat.state.channel_id == channel {
        return Ok(());
    }
    app.passes.give(user, channel, clock::instant());
    let left = app.seats.remove_where(|seat| is_seated(seat) && seat.state.channel_id != channel);
    end_with(app, left, (VoiceEnd::Moved, Some(channel))).await;
    Ok(())
}

/// Ends the seat of a member, by the decision of another.
pub(super) async fn disconnect(app: &App, (guild, user): (GuildId, UserId)) -> Result<()> {
    let seats = app.seats.remove_where(|seat| seat.state.guild_id == guild && seat.state.user_id == user);
    if seats.is_empty() {
        return Err(NOT_SEATED);
    }
    end(app, seats, VoiceEnd::Disconnected).await;
    Ok(())
}

const NOT_SEATED: Error = Error::Conflict("they are in no voice channel of this server");

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
    let flags = consistent(flags, seat.permissions)?;
    let media = app.rooms.ready_to_set_state(media_peer(peer)).await.map_err(ended)?;
    app.seats.set_flags(peer, flags, |seat| media.set(media_peer(peer), standing(seat)));
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
            is_pinned: wish.pinned,
        })
    });
    app.rooms.set_wishes(media_peer(peer), wishes.collect::<Result<_>>()?).await.map_err(ended)
}

/// Notes how what came was played.
pub(crate) fn report_playback(app: &App, session: &LiveSession, peer: PeerId, playback: Playback) -> Result<()> {
    own_seat(app, session, peer)?;
    app.seats.note_playback(peer, playback);
    Ok(())
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
        // The bitrate is no right; whatever it is, it is set again.
        match confirm(app, (&seat.state, seat.session), 0).await {
            Ok(()) => enforce(app, seat.state.peer_id).await?,
            Err(error @ (Error::Internal(_) | Error::Unavailable { .. })) => return Err(error),
            Err(_) => end(app, app.seats.remove(seat.state.peer_id), VoiceEnd::Removed).await,
        }
    }
    Ok(())
}

/// Ends seats that are taken out already.
async fn end(app: &App, seats: impl IntoIterator<Item = Seat>, reason: VoiceEnd) {
    end_with(app, seats, (reason, None)).await;
}

async fn end_with(app: &App, seats: impl IntoIterator<Item = Seat>, (reason, moved_to): (VoiceEnd, Option<ChannelId>)) {
    let seats: Vec<_> = seats.into_iter().collect();
    // First what ends them, which waits for no database.
    for seat in &seats {
        leave_media(app, seat.state.peer_id).await;
        tell_ended(app, seat, (reason, moved_to));
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
