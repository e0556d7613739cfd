use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::{Sfu, transmit};
use crate::forward::TrackId;
use crate::io::{Event, GoneReason, MediaKind, PeerId, Source};
use crate::peer::{Peer, Phase};

const HANDSHAKE: Duration = Duration::from_secs(15);
const LEASE: Duration = Duration::from_secs(8);
const SUSPENSION: Duration = Duration::from_secs(60);

pub(super) const SOURCES: [Source; 4] = [Source::Microphone, Source::Camera, Source::Screen, Source::ScreenAudio];

impl Peer {
    /// When the present phase ends unless something is heard.
    pub(super) fn lease_end(&self) -> Instant {
        match self.phase {
            Phase::Connecting { since } => since + HANDSHAKE,
            Phase::Connected => self.heard + LEASE,
            Phase::Suspended { since } => since + SUSPENSION,
        }
    }

    /// Whether an address is in use by this peer.
    pub(super) fn holds(&self, now: Instant, address: SocketAddr) -> bool {
        let check = self.ice.last_check(address);
        check.is_some_and(|at| now.saturating_duration_since(at) < LEASE)
    }
}

impl Sfu {
    /// An authentic packet came from this peer.
    pub(super) fn heard(&mut self, now: Instant, id: PeerId) {
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        peer.heard = now;
        if let Phase::Suspended { .. } = peer.phase {
            peer.phase = Phase::Connected;
            self.event(Event::Resumed { peer: id });
            self.arm_lease(now, id);
            self.changed.insert(id);
            self.refresh_tracks(now, id);
            self.revise_layers(now, id);
        }
    }

    pub(super) fn connected(&mut self, now: Instant, id: PeerId) {
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        peer.phase = Phase::Connected;
        peer.heard = now;
        let room = peer.room;
        self.event(Event::Connected { peer: id });
        self.give_up_codecs(room, Some(id));
        self.arm_lease(now, id);
        self.changed.insert(id);
        self.refresh_tracks(now, id);
        self.revise_layers(now, id);
    }

    pub(super) fn check_lease(&mut self, now: Instant, id: PeerId) {
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        if peer.lease_end() > now {
            self.arm_lease(now, id);
            return;
        }
        match peer.phase {
            Phase::Connecting { .. } => self.gone(now, id, GoneReason::HandshakeTimeout),
            Phase::Suspended { .. } => self.gone(now, id, GoneReason::LeaseExpired),
            Phase::Connected => {
                peer.phase = Phase::Suspended { since: now };
                self.event(Event::Suspended { peer: id });
                self.arm_lease(now, id);
                self.refresh_tracks(now, id);
                self.quieten(id);
            }
        }
    }

    /// Changes what decides on forwarding, and acts on what follows.
    pub(super) fn update(&mut self, now: Instant, id: PeerId, change: impl FnOnce(&mut Peer)) {
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        let listened = peer.listens();
        change(peer);
        let listens = peer.listens();
        if listened && !listens {
            self.quieten(id);
        } else if listens && !listened {
            self.revise_layers(now, id);
        }
        self.refresh_tracks(now, id);
    }

    /// After a change of what a peer publishes: empties the slots that must not show it, and
    /// asks for a key frame where it is awaited.
    fn refresh_tracks(&mut self, now: Instant, id: PeerId) {
        let Some(peer) = self.peers.get(&id) else {
            return;
        };
        let states = SOURCES.map(|source| (source, peer.publishes(source), peer.keeps(source)));
        for (source, publishes, keeps) in states {
            let track = TrackId { peer: id, source };
            if !publishes {
                self.interrupt_track(track);
            }
            if !keeps {
                self.hide_track(track);
            } else if publishes && source.kind() == MediaKind::Video {
                self.welcome_track(now, track);
            }
        }
    }

    pub(super) fn fail(&mut self, now: Instant, id: PeerId) {
        self.faults += 1;
        tracing::warn!(peer = id.0, "a library failed on this session's data");
        self.gone(now, id, GoneReason::Fault);
    }

    pub(super) fn gone(&mut self, now: Instant, id: PeerId, reason: GoneReason) {
        if self.peers.contains_key(&id) {
            self.remove(now, id);
            self.event(Event::Gone { peer: id, reason });
        }
    }

    pub(super) fn remove(&mut self, now: Instant, id: PeerId) {
        for source in SOURCES {
            self.hide_track(TrackId { peer: id, source });
        }
        let Some(mut peer) = self.peers.remove(&id) else {
            return;
        };
        peer.dtls.close(now);
        let path = peer.ice.selected();
        for contents in peer.dtls.take_outgoing() {
            transmit(&mut self.outputs, path, contents);
        }
        for ufrag in peer.ice.ufrags() {
            self.routes.remove_ufrag(ufrag);
        }
        for address in peer.ice.addresses() {
            self.routes.remove_address(address, id);
        }
        self.timers.cancel_peer(id);
        self.uplink.release(id);
        self.changed.remove(&id);
        self.forget_wishes(id);
        let Some(room) = self.rooms.get_mut(&peer.room) else {
            return;
        };
        room.peers.remove(&id);
        room.csrcs.remove(&peer.ingress.csrc());
        room.table.remove_peer(id);
        room.speakers.remove(id);
        room.claimed.retain(|track, _| track.peer != id);
        if room.peers.is_empty() {
            self.timers.cancel_room(peer.room);
            self.rooms.remove(&peer.room);
        }
        self.wait_for_codecs(now, peer.room);
    }
}

impl Peer {
    /// Whether a track keeps the slots that it has: a muted microphone does.
    fn keeps(&self, source: Source) -> bool {
        let muted = source == Source::Microphone && self.grant.audio;
        self.publishes(source) || (self.is_connected() && muted)
    }
}
