//! What is told of rooms, and to whom.

use std::sync::Arc;

use protocol::event::{
    Event, VoiceCodecs, VoiceEncodings, VoiceEnded, VoiceLeft, VoiceQuality, VoiceSlots, VoiceSpeakers,
};
use protocol::id::{ChannelId, GuildId, PeerId};
use protocol::voice::{Speaker, VoiceEnd, VoiceState};

use super::convert::{end_reason, peer_id, quality, slot, source, video_codec};
use super::speaking;
use crate::app::App;
use crate::clock;
use crate::error::{Error, Result};
use crate::hub::Audience;
use crate::seat::{Phase, Seat};
use crate::store;

/// Passes on what a media thread tells, without waiting for the database.
pub(crate) fn handle(app: &App, event: sfu::Event) -> Result<()> {
    match event {
        sfu::Event::Connected { peer } => tracing::debug!(peer = peer.0, "a peer is connected"),
        sfu::Event::Suspended { peer } => suspend(app, peer_id(peer)?, true),
        sfu::Event::Resumed { peer } => suspend(app, peer_id(peer)?, false),
        sfu::Event::Gone { peer, reason } => {
            if let Some(seat) = app.seats.remove(peer_id(peer)?) {
                tell_ended(app, &seat, (end_reason(reason), None));
                announce(app, seat.state);
            }
        }
        sfu::Event::Slots { peer, slots } => {
            let peer_id = peer_id(peer)?;
            let slots = slots.into_iter().map(slot).collect::<Result<_>>()?;
            tell_peer(app, peer_id, &Event::VoiceSlots(VoiceSlots { peer_id, slots }));
        }
        sfu::Event::Speakers { room, speakers, dominant } => {
            let channel_id = ChannelId::try_from(room.0.cast_signed()).map_err(Error::internal)?;
            let speakers = speakers.iter().map(|one| Ok(Speaker { peer_id: peer_id(one.peer)?, level: one.level }));
            let speakers: Vec<_> = speakers.collect::<Result<_>>()?;
            let peers = speakers.iter().map(|speaker| speaker.peer_id).collect();
            app.seats.note_speakers(channel_id, &peers, clock::instant());
            let dominant_peer_id = dominant.map(peer_id).transpose()?;
            speaking::tell(app, VoiceSpeakers { channel_id, speakers, dominant_peer_id });
        }
        sfu::Event::Encodings { peer, source: published, wanted } => {
            let peer_id = peer_id(peer)?;
            let event = VoiceEncodings { peer_id, source: source(published), wanted };
            tell_peer(app, peer_id, &Event::VoiceEncodings(event));
        }
        sfu::Event::Codecs { peer, codecs } => {
            let peer_id = peer_id(peer)?;
            let codecs = codecs.into_iter().map(video_codec).collect();
            tell_peer(app, peer_id, &Event::VoiceCodecs(VoiceCodecs { peer_id, codecs }));
        }
        sfu::Event::Quality { peer, quality: measured } => {
            let peer_id = peer_id(peer)?;
            let quality = quality(&measured);
            app.seats.note_quality(peer_id, quality.clone());
            tell_peer(app, peer_id, &Event::VoiceQuality(VoiceQuality { peer_id, quality }));
        }
    }
    Ok(())
}

fn suspend(app: &App, peer: PeerId, is_suspended: bool) {
    if let Some(seat) = app.seats.set_suspended(peer, is_suspended) {
        announce(app, seat.state);
    }
}

fn announce(app: &App, seat: VoiceState) {
    let app = Arc::clone(app);
    tokio::spawn(async move { tell_seat(&app, &seat).await });
}

fn tell_peer(app: &App, peer: PeerId, event: &Event) {
    if let Some(seat) = app.seats.get(peer) {
        app.hub.tell(&Audience::Sessions(&[seat.session]), event);
    }
}

/// Tells a client that its seat ended, and where it is to go on.
pub(super) fn tell_ended(app: &App, seat: &Seat, (reason, moved_to): (VoiceEnd, Option<ChannelId>)) {
    let VoiceState { channel_id, peer_id, .. } = seat.state;
    let event = Event::VoiceEnded(VoiceEnded { channel_id, peer_id, reason, moved_to });
    app.hub.tell(&Audience::Sessions(&[seat.session]), &event);
}

/// Tells a guild how a seat stands now: as it is, or that it is free. To be called after each change of it. If that fails,
/// it is noted for later, and the answer is false.
pub(in crate::domain) async fn tell_seat(app: &App, seat: &VoiceState) -> bool {
    let VoiceState { guild_id, channel_id, user_id, peer_id, .. } = *seat;
    let current = || match app.seats.get(peer_id) {
        Some(seat) if seat.phase == Phase::Present => Event::VoiceStateUpdated(seat.state),
        Some(_) | None => Event::VoiceLeft(VoiceLeft { guild_id, channel_id, user_id, peer_id }),
    };
    match tell_members(app, guild_id, current).await {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(%error, "could not tell yet how a seat stands");
            app.untold.add_seat(seat);
            false
        }
    }
}

/// Tells the members of a guild how something stands at the moment of telling.
pub(super) async fn tell_members(app: &App, guild: GuildId, current: impl Fn() -> Event) -> Result<()> {
    loop {
        let epoch = app.hub.epoch();
        let mut tx = app.store.read().await?;
        let audience = store::guild::member_ids(&mut tx, guild).await?;
        drop(tx);
        if app.hub.tell_current(epoch, &Audience::Users(&audience), &current).is_ok() {
            return Ok(());
        }
    }
}
