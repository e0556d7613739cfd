use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::milliseconds;
use super::queue::Queue;

/// Packets that were sent within so long of each other are judged as one: pictures leave in bursts.
const BURST: Duration = Duration::from_millis(5);
/// Bursts whose delays make the trend.
const WINDOW: usize = 20;
const LEAST_BURSTS: usize = 10;
const SMOOTHING: f64 = 0.9;
const GAIN: f64 = 4.0;
/// Bursts from which on the trend has its full weight.
const FULL_WEIGHT: usize = 60;
/// In ms; within it, delay is noise.
const FIRST_THRESHOLD: f64 = 12.5;
const THRESHOLDS: (f64, f64) = (6.0, 600.0);
const THRESHOLD_UP: f64 = 0.0087;
const THRESHOLD_DOWN: f64 = 0.039;
/// What is further above the threshold than this is an accident.
const ACCIDENT: f64 = 15.0;
/// The delay must grow for so long, in ms.
const PERSISTENT: f64 = 10.0;
/// Of a burst, as in RFC 3550 section 6.4.1.
const UNEVENNESS_WEIGHT: f64 = 1.0 / 16.0;
/// Where packets come more unevenly than this, in ms, delays grow by chance: a queue must be seen to stand for so long, in ms.
const UNEVEN: f64 = 15.0;
const SHORT_QUEUE: f64 = 15.0;
/// Steps of a clock or of the way, not of a queue.
const STEP: Duration = Duration::from_secs(3);

/// What the delay says of the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Usage {
    #[default]
    Normal,
    /// A queue grows.
    Over,
    /// A queue empties.
    Under,
    /// A long queue stands and does not empty, so that what arrives is all that the way carries.
    Full,
}

impl Usage {
    pub(super) fn is_over(self) -> bool {
        matches!(self, Self::Over | Self::Full)
    }
}

/// Whether packets take longer and longer (draft-ietf-rmcat-gcc-02 section 5, with the slope of a line through the last
/// delays as the filter).
#[derive(Default)]
pub(super) struct Trend {
    burst: Option<Burst>,
    before: Option<Burst>,
    delays: VecDeque<(f64, f64)>,
    bursts: usize,
    /// In ms, since the first burst.
    sum: f64,
    smooth: f64,
    began: Option<Duration>,
    slope: f64,
    threshold: Option<f64>,
    judged: Option<Duration>,
    over: f64,
    overs: u32,
    usage: Usage,
    queue: Queue,
    /// By how much the times between two bursts change on the way, in ms.
    unevenness: f64,
}

#[derive(Clone, Copy)]
struct Burst {
    sent_first: Instant,
    sent: Instant,
    arrived: Duration,
}

impl Trend {
    pub(super) fn usage(&self) -> Usage {
        let is_chance = self.unevenness > UNEVEN && self.queue.length() < SHORT_QUEUE;
        match self.usage {
            Usage::Under => Usage::Under,
            _ if self.queue.stands() => Usage::Full,
            Usage::Over if is_chance => Usage::Normal,
            Usage::Normal | Usage::Over | Usage::Full => self.usage,
        }
    }

    /// In ms.
    pub(super) fn unevenness(&self) -> f64 {
        self.unevenness
    }

    /// Judges the queue by what has arrived.
    pub(super) fn judge_queue(&mut self) {
        self.queue.judge();
    }

    /// Takes a packet, by when it was sent and when it arrived by the other's clock.
    pub(super) fn arrived(&mut self, sent: Instant, arrived: Duration) {
        self.queue.note(sent, arrived);
        let Some(burst) = &mut self.burst else {
            self.burst = Some(Burst { sent_first: sent, sent, arrived });
            return;
        };
        if sent < burst.sent_first {
            return;
        }
        if sent.saturating_duration_since(burst.sent_first) <= BURST {
            burst.sent = burst.sent.max(sent);
            burst.arrived = burst.arrived.max(arrived);
            return;
        }
        let done = *burst;
        *burst = Burst { sent_first: sent, sent, arrived };
        if let Some(before) = self.before.replace(done) {
            self.compare(before, done);
        }
    }

    fn compare(&mut self, before: Burst, now: Burst) {
        let sent = milliseconds(now.sent.saturating_duration_since(before.sent));
        let arrived = milliseconds(now.arrived) - milliseconds(before.arrived);
        if arrived.abs() > milliseconds(STEP) || sent > milliseconds(STEP) {
            *self = Self { burst: self.burst, threshold: self.threshold, ..Self::default() };
            return;
        }
        self.bursts = (self.bursts + 1).min(FULL_WEIGHT);
        self.sum += arrived - sent;
        self.unevenness += UNEVENNESS_WEIGHT * ((arrived - sent).abs() - self.unevenness);
        self.smooth = SMOOTHING * self.smooth + (1.0 - SMOOTHING) * self.sum;
        let began = *self.began.get_or_insert(now.arrived);
        self.delays.push_back((milliseconds(now.arrived.saturating_sub(began)), self.smooth));
        if self.delays.len() > WINDOW {
            self.delays.pop_front();
        }
        let slope = slope(&self.delays).unwrap_or(self.slope);
        self.judge(slope, (sent, now.arrived));
    }

    fn judge(&mut self, slope: f64, (passed, at): (f64, Duration)) {
        if self.bursts < 2 {
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "it is at most 60")]
        let weighted = slope * self.bursts as f64 * GAIN;
        let threshold = self.threshold.unwrap_or(FIRST_THRESHOLD);
        if weighted > threshold {
            self.over += passed;
            self.overs += 1;
            if self.over > PERSISTENT && self.overs > 1 && slope >= self.slope {
                (self.over, self.overs) = (0.0, 0);
                self.usage = Usage::Over;
            }
        } else {
            (self.over, self.overs) = (0.0, 0);
            self.usage = if weighted < -threshold { Usage::Under } else { Usage::Normal };
        }
        self.slope = slope;
        self.adapt(weighted.abs(), (threshold, at));
    }

    /// The threshold follows the noise, so that other traffic on the way does not starve ours.
    fn adapt(&mut self, weighted: f64, (threshold, at): (f64, Duration)) {
        let passed = self.judged.map_or(0.0, |judged| milliseconds(at.saturating_sub(judged)).min(100.0));
        self.judged = Some(at);
        if weighted > threshold + ACCIDENT {
            return;
        }
        let pace = if weighted < threshold { THRESHOLD_DOWN } else { THRESHOLD_UP };
        let threshold = threshold + pace * (weighted - threshold) * passed;
        self.threshold = Some(threshold.clamp(THRESHOLDS.0, THRESHOLDS.1));
    }
}

/// Of the line with the least squares through these points.
fn slope(points: &VecDeque<(f64, f64)>) -> Option<f64> {
    if points.len() < LEAST_BURSTS {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "it is at most 20")]
    let count = points.len() as f64;
    let (x_sum, y_sum) = points.iter().fold((0.0, 0.0), |(x_sum, y_sum), (x, y)| (x_sum + x, y_sum + y));
    let (x_mean, y_mean) = (x_sum / count, y_sum / count);
    let above: f64 = points.iter().map(|(x, y)| (x - x_mean) * (y - y_mean)).sum();
    let below: f64 = points.iter().map(|(x, _)| (x - x_mean) * (x - x_mean)).sum();
    (below > 0.0).then(|| above / below)
}
