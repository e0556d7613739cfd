use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use crate::io::{PeerId, RoomId};

/// Everything that happens by the mere passing of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// The handshake's deadline, then the lease, then the end of a suspension.
    Lease(PeerId),
    /// The last handshake flight may be lost.
    Flight(PeerId),
    /// Reports are due, in both directions.
    Report(PeerId),
    /// Packets or key frames are missing from this publisher.
    Repair(PeerId),
    /// This publisher is to be told what arrived.
    Arrivals(PeerId),
    /// The way to this subscriber is being measured.
    Probe(PeerId),
    /// Pictures wait for their turn on the way to this subscriber.
    Pace(PeerId),
    /// What this subscriber gets is to be chosen anew.
    Layers(PeerId),
    /// The speakers of a room may have changed.
    Speakers(RoomId),
    /// All in a room have taken a codec for long enough.
    Codecs(RoomId),
}

/// At most one deadline for each timer.
#[derive(Default)]
pub(crate) struct Timers {
    queue: BTreeSet<(Instant, Timer)>,
    armed: BTreeMap<Timer, Instant>,
}

impl Timers {
    pub(crate) fn set(&mut self, timer: Timer, at: Instant) {
        if let Some(before) = self.armed.insert(timer, at) {
            self.queue.remove(&(before, timer));
        }
        self.queue.insert((at, timer));
    }

    /// Arms the timer unless it is armed for an earlier time.
    pub(crate) fn set_by(&mut self, timer: Timer, at: Instant) {
        if self.armed.get(&timer).is_none_or(|armed| *armed > at) {
            self.set(timer, at);
        }
    }

    pub(crate) fn cancel(&mut self, timer: Timer) {
        if let Some(at) = self.armed.remove(&timer) {
            self.queue.remove(&(at, timer));
        }
    }

    pub(crate) fn cancel_peer(&mut self, peer: PeerId) {
        let timers = [
            Timer::Lease,
            Timer::Flight,
            Timer::Report,
            Timer::Repair,
            Timer::Arrivals,
            Timer::Probe,
            Timer::Pace,
            Timer::Layers,
        ];
        for timer in timers.map(|timer| timer(peer)) {
            self.cancel(timer);
        }
    }

    pub(crate) fn cancel_room(&mut self, room: RoomId) {
        for timer in [Timer::Speakers, Timer::Codecs].map(|timer| timer(room)) {
            self.cancel(timer);
        }
    }

    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<Timer> {
        let (at, timer) = *self.queue.first()?;
        if at > now {
            return None;
        }
        self.cancel(timer);
        Some(timer)
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.queue.first().map(|(at, _)| *at)
    }
}

/// A test's first instant.
#[cfg(test)]
pub(crate) fn start() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "any instant will do as a test's first")]
    Instant::now()
}
