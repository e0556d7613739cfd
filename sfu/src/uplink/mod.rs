//! What leaves the instance in all.

mod measured;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

pub(crate) use self::measured::Fullness;
use self::measured::{LEAST_SHARE, Measured};
use crate::io::PeerId;

/// Sound is measured over so long.
const WINDOW: Duration = Duration::from_secs(1);
/// Bytes of a datagram beside its contents: UDP and IP.
const HEADERS: usize = 28;

/// What may leave in all, and who has how much of it. Sound takes what it needs, pictures share the rest: each subscriber
/// is sure of an equal part, and may have what the others leave.
#[derive(Default)]
pub(crate) struct Uplink {
    /// By the operator's account.
    limit: Option<u64>,
    measured: Measured,
    /// Bit/s of pictures that each subscriber was promised.
    promised: BTreeMap<PeerId, u64>,
    total: u64,
    since: Option<Instant>,
    bytes: usize,
    /// Bit/s of sound.
    sound: u64,
}

impl Uplink {
    /// Notes a packet of sound that leaves, where it is taken off a limit.
    pub(crate) fn sent_sound(&mut self, now: Instant, length: usize) {
        if self.limit.is_none() {
            return;
        }
        let since = *self.since.get_or_insert(now);
        let passed = now.saturating_duration_since(since);
        if passed >= WINDOW {
            let bits = self.bytes as u128 * 8_000_000 / passed.as_micros().max(1);
            (self.sound, self.bytes, self.since) = (u64::try_from(bits).unwrap_or(u64::MAX), 0, Some(now));
        }
        self.bytes += length + HEADERS;
    }

    /// Replaces what may leave in all.
    pub(crate) fn set_limit(&mut self, limit: Option<u64>) {
        self.limit = limit;
    }

    /// What leaves of a limit, in bit/s: sound, and the pictures that were promised.
    pub(crate) fn taken(&self, now: Instant) -> u64 {
        self.sound(now) + self.total
    }

    /// What a subscriber may have, in bit/s of pictures.
    pub(crate) fn share(&self, now: Instant, id: PeerId) -> u64 {
        let (left, least) = match (self.limit, self.measured.limit(now)) {
            (Some(limit), _) => (limit.saturating_sub(self.sound(now)), 0),
            // What is measured may be wrong.
            (None, Some(measured)) => (measured, LEAST_SHARE),
            (None, None) => return u64::MAX,
        };
        let own = self.promised.get(&id).copied();
        let others = self.total - own.unwrap_or(0);
        let count = self.promised.len() + usize::from(own.is_none());
        left.saturating_sub(others).max(left / count.max(1) as u64).max(least)
    }

    /// Bit/s of sound that leave.
    fn sound(&self, now: Instant) -> u64 {
        let is_heard = self.since.is_some_and(|since| now.saturating_duration_since(since) < 2 * WINDOW);
        if is_heard { self.sound } else { 0 }
    }

    /// Notes what a subscriber was promised.
    pub(crate) fn promise(&mut self, id: PeerId, bits_per_second: u64) {
        let before = self.promised.insert(id, bits_per_second);
        self.total = self.total - before.unwrap_or(0) + bits_per_second;
    }

    /// Takes how a subscriber's way fares, by which it is measured what all of them share.
    pub(crate) fn note_way(&mut self, now: Instant, id: PeerId, way: Fullness) {
        self.measured.note(now, id, way);
    }

    /// Whether a subscriber's way is known to carry no more because of what all share.
    pub(crate) fn explains(&self, now: Instant, id: PeerId) -> bool {
        self.limit.is_none() && self.measured.explains(now, id)
    }

    /// Whether it may be tried if more can be sent.
    pub(crate) fn may_probe(&self, now: Instant) -> bool {
        let is_far_below = || self.measured.limit(now).is_none_or(|limit| self.total < limit / 2);
        self.limit.is_some() || !self.measured.holds(now) || is_far_below()
    }

    /// A subscriber wants no pictures, or is gone.
    pub(crate) fn release(&mut self, id: PeerId) {
        self.total -= self.promised.remove(&id).unwrap_or(0);
        self.measured.forget(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timer::start;

    fn limited(bits_per_second: u64) -> Uplink {
        Uplink { limit: Some(bits_per_second), ..Uplink::default() }
    }

    #[test]
    fn each_is_sure_of_an_equal_part_and_may_have_what_others_leave() {
        let mut uplink = limited(1_000);
        assert_eq!(uplink.share(start(), PeerId(1)), 1_000);
        uplink.promise(PeerId(1), 1_000);
        assert_eq!(uplink.share(start(), PeerId(2)), 500);
        uplink.promise(PeerId(2), 300);
        assert_eq!(uplink.share(start(), PeerId(1)), 700);
        uplink.release(PeerId(2));
        assert_eq!(uplink.share(start(), PeerId(1)), 1_000);
    }

    #[test]
    fn sound_comes_first() {
        let now = start();
        let mut uplink = limited(1_000_000);
        for ms in (0..3_000).step_by(10) {
            uplink.sent_sound(now + Duration::from_millis(ms), 125 - HEADERS);
        }
        let end = now + Duration::from_secs(3);
        let share = uplink.share(end, PeerId(1));
        assert!(share.abs_diff(900_000) < 2_000, "{share}");
        assert_eq!(uplink.share(end + 2 * WINDOW, PeerId(1)), 1_000_000, "nobody speaks any more");
        let mut narrow = limited(1_000);
        narrow.sent_sound(now, 1);
        narrow.sound = 2_000;
        assert_eq!(narrow.share(now, PeerId(1)), 0);
    }

    #[test]
    fn without_a_limit_everybody_gets_all_and_what_leaves_is_known() {
        let mut uplink = Uplink::default();
        uplink.promise(PeerId(1), 5);
        assert_eq!((uplink.share(start(), PeerId(1)), uplink.taken(start())), (u64::MAX, 5));
        uplink.release(PeerId(1));
        assert_eq!(uplink.taken(start()), 0);
    }
}
