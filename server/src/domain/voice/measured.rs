//! How all who are in a room fare, for those who run the server.

use protocol::id::{ChannelId, PeerId};
use protocol::request::voice::Playback;
use protocol::voice::Quality;

use crate::app::App;
use crate::seat::Phase;

/// What media measured last of one peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Measured {
    pub(crate) channel: ChannelId,
    pub(crate) peer: PeerId,
    pub(crate) quality: Quality,
    pub(crate) playback: Playback,
}

/// Of each peer whose media flows.
pub(crate) fn measured(app: &App) -> Vec<Measured> {
    let seats = app.seats.all().into_iter().filter(|seat| seat.phase == Phase::Present);
    let measured = seats.map(|seat| {
        let (channel, peer) = (seat.state.channel_id, seat.state.peer_id);
        Measured { channel, peer, quality: seat.quality, playback: seat.playback }
    });
    measured.collect()
}
