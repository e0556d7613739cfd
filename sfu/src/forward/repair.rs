use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::rewrite::is_before;
use super::{Media, low_half};

/// About two seconds of video at our bitrate.
const CACHED: usize = 512;

/// Reordering within this time is not loss.
const PATIENCE: Duration = Duration::from_millis(20);
const NACK_INTERVAL: Duration = Duration::from_millis(100);
const MOST_NACKS: u8 = 4;
/// A longer gap is mended by a key frame.
const LONGEST_GAP: u16 = 100;

const KEY_FRAME_INTERVAL: Duration = Duration::from_millis(500);
const MOST_KEY_FRAME_REQUESTS: u8 = 20;

/// The last packets of a video track, from which the NACKs of all its subscribers are answered.
#[derive(Default)]
pub(crate) struct Cache {
    packets: Vec<Option<Media>>,
}

impl Cache {
    pub(crate) fn keep(&mut self, media: &Media) {
        if self.packets.is_empty() {
            self.packets.resize(CACHED, None);
        }
        let place = usize::from(media.sequence()) % CACHED;
        self.packets[place] = Some(media.clone());
    }

    pub(crate) fn get(&self, index: u64) -> Option<&Media> {
        let packet = self.packets.get(usize::from(low_half(index)) % CACHED)?.as_ref();
        packet.filter(|media| media.index == index)
    }
}

/// What a publisher's video lacks, to be asked for by NACK (RFC 4585 section 6.2.1).
#[derive(Default)]
pub(crate) struct Missing {
    highest: Option<u16>,
    wanted: BTreeMap<u16, Want>,
}

struct Want {
    next: Instant,
    asked: u8,
}

impl Missing {
    /// Notes a packet. Returns whether so much is missing that only a key frame helps.
    pub(crate) fn received(&mut self, now: Instant, sequence: u16) -> bool {
        let Some(highest) = self.highest else {
            self.highest = Some(sequence);
            return false;
        };
        if !is_before(highest, sequence) {
            self.wanted.remove(&sequence);
            return false;
        }
        self.highest = Some(sequence);
        let gap = sequence.wrapping_sub(highest).wrapping_sub(1);
        if gap > LONGEST_GAP || self.wanted.len() > usize::from(LONGEST_GAP) {
            self.wanted.clear();
            return true;
        }
        for lost in 1..=gap {
            let want = Want { next: now + PATIENCE, asked: 0 };
            self.wanted.insert(highest.wrapping_add(lost), want);
        }
        false
    }

    /// The sequence numbers to ask for now.
    pub(crate) fn take_due(&mut self, now: Instant) -> Vec<u16> {
        let mut due = Vec::new();
        self.wanted.retain(|sequence, want| {
            if want.next > now {
                return true;
            }
            due.push(*sequence);
            want.asked += 1;
            want.next = now + NACK_INTERVAL;
            want.asked < MOST_NACKS
        });
        due
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.wanted.values().map(|want| want.next).min()
    }
}

/// The subscribers' wishes for a key frame of one track, merged: at most two requests a second.
#[derive(Default)]
pub(crate) struct KeyFrames {
    asked: Option<Instant>,
    wanted: bool,
    requests: u8,
}

impl KeyFrames {
    pub(crate) fn request(&mut self) {
        self.wanted = true;
        self.requests = 0;
    }

    pub(crate) fn received(&mut self) {
        self.wanted = false;
    }

    /// When [`Self::take_due`] is worth a call.
    pub(crate) fn next(&self, now: Instant) -> Option<Instant> {
        self.wanted.then(|| self.asked.map_or(now, |asked| asked + KEY_FRAME_INTERVAL))
    }

    /// Whether the publisher is to be asked now.
    pub(crate) fn take_due(&mut self, now: Instant) -> bool {
        if self.next(now).is_none_or(|next| next > now) {
            return false;
        }
        self.asked = Some(now);
        self.requests += 1;
        self.wanted = self.requests < MOST_KEY_FRAME_REQUESTS;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timer::start;

    #[test]
    fn key_frame_requests_are_merged_and_repeated_until_one_comes() {
        let mut now = start();
        let mut key_frames = KeyFrames::default();
        key_frames.request();
        key_frames.request();
        assert!(key_frames.take_due(now));
        assert!(!key_frames.take_due(now));
        now += KEY_FRAME_INTERVAL;
        assert!(key_frames.take_due(now));
        key_frames.received();
        assert_eq!(key_frames.next(now), None);
    }

    #[test]
    fn what_is_missing_is_asked_for_a_few_times() {
        let mut now = start();
        let mut missing = Missing::default();
        for sequence in [65_534, 1, 65_535] {
            assert!(!missing.received(now, sequence));
        }
        assert!(missing.take_due(now).is_empty());
        now += PATIENCE;
        for _ in 0..MOST_NACKS {
            assert_eq!(missing.take_due(now), [0]);
            now += NACK_INTERVAL;
        }
        assert_eq!(missing.next(), None);
        assert!(missing.received(now, 1000));
    }
}
