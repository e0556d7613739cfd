//! How long to let datagrams gather before they are read: waking up for each costs more than the work that it brings.

use std::time::{Duration, Instant};

/// The traffic of so long decides on how the next is read.
const WINDOW: Duration = Duration::from_millis(100);
/// Datagrams of a window from which on they are let gather: 1,000 a second.
const MANY: usize = 100;
/// More come together by themselves.
const VERY_MANY: usize = 1_000;
const GATHER: Duration = Duration::from_millis(1);
/// Where most of what comes is forwarded to nobody, hardly anybody waits for it.
const GATHER_UNHEARD: Duration = Duration::from_millis(10);

pub(super) struct Pace {
    since: Instant,
    received: usize,
    sent: usize,
    gather: Duration,
    is_unheard: bool,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Self { since: now, received: 0, sent: 0, gather: Duration::ZERO, is_unheard: false }
    }

    /// How long to wait from the first datagram on; not at all while there are few.
    pub(super) fn gather(&self) -> Duration {
        self.gather
    }

    /// Whether most of what comes is forwarded to nobody.
    pub(super) fn is_unheard(&self) -> bool {
        self.is_unheard
    }

    pub(super) fn note_sent(&mut self, count: usize) {
        self.sent += count;
    }

    pub(super) fn note_received(&mut self, now: Instant, count: usize) {
        self.received += count;
        if now.saturating_duration_since(self.since) < WINDOW {
            return;
        }
        let passed = now.saturating_duration_since(self.since).as_millis().max(1);
        let rate = self.received as u128 * WINDOW.as_millis() / passed;
        self.is_unheard = 2 * self.sent < self.received;
        self.gather = match rate >= MANY as u128 {
            true if self.is_unheard && rate < VERY_MANY as u128 => GATHER_UNHEARD,
            true => GATHER,
            false => Duration::ZERO,
        };
        (self.since, self.received, self.sent) = (now, 0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is waited after a second of so much traffic in each millisecond.
    fn after(pace: &mut Pace, begin: Instant, (received, sent): (usize, usize)) -> Duration {
        for ms in 1..=1_000 {
            pace.note_sent(sent);
            pace.note_received(begin + Duration::from_millis(ms), received);
        }
        pace.gather()
    }

    #[test]
    fn few_datagrams_are_read_at_once_and_many_gather() {
        let begin = Instant::now();
        let mut pace = Pace::new(begin);
        assert_eq!(after(&mut pace, begin, (0, 0)), Duration::ZERO);
        assert_eq!(after(&mut pace, begin + Duration::from_secs(1), (1, 9)), GATHER);
        assert_eq!(after(&mut pace, begin + Duration::from_secs(2), (2, 0)), GATHER_UNHEARD);
        assert_eq!(after(&mut pace, begin + Duration::from_secs(3), (20, 0)), GATHER);
        assert_eq!(after(&mut pace, begin + Duration::from_secs(4), (0, 0)), Duration::ZERO);
    }

    #[test]
    fn a_first_datagram_after_a_long_rest_is_no_traffic() {
        let begin = Instant::now();
        let mut pace = Pace::new(begin);
        pace.note_received(begin + Duration::from_secs(60), MANY);
        assert_eq!(pace.gather(), Duration::ZERO);
    }
}
