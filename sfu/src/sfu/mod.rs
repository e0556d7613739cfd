//! The whole: its state, its contract, and one file for each kind of work.

mod assign;
mod codecs;
mod forward;
mod join;
mod layers;
mod lifecycle;
mod receive;
mod report;

pub use join::JoinError;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::time::Instant;

use bytes::Bytes;

use crate::demux::Routes;
use crate::forward::meter::Meter;
use crate::io::{Answer, Config, Datagram, Event, Grant, Join, Output, PeerId, PeerState, RoomId, Transmit, Wish};
use crate::peer::Peer;
use crate::peer::ice::Path;
use crate::random::Random;
use crate::room::Room;
use crate::stats::Epoch;
use crate::timer::Timers;
use crate::uplink::Uplink;

/// All rooms of one media thread.
pub struct Sfu {
    config: Config,
    random: Random,
    epoch: Epoch,
    rooms: BTreeMap<RoomId, Room>,
    peers: BTreeMap<PeerId, Box<Peer>>,
    routes: Routes,
    timers: Timers,
    outputs: VecDeque<Output>,
    /// Whose slots changed in the current call.
    changed: BTreeSet<PeerId>,
    faults: u64,
    uplink: Uplink,
}

impl Sfu {
    /// The seed must be secret and new: ICE passwords follow from it.
    #[must_use]
    pub fn new(config: Config, seed: [u8; 32], now: Instant) -> Self {
        Self {
            config,
            random: Random::new(seed),
            epoch: Epoch::new(now),
            rooms: BTreeMap::new(),
            peers: BTreeMap::new(),
            routes: Routes::default(),
            timers: Timers::default(),
            outputs: VecDeque::new(),
            changed: BTreeSet::new(),
            faults: 0,
            uplink: Uplink::default(),
        }
    }

    /// Peers that joined and are not gone.
    #[must_use]
    pub fn peer_count(&self) -> usize {
        self.peers.len()
    }

    /// Sessions that were dropped because a library panicked on their data.
    #[must_use]
    pub fn fault_count(&self) -> u64 {
        self.faults
    }

    /// The peer that an address belongs to, which it proved by a STUN check.
    #[must_use]
    pub fn peer_at(&self, address: SocketAddr) -> Option<PeerId> {
        self.routes.by_address(address)
    }

    /// What leaves, in bit/s: the pictures that were promised, and sound as long as [`Self::set_uplink`] has set a limit.
    #[must_use]
    pub fn uplink_taken(&self, now: Instant) -> u64 {
        if self.peers.is_empty() { 0 } else { self.uplink.taken(now) }
    }

    /// Replaces what may leave in all, in bit/s, from the next choice for each subscriber on: pictures get what sound leaves of it.
    /// `None`, as in the beginning: as much as the ways to subscribers carry, and what they share, as far as that is measured.
    pub fn set_uplink(&mut self, limit: Option<u64>) {
        self.uplink.set_limit(limit);
    }

    /// Takes a datagram. What cannot be trusted or understood is dropped in silence.
    pub fn handle(&mut self, now: Instant, datagram: Datagram<'_>) {
        self.receive(now, datagram);
        self.tell_slots();
    }

    /// Does what is due by now.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(timer) = self.timers.pop_due(now) {
            self.handle_timer(now, timer);
        }
        self.tell_slots();
    }

    /// Lets a peer into a room; it is heard and seen once [`Event::Connected`] says so.
    ///
    /// # Errors
    ///
    /// When the peer is there already, the room is full, or the offer cannot be answered.
    pub fn join(&mut self, now: Instant, join: Join<'_>) -> Result<Answer, JoinError> {
        self.admit(now, join)
    }

    /// Answers another offer of a peer: new ICE credentials, more receive slots, or both. Keys,
    /// SSRCs and the contents of slots stay.
    ///
    /// # Errors
    ///
    /// When there is no such peer, or the offer does not go on from the one before.
    pub fn restart(&mut self, peer: PeerId, offer: &str) -> Result<Answer, JoinError> {
        let answer = self.renegotiate(peer, offer);
        self.tell_slots();
        answer
    }

    /// Ends a peer's session; no event follows. Unknown peers are ignored.
    pub fn leave(&mut self, now: Instant, peer: PeerId) {
        self.remove(now, peer);
        self.tell_slots();
    }

    /// Replaces what a peer may do, from the next packet on.
    pub fn set_grant(&mut self, now: Instant, peer: PeerId, grant: Grant) {
        self.update(now, peer, |peer| peer.grant = grant);
        self.tell_slots();
    }

    /// Replaces what a peer has switched on, from the next packet on.
    pub fn set_state(&mut self, now: Instant, peer: PeerId, state: PeerState) {
        self.update(now, peer, |peer| peer.state = state);
        self.tell_slots();
    }

    /// Replaces what a peer's microphone may send at most, in bit/s. What comes is measured by it at once, after a moment for
    /// the client to follow; the client is told by the answer to its next offer ([`Sfu::restart`]).
    pub fn set_audio_bitrate(&mut self, now: Instant, peer: PeerId, bitrate: u32) {
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.audio_bitrate = bitrate;
            peer.ingress.set_voice(Meter::of_microphone(now, bitrate));
        }
    }

    /// Replaces all wishes of a subscriber: a video slot without one becomes empty. Wishes for
    /// its own tracks, for sound, for slots that do not exist and for peers of other rooms are
    /// ignored; one for a peer that is nowhere (yet) waits for it.
    pub fn set_wishes(&mut self, now: Instant, peer: PeerId, wishes: &[Wish]) {
        self.wish(now, peer, wishes);
        self.tell_slots();
    }

    /// What is to be done next.
    pub fn poll_output(&mut self) -> Output {
        let next = || Output::Timeout(self.timers.next());
        self.outputs.pop_front().unwrap_or_else(next)
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    fn tell_slots(&mut self) {
        for id in std::mem::take(&mut self.changed) {
            let Some(peer) = self.peers.get(&id).filter(|peer| peer.is_present()) else {
                continue;
            };
            let csrc = |shown| {
                let shown = self.peers.get(&shown);
                shown.map_or(0, |shown| shown.ingress.csrc())
            };
            let slots = peer.view(csrc);
            self.event(Event::Slots { peer: id, slots });
        }
    }
}

fn transmit(outputs: &mut VecDeque<Output>, path: Option<Path>, contents: Bytes) {
    if let Some(path) = path {
        outputs.push_back(Output::Transmit(Transmit { source: path.local, destination: path.remote, contents }));
    }
}

#[cfg(test)]
mod tests;
