use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use crate::codecs::Codecs;
use crate::forward::TrackId;
use crate::forward::table::Table;
use crate::io::PeerId;
use crate::speaker::Speakers;

/// The peers that hear and see each other.
#[derive(Default)]
pub(crate) struct Room {
    pub(crate) peers: BTreeSet<PeerId>,
    pub(crate) csrcs: BTreeSet<u32>,
    pub(crate) table: Table,
    pub(crate) speakers: Speakers,
    /// When each audio track last claimed a slot from those that do not play it.
    pub(crate) claimed: BTreeMap<TrackId, Instant>,
    pub(crate) codecs: Codecs,
    /// The timer that tells of the speakers runs.
    pub(crate) telling: bool,
}

impl Room {
    /// A number that names the peer in the room: the low half of its id unless that is taken.
    pub(crate) fn take_csrc(&mut self, peer: PeerId) -> u32 {
        let low = u32::try_from(peer.0 & 0xffff_ffff).expect("32 bits remain");
        let mut csrc = low.max(1);
        while !self.csrcs.insert(csrc) {
            csrc = csrc.wrapping_add(1).max(1);
        }
        csrc
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csrcs_are_never_zero_and_never_shared() {
        let mut room = Room::default();
        assert_eq!(room.take_csrc(PeerId(0)), 1);
        assert_eq!(room.take_csrc(PeerId(1 << 32)), 2);
        assert_eq!(room.take_csrc(PeerId(u64::from(u32::MAX))), u32::MAX);
        assert_eq!(room.take_csrc(PeerId(u64::MAX)), 3);
    }
}
