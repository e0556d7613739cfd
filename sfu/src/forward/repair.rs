use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::rewrite::is_before;
use super::{Media, low_half};

/// About two seconds of video at our bitrate.
pub(crate) const CACHED: usize = 512;

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
        let is_newer = |kept: &Media| kept.index > media.index;
        if !self.packets[place].as_ref().is_some_and(is_newer) {
            self.packets[place] = Some(media.clone());
        }
    }

    pub(crate) fn get(&self, index: u64) -> Option<&Media> {
        let packet = self.packets.get(usize::from(low_half(index)) % CACHED)?.as_ref();
        packet.filter(|media| media.index == index)
    }
}

/// What is asked for once more within this time is on its way.
const ON_ITS_WAY: Duration = Duration::from_millis(60);
/// Packets whose repetition is remembered.
const REMEMBERED: usize = 256;

/// What was sent again of late.
#[derive(Default)]
pub(crate) struct Again {
    sent: VecDeque<(u16, Instant)>,
}

impl Again {
    /// Notes that a packet is asked for; whether it is to be sent.
    pub(crate) fn admits(&mut self, now: Instant, sequence: u16) -> bool {
        while self.sent.front().is_some_and(|(_, at)| now.saturating_duration_since(*at) >= ON_ITS_WAY) {
            self.sent.pop_front();
        }
        let is_new = self.sent.len() < REMEMBERED && self.sent.iter().all(|(sent, _)| *sent != sequence);
        if is_new {
            self.sent.push_back((sequence, now));
        }
        is_new
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
    fn what_is_on_its_way_is_not_sent_again() {
        let now = start();
        let mut again = Again::default();
        assert!(again.admits(now, 7) && again.admits(now, 8));
        assert!(!again.admits(now + ON_ITS_WAY / 2, 7));
        assert!(again.admits(now + ON_ITS_WAY, 7));
        let many = (0..1_000).filter(|number| again.admits(now + 3 * ON_ITS_WAY, *number));
        assert_eq!(many.count(), REMEMBERED);
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
