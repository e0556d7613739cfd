use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::Sfu;
use crate::forward::egress::{Slot, Wanted};
use crate::forward::{Layer, TrackId};
use crate::io::{MediaKind, PeerId, RoomId, Source, Wish};
use crate::peer::Peer;
use crate::room::Room;
use crate::speaker::Claim;

/// How often a track that is not heard everywhere asks for a slot.
const CLAIM_INTERVAL: Duration = Duration::from_millis(60);

impl Sfu {
    /// Finds slots for an audio track that has just sent a packet.
    pub(super) fn claim_slots(&mut self, now: Instant, track: TrackId) {
        let Some(room_id) = self.room_of(track.peer) else {
            return;
        };
        let Some(room) = self.rooms.get_mut(&room_id) else {
            return;
        };
        if room.table.subscribers(track).len() + 1 >= room.peers.len() {
            return;
        }
        let recent = |at: &Instant| now.saturating_duration_since(*at) < CLAIM_INTERVAL;
        if room.claimed.get(&track).is_some_and(recent) {
            return;
        }
        room.claimed.insert(track, now);
        let others = room.peers.iter().copied().filter(|id| *id != track.peer);
        for subscriber in others.collect::<Vec<_>>() {
            self.claim_slot(now, (room_id, subscriber), track);
        }
    }

    fn claim_slot(&mut self, now: Instant, (room, id): (RoomId, PeerId), track: TrackId) {
        let (Some(room), Some(subscriber)) = (self.rooms.get(&room), self.peers.get(&id)) else {
            return;
        };
        let audio = || {
            let slots = subscriber.slots.iter().enumerate();
            slots.filter(|(_, slot)| slot.kind == MediaKind::Audio)
        };
        if audio().any(|(_, slot)| slot.shows == Some(track)) {
            return;
        }
        let claim = |track| claim(&self.peers, room, (now, track));
        let mine = claim(track);
        let free = audio().find(|(_, slot)| slot.shows.is_none());
        let weakest = || {
            let taken = audio().filter_map(|(index, slot)| Some((index, claim(slot.shows?))));
            let weakest = taken.min_by(|(_, a), (_, b)| a.partial_cmp(b).expect("no level is NaN"));
            weakest.filter(|(_, incumbent)| mine.displaces(*incumbent))
        };
        let index = free.map(|(index, _)| index);
        if let Some(index) = index.or_else(|| weakest().map(|(index, _)| index)) {
            self.show(id, index, Some(track));
        }
    }

    /// Slots became free: whoever sends next may have them at once.
    pub(super) fn claim_free_slots(&mut self, room: RoomId) {
        if let Some(room) = self.rooms.get_mut(&room) {
            room.claimed.clear();
        }
    }

    /// Sets what a slot shows, and keeps the table in step.
    pub(super) fn show(&mut self, id: PeerId, index: usize, track: Option<TrackId>) {
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        let (Some(slot), Some(room)) = (peer.slots.get_mut(index), self.rooms.get_mut(&peer.room)) else {
            return;
        };
        let before = std::mem::replace(&mut slot.shows, track);
        if before == track {
            return;
        }
        slot.pause();
        route(room, slot, ((id, index), before));
        self.changed.insert(id);
    }

    pub(super) fn wish(&mut self, now: Instant, id: PeerId, wishes: &[Wish]) {
        let Some(peer) = self.peers.get(&id) else {
            return;
        };
        let elsewhere = |other| self.room_of(other).is_some_and(|room| room != peer.room);
        let valid = wishes.iter().filter(|wish| wish.peer != id && wish.source.kind() == MediaKind::Video);
        let valid: BTreeMap<usize, Wanted> = valid
            .filter(|wish| !elsewhere(wish.peer))
            .filter_map(|wish| {
                let track = TrackId { peer: wish.peer, source: wish.source };
                let (width, height, is_pinned) = (wish.width, wish.height, wish.is_pinned);
                Some((peer.slot_by_mid(&wish.mid)?, Wanted { track, width, height, is_pinned }))
            })
            .collect();
        for index in 0..peer.slots.len() {
            self.set_wish(id, index, valid.get(&index).copied());
        }
        self.choose_layers(now, id);
        self.request_awaited(now, id);
    }

    fn set_wish(&mut self, id: PeerId, index: usize, wish: Option<Wanted>) {
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        let (Some(slot), Some(room)) = (peer.slots.get_mut(index), self.rooms.get_mut(&peer.room)) else {
            return;
        };
        if slot.kind != MediaKind::Video || slot.wish == wish {
            return;
        }
        let before = std::mem::replace(&mut slot.wish, wish);
        if before.map(|wish| wish.track) != wish.map(|wish| wish.track) {
            slot.target = None;
        }
        route(room, slot, ((id, index), before.map(|wish| wish.track)));
        if wish.is_none() {
            self.show(id, index, None);
        }
    }

    /// Asks for the key frames that this subscriber's slots wait for.
    pub(super) fn request_awaited(&mut self, now: Instant, id: PeerId) {
        let Some(peer) = self.peers.get(&id).filter(|peer| peer.listens()) else {
            return;
        };
        // A wish for one who was not here yet may by now name one who came to another room.
        let here = |(track, _): &(TrackId, Layer)| self.room_of(track.peer) == Some(peer.room);
        let awaited = peer.slots.iter().filter_map(Slot::awaited);
        for awaited in awaited.filter(here).collect::<Vec<_>>() {
            self.request_key_frame(now, awaited);
        }
    }

    /// A track is there again: chooses what of it goes to those who wish for it, and asks for the key frames.
    pub(super) fn welcome_track(&mut self, now: Instant, track: TrackId) {
        let subscribers: BTreeSet<PeerId> = self.subscribers(track).into_iter().map(|(id, _)| id).collect();
        for id in subscribers {
            self.choose_layers(now, id);
            self.request_awaited(now, id);
        }
    }

    /// Empties every slot that shows a track.
    pub(super) fn hide_track(&mut self, track: TrackId) {
        for (id, index) in self.subscribers(track) {
            let slot = self.peers.get(&id).and_then(|peer| peer.slots.get(index));
            if slot.is_some_and(|slot| slot.shows == Some(track)) {
                self.show(id, index, None);
            }
        }
        if let Some(room) = self.room_of(track.peer)
            && let Some(room) = self.rooms.get_mut(&room)
        {
            if track.source == Source::Microphone {
                room.speakers.remove(track.peer);
            }
            room.claimed.clear();
        }
    }

    /// What follows in a track does not go on from what was sent of it.
    pub(super) fn interrupt_track(&mut self, track: TrackId) {
        for (id, index) in self.subscribers(track) {
            let slot = self.peers.get_mut(&id).and_then(|peer| peer.slots.get_mut(index));
            if let Some(slot) = slot.filter(|slot| slot.shows == Some(track)) {
                slot.interrupt();
            }
        }
    }

    /// Nothing is sent to this subscriber from now on; pictures go on with a key frame later.
    pub(super) fn quieten(&mut self, id: PeerId) {
        let slots = self.peers.get(&id).map_or(0, |peer| peer.slots.len());
        for index in 0..slots {
            let peer = self.peers.get_mut(&id);
            let Some(slot) = peer.and_then(|peer| peer.slots.get_mut(index)) else {
                return;
            };
            slot.interrupt();
            if slot.kind == MediaKind::Video {
                self.show(id, index, None);
            }
        }
    }

    /// Nobody waits for one who has left.
    pub(super) fn forget_wishes(&mut self, gone: PeerId) {
        let mut waiting = Vec::new();
        for (id, peer) in &self.peers {
            for (index, slot) in peer.slots.iter().enumerate() {
                if slot.wish.is_some_and(|wish| wish.track.peer == gone) {
                    waiting.push((*id, index));
                }
            }
        }
        for (id, index) in waiting {
            self.set_wish(id, index, None);
        }
    }

    pub(super) fn subscribers(&self, track: TrackId) -> Vec<(PeerId, usize)> {
        let room = self.room_of(track.peer).and_then(|room| self.rooms.get(&room));
        room.map_or_else(Vec::new, |room| room.table.subscribers(track).to_vec())
    }
}

/// Routes what the slot shows and what it waits for, and no longer what it did before.
fn route(room: &mut Room, slot: &Slot, (subscriber, before): ((PeerId, usize), Option<TrackId>)) {
    let wanted = [slot.shows, slot.wish.map(|wish| wish.track)];
    if let Some(before) = before.filter(|before| !wanted.contains(&Some(*before))) {
        room.table.remove(before, subscriber);
    }
    for track in wanted.into_iter().flatten() {
        room.table.add(track, subscriber);
    }
}

fn claim(peers: &BTreeMap<PeerId, Box<Peer>>, room: &Room, (now, track): (Instant, TrackId)) -> Claim {
    let publisher = peers.get(&track.peer);
    let publishes = publisher.is_some_and(|peer| peer.publishes(track.source));
    let has_priority = publisher.is_some_and(|peer| peer.state.priority);
    match track.source {
        Source::ScreenAudio if publishes => Claim::Screen,
        Source::Microphone if publishes && has_priority => room.speakers.claim(now, track.peer).with_priority(),
        Source::Microphone if publishes => room.speakers.claim(now, track.peer),
        Source::Microphone | Source::ScreenAudio | Source::Camera | Source::Screen => Claim::Muted,
    }
}
