use std::time::{Duration, Instant};

/// A publisher may send this many times the video that it was told to: encoders overshoot, and what was lost comes twice.
const TOLERANCE: u32 = 4;
/// Bit/s for its microphone and its screen's sound.
const SOUND: u32 = 1_000_000;
/// How long it may send at once what would be its share of this time.
const BURST: Duration = Duration::from_secs(2);
/// Bytes that a packet counts beside its own: each is encrypted anew for every subscriber.
const OVERHEAD: usize = 256;

/// A microphone may send this many times what it was told to, and this many bit/s beside it for the packets' headers.
const VOICE_TOLERANCE: u32 = 2;
const VOICE_HEADERS: u32 = 32_000;

/// What one publisher may have forwarded: a bucket that fills with time. One client's packets go out once for every
/// subscriber, so that without it a single one could fill the host's line.
pub(crate) struct Meter {
    overhead: usize,
    bytes_per_second: u128,
    /// Billionths of a byte, so that nothing is lost between two packets.
    level: u128,
    at: Instant,
}

impl Meter {
    pub(crate) fn new(now: Instant, video_bitrate: u32) -> Self {
        let bits = video_bitrate.saturating_mul(TOLERANCE).saturating_add(SOUND);
        Self::full(now, bits, OVERHEAD)
    }

    /// For one microphone that was told to send this many bit/s.
    pub(crate) fn of_microphone(now: Instant, bitrate: u32) -> Self {
        Self::full(now, bitrate.saturating_mul(VOICE_TOLERANCE).saturating_add(VOICE_HEADERS), 0)
    }

    fn full(now: Instant, bits_per_second: u32, overhead: usize) -> Self {
        let bytes_per_second = u128::from(bits_per_second / 8);
        Self { overhead, bytes_per_second, level: bytes_per_second * BURST.as_nanos(), at: now }
    }

    /// Whether one more packet of this length may pass.
    pub(crate) fn admits(&mut self, now: Instant, length: usize) -> bool {
        let since = now.saturating_duration_since(self.at);
        self.at = self.at.max(now);
        let filled = self.level + self.bytes_per_second * since.as_nanos();
        self.level = filled.min(self.bytes_per_second * BURST.as_nanos());
        let cost = (length + self.overhead) as u128 * 1_000_000_000;
        let left = self.level.checked_sub(cost);
        self.level = left.unwrap_or(self.level);
        left.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timer::start;

    /// Packets of 1,200 bytes that pass of those that come at this pace, in the last of five seconds.
    fn passed(pace: Duration) -> u32 {
        let begin = start();
        let mut now = begin;
        let mut meter = Meter::new(now, 2_500_000);
        let mut passed = 0;
        while now < begin + Duration::from_secs(5) {
            let admitted = meter.admits(now, 1_200);
            passed += u32::from(admitted && now >= begin + Duration::from_secs(4));
            now += pace;
        }
        passed
    }

    #[test]
    fn honest_publishers_pass_and_floods_are_cut_to_their_share() {
        assert_eq!(passed(Duration::from_millis(2)), 500);
        let share = 11_000_000 / 8 / (1_200 + 256);
        for pace in [100, 10].map(Duration::from_micros) {
            assert!(passed(pace).abs_diff(share) <= 1, "{}", passed(pace));
        }
    }

    #[test]
    fn a_microphone_has_twice_its_bitrate_and_what_its_headers_take() {
        for bitrate in [8_000_u32, 64_000, 510_000] {
            let begin = start();
            let mut meter = Meter::of_microphone(begin, bitrate);
            let packets = |bits: u32| (0..500_u32).map(move |number| (number, bits / 8 / 50));
            let mut passed = |bits: u32, from: u32| {
                let at = |number| begin + Duration::from_millis(20) * (from + number);
                packets(bits).filter(|(number, length)| meter.admits(at(*number), *length as usize + 30)).count()
            };
            assert_eq!(passed(2 * bitrate, 0), 500);
            let flood = passed(20 * bitrate + 400_000, 500);
            assert!(flood < 250, "{flood} at {bitrate}");
        }
    }

    #[test]
    fn time_that_stands_still_or_goes_back_fills_nothing() {
        let now = start();
        let mut meter = Meter::new(now, 0);
        let burst = (0..10_000).filter(|_| meter.admits(now, 744)).count();
        assert_eq!(burst, 250);
        assert!(!meter.admits(now - Duration::from_secs(9), 744));
        assert!(!meter.admits(now, 744));
        assert!(meter.admits(now + Duration::from_millis(8), 744));
    }
}
