use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::io::PeerId;

/// Sound is measured over so long.
const WINDOW: Duration = Duration::from_secs(1);
/// Bytes of a datagram beside its contents: UDP and IP.
const HEADERS: usize = 28;

/// What may leave in all, and who has how much of it. Sound takes what it needs, pictures share the rest: each subscriber
/// is sure of an equal part, and may have what the others leave.
#[derive(Default)]
pub(crate) struct Uplink {
    limit: Option<u64>,
    /// Bit/s of pictures that each subscriber was promised.
    promised: BTreeMap<PeerId, u64>,
    total: u64,
    since: Option<Instant>,
    bytes: usize,
    /// Bit/s of sound.
    sound: u64,
}

impl Uplink {
    pub(crate) fn new(limit: Option<u64>) -> Self {
        Self { limit, ..Self::default() }
    }

    /// Notes a packet of sound that leaves.
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

    /// What a subscriber may have, in bit/s of pictures.
    pub(crate) fn share(&self, now: Instant, id: PeerId) -> u64 {
        let Some(limit) = self.limit else {
            return u64::MAX;
        };
        let is_heard = self.since.is_some_and(|since| now.saturating_duration_since(since) < 2 * WINDOW);
        let left = limit.saturating_sub(if is_heard { self.sound } else { 0 });
        let own = self.promised.get(&id).copied();
        let others = self.total - own.unwrap_or(0);
        let count = self.promised.len() + usize::from(own.is_none());
        left.saturating_sub(others).max(left / count.max(1) as u64)
    }

    /// Notes what a subscriber was promised.
    pub(crate) fn promise(&mut self, id: PeerId, bits_per_second: u64) {
        if self.limit.is_some() {
            let before = self.promised.insert(id, bits_per_second);
            self.total = self.total - before.unwrap_or(0) + bits_per_second;
        }
    }

    /// A subscriber wants no pictures, or is gone.
    pub(crate) fn release(&mut self, id: PeerId) {
        self.total -= self.promised.remove(&id).unwrap_or(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timer::start;

    #[test]
    fn each_is_sure_of_an_equal_part_and_may_have_what_others_leave() {
        let mut uplink = Uplink::new(Some(1_000));
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
        let mut uplink = Uplink::new(Some(1_000_000));
        for ms in (0..3_000).step_by(10) {
            uplink.sent_sound(now + Duration::from_millis(ms), 125 - HEADERS);
        }
        let end = now + Duration::from_secs(3);
        let share = uplink.share(end, PeerId(1));
        assert!(share.abs_diff(900_000) < 2_000, "{share}");
        assert_eq!(uplink.share(end + 2 * WINDOW, PeerId(1)), 1_000_000, "nobody speaks any more");
        let mut narrow = Uplink::new(Some(1_000));
        narrow.sent_sound(now, 1);
        narrow.sound = 2_000;
        assert_eq!(narrow.share(now, PeerId(1)), 0);
    }

    #[test]
    fn without_a_limit_nothing_is_counted() {
        let mut uplink = Uplink::new(None);
        uplink.promise(PeerId(1), 5);
        assert_eq!((uplink.share(start(), PeerId(1)), uplink.promised.len()), (u64::MAX, 0));
    }
}
