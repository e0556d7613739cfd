use std::time::{Duration, Instant};

use super::Fared;

/// A probe lasts so long, in steps of so long.
const LENGTH: Duration = Duration::from_millis(20);
const STEP: Duration = Duration::from_millis(5);
/// After a probe that reached more, and after one that did not; twice as long after each more of those.
const NEXT: Duration = Duration::from_millis(250);
const PAUSE: Duration = Duration::from_secs(1);
const MOST_DOUBLINGS: u32 = 4;
/// Less does not make enough packets.
const LEAST_RATE: u32 = 600_000;
/// A probe asks for this many times what is known.
const LEAP: u32 = 3;
/// Less than this much more, in percent, is not worth a probe.
const WORTH: u64 = 105;
/// What must have been reached for another to follow soon.
const GAIN: f64 = 1.05;
/// What arrived of what was sent, below which the way was full.
const FULL: f64 = 0.9;
/// Packets that must have arrived.
const LEAST_PACKETS: u32 = 4;

/// Sends more for a moment to see whether it arrives.
#[derive(Default)]
pub(super) struct Prober {
    id: u32,
    running: Option<Running>,
    measured: Option<Measured>,
    begun: Option<Instant>,
    failures: u32,
}

#[derive(Clone, Copy)]
struct Running {
    bits_per_second: u32,
    next: Instant,
    end: Instant,
}

/// How the packets of the last probe fared.
#[derive(Clone, Copy, Default)]
struct Measured {
    estimate: u32,
    sent_bytes: usize,
    first: Option<Fared>,
    last: Option<Fared>,
    bytes: usize,
    packets: u32,
    is_told: bool,
    /// It has shown that more arrives than was known.
    has_won: bool,
}

impl Prober {
    /// Begins one, where there is much to win and none was tried of late.
    pub(super) fn begin(&mut self, now: Instant, (estimate, wanted): (u32, u32)) -> bool {
        let is_worth = u64::from(wanted) * 100 > u64::from(estimate) * WORTH;
        let has_failed = self.measured.is_some_and(|measured| !measured.has_won);
        let pause = if has_failed { PAUSE.saturating_mul(1 << self.failures.min(MOST_DOUBLINGS)) } else { NEXT };
        let is_early = self.begun.is_some_and(|begun| now.saturating_duration_since(begun) < pause);
        if !is_worth || self.running.is_some() || is_early {
            return false;
        }
        self.failures = if has_failed { self.failures + 1 } else { 0 };
        self.begun = Some(now);
        self.id = self.id.wrapping_add(1);
        let most = wanted.saturating_add(wanted / 4).max(LEAST_RATE);
        let bits_per_second = estimate.saturating_mul(LEAP).clamp(LEAST_RATE, most);
        self.running = Some(Running { bits_per_second, next: now, end: now + LENGTH });
        self.measured = Some(Measured { estimate, ..Measured::default() });
        true
    }

    /// What failed on another way, or while this one was cut, says nothing of it as it is now.
    pub(super) fn forget(&mut self) {
        *self = Self { id: self.id, ..Self::default() };
    }

    /// The bytes that are to be sent now, and when it goes on.
    pub(super) fn due(&mut self, now: Instant) -> Option<(usize, Instant)> {
        let running = self.running.as_mut()?;
        if running.next > now {
            return Some((0, running.next));
        }
        if now >= running.end {
            self.running = None;
            return None;
        }
        running.next = now + STEP;
        let step = u64::from(running.bits_per_second) * u64::try_from(STEP.as_micros()).unwrap_or(0) / 8_000_000;
        Some((usize::try_from(step).unwrap_or(0), running.next))
    }

    /// Notes a packet of the probe, and answers with the probe's number.
    pub(super) fn sent(&mut self, bytes: usize) -> Option<u32> {
        let measured = self.measured.as_mut()?;
        measured.sent_bytes += bytes;
        Some(self.id)
    }

    /// Takes a packet that arrived; answers with the bit/s that are shown to arrive, once enough of it has.
    pub(super) fn arrived(&mut self, probe: u32, packet: &Fared) -> Option<f64> {
        let measured = self.measured.as_mut().filter(|_| probe == self.id)?;
        measured.first.get_or_insert(*packet);
        measured.last = Some(*packet);
        measured.bytes += packet.bytes;
        measured.packets += 1;
        let is_enough = measured.bytes * 10 >= measured.sent_bytes * 8 && measured.packets >= LEAST_PACKETS;
        if self.running.is_some() || !is_enough || measured.is_told {
            return None;
        }
        measured.is_told = true;
        let reached = measured.reached();
        measured.has_won = reached.is_some_and(|reached| reached > f64::from(measured.estimate) * GAIN);
        reached
    }
}

impl Measured {
    fn reached(&self) -> Option<f64> {
        let (first, last) = (self.first?, self.last?);
        let sent = last.sent.saturating_duration_since(first.sent).as_secs_f64();
        let arrived = last.arrived.saturating_sub(first.arrived).as_secs_f64();
        if sent <= 0.0 || arrived <= 0.0 {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "a rate needs no more")]
        let rate = |without: usize, seconds: f64| (self.bytes - without) as f64 * 8.0 / seconds;
        let (sending, arriving) = (rate(last.bytes, sent), rate(first.bytes, arrived));
        Some(if arriving < FULL * sending { 0.95 * arriving } else { arriving.min(sending) })
    }
}
