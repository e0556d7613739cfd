use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::trend::Usage;
use super::{HIGH_LOSS, LEAST, LOW_LOSS, MOST};

/// What arrived is measured over so long.
const WINDOW: Duration = Duration::from_millis(300);
/// And where little is sent, over so many packets, or longer.
const LEAST_ARRIVED: usize = 8;
const LONG_WINDOW: Duration = Duration::from_millis(1_000);
const MOST_ARRIVED: usize = 8_192;
/// What arrives so long before or after the last one was told by another clock.
const CLOCK_STEP: Duration = Duration::from_secs(10);
/// Where a queue grows, so much of what arrives is sent on; and where one stands, so that it empties.
const BACK_OFF: f64 = 0.85;
const DRAIN: f64 = 0.7;
/// Where less than this share of the estimate is sent, and more than this of what is sent arrives, a growing delay says little
/// of how much would be carried.
const TRIED: f64 = 0.8;
const CARRIED: f64 = 0.9;
/// Where less than this share of what is sent arrives, the way has become much narrower.
const COLLAPSED: f64 = 0.6;
/// One step down leaves so much of what was sent, otherwise.
const DEEPEST: f64 = 0.5;
/// The growth of a second, where the limit is not near.
const GROWTH: f64 = 1.08;
/// The growth of a round trip, in bits, where it is.
const CAREFUL_BITS: f64 = 10_000.0;
/// No more than this is promised of what was not tried, beside a little.
const UNTRIED: f64 = 1.5;
const LITTLE: f64 = 10_000.0;
/// What is known of the limit is forgotten where the rate is further from it, as a share.
const NEAR: f64 = 0.15;
/// Between two steps down for loss, beside a round trip.
const LOSS_INTERVAL: Duration = Duration::from_millis(200);
/// Loss above it is the way's own doing, so that what arrives is all that it carries.
const HEAVY_LOSS: f32 = 0.3;
/// Loss that is still so much of what it was when less is sent has another cause.
const INNATE: f32 = 0.85;

/// Raises and lowers the estimate (draft-ietf-rmcat-gcc-02 sections 5.5 and 6).
pub(super) struct RateControl {
    estimate: f64,
    arrived: VecDeque<(Duration, usize)>,
    bytes: usize,
    /// What is sent, in bit/s.
    sending: f64,
    /// What arrived when the way was last full.
    limit: Option<f64>,
    is_growing: bool,
    adapted: Option<Instant>,
    lowered: Option<Instant>,
    /// When a queue last stood, or less arrived than was sent, and what arrived then, in bit/s.
    filled: Option<(Instant, f64)>,
    round_trip: Duration,
    /// Of late, beyond what goes by itself.
    loss: f32,
    /// When the rate was last lowered for it.
    loss_before: f32,
    /// What is lost however little is sent.
    innate: f32,
}

impl RateControl {
    pub(super) fn new(first: u32) -> Self {
        Self {
            estimate: f64::from(first),
            arrived: VecDeque::new(),
            bytes: 0,
            sending: 0.0,
            limit: None,
            is_growing: true,
            adapted: None,
            lowered: None,
            filled: None,
            round_trip: Duration::ZERO,
            loss: 0.0,
            loss_before: 0.0,
            innate: 0.0,
        }
    }

    pub(super) fn estimate(&self) -> u32 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is kept between two bounds")]
        let estimate = self.estimate as u32;
        estimate
    }

    /// A packet arrived, at a time of the other's clock.
    pub(super) fn acknowledged(&mut self, at: Duration, bytes: usize) {
        // The other's clock counts 24 bits of 64 ms, or was set.
        let is_far = |last: Duration| at.saturating_sub(last) > CLOCK_STEP || last.saturating_sub(at) > LONG_WINDOW;
        let has_leapt = self.arrived.back().is_some_and(|(last, _)| is_far(*last));
        if has_leapt || self.arrived.len() >= MOST_ARRIVED {
            self.arrived.clear();
            self.bytes = 0;
        }
        // Some overtake others on the way.
        let overtakers = self.arrived.iter().rev().take_while(|(other, _)| *other > at).count();
        self.arrived.insert(self.arrived.len() - overtakers, (at, bytes));
        self.bytes += bytes;
        let last = self.arrived.back().map_or(at, |(last, _)| *last);
        while let Some((first, bytes)) = self.arrived.front().copied() {
            let age = last.saturating_sub(first);
            if age <= WINDOW || (age <= LONG_WINDOW && self.arrived.len() <= LEAST_ARRIVED) {
                break;
            }
            self.arrived.pop_front();
            self.bytes -= bytes;
        }
    }

    /// Takes what is sent at the moment, in bit/s.
    pub(super) fn note_sending(&mut self, bits_per_second: f64) {
        self.sending = bits_per_second;
    }

    /// What arrived of late, in bit/s; none before there is enough to tell.
    pub(super) fn arriving(&self) -> Option<f64> {
        let (first, last) = (self.arrived.front()?.0, self.arrived.back()?.0);
        let span = last.saturating_sub(first).max(Duration::from_millis(100));
        #[expect(clippy::cast_precision_loss, reason = "a rate needs no more")]
        let bits = self.bytes as f64 * 8.0;
        (self.arrived.len() >= 5).then(|| bits / span.as_secs_f64())
    }

    pub(super) fn adapt(&mut self, now: Instant, (usage, round_trip): (Usage, Duration)) {
        let before = self.adapted.replace(now).unwrap_or(now);
        let passed = now.saturating_duration_since(before).as_secs_f64().min(1.0);
        self.round_trip = round_trip;
        match usage {
            // The queue that it filled may still be there.
            Usage::Over | Usage::Full => {
                let pause = if self.is_growing { Duration::ZERO } else { round_trip + WINDOW };
                if self.lowered.is_none_or(|at| now.saturating_duration_since(at) >= pause) {
                    self.back_off(now, usage);
                }
            }
            Usage::Under => self.is_growing = false,
            Usage::Normal => {
                if self.is_growing && self.loss <= LOW_LOSS {
                    self.grow(passed, round_trip);
                }
                self.is_growing = true;
            }
        }
    }

    /// Down to what arrives, and a little further; where no queue stands, not below a share of what is sent.
    fn back_off(&mut self, now: Instant, usage: Usage) {
        self.is_growing = false;
        self.lowered = Some(now);
        let arriving = self.arriving().unwrap_or(self.estimate);
        let stands = usage == Usage::Full;
        if !stands && self.sending < TRIED * self.estimate && arriving >= CARRIED * self.sending {
            self.set(BACK_OFF * self.estimate);
            return;
        }
        self.filled = Some((now, arriving));
        self.limit = Some(self.limit.map_or(arriving, |limit| 0.95 * limit + 0.05 * arriving));
        let share = if stands { DRAIN } else { BACK_OFF };
        let deepest = if stands || arriving < COLLAPSED * self.sending { 0.0 } else { DEEPEST };
        self.lower_to(share * arriving, deepest);
    }

    /// When a queue last stood, or less arrived than was sent, and what arrived then, in bit/s.
    pub(super) fn filled(&self) -> Option<(Instant, f64)> {
        self.filled
    }

    fn grow(&mut self, passed: f64, round_trip: Duration) {
        let arriving = self.arriving().unwrap_or(0.0);
        let is_far = |limit: &f64| arriving > limit * (1.0 + NEAR);
        if self.limit.as_ref().is_some_and(is_far) {
            self.limit = None;
        }
        let more = if self.limit.is_some() {
            CAREFUL_BITS * passed / (round_trip.as_secs_f64() + 0.1)
        } else {
            self.estimate * (GROWTH.powf(passed) - 1.0)
        };
        let most = (UNTRIED * arriving + LITTLE).max(self.estimate);
        // What arrives without a queue is carried.
        self.set((self.estimate + more.max(1_000.0 * passed)).min(most).max(arriving));
    }

    /// Loss that does not go by itself means that the way is too narrow, though no queue shows it.
    pub(super) fn heed_loss(&mut self, now: Instant, share: f32) {
        self.innate = self.innate.min(share);
        self.loss = (share - self.innate) / (1.0 - self.innate).max(0.1);
        let pause = LOSS_INTERVAL + self.round_trip;
        if self.loss <= HIGH_LOSS || self.lowered.is_some_and(|at| now.saturating_duration_since(at) <= pause) {
            return;
        }
        if share < HEAVY_LOSS && self.loss_before > 0.0 && share >= INNATE * self.loss_before {
            self.innate = share;
        }
        self.loss_before = share;
        let lowered = self.estimate * f64::from(1.0 - 0.5 * self.loss);
        let arriving = self.arriving().filter(|_| self.loss > HEAVY_LOSS);
        self.lower_to(arriving.map_or(lowered, |arriving| arriving.min(lowered)), DEEPEST);
        self.lowered = Some(now);
    }

    /// Nothing is heard of what was sent.
    pub(super) fn heed_silence(&mut self, now: Instant) {
        if self.lowered.is_none_or(|at| now.saturating_duration_since(at) > WINDOW) {
            self.set(self.estimate / 2.0);
            self.lowered = Some(now);
        }
    }

    /// A probe has shown that so many bit/s arrive.
    pub(super) fn reached(&mut self, now: Instant, bits_per_second: f64) {
        if bits_per_second > self.estimate {
            self.limit = None;
            self.set(bits_per_second);
            self.adapted = Some(now);
        }
    }

    fn lower_to(&mut self, estimate: f64, deepest: f64) {
        let deepest = deepest * self.estimate.min(self.sending);
        self.set(estimate.max(deepest).min(self.estimate));
    }

    fn set(&mut self, estimate: f64) {
        self.estimate = estimate.clamp(f64::from(LEAST), f64::from(MOST));
    }
}
