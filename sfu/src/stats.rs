use std::time::{Duration, Instant};

use rtc_rtcp::reception_report::ReceptionReport;

use crate::forward::low_half;
use crate::forward::rewrite::is_before;

/// NTP time in 32.32 fixed point (RFC 5905), counted from the making of the `Sfu`. Receivers
/// only compare the times of one sender with each other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Epoch(Instant);

/// How far apart shared times are.
const SHARED: Duration = Duration::from_millis(50);

/// Added so that no time is 0, which means "none" in RTCP (RFC 3550 section 6.4.1).
const NTP_BASE: u64 = 1 << 32;

impl Epoch {
    pub(crate) fn new(now: Instant) -> Self {
        Self(now)
    }

    pub(crate) fn begin(self) -> Instant {
        self.0
    }

    /// A time that all share: the next one of those that are this far apart. What is told to and decided for one subscriber then goes
    /// with the others' (`uplink` compares what they get).
    pub(crate) fn shared(self, at: Instant) -> Instant {
        let since = at.saturating_duration_since(self.0).as_nanos();
        let steps = since.div_ceil(SHARED.as_nanos());
        self.0 + SHARED * u32::try_from(steps).unwrap_or(u32::MAX)
    }

    pub(crate) fn ntp(self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.0);
        let fraction = (u64::from(since.subsec_nanos()) << 32) / 1_000_000_000;
        NTP_BASE.wrapping_add(since.as_secs() << 32 | fraction)
    }

    /// 6.18 fixed point of seconds (the abs-send-time header extension).
    pub(crate) fn send_time(self, at: Instant) -> [u8; 3] {
        let [_, _, _, a, b, c, _, _] = (self.ntp(at) << 2).to_be_bytes();
        [a, b, c]
    }
}

/// A report that is older than this shows a clock that was set.
const WORST_DELAY: Duration = Duration::from_secs(2);

/// The middle 32 bits of an NTP time.
pub(crate) fn compact(ntp: u64) -> u32 {
    low_word(ntp >> 16)
}

/// Seconds in 16.16 fixed point.
pub(crate) fn compact_seconds(compact: u32) -> f32 {
    let [high, low] = [compact >> 16, compact & 0xffff].map(|half| u16::try_from(half).unwrap_or(0));
    f32::from(high) + f32::from(low) / 65_536.0
}

/// A publisher's last sender report on one track: the RTP time at a time of ours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SenderTime {
    pub(crate) rtp: u32,
    pub(crate) at: Instant,
    /// The middle of its NTP time, and when it came.
    pub(crate) last_report: u32,
    pub(crate) received: Instant,
}

impl SenderTime {
    /// When, in our time, what has this RTP time was taken.
    pub(crate) fn time_of(&self, rtp: u32, clock_rate: u32) -> Option<Instant> {
        let since = rtp.wrapping_sub(self.rtp);
        let duration = |ticks: u32| Duration::from_secs_f64(f64::from(ticks) / f64::from(clock_rate));
        if since < 1 << 31 {
            self.at.checked_add(duration(since))
        } else {
            self.at.checked_sub(duration(since.wrapping_neg()))
        }
    }
}

/// Translates one publisher's NTP times to ours, the same for all its tracks (lip sync). The
/// report that took the least time to come sets the offset.
#[derive(Default)]
pub(crate) struct SenderClock {
    anchor: Option<(u64, Instant)>,
}

impl SenderClock {
    pub(crate) fn place(&mut self, ntp: u64, now: Instant) -> Instant {
        let placed = self.anchor.and_then(|(anchor, at)| {
            let later = Duration::from_secs_f64(seconds(ntp.checked_sub(anchor)?));
            at.checked_add(later)
        });
        let credible = |at: &Instant| *at <= now && now.duration_since(*at) < WORST_DELAY;
        placed.filter(credible).unwrap_or_else(|| {
            self.anchor = Some((ntp, now));
            now
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "a nanosecond in a year is precise enough")]
fn seconds(ntp: u64) -> f64 {
    ntp as f64 / 4_294_967_296.0
}

/// Where the count of sequence numbers begins, so that one from before the first is not below 0.
pub(crate) const FIRST_CYCLE: u64 = 1 << 16;

/// The count that ends in these 16 bits, the nearest to the highest one so far.
pub(crate) fn nearest(highest: u64, number: u16) -> u64 {
    let low = low_half(highest);
    if is_before(low, number) {
        highest + u64::from(number.wrapping_sub(low))
    } else {
        highest - u64::from(low.wrapping_sub(number))
    }
}

fn low_word(count: u64) -> u32 {
    u32::try_from(count & 0xffff_ffff).expect("32 bits remain")
}

/// Counts on over the wraps of a number of few bits.
#[derive(Default)]
pub(crate) struct Count(Option<u64>);

impl Count {
    /// The count nearest to the highest one so far that a number of this cycle stands for.
    pub(crate) fn extend(&mut self, number: u16, cycle: u16) -> u64 {
        let (number, cycle) = (u64::from(number % cycle), u64::from(cycle));
        let highest = self.0.unwrap_or(FIRST_CYCLE + number);
        let ahead = (number + cycle - highest % cycle) % cycle;
        let count = if ahead < cycle / 2 { highest + ahead } else { highest + ahead - cycle };
        self.0 = Some(highest.max(count));
        count
    }
}

/// How one stream arrives (RFC 3550 sections 6.4 and A.8).
pub(crate) struct Reception {
    /// Sequence numbers counted on over their wraps.
    first: u64,
    highest: u64,
    received: u32,
    expected_before: u32,
    received_before: u32,
    transit: Option<u32>,
    jitter: f64,
    clock_rate: u32,
    start: Instant,
}

impl Reception {
    pub(crate) fn new(now: Instant, sequence: u16, clock_rate: u32) -> Self {
        Self {
            first: FIRST_CYCLE + u64::from(sequence),
            highest: FIRST_CYCLE + u64::from(sequence),
            received: 0,
            expected_before: 0,
            received_before: 0,
            transit: None,
            jitter: 0.0,
            clock_rate,
            start: now,
        }
    }

    /// Takes note of a packet, and answers with its sequence number counted on over the wraps.
    pub(crate) fn received(&mut self, at: Instant, sequence: u16, timestamp: u32) -> u64 {
        self.received = self.received.wrapping_add(1);
        let index = self.index(sequence);
        self.highest = self.highest.max(index);
        let since = at.saturating_duration_since(self.start).as_micros();
        let ticks = since * u128::from(self.clock_rate) / 1_000_000;
        let arrival = u32::try_from(ticks & 0xffff_ffff).expect("32 bits remain");
        let transit = arrival.wrapping_sub(timestamp);
        if let Some(before) = self.transit.replace(transit) {
            let change = transit.wrapping_sub(before);
            let change = change.min(change.wrapping_neg());
            self.jitter += (f64::from(change) - self.jitter) / 16.0;
        }
        index
    }

    /// The sequence number that ends in these 16 bits, counted on over the wraps: the nearest to the highest one.
    pub(crate) fn index(&self, sequence: u16) -> u64 {
        nearest(self.highest, sequence)
    }

    /// The highest sequence number so far, counted on over the wraps.
    pub(crate) fn highest(&self) -> u64 {
        self.highest
    }

    fn extended_highest(&self) -> u32 {
        low_word(self.highest - FIRST_CYCLE)
    }

    fn expected(&self) -> u32 {
        low_word(self.highest - self.first + 1)
    }

    pub(crate) fn jitter_ms(&self) -> f32 {
        let ms = self.jitter * 1000.0 / f64::from(self.clock_rate);
        #[expect(clippy::cast_possible_truncation, reason = "a statistic needs no more")]
        {
            ms as f32
        }
    }

    /// The packets expected and lost since the last call, and the report that says so.
    pub(crate) fn report(&mut self, ssrc: u32, sender: Option<(u32, u32)>) -> (u32, u32, ReceptionReport) {
        let expected = self.expected();
        let expected_now = expected.wrapping_sub(self.expected_before);
        let received_now = self.received.wrapping_sub(self.received_before);
        (self.expected_before, self.received_before) = (expected, self.received);
        let lost = expected_now.saturating_sub(received_now);
        let fraction = (lost << 8).checked_div(expected_now).unwrap_or(0).min(255);
        let (last_sender_report, delay) = sender.unwrap_or((0, 0));
        let report = ReceptionReport {
            ssrc,
            fraction_lost: u8::try_from(fraction).unwrap_or(u8::MAX),
            total_lost: expected.saturating_sub(self.received).min(0x7f_ffff),
            last_sequence_number: self.extended_highest(),
            jitter: {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "jitter is positive and far below 2^32"
                )]
                {
                    self.jitter as u32
                }
            },
            last_sender_report,
            delay,
        };
        (expected_now, lost, report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timer::start;

    #[test]
    fn loss_is_counted_over_the_wrap_of_sequence_numbers() {
        let now = start();
        let mut reception = Reception::new(now, 65_530, 48_000);
        for number in (65_530..=65_535).chain(4..10) {
            reception.received(now, number, 0);
        }
        let (expected, lost, report) = reception.report(1, None);
        assert_eq!((expected, lost), (16, 4));
        assert_eq!(report.fraction_lost, 64);
        assert_eq!(report.last_sequence_number, 65_536 + 9);
    }

    #[test]
    fn packets_of_different_cycles_are_told_apart() {
        let now = start();
        let mut reception = Reception::new(now, 3, 90_000);
        let mut index = |sequence| reception.received(now, sequence, 0);
        let first = index(3);
        assert_eq!(index(65_530), first - 9);
        assert_eq!(index(30_000), first + 29_997);
        assert_eq!(index(60_000), first + 59_997);
        assert_eq!(index(3), first + 65_536);
        assert_eq!(index(65_535), first + 65_532);
    }

    #[test]
    fn counts_go_on_over_the_wraps_of_any_cycle() {
        for cycle in [1 << 7, 1 << 15] {
            let mut count = Count::default();
            let first = count.extend(5, cycle);
            for step in 1..3 * u64::from(cycle) {
                let number = u16::try_from((5 + step) % u64::from(cycle)).unwrap();
                assert_eq!(count.extend(number, cycle), first + step);
            }
            let last = first + 3 * u64::from(cycle) - 1;
            let late = u16::try_from((last - 3) % u64::from(cycle)).unwrap();
            assert_eq!(count.extend(late, cycle), last - 3);
        }
    }

    #[test]
    fn times_are_told_before_and_after_a_report_and_over_its_wrap() {
        let now = start();
        let sender = SenderTime { rtp: 50, at: now, last_report: 0, received: now };
        assert_eq!(sender.time_of(50 + 90_000, 90_000), Some(now + Duration::from_secs(1)));
        assert_eq!(sender.time_of(50_u32.wrapping_sub(90_000), 90_000), Some(now - Duration::from_secs(1)));
    }

    #[test]
    fn an_even_flow_has_no_jitter() {
        let mut now = start();
        let mut reception = Reception::new(now, 0, 48_000);
        for number in 0..100 {
            reception.received(now, number, u32::from(number) * 960);
            now += Duration::from_millis(20);
        }
        assert!(reception.jitter_ms() < 0.1);
    }

    #[test]
    fn send_time_is_six_bits_of_seconds_and_eighteen_of_fraction() {
        let now = start();
        let epoch = Epoch::new(now);
        let at = epoch.send_time(now + Duration::from_millis(500));
        assert_eq!(at, [0b0000_0110, 0, 0]);
    }
}
