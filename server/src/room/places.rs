//! Which media thread each room lives on.

use std::collections::BTreeMap;

use sfu::{PeerId, RoomId};

/// The number of a media thread, from 0 on.
pub(crate) type Thread = usize;

/// Keeps a room on one thread for as long as there is anybody in it.
#[derive(Debug)]
pub(super) struct Places {
    rooms: BTreeMap<RoomId, Place>,
    peers: BTreeMap<PeerId, RoomId>,
    /// Peers on each thread.
    loads: Vec<usize>,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    thread: Thread,
    peers: usize,
}

impl Places {
    pub(super) fn new(threads: usize) -> Self {
        Self { rooms: BTreeMap::new(), peers: BTreeMap::new(), loads: vec![0; threads] }
    }

    pub(super) fn thread_of(&self, peer: PeerId) -> Option<Thread> {
        let room = self.peers.get(&peer)?;
        self.rooms.get(room).map(|place| place.thread)
    }

    /// Gives a new peer its thread: that of its room, or, if it is the first there, the one with the fewest peers of those
    /// that work. None for a peer that has a place already.
    pub(super) fn enter(&mut self, room: RoomId, peer: PeerId, is_down: impl Fn(Thread) -> bool) -> Option<Thread> {
        if self.peers.contains_key(&peer) {
            return None;
        }
        let freest = || (0..self.loads.len()).min_by_key(|thread| (is_down(*thread), self.loads[*thread]));
        let thread = self.rooms.get(&room).map(|place| place.thread).or_else(freest)?;
        self.rooms.entry(room).or_insert(Place { thread, peers: 0 }).peers += 1;
        self.peers.insert(peer, room);
        self.loads[thread] += 1;
        Some(thread)
    }

    /// Takes a peer's place away; answers with its thread.
    pub(super) fn leave(&mut self, peer: PeerId) -> Option<Thread> {
        let room = self.peers.remove(&peer)?;
        let place = self.rooms.get_mut(&room)?;
        let thread = place.thread;
        place.peers -= 1;
        if place.peers == 0 {
            self.rooms.remove(&room);
        }
        self.loads[thread] -= 1;
        Some(thread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(places: &mut Places, room: u64, peer: u64) -> Option<Thread> {
        places.enter(RoomId(room), PeerId(peer), |_| false)
    }

    #[test]
    fn a_new_room_goes_where_the_fewest_peers_are_and_stays_while_anybody_is_in_it() {
        let mut places = Places::new(3);
        assert_eq!([1, 2, 3].map(|peer| enter(&mut places, 7, peer)), [Some(0); 3]);
        assert_eq!([4, 5].map(|peer| enter(&mut places, 8, peer)), [Some(1); 2]);
        assert_eq!(enter(&mut places, 9, 6), Some(2));
        assert_eq!(enter(&mut places, 10, 7), Some(2));
        assert_eq!(enter(&mut places, 7, 8), Some(0));
        for peer in [1, 2, 3] {
            assert_eq!(places.leave(PeerId(peer)), Some(0));
        }
        assert_eq!(enter(&mut places, 7, 9), Some(0));
        assert_eq!(places.thread_of(PeerId(8)), Some(0));
        for peer in [8, 9] {
            assert_eq!(places.leave(PeerId(peer)), Some(0));
        }
        assert_eq!(places.loads, [0, 2, 2]);
        assert_eq!(places.rooms.len(), 3);
    }

    #[test]
    fn a_peer_has_one_place_and_leaves_it_once() {
        let mut places = Places::new(2);
        assert_eq!(enter(&mut places, 7, 1), Some(0));
        assert_eq!(enter(&mut places, 8, 1), None);
        assert_eq!(
            [places.leave(PeerId(1)), places.leave(PeerId(1)), places.thread_of(PeerId(1))],
            [Some(0), None, None]
        );
        assert_eq!(places.loads, [0, 0]);
    }

    #[test]
    fn a_new_room_avoids_a_thread_between_two_lives_unless_there_is_no_other() {
        let mut places = Places::new(2);
        assert_eq!(places.enter(RoomId(7), PeerId(1), |thread| thread == 0), Some(1));
        assert_eq!(places.enter(RoomId(8), PeerId(2), |thread| thread == 0), Some(1));
        assert_eq!(places.enter(RoomId(9), PeerId(3), |_| true), Some(0));
    }
}
