use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::{Sfu, transmit};
use crate::forward::rewrite::Found;
use crate::forward::writer::Writing;
use crate::forward::{Layer, Media, TrackId};
use crate::io::{MediaKind, Output, PeerId, Source};
use crate::peer::guard::Fault;
use crate::peer::{Peer, Sending};
use crate::timer::Timer;
use crate::uplink::Uplink;

/// Speakers are told at most ten times a second.
pub(super) const TELL_INTERVAL: Duration = Duration::from_millis(100);

/// Brings packets to subscribers, and notes what is to be done when all have theirs.
struct Delivery<'a> {
    writing: Writing,
    outputs: &'a mut VecDeque<Output>,
    uplink: &'a mut Uplink,
    consequences: Consequences,
}

#[derive(Default)]
struct Consequences {
    /// Who is to be reported to from now on.
    started: Vec<PeerId>,
    /// Which slots show something else, and what they showed before.
    switched: Vec<(PeerId, usize, Option<TrackId>)>,
    faulty: Vec<PeerId>,
    /// What somebody needs a key frame of.
    awaited: Option<(TrackId, Layer)>,
}

impl<'a> Delivery<'a> {
    fn new(writing: Writing, (outputs, uplink): (&'a mut VecDeque<Output>, &'a mut Uplink)) -> Self {
        Self { writing, outputs, uplink, consequences: Consequences::default() }
    }

    fn deliver(&mut self, peer: &mut Peer, (id, index): (PeerId, usize), media: &Media) {
        let (track, path) = (media.track, peer.ice.selected());
        let sending = peer.send(index, media, self.writing);
        if matches!(sending, Ok(Sending::Packet(_) | Sending::Switched(..))) && !peer.report.armed {
            self.consequences.started.push(id);
        }
        match sending {
            Ok(Sending::Nothing) => {
                let awaited = (track, media.layer);
                let slot = peer.slots.get(index);
                if peer.listens() && slot.is_some_and(|slot| slot.awaits(awaited)) {
                    self.consequences.awaited = Some(awaited);
                }
            }
            Ok(Sending::Packet(contents)) if track.source.kind() == MediaKind::Audio => {
                let now = self.writing.now;
                let echo = peer.slots.get_mut(index).and_then(|slot| slot.echo(now, &contents));
                for contents in [Some(contents), echo].into_iter().flatten() {
                    self.uplink.sent_sound(now, contents.len());
                    transmit(self.outputs, path, contents);
                }
            }
            Ok(Sending::Packet(contents)) => transmit(self.outputs, path, contents),
            Ok(Sending::Switched(contents, before)) => {
                transmit(self.outputs, path, contents);
                self.consequences.switched.push((id, index, before));
            }
            Err(Fault) => self.consequences.faulty.push(id),
        }
    }
}

impl Sfu {
    /// Sends a publisher's packet to all who are to have it.
    pub(super) fn forward(&mut self, now: Instant, media: &Media) {
        let track = media.track;
        let Some(publisher) = self.peers.get_mut(&track.peer) else {
            return;
        };
        if !publisher.publishes(track.source) {
            return;
        }
        if let Some(published) = publisher.ingress.track_mut(track.source) {
            published.keep(now, media);
        }
        match track.source.kind() {
            MediaKind::Audio => self.listen(now, media),
            MediaKind::Video => {
                self.arm_repair(now, track.peer);
                if media.resumes && self.may_welcome(now, track) {
                    // It may begin with the very key frame that is waited for.
                    self.welcome_track(now, track);
                    self.tell_encodings(track);
                }
            }
        }
        self.distribute(now, media);
    }

    /// What this peer's microphone sends is not forwarded until somebody speaks.
    pub(super) fn rest(&mut self, id: PeerId) {
        if let Some(room) = self.room_of(id).and_then(|room| self.rooms.get_mut(&room)) {
            room.speakers.rest(id);
        }
        self.interrupt_track(TrackId { peer: id, source: Source::Microphone });
    }

    fn may_welcome(&mut self, now: Instant, track: TrackId) -> bool {
        let publisher = self.peers.get_mut(&track.peer);
        let published = publisher.and_then(|publisher| publisher.ingress.track_mut(track.source));
        published.is_some_and(|published| published.may_be_welcomed(now))
    }

    fn listen(&mut self, now: Instant, media: &Media) {
        let track = media.track;
        let room_id = self.room_of(track.peer);
        let Some(room) = room_id.and_then(|room| self.rooms.get_mut(&room)) else {
            return;
        };
        if track.source == Source::Microphone {
            let sound = (media.level, media.length());
            if room.speakers.heard(now, track.peer, sound) {
                // A first syllable does not wait.
                room.claimed.remove(&track);
            }
            if !room.telling && room.speakers.is_lively(now) {
                room.telling = true;
                if let Some(room) = room_id {
                    self.timers.set(Timer::Speakers(room), now + TELL_INTERVAL);
                }
            }
        }
        self.claim_slots(now, track);
    }

    fn distribute(&mut self, now: Instant, media: &Media) {
        let writing = self.writing(now);
        let Some(room) = self.room_of(media.track.peer).and_then(|room| self.rooms.get(&room)) else {
            return;
        };
        let mut delivery = Delivery::new(writing, (&mut self.outputs, &mut self.uplink));
        for (id, index) in room.table.subscribers(media.track) {
            let Some(peer) = self.peers.get_mut(id) else {
                continue;
            };
            let Some(bytes) = peer.waiting_bytes(now, (*index, media)) else {
                delivery.deliver(peer, (*id, *index), media);
                continue;
            };
            let pushed_out = peer.pacer.push(bytes, (*index, media.clone()));
            if let Some(due) = peer.pacer.due(now) {
                self.timers.set_by(Timer::Pace(*id), due);
            }
            if let Some((index, first)) = pushed_out.filter(|(_, first)| is_published(&self.peers, first.track))
                && let Some(peer) = self.peers.get_mut(id)
            {
                delivery.deliver(peer, (*id, index), &first);
            }
        }
        let consequences = delivery.consequences;
        self.follow_up(now, consequences);
    }

    /// Sends a subscriber the pictures whose turn it is.
    pub(super) fn release(&mut self, now: Instant, id: PeerId) {
        while let Some((index, media)) = self.peers.get_mut(&id).and_then(|peer| peer.pacer.pop(now)) {
            // Its publisher may have switched it off since.
            let is_published = is_published(&self.peers, media.track);
            let writing = self.writing(now);
            let Some(peer) = self.peers.get_mut(&id).filter(|_| is_published) else {
                continue;
            };
            let mut delivery = Delivery::new(writing, (&mut self.outputs, &mut self.uplink));
            delivery.deliver(peer, (id, index), &media);
            let consequences = delivery.consequences;
            self.follow_up(now, consequences);
        }
        if let Some(due) = self.peers.get(&id).and_then(|peer| peer.pacer.due(now)) {
            self.timers.set(Timer::Pace(id), due);
        }
    }

    fn follow_up(&mut self, now: Instant, consequences: Consequences) {
        for id in consequences.started {
            self.arm_report(now, id);
        }
        for (id, index, before) in consequences.switched {
            self.went_over(id, index, before);
        }
        for id in consequences.faulty {
            self.fail(now, id);
        }
        if let Some(awaited) = consequences.awaited {
            self.request_key_frame(now, awaited);
        }
    }

    pub(super) fn writing(&self, now: Instant) -> Writing {
        Writing { now, epoch: self.epoch, transport: None }
    }

    /// A slot shows what it waited for.
    fn went_over(&mut self, id: PeerId, index: usize, before: Option<TrackId>) {
        if let (Some(before), Some(room)) = (before, self.room_of(id))
            && let Some(room) = self.rooms.get_mut(&room)
        {
            room.table.remove(before, (id, index));
        }
        self.changed.insert(id);
    }

    /// Sends once more what a subscriber lacks, as far as it is kept.
    pub(super) fn repair(&mut self, now: Instant, (id, ssrc): (PeerId, u32), sequences: &[u16]) -> Result<(), Fault> {
        for sequence in sequences {
            let Some(peer) = self.peers.get_mut(&id).filter(|peer| peer.listens()) else {
                return Ok(());
            };
            let Some(index) = peer.slot_by_ssrc(ssrc).filter(|_| peer.may_repair(now)) else {
                return Ok(());
            };
            if !peer.slots[index].may_repeat(now, *sequence) {
                continue;
            }
            let Some(media) = peer.slots[index].find(*sequence).and_then(|found| self.kept(found)) else {
                continue;
            };
            self.send_again(now, (id, index, *sequence), &media)?;
        }
        Ok(())
    }

    /// A packet that a publisher sent and would still send.
    fn kept(&mut self, found: Found) -> Option<Media> {
        let publisher = self.peers.get_mut(&found.track.peer)?;
        if !publisher.publishes(found.track.source) {
            return None;
        }
        let encoding = publisher.ingress.encoding(found.track.source, found.layer)?;
        encoding.kept(found.stream, found.index).cloned()
    }

    fn send_again(
        &mut self,
        now: Instant,
        (id, index, sequence): (PeerId, usize, u16),
        media: &Media,
    ) -> Result<(), Fault> {
        let writing = self.writing(now);
        let Some(peer) = self.peers.get_mut(&id) else {
            return Ok(());
        };
        let path = peer.ice.selected();
        if let Some(contents) = peer.send_again((index, sequence), media, writing)? {
            transmit(&mut self.outputs, path, contents);
        }
        Ok(())
    }

    /// Asks a publisher for a key frame, at once or when it is its turn again.
    pub(super) fn request_key_frame(&mut self, now: Instant, (track, layer): (TrackId, Layer)) {
        let Some(peer) = self.peers.get_mut(&track.peer) else {
            return;
        };
        if !peer.publishes(track.source) {
            return;
        }
        if let Some(encoding) = peer.ingress.encoding(track.source, layer) {
            encoding.key_frames.request();
        }
        self.send_repairs(now, track.peer);
    }

    /// Asks a publisher for all that is due, and sets the timer for the rest.
    pub(super) fn send_repairs(&mut self, now: Instant, id: PeerId) {
        let Some(peer) = self.peers.get_mut(&id).filter(|peer| peer.is_connected()) else {
            return;
        };
        if let Some(compound) = peer.due_repairs(now) {
            let path = peer.ice.selected();
            match peer.seal_rtcp(&compound) {
                Ok(Some(contents)) => transmit(&mut self.outputs, path, contents),
                Ok(None) => {}
                Err(Fault) => self.fail(now, id),
            }
        }
        self.arm_repair(now, id);
    }

    pub(super) fn arm_repair(&mut self, now: Instant, id: PeerId) {
        let peer = self.peers.get_mut(&id);
        if let Some(at) = peer.and_then(|peer| peer.next_repair(now)) {
            self.timers.set_by(Timer::Repair(id), at);
        }
    }
}

/// Whether others may see and hear a track now.
pub(super) fn is_published(peers: &BTreeMap<PeerId, Box<Peer>>, track: TrackId) -> bool {
    peers.get(&track.peer).is_some_and(|publisher| publisher.publishes(track.source))
}
