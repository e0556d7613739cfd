use std::time::{Duration, Instant};

use super::Fared;

/// A probe lasts so long, in steps of so long.
const LENGTH: Duration = Duration::from_millis(20);
/// Shapers let a burst through before they slow down, and where packets come unevenly a few say little.
const DOUBTFUL_LENGTH: Duration = Duration::from_millis(100);
const STEP: Duration = Duration::from_millis(5);
/// After a probe that reached more, and after one that did not; twice as long after each more of those.
const NEXT: Duration = Duration::from_millis(250);
const PAUSE: Duration = Duration::from_secs(1);
const MOST_DOUBLINGS: u32 = 4;
/// What failed longer ago does not count, once one has won.
const FORGIVEN: Duration = Duration::from_secs(10);
/// Less does not make enough packets.
const LEAST_RATE: u32 = 600_000;
/// A probe asks for this many times what is known.
const FACTOR: u32 = 3;
/// Less than this much more, in percent, is not worth a probe.
const WORTH: u64 = 105;
/// What must have been reached for another to follow soon.
const GAIN: f64 = 1.05;
/// What arrived of what was sent, below which the way was full.
const FULL: f64 = 0.9;
/// Packets that must have arrived.
const LEAST_PACKETS: usize = 4;

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
    begun: Instant,
    next: Instant,
    end: Instant,
}

/// How the packets of the last probe fared.
#[derive(Default)]
struct Measured {
    estimate: u32,
    planned: u32,
    is_doubtful: bool,
    sent_bytes: usize,
    sent: Option<(Instant, Instant)>,
    /// When packets arrived, in this order, and their bytes.
    arrived: Vec<(Duration, usize)>,
    bytes: usize,
    is_told: bool,
    /// It has shown that more arrives than was known.
    has_won: bool,
}

impl Prober {
    /// Begins one, where there is much to win and none was tried of late. A way of which a little says nothing is tried longer.
    pub(super) fn begin(&mut self, now: Instant, (estimate, wanted): (u32, u32), is_doubtful: bool) -> bool {
        let is_worth = u64::from(wanted) * 100 > u64::from(estimate) * WORTH;
        let has_failed = self.measured.as_ref().is_some_and(|measured| !measured.has_won);
        let pause = if has_failed { PAUSE.saturating_mul(1 << self.failures.min(MOST_DOUBLINGS)) } else { NEXT };
        let since = self.begun.map(|begun| now.saturating_duration_since(begun));
        if !is_worth || self.is_running(now) || since.is_some_and(|since| since < pause) {
            return false;
        }
        if has_failed {
            self.failures += 1;
        } else if since.is_none_or(|since| since > FORGIVEN) {
            self.failures = 0;
        }
        self.begun = Some(now);
        self.id = self.id.wrapping_add(1);
        let most = wanted.saturating_add(wanted / 4).max(LEAST_RATE);
        let bits_per_second = estimate.saturating_mul(FACTOR).clamp(LEAST_RATE, most);
        let end = now + if is_doubtful { DOUBTFUL_LENGTH } else { LENGTH };
        self.running = Some(Running { bits_per_second, begun: now, next: now, end });
        self.measured = Some(Measured { estimate, planned: bits_per_second, is_doubtful, ..Measured::default() });
        true
    }

    /// Nobody may have asked for what was due, so that time alone ends it.
    fn is_running(&self, now: Instant) -> bool {
        self.running.is_some_and(|running| now < running.end)
    }

    /// What failed on another way, or while this one was cut, says nothing of it as it is now.
    pub(super) fn forget(&mut self) {
        *self = Self { id: self.id, ..Self::default() };
    }

    /// The way was full after all.
    pub(super) fn refute(&mut self) {
        if let Some(measured) = &mut self.measured {
            measured.has_won = false;
        }
    }

    /// The bytes that are to be sent now, and when it goes on.
    pub(super) fn due(&mut self, now: Instant) -> Option<(usize, Instant)> {
        let running = self.running.as_mut().filter(|running| now < running.end)?;
        if running.next > now {
            return Some((0, running.next));
        }
        running.next = now + STEP;
        let passed = running.next.saturating_duration_since(running.begun).as_micros();
        let planned = u128::from(running.bits_per_second) * passed / 8_000_000;
        let sent = self.measured.as_ref().map_or(0, |measured| measured.sent_bytes);
        Some((usize::try_from(planned).unwrap_or(0).saturating_sub(sent), running.next))
    }

    /// Notes a packet, and answers with the number of the probe that it is part of.
    pub(super) fn sent(&mut self, now: Instant, bytes: usize) -> Option<u32> {
        let measured = self.running.filter(|running| now < running.end).and(self.measured.as_mut())?;
        measured.sent_bytes += bytes;
        measured.sent = Some((measured.sent.map_or(now, |(first, _)| first), now));
        Some(self.id)
    }

    /// Takes a packet that arrived.
    pub(super) fn arrived(&mut self, packet: &Fared) {
        let measured = self.measured.as_mut().filter(|_| packet.probe == Some(self.id));
        if let Some(measured) = measured {
            let later = measured.arrived.partition_point(|(at, _)| *at <= packet.arrived);
            measured.arrived.insert(later, (packet.arrived, packet.bytes));
            measured.bytes += packet.bytes;
        }
    }

    /// The bit/s that are shown to arrive, once, when it is known how those fared that were sent up to a time.
    pub(super) fn conclude(&mut self, now: Instant, sent: Instant) -> Option<f64> {
        let is_running = self.is_running(now);
        let measured = self.measured.as_mut()?;
        let is_over = !is_running && measured.sent.is_some_and(|(_, last)| last <= sent);
        let is_enough = measured.bytes * 10 >= measured.sent_bytes * 8 && measured.telling().len() >= LEAST_PACKETS;
        if !is_over || !is_enough || measured.is_told {
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
        let (first, last) = self.sent?;
        let sending = rate(self.sent_bytes, last.saturating_duration_since(first))?;
        let arrived = self.telling();
        let ((first, _), rest) = arrived.split_first()?;
        let span = rest.last()?.0.saturating_sub(*first);
        let arriving = rate(rest.iter().map(|(_, bytes)| bytes).sum(), span)?;
        let reached = if arriving < FULL * sending { 0.95 * arriving } else { arriving.min(sending) };
        // A picture may leave much faster, all at once.
        Some(reached.min(f64::from(self.planned)))
    }

    /// Those that tell how much arrives: a shaper's burst comes first, and what was overtaken last.
    fn telling(&self) -> &[(Duration, usize)] {
        let count = self.arrived.len();
        if self.is_doubtful { &self.arrived[count / 2..count - count / 10] } else { &self.arrived }
    }
}

/// In bit/s; none where no time passed.
fn rate(bytes: usize, span: Duration) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a rate needs no more")]
    let bits = bytes as f64 * 8.0;
    (!span.is_zero()).then(|| bits / span.as_secs_f64())
}
