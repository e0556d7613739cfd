use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::payload::HIGHEST_TEMPORAL;

/// Bits are counted over so long.
const WINDOW: Duration = Duration::from_millis(500);
const WINDOWS: usize = 4;
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
            if self.measured.len() > WINDOWS {
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
        let layers = usize::from(temporal).min(TEMPORAL - 1);
        let sums = self.measured.iter().map(|rates| rates[..=layers].iter().map(|rate| u64::from(*rate)).sum::<u64>());
        let mean = sums.sum::<u64>().checked_div(self.measured.len() as u64).unwrap_or(0);
        u32::try_from(mean).unwrap_or(u32::MAX)
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
}
