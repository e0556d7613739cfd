use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::payload::HIGHEST_TEMPORAL;

/// Bits are counted over so long.
const WINDOW: Duration = Duration::from_millis(500);
const WINDOWS: usize = 4;
/// Over these it is known how much it takes at most times.
const REMEMBERED: usize = 10;
/// Bytes that a packet takes beside its payload: RTP, SRTP, UDP and IP.
const OVERHEAD: usize = 70;
const TEMPORAL: usize = 1 + HIGHEST_TEMPORAL as usize;

/// How many bits per second an encoding takes with its temporal layers.
#[derive(Default)]
pub(crate) struct Rate {
    since: Option<Instant>,
    bytes: [usize; TEMPORAL],
    /// Of each temporal layer alone, in bit/s, in the last windows: pictures come in bursts.
    measured: VecDeque<[u32; TEMPORAL]>,
    highest: u8,
}

impl Rate {
    pub(crate) fn add(&mut self, now: Instant, (temporal, length): (u8, usize)) {
        let since = *self.since.get_or_insert(now);
        let passed = now.saturating_duration_since(since);
        if passed >= 2 * WINDOW {
            // It was not sent for a while: what it took before says more than the time without.
            (self.since, self.bytes) = (Some(now), [0; TEMPORAL]);
        } else if passed >= WINDOW {
            let bits = self.bytes.map(|bytes| (bytes as u128 * 8_000_000).checked_div(passed.as_micros()).unwrap_or(0));
            self.measured.push_back(bits.map(|bits| u32::try_from(bits).unwrap_or(u32::MAX)));
            if self.measured.len() > REMEMBERED {
                self.measured.pop_front();
            }
            (self.since, self.bytes) = (Some(now), [0; TEMPORAL]);
        }
        let layer = usize::from(temporal).min(TEMPORAL - 1);
        self.bytes[layer] += length + OVERHEAD;
        self.highest = self.highest.max(temporal);
    }

    /// In bit/s with all temporal layers up to this one; 0 before enough has come.
    pub(crate) fn up_to(&self, temporal: u8) -> u32 {
        let sums = self.sums(temporal).take(WINDOWS);
        let mean = sums.sum::<u64>().checked_div(self.measured.len().min(WINDOWS) as u64).unwrap_or(0);
        u32::try_from(mean).unwrap_or(u32::MAX)
    }

    /// As [`Self::up_to`], but what it takes at its worse times in the last seconds in which it was sent, key frames aside: what
    /// is not sent yet must fit at any time.
    pub(crate) fn most_up_to(&self, temporal: u8) -> u32 {
        let mut sums: Vec<u64> = self.sums(temporal).collect();
        sums.sort_unstable();
        u32::try_from(sums.get(sums.len() * 3 / 4).copied().unwrap_or(0)).unwrap_or(u32::MAX)
    }

    /// The latest first.
    fn sums(&self, temporal: u8) -> impl Iterator<Item = u64> {
        let layers = usize::from(temporal).min(TEMPORAL - 1);
        self.measured.iter().rev().map(move |rates| rates[..=layers].iter().map(|rate| u64::from(*rate)).sum())
    }

    /// The highest temporal layer that ever came.
    pub(crate) fn highest(&self) -> u8 {
        self.highest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timer::start;

    #[test]
    fn the_rate_of_each_temporal_layer_is_measured() {
        let begin = start();
        let mut rate = Rate::default();
        assert_eq!(rate.up_to(2), 0);
        for index in 0..100 {
            let now = begin + Duration::from_millis(20) * index;
            rate.add(now, (u8::from(index % 2 == 1), 1_000 - OVERHEAD));
        }
        assert_eq!(rate.highest(), 1);
        assert!(rate.up_to(0).abs_diff(200_000) < 20_000, "{}", rate.up_to(0));
        assert!(rate.up_to(2).abs_diff(400_000) < 40_000, "{}", rate.up_to(2));
    }

    #[test]
    fn a_single_burst_is_no_peak_and_restless_pictures_are() {
        let begin = start();
        let run = |of: fn(u32) -> usize| {
            let mut rate = Rate::default();
            // Half a second each, 25 pictures a second.
            for index in 0..250 {
                rate.add(begin + Duration::from_millis(40) * index, (0, of(index / 12)));
            }
            rate
        };
        let burst = run(|window| if window == 19 { 10_000 } else { 1_000 });
        assert!(burst.up_to(0) > 400_000 && burst.most_up_to(0) < 250_000, "{}", burst.most_up_to(0));
        let restless = run(|window| if window % 4 == 0 { 4_000 } else { 1_000 });
        assert!(restless.most_up_to(0) > restless.up_to(0), "{} {}", restless.most_up_to(0), restless.up_to(0));
    }
}
