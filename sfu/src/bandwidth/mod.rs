//! What a subscriber's way can carry: an estimate by the delay and the loss of the packets that were sent on it (after
//! draft-ietf-rmcat-gcc-02), raised by probes where more is wanted than is sent.

mod history;
mod probe;
mod queue;
mod rate;
mod trend;

use std::time::{Duration, Instant};

use self::history::{History, Told};
use self::probe::Prober;
use self::rate::RateControl;
use self::trend::Trend;
use crate::forward::arrivals::Arrivals;

/// Assumed of a way that is measured before anything is known, in bit/s.
const FIRST: u32 = 500_000;
/// Speech needs no less, and the smallest picture little more.
const LEAST: u32 = 100_000;
const MOST: u32 = 50_000_000;
/// Loss above it is more than what happens by itself; loss below the other leaves room for more.
const HIGH_LOSS: f32 = 0.1;
const LOW_LOSS: f32 = 0.02;
/// Packets by which loss is judged.
const LOSS_SAMPLE: u32 = 40;
/// Where nothing is heard of what was sent for so long, the way is cut, or full to the brim.
const SILENT_AFTER: Duration = Duration::from_millis(1_500);

/// After a way was full, what a short probe says of it is doubted for so long.
const DOUBTFUL_FOR: Duration = Duration::from_secs(60);
/// And where packets come more unevenly than this, in ms.
const DOUBTFUL_UNEVENNESS: f64 = 8.0;

/// The share of the way that what is sent again may take, and of how long a time at once; a few packets always.
const REPAIRS: f64 = 0.3;
const REPAIR_BURST: Duration = Duration::from_millis(500);
const LEAST_REPAIRS: f64 = 6_000.0;
/// What was sent again counts half after so long.
const REPAIRS_HALVE: Duration = Duration::from_millis(1_500);

/// The estimate for one connection.
pub(crate) struct Bandwidth {
    history: History,
    trend: Trend,
    control: RateControl,
    prober: Prober,
    loss: Loss,
    /// Packets are counted, and the client tells which arrived.
    is_counted: bool,
    /// By the client's own account (REMB), for those that give no other.
    told: Option<u32>,
    heard: Option<Instant>,
    repairs: Repairs,
}

/// What is sent again takes no more than a share of the way, or it would add to the loss that it answers.
#[derive(Default)]
struct Repairs {
    /// In bytes; fills with time.
    left: f64,
    filled: Option<Instant>,
    /// What was sent again of late, in bytes; halves with time.
    spent: f64,
    noted: Option<Instant>,
}

/// How many packets were lost, since it was last judged.
#[derive(Default)]
struct Loss {
    sent: u32,
    lost: u32,
}

/// A packet of which is known how it fared.
#[derive(Clone, Copy, Debug)]
struct Fared {
    sent: Instant,
    arrived: Duration,
    bytes: usize,
    probe: Option<u32>,
}

impl Bandwidth {
    pub(crate) fn new(is_counted: bool) -> Self {
        Self {
            is_counted,
            history: History::default(),
            trend: Trend::default(),
            control: RateControl::new(FIRST),
            prober: Prober::default(),
            loss: Loss::default(),
            told: None,
            heard: None,
            repairs: Repairs::default(),
        }
    }

    /// Whether there is room to send one more packet again.
    pub(crate) fn may_repair(&mut self, now: Instant) -> bool {
        let per_second = f64::from(self.estimate()) / 8.0 * REPAIRS;
        let most = (per_second * REPAIR_BURST.as_secs_f64()).max(LEAST_REPAIRS);
        let since = self.repairs.filled.replace(now).map(|filled| now.saturating_duration_since(filled));
        let filled = since.map_or(most, |since| self.repairs.left + per_second * since.as_secs_f64());
        self.repairs.left = filled.min(most);
        self.repairs.left > 0.0
    }

    /// A packet was sent again.
    pub(crate) fn note_repair(&mut self, now: Instant, bytes: usize) {
        let bytes = f64::from(u32::try_from(bytes).unwrap_or(u32::MAX));
        self.repairs.left -= bytes;
        self.repairs.spent = self.repairs.recent(now) + bytes;
        self.repairs.noted = Some(now);
    }

    /// In bit/s, for what is sent for the first time: the estimate without what is sent again at the moment.
    pub(crate) fn budget(&self, now: Instant) -> u32 {
        let again = self.repairs.recent(now) * 8.0 * std::f64::consts::LN_2 / REPAIRS_HALVE.as_secs_f64();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is far below")]
        let again = again as u32;
        self.estimate().saturating_sub(again).max(LEAST)
    }

    /// In bit/s.
    pub(crate) fn estimate(&self) -> u32 {
        let measured = self.is_counted.then(|| self.control.estimate());
        measured.or(self.told).unwrap_or(MOST).clamp(LEAST, MOST)
    }

    /// The estimate, where anything was ever heard, in bit/s.
    pub(crate) fn known(&self) -> Option<u32> {
        (self.heard.is_some() || self.told.is_some()).then(|| self.estimate())
    }

    /// When the way was last full, and what arrived then, in bit/s.
    pub(crate) fn filled(&self) -> Option<(Instant, u64)> {
        self.control.filled().map(|(at, arriving)| (at, whole(arriving)))
    }

    /// Bit/s of what arrived of late.
    pub(crate) fn arriving(&self, now: Instant) -> u64 {
        let is_heard = self.heard.is_some_and(|heard| now.saturating_duration_since(heard) <= SILENT_AFTER);
        whole(self.control.arriving().filter(|_| is_heard).unwrap_or(0.0))
    }

    /// The number under which the next packet is counted.
    pub(crate) fn next_number(&self) -> u16 {
        self.history.next_number()
    }

    /// A packet was sent under the next number.
    pub(crate) fn sent(&mut self, now: Instant, bytes: usize) {
        let probe = self.prober.sent(now, bytes);
        self.history.sent(now, (bytes, probe));
    }

    /// Takes the client's own estimate in bit/s.
    pub(crate) fn handle_told(&mut self, bits_per_second: u32) {
        self.told = Some(bits_per_second);
    }

    /// Takes what the client tells of the packets.
    pub(crate) fn handle(&mut self, now: Instant, arrivals: &Arrivals) {
        let Told { fared, lost, late } = self.history.take(arrivals);
        if fared.is_empty() && lost == 0 {
            return;
        }
        let heard = self.heard.replace(now);
        if heard.is_some_and(|heard| now.saturating_duration_since(heard) > SILENT_AFTER) {
            self.prober.forget();
            self.loss = Loss::default();
        }
        for packet in &fared {
            self.trend.arrived(packet.sent, packet.arrived);
            self.control.acknowledged(packet.arrived, packet.bytes);
        }
        self.trend.judge_queue();
        fared.iter().for_each(|packet| self.prober.arrived(packet));
        if let Some(reached) = fared.last().and_then(|packet| self.prober.conclude(now, packet.sent)) {
            self.control.reached(now, reached);
        }
        // A queue that the probe itself has filled has the last word.
        let round_trip = fared.last().map_or(Duration::ZERO, |packet| now.saturating_duration_since(packet.sent));
        self.control.note_sending(self.history.rate(now));
        self.control.adapt(now, (self.trend.usage(), round_trip));
        self.loss.sent += u32::try_from(fared.len()).unwrap_or(u32::MAX) + lost - late;
        self.loss.lost = (self.loss.lost + lost).saturating_sub(late);
        if let Some(share) = self.loss.judge() {
            self.control.heed_loss(now, share);
        }
        if self.control.filled().is_some_and(|(at, _)| at == now) {
            self.prober.refute();
        }
    }

    /// What is sent on a way of which nothing is heard only fills it.
    pub(crate) fn check(&mut self, now: Instant) {
        let waits = self.history.waits_since().filter(|since| now.saturating_duration_since(*since) > SILENT_AFTER);
        if waits.is_some() && self.heard.is_some() {
            self.control.heed_silence(now);
        }
    }

    /// Begins a probe where more is wanted than the way is known to carry, and it is time for one.
    pub(crate) fn probe(&mut self, now: Instant, wanted: u64) -> bool {
        let estimate = self.estimate();
        let wanted = u32::try_from(wanted).unwrap_or(u32::MAX).min(MOST);
        // What was heard long ago, for nothing was sent since, says nothing of a queue any more.
        let is_late = |heard: Instant| now.saturating_duration_since(heard) > SILENT_AFTER;
        let is_full = self.trend.usage().is_over() && !self.heard.is_some_and(is_late);
        let was_full = |(filled, _)| now.saturating_duration_since(filled) < DOUBTFUL_FOR;
        let is_doubtful = self.control.filled().is_some_and(was_full) || self.trend.unevenness() > DOUBTFUL_UNEVENNESS;
        self.heard.is_some() && !is_full && self.prober.begin(now, (estimate, wanted), is_doubtful)
    }

    /// A probe that is on cannot go on.
    pub(crate) fn end_probe(&mut self) {
        self.prober.forget();
    }

    /// The bytes of padding that a probe is to send now, and when it goes on.
    pub(crate) fn due_padding(&mut self, now: Instant) -> Option<(usize, Instant)> {
        self.prober.due(now)
    }
}

impl Repairs {
    /// In bytes.
    fn recent(&self, now: Instant) -> f64 {
        let since = self.noted.map_or(Duration::ZERO, |noted| now.saturating_duration_since(noted));
        self.spent * 0.5_f64.powf(since.as_secs_f64() / REPAIRS_HALVE.as_secs_f64())
    }
}

impl Loss {
    /// The share that was lost, once it says something.
    fn judge(&mut self) -> Option<f32> {
        if self.sent < LOSS_SAMPLE {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "a share needs no more")]
        let share = self.lost as f32 / self.sent as f32;
        *self = Self::default();
        Some(share)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is positive, and far below")]
fn whole(bits: f64) -> u64 {
    bits as u64
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests;
