use std::time::{Duration, Instant};

use super::{Sfu, transmit};
use crate::forward::egress::Writing;
use crate::forward::rewrite::Found;
use crate::forward::silence::Heed;
use crate::forward::{Layer, Media, TrackId};
use crate::io::{MediaKind, PeerId, Source};
use crate::peer::Sending;
use crate::peer::guard::Fault;
use crate::timer::Timer;

/// Speakers are told at most ten times a second.
pub(super) const TELL_INTERVAL: Duration = Duration::from_millis(100);

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
        let mut heed = Heed::Forward;
        if let Some(published) = publisher.ingress.track_mut(track.source) {
            published.keep(now, media);
            if track.source == Source::Microphone {
                heed = published.silence.heed(now, media.length());
            }
        }
        match track.source.kind() {
            MediaKind::Audio => self.listen(now, media),
            MediaKind::Video => {
                self.arm_repair(now, track.peer);
                if media.resumes {
                    // It may begin with the very key frame that is waited for.
                    self.welcome_track(now, track);
                }
            }
        }
        match heed {
            Heed::Forward => self.distribute(now, media),
            Heed::Rest => self.interrupt_track(track),
            Heed::GoOnResting => {}
        }
    }

    fn listen(&mut self, now: Instant, media: &Media) {
        let track = media.track;
        let room_id = self.room_of(track.peer);
        let Some(room) = room_id.and_then(|room| self.rooms.get_mut(&room)) else {
            return;
        };
        if track.source == Source::Microphone {
            let sound = (media.level, media.length());
            room.speakers.heard(now, track.peer, sound);
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
        let track = media.track;
        let mut faulty = Vec::new();
        let mut switched = Vec::new();
        let mut awaited = false;
        let mut started = Vec::new();
        let writing = self.writing(now);
        let Some(room) = self.room_of(track.peer).and_then(|room| self.rooms.get(&room)) else {
            return;
        };
        for (id, index) in room.table.subscribers(track) {
            let Some(peer) = self.peers.get_mut(id) else {
                continue;
            };
            let path = peer.ice.selected();
            match peer.send(*index, media, writing) {
                Ok(Sending::Nothing) => {
                    let slot = peer.slots.get(*index);
                    awaited |= peer.listens() && slot.is_some_and(|slot| slot.awaits((track, media.layer)));
                }
                Ok(Sending::Packet(contents)) => {
                    if track.source.kind() == MediaKind::Audio {
                        self.uplink.sent_sound(now, contents.len());
                    }
                    transmit(&mut self.outputs, path, contents);
                }
                Ok(Sending::Switched(contents, before)) => {
                    transmit(&mut self.outputs, path, contents);
                    switched.push((*id, *index, before));
                }
                Err(Fault) => faulty.push(*id),
            }
            if peer.report.active && !peer.report.armed {
                started.push(*id);
            }
        }
        for id in started {
            self.arm_report(now, id);
        }
        for (id, index, before) in switched {
            self.went_over(id, index, before);
        }
        for id in faulty {
            self.fail(now, id);
        }
        if awaited {
            self.request_key_frame(now, (track, media.layer));
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

    fn arm_repair(&mut self, now: Instant, id: PeerId) {
        let peer = self.peers.get_mut(&id);
        if let Some(at) = peer.and_then(|peer| peer.next_repair(now)) {
            self.timers.set_by(Timer::Repair(id), at);
        }
    }
}
