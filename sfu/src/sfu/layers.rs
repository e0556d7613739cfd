use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::forward::is_published;
use super::{Sfu, transmit};
use crate::allocate::{Choice, Demand, Offered, allocate};
use crate::bandwidth::Bandwidth;
use crate::forward::egress::Slot;
use crate::forward::rate::Rate;
use crate::forward::select::Target;
use crate::forward::writer::PADDING;
use crate::forward::{Layer, TrackId};
use crate::io::{Event, Limitation, MediaKind, PeerId, Source};
use crate::peer::Peer;
use crate::peer::guard::Fault;
use crate::timer::Timer;
use crate::uplink::Fullness;

/// How often what a subscriber gets is chosen anew while it wishes for anything.
const CHOICE_INTERVAL: Duration = Duration::from_millis(250);
/// Of what a way can carry, in percent, for reports and for what comes unevenly.
const RESERVED: u64 = 5;
/// What it is good to know that a way carries, in bit/s, before anybody asks for it: a tile may be enlarged at any time.
const LOOK_AHEAD: u64 = 3_000_000;
/// Bytes of a packet of padding on its way, roughly.
const PADDED: usize = PADDING + 60;
/// Of the highest encoding, where its codec does not tell: each below has half of it.
const ASSUMED_SIZE: (u16, u16) = (1280, 720);
/// An encoding that nobody wants for so long need not be sent.
const UNWANTED_FOR: Duration = Duration::from_secs(3);
/// A publisher that does not send what is wanted is told once more.
const TELL_AGAIN: Duration = Duration::from_secs(1);

impl Sfu {
    /// Chooses which encodings go to a subscriber: by the sizes that it wishes for, and by what its way can carry.
    pub(super) fn choose_layers(&mut self, now: Instant, id: PeerId) {
        self.empty_unwished(id);
        let Some(peer) = self.peers.get(&id).filter(|peer| peer.listens()) else {
            self.uplink.release(id);
            return;
        };
        let demands: Vec<Demand> =
            peer.slots.iter().enumerate().filter_map(|slot| self.demand(now, peer, slot)).collect();
        if demands.is_empty() {
            self.uplink.release(id);
            return;
        }
        self.timers.set(Timer::Layers(id), self.epoch.shared(now + CHOICE_INTERVAL));
        let budget = peer
            .bandwidth
            .as_ref()
            .map_or(u64::MAX, |bandwidth| u64::from(bandwidth.budget(now)) * (100 - RESERVED) / 100);
        if let (Some(bandwidth), Some(path)) = (&peer.bandwidth, peer.ice.selected()) {
            let (filled, arriving) = (bandwidth.filled(), bandwidth.arriving(now));
            self.uplink.note_way(now, id, Fullness { remote: path.remote.ip(), filled, arriving });
        }
        let share = self.uplink.share(now, id);
        let allocation = allocate(&demands, budget.min(share));
        self.uplink.promise(id, allocation.taken);
        let is_shared = share < budget || self.uplink.explains(now, id);
        let limitation = if is_shared { Limitation::Uplink } else { Limitation::Bandwidth };
        for choice in allocation.choices {
            self.choose(now, id, (choice, limitation));
        }
        let wanted = allocation.wanted.max(LOOK_AHEAD);
        if wanted > budget && budget < share && self.uplink.may_probe(now) {
            self.begin_probe(now, (id, wanted));
        }
    }

    /// What was shown before goes on until the wish can be shown, but not where there is nothing to wait for.
    fn empty_unwished(&mut self, id: PeerId) {
        let Some(peer) = self.peers.get(&id) else {
            return;
        };
        let slots = peer.slots.iter().enumerate().filter(|(_, slot)| {
            let wish = slot.wish.map(|wish| wish.track);
            slot.shows.is_some()
                && wish.is_some_and(|wish| slot.shows != Some(wish) && !is_published(&self.peers, wish))
        });
        for index in slots.map(|(index, _)| index).collect::<Vec<_>>() {
            self.show(id, index, None);
        }
    }

    fn begin_probe(&mut self, now: Instant, (id, wanted): (PeerId, u64)) {
        let wanted = wanted * 100 / (100 - RESERVED);
        let bandwidth = self.peers.get_mut(&id).and_then(|peer| peer.bandwidth.as_mut());
        if bandwidth.is_some_and(|bandwidth| bandwidth.probe(now, wanted)) {
            self.probe(now, id);
        }
    }

    /// Sends what a probe is to send now.
    pub(super) fn probe(&mut self, now: Instant, id: PeerId) {
        let writing = self.writing(now);
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        if !peer.listens() {
            peer.bandwidth.iter_mut().for_each(Bandwidth::end_probe);
            return;
        }
        let due = peer.bandwidth.as_mut().and_then(|bandwidth| bandwidth.due_padding(now));
        let Some((bytes, next)) = due else {
            return;
        };
        self.timers.set(Timer::Probe(id), next);
        let path = peer.ice.selected();
        for _ in 0..bytes.div_ceil(PADDED) {
            match peer.pad(writing) {
                Ok(Some(contents)) => transmit(&mut self.outputs, path, contents),
                Ok(None) => return,
                Err(Fault) => return self.fail(now, id),
            }
        }
    }

    /// It is time to choose anew.
    pub(super) fn revise_layers(&mut self, now: Instant, id: PeerId) {
        if let Some(bandwidth) = self.peers.get_mut(&id).and_then(|peer| peer.bandwidth.as_mut()) {
            bandwidth.check(now);
        }
        self.choose_layers(now, id);
        self.request_awaited(now, id);
    }

    /// Puts a choice into effect; what is held back is so by this.
    fn choose(&mut self, now: Instant, id: PeerId, (choice, limitation): (Choice, Limitation)) {
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        let Some(slot) = peer.slots.get_mut(choice.slot) else {
            return;
        };
        slot.target = choice.target;
        slot.limitation = match (choice.is_held_back, choice.is_missing) {
            (true, _) => limitation,
            (false, true) => Limitation::Publisher,
            (false, false) => Limitation::None,
        };
        let Some(wish) = slot.wish else {
            return;
        };
        if choice.target.is_none() && slot.shows == Some(wish.track) {
            slot.pause();
        }
        for layer in self.needed((wish.track, choice)) {
            self.want(now, (wish.track, layer));
        }
    }

    /// What a publisher is to send for a choice: what is shown until the other comes, and what is between, for it may not be able
    /// to send the other.
    fn needed(&self, (track, choice): (TrackId, Choice)) -> Vec<Layer> {
        let target = choice.target.map(|target| target.layer);
        let published = self.peers.get(&track.peer).and_then(|peer| peer.ingress.track(track.source));
        let all = published.into_iter().flat_map(|published| published.sizes().map(|(layer, _)| layer));
        let is_needed = |layer: Option<Layer>| {
            layer == choice.wanted || (target.or(choice.wanted)..=choice.wanted.max(target)).contains(&layer)
        };
        all.filter(|layer| is_needed(Some(*layer))).collect()
    }

    fn demand(&self, now: Instant, peer: &Peer, (index, slot): (usize, &Slot)) -> Option<Demand> {
        let wish = slot.wish?;
        let TrackId { peer: publisher, source } = wish.track;
        let publisher = self.peers.get(&publisher).filter(|publisher| publisher.room == peer.room)?;
        let track = publisher.ingress.track(source).filter(|_| publisher.publishes(source))?;
        let sends = slot.sends.filter(|_| slot.shows == Some(wish.track));
        // What it cannot decode is not sent to it.
        let can_show = track.codec(now).is_none_or(|codec| slot.takes_codec(codec));
        let count = track.sizes().count();
        // The peaks of what is sent already are part of what the way is known to carry.
        let rate = |(layer, temporal): (Layer, u8), of: &Rate| {
            let is_more = sends.is_none_or(|sends| Target { layer, temporal } > sends);
            if is_more { of.most_up_to(temporal) } else { of.up_to(temporal) }
        };
        let offered = track.sizes().enumerate().filter(|_| can_show).map(|(index, (layer, sent))| Offered {
            layer,
            size: sent.size.unwrap_or_else(|| assumed_size(index, count)),
            rates: (0..=sent.rate.highest()).map(|temporal| rate((layer, temporal), &sent.rate)).collect(),
            is_sent: sent.is_sent(now),
            is_expected: sent.demand.is_expected(now),
        });
        let (width, height) = (wish.width, wish.height);
        Some(Demand {
            slot: index,
            is_screen: source == Source::Screen,
            is_pinned: wish.is_pinned,
            width,
            height,
            sends,
            offered: offered.collect(),
        })
    }

    /// A publisher is to send an encoding: one that was told that nobody wants it is told otherwise.
    fn want(&mut self, now: Instant, (track, layer): (TrackId, Layer)) {
        let published = self.peers.get_mut(&track.peer).and_then(|peer| peer.ingress.track_mut(track.source));
        let wanted = published.and_then(|published| published.sizes_mut().find(|(of, _)| *of == layer));
        let Some((_, wanted)) = wanted else {
            return;
        };
        let is_late = |at: Instant| now.saturating_duration_since(at) >= TELL_AGAIN;
        let is_missed = !wanted.is_sent(now) && wanted.demand.told.is_none_or(is_late);
        wanted.demand.wanted = Some(now);
        if wanted.demand.resume(now) || is_missed {
            wanted.demand.told = Some(now);
            self.tell_encodings(track);
        }
    }

    /// Tells a publisher which of its encodings nobody has wanted for a while.
    pub(super) fn pause_unwanted(&mut self, now: Instant, id: PeerId) {
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        let mut changed = BTreeSet::new();
        for (source, track) in peer.ingress.tracks().filter(|(source, _)| source.kind() == MediaKind::Video) {
            for (_, sent) in track.sizes_mut() {
                let wanted = *sent.demand.wanted.get_or_insert(now);
                if !sent.demand.is_paused && now.saturating_duration_since(wanted) >= UNWANTED_FOR {
                    sent.demand.is_paused = true;
                    changed.insert(source);
                }
            }
        }
        for source in changed {
            self.tell_encodings(TrackId { peer: id, source });
        }
    }

    pub(super) fn tell_encodings(&mut self, track: TrackId) {
        let published = self.peers.get(&track.peer).and_then(|peer| peer.ingress.track(track.source));
        let Some(published) = published else {
            return;
        };
        let wanted = published.sizes().map(|(_, sent)| !sent.demand.is_paused).collect();
        self.event(Event::Encodings { peer: track.peer, source: track.source, wanted });
    }
}

fn assumed_size(index: usize, count: usize) -> (u16, u16) {
    let below = count.saturating_sub(index + 1);
    (ASSUMED_SIZE.0 >> below, ASSUMED_SIZE.1 >> below)
}
