use std::collections::BTreeSet;
use std::time::Instant;

use super::Sfu;
use crate::codecs::Codecs;
use crate::io::{Event, MediaKind, PeerId, RoomId, VideoCodec};
use crate::peer::Peer;
use crate::timer::Timer;

impl Sfu {
    /// Gives up the codecs that somebody in a room does not take: what a publisher sends in one of them, some would not see.
    /// All are told if that changes anything, and one in any case who may not know.
    pub(super) fn give_up_codecs(&mut self, id: RoomId, unaware: Option<PeerId>) {
        let taken = self.taken(id);
        let Some(room) = self.rooms.get_mut(&id) else {
            return;
        };
        let told = if room.codecs.give_up(&taken) { self.present(id) } else { unaware.into_iter().collect() };
        self.tell_codecs(id, told);
        self.arm_codecs(id);
    }

    /// Somebody has left a room: what all take now is told once it has been so for a while.
    pub(super) fn wait_for_codecs(&mut self, now: Instant, id: RoomId) {
        let (taken, is_deserted) = (self.taken(id), self.present(id).is_empty());
        let Some(room) = self.rooms.get_mut(&id) else {
            return;
        };
        if is_deserted {
            room.codecs = Codecs::default();
        } else {
            room.codecs.wait_for(now, &taken);
        }
        self.arm_codecs(id);
    }

    /// Tells those in a room which codecs all of them have taken for long enough.
    pub(super) fn take_up_codecs(&mut self, now: Instant, id: RoomId) {
        if self.rooms.get_mut(&id).is_some_and(|room| room.codecs.take_up(now)) {
            self.tell_codecs(id, self.present(id));
        }
        self.arm_codecs(id);
    }

    fn tell_codecs(&mut self, id: RoomId, told: Vec<PeerId>) {
        let Some(codecs) = self.rooms.get(&id).map(|room| room.codecs.told()) else {
            return;
        };
        for peer in told {
            self.event(Event::Codecs { peer, codecs: codecs.clone() });
        }
    }

    fn arm_codecs(&mut self, id: RoomId) {
        match self.rooms.get(&id).and_then(|room| room.codecs.next()) {
            Some(at) => self.timers.set(Timer::Codecs(id), at),
            None => self.timers.cancel(Timer::Codecs(id)),
        }
    }

    /// The codecs that all in a room take.
    fn taken(&self, id: RoomId) -> BTreeSet<VideoCodec> {
        let present = self.present(id);
        let takes = |id: &PeerId, codec| self.peers.get(id).is_some_and(|peer| peer.takes(codec));
        let codecs = VideoCodec::ALL.into_iter();
        codecs.filter(|codec| present.iter().all(|id| takes(id, *codec))).collect()
    }

    fn present(&self, id: RoomId) -> Vec<PeerId> {
        let peers = self.rooms.get(&id).into_iter().flat_map(|room| &room.peers).copied();
        peers.filter(|id| self.peers.get(id).is_some_and(|peer| peer.is_present())).collect()
    }
}

impl Peer {
    /// Whether each of its slots for pictures takes a codec.
    fn takes(&self, codec: VideoCodec) -> bool {
        let mut slots = self.slots.iter().filter(|slot| slot.kind == MediaKind::Video);
        slots.all(|slot| slot.media().codecs.iter().any(|offered| offered.codec.video() == Some(codec)))
    }
}
