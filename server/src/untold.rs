//! What is still to be told of presence and seats, because the audience could not be read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use protocol::id::{PeerId, UserId};
use protocol::voice::VoiceState;

/// Users who came or went, and seats that were taken, changed or freed. How they stand is looked up when they are told of.
#[derive(Default)]
pub(crate) struct Untold {
    presences: Mutex<BTreeSet<UserId>>,
    seats: Mutex<BTreeMap<PeerId, VoiceState>>,
}

impl Untold {
    pub(crate) fn add_presence(&self, user: UserId) {
        self.presences.lock().expect("nothing panics while holding this lock").insert(user);
    }

    pub(crate) fn add_seat(&self, seat: &VoiceState) {
        self.seats.lock().expect("nothing panics while holding this lock").insert(seat.peer_id, seat.clone());
    }

    pub(crate) fn next_presence(&self) -> Option<UserId> {
        self.presences.lock().expect("nothing panics while holding this lock").pop_first()
    }

    pub(crate) fn next_seat(&self) -> Option<VoiceState> {
        let next = self.seats.lock().expect("nothing panics while holding this lock").pop_first();
        next.map(|(_, seat)| seat)
    }
}
