use super::Sfu;
use crate::io::{Event, MediaKind, PeerId, RoomId, VideoCodec};
use crate::peer::Peer;

impl Sfu {
    /// Tells those in a room which codecs all of them take, if that has changed, and a newcomer in any case: what a publisher
    /// sends in another, some would not see.
    pub(super) fn tell_codecs(&mut self, id: RoomId, newcomer: Option<PeerId>) {
        let Some(room) = self.rooms.get_mut(&id) else {
            return;
        };
        let present = || {
            let peers = room.peers.iter().filter_map(|id| Some((*id, self.peers.get(id)?)));
            peers.filter(|(_, peer)| peer.is_present())
        };
        let mut codecs = VideoCodec::ALL.to_vec();
        codecs.retain(|codec| present().all(|(_, peer)| peer.takes(*codec)));
        let told: Vec<PeerId> =
            if codecs == room.codecs { newcomer.into_iter().collect() } else { present().map(|(id, _)| id).collect() };
        room.codecs.clone_from(&codecs);
        for peer in told {
            self.event(Event::Codecs { peer, codecs: codecs.clone() });
        }
    }
}

impl Peer {
    /// Whether each of its slots for pictures takes a codec.
    fn takes(&self, codec: VideoCodec) -> bool {
        let mut slots = self.slots.iter().filter(|slot| slot.kind == MediaKind::Video);
        slots.all(|slot| slot.media().codecs.iter().any(|offered| offered.codec.video() == Some(codec)))
    }
}
