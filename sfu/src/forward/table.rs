use std::collections::BTreeMap;

use super::TrackId;
use crate::io::PeerId;

/// Which slots of a room's subscribers take the packets of which track.
#[derive(Default)]
pub(crate) struct Table {
    routes: BTreeMap<TrackId, Vec<(PeerId, usize)>>,
}

impl Table {
    /// Subscribers and the indices of their slots.
    pub(crate) fn subscribers(&self, track: TrackId) -> &[(PeerId, usize)] {
        self.routes.get(&track).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn add(&mut self, track: TrackId, subscriber: (PeerId, usize)) {
        let route = self.routes.entry(track).or_default();
        if !route.contains(&subscriber) {
            route.push(subscriber);
        }
    }

    pub(crate) fn remove(&mut self, track: TrackId, subscriber: (PeerId, usize)) {
        if let Some(route) = self.routes.get_mut(&track) {
            route.retain(|known| *known != subscriber);
            if route.is_empty() {
                self.routes.remove(&track);
            }
        }
    }

    /// Forgets a peer as publisher and as subscriber.
    pub(crate) fn remove_peer(&mut self, peer: PeerId) {
        self.routes.retain(|track, route| {
            route.retain(|(subscriber, _)| *subscriber != peer);
            track.peer != peer && !route.is_empty()
        });
    }
}
