use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Pictures leave at so many percent of what the way is known to carry: fast enough for a key frame, slow enough for sound to
/// come in between.
const PACE: u64 = 150;
/// Where a way is known to carry more, in bit/s, speech hardly waits for a picture: the largest take some 50 ms.
const WIDE: u32 = 2_500_000;
/// What leaves at once, as timers cost more than it is worth to wait for.
const BURST: Duration = Duration::from_millis(5);
/// Nothing waits for longer: what would is sent faster.
const LONGEST_WAIT: Duration = Duration::from_millis(250);
/// Packets that wait at most; one more lets the first go at once.
const MOST: usize = 1_024;

/// Spreads the pictures that go to one subscriber over time, where its way is narrow.
pub(crate) struct Pacer<T> {
    waiting: VecDeque<(usize, T)>,
    /// Bytes of what waits.
    bytes: usize,
    /// In bit/s: by which what waits leaves in time.
    least: u64,
    /// When what was sent so far has left at the pace.
    free: Option<Instant>,
}

impl<T> Default for Pacer<T> {
    fn default() -> Self {
        Self { waiting: VecDeque::new(), bytes: 0, least: 0, free: None }
    }
}

impl<T> Pacer<T> {
    /// Whether what comes now must wait.
    pub(crate) fn is_busy(&self, now: Instant) -> bool {
        self.holds_any() || self.next().is_some_and(|next| next > now)
    }

    pub(crate) fn holds_any(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Takes a packet of so many bytes that are to be sent; answers with one that must go at once, as too many wait.
    pub(crate) fn push(&mut self, bytes: usize, packet: T) -> Option<T> {
        self.bytes += bytes;
        self.waiting.push_back((bytes, packet));
        let in_time = self.bytes as u128 * 8_000 / LONGEST_WAIT.as_millis();
        self.least = self.least.max(u64::try_from(in_time).unwrap_or(u64::MAX));
        if self.waiting.len() > MOST { self.take() } else { None }
    }

    /// The packet that has waited longest, if it may leave.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<T> {
        if self.next().is_some_and(|next| next > now) {
            return None;
        }
        self.take()
    }

    fn take(&mut self) -> Option<T> {
        let (bytes, packet) = self.waiting.pop_front()?;
        self.bytes -= bytes;
        if self.waiting.is_empty() {
            self.least = 0;
        }
        Some(packet)
    }

    /// When something that waits may leave; none while nothing waits.
    pub(crate) fn due(&self, now: Instant) -> Option<Instant> {
        self.holds_any().then(|| self.next().unwrap_or(now))
    }

    fn next(&self) -> Option<Instant> {
        self.free.and_then(|free| free.checked_sub(BURST))
    }

    /// So many bytes were sent on a way that is known to carry so many bit/s.
    pub(crate) fn sent(&mut self, now: Instant, (bytes, known): (usize, Option<u32>)) {
        let Some(known) = known.filter(|known| *known < WIDE) else {
            self.free = None;
            return;
        };
        let pace = (u64::from(known) * PACE / 100).max(self.least).max(1);
        let took = Duration::from_micros(bytes as u64 * 8_000_000 / pace);
        self.free = Some(self.free.map_or(now, |free| free.max(now)) + took);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timer::start;

    const PACKET: usize = 1_250;
    const NARROW: Option<u32> = Some(1_000_000);
    /// Of a packet at the pace of that.
    const TAKES: Duration = Duration::from_micros(10_000_000 / (10 * PACE));

    #[test]
    fn what_is_sent_takes_its_time_on_a_narrow_way_and_none_on_a_wide_one() {
        let now = start();
        let mut pacer = Pacer::<u32>::default();
        pacer.sent(now, (PACKET, NARROW));
        assert!(pacer.is_busy(now));
        assert!(!pacer.is_busy(now + TAKES - BURST));
        pacer.sent(now, (PACKET, NARROW));
        assert_eq!(pacer.next(), Some(now + 2 * TAKES - BURST));
        for known in [None, Some(WIDE)] {
            pacer.sent(now, (PACKET, known));
            assert!(!pacer.is_busy(now));
        }
    }

    #[test]
    fn nothing_is_overtaken_or_waits_for_longer_than_it_may() {
        let begin = start();
        let mut pacer = Pacer::default();
        pacer.sent(begin, (PACKET, Some(100_000)));
        for number in 0..400 {
            assert_eq!(pacer.push(PACKET, number), None);
        }
        let (mut now, mut numbers) = (begin, Vec::new());
        while let Some(due) = pacer.due(now) {
            now = now.max(due);
            numbers.extend(pacer.pop(now));
            pacer.sent(now, (PACKET, Some(100_000)));
        }
        assert_eq!(numbers, (0..400).collect::<Vec<_>>());
        assert!(now - begin <= LONGEST_WAIT + Duration::from_millis(100), "{:?}", now - begin);
        assert_eq!((pacer.bytes, pacer.least), (0, 0));
    }

    #[test]
    fn what_is_too_much_goes_at_once_and_first() {
        let now = start();
        let mut pacer = Pacer::default();
        pacer.sent(now, (PACKET, NARROW));
        assert!((0..MOST).all(|number| pacer.push(PACKET, number).is_none()));
        assert_eq!(pacer.push(PACKET, MOST), Some(0));
        assert_eq!(pacer.pop(now), None);
    }
}
