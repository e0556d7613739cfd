use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::milliseconds;

/// A queue that is longer than this, in ms, does not go by itself.
const LONG_QUEUE: f64 = 100.0;
/// Where a queue stands, not even the fastest of the packets of so long passes it; where they come unevenly, some do.
const RECENT: Duration = Duration::from_millis(200);
const LEAST_RECENT: usize = 8;
/// What stands for so long, however little is sent, is no queue of ours: the way has become longer.
const LONGEST_DRAIN: Duration = Duration::from_secs(4);
/// The shortest delay is that of an empty queue, if it was seen within one or two of these; ways change, and clocks drift.
const MEMORY: Duration = Duration::from_secs(15);

/// How long the queue is, by how much longer packets take than they once did.
#[derive(Default)]
pub(super) struct Queue {
    begin: Option<(Instant, Duration)>,
    /// The shortest delays of the last memory and of this one, in ms.
    shortest: [Option<f64>; 2],
    since: Option<Instant>,
    /// When the last packets were sent, and their delays.
    recent: VecDeque<(Instant, f64)>,
    /// In ms: what not even the fastest passed of late.
    length: f64,
    /// Since when it is long.
    long_since: Option<Instant>,
}

impl Queue {
    /// In ms.
    pub(super) fn length(&self) -> f64 {
        self.length
    }

    /// Whether it is long and does not empty.
    pub(super) fn stands(&self) -> bool {
        self.long_since.is_some()
    }

    /// Takes a packet, by when it was sent and when it arrived by the other's clock.
    pub(super) fn note(&mut self, sent: Instant, arrived: Duration) {
        let begin = *self.begin.get_or_insert((sent, arrived));
        let took = milliseconds(arrived) - milliseconds(begin.1);
        let delay = took - milliseconds(sent.saturating_duration_since(begin.0));
        let since = *self.since.get_or_insert(sent);
        if sent.saturating_duration_since(since) > MEMORY {
            self.shortest = [self.shortest[1], None];
            self.since = Some(sent);
        }
        self.shortest[1] = Some(self.shortest[1].map_or(delay, |shortest| shortest.min(delay)));
        self.recent.push_back((sent, delay));
        let is_old = |(at, _): &(Instant, f64)| sent.saturating_duration_since(*at) > RECENT;
        while self.recent.len() > LEAST_RECENT && self.recent.front().is_some_and(is_old) {
            self.recent.pop_front();
        }
    }

    /// Judges by what has arrived.
    pub(super) fn judge(&mut self) {
        let least = self.recent.iter().map(|(_, delay)| *delay).fold(f64::INFINITY, f64::min);
        let shortest = self.shortest.into_iter().flatten().fold(least, f64::min);
        let latest = self.recent.back().map(|(at, _)| *at);
        self.length = if self.recent.len() < LEAST_RECENT { 0.0 } else { least - shortest };
        let is_long = self.length > LONG_QUEUE;
        self.long_since = latest.filter(|_| is_long).map(|latest| self.long_since.unwrap_or(latest));
        let lasts = |since: Instant| latest.is_some_and(|at| at.saturating_duration_since(since) > LONGEST_DRAIN);
        if self.long_since.is_some_and(lasts) {
            (self.shortest, self.since, self.long_since) = ([None, Some(least)], latest, None);
        }
    }
}
