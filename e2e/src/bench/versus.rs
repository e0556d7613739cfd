//! The same load on our forwarder and on the reference, in turns.

use std::time::Duration;

use str0m::media::MediaKind;

use crate::bench::Samples;
use crate::forwarder::Make;
use crate::load::{Ears, Lines, Load, Outcome, Pattern};

const ROUNDS: usize = 5;
const WARM_UP: Duration = Duration::from_secs(1);
const MEASURED: Duration = Duration::from_secs(3);

/// Rooms that are filled before their peers connect, which they must within 15 seconds.
const AT_ONCE: u64 = 50;

/// Who is in the rooms.
#[derive(Debug, Clone, Copy)]
pub(super) struct Crowd {
    pub(super) kind: MediaKind,
    pub(super) rooms: u64,
    /// Of each room.
    pub(super) publishers: usize,
    /// Of each room; they publish nothing.
    pub(super) subscribers: usize,
    /// Of all clients but one.
    pub(super) ears: Ears,
}

impl Crowd {
    /// Has everybody join a fresh forwarder.
    pub(super) fn gather(self, make: Make) -> Load {
        let mut load = Load::new(make);
        for room in 1..=self.rooms {
            for _ in 0..self.publishers {
                load.join(room, Lines { kind: self.kind, publishes: true, slots: 0, ears: self.ears });
            }
            for index in 0..self.subscribers {
                let ears = if index == 0 && room == 1 { Ears::Open } else { self.ears };
                load.join(room, Lines { kind: self.kind, publishes: false, slots: self.publishers, ears });
            }
            if room % AT_ONCE == 0 {
                load.connect();
            }
        }
        load.connect();
        load
    }
}

/// The rounds of one forwarder.
#[derive(Default)]
pub(super) struct Rounds {
    us_per_packet: Samples,
    delay_ms_p99: Samples,
    wakeups_per_s: Samples,
    received: u64,
    lost: u64,
}

impl Rounds {
    fn add(&mut self, mut outcome: Outcome) {
        self.us_per_packet.push(outcome.us_per_packet());
        self.delay_ms_p99.push(outcome.delays.percentile(0.99));
        self.wakeups_per_s.push(outcome.wakeups as f64 / outcome.elapsed.as_secs_f64());
        self.received += outcome.count.received;
        self.lost += outcome.count.lost;
    }

    /// CPU time of a forwarded packet in microseconds, the median.
    pub(super) fn us_per_packet(&mut self) -> f64 {
        self.us_per_packet.percentile(0.5)
    }

    /// Of each round the delay of all packets but one in a hundred: the median and the worst.
    pub(super) fn delay_ms_p99(&mut self) -> [f64; 2] {
        [0.5, 1.0].map(|share| self.delay_ms_p99.percentile(share))
    }

    pub(super) fn wakeups_per_s(&mut self) -> f64 {
        self.wakeups_per_s.percentile(0.5)
    }

    /// The share of packets that never came.
    pub(super) fn loss(&self) -> f64 {
        self.lost as f64 / (self.lost + self.received) as f64
    }
}

/// How both fared.
#[derive(Default)]
pub(super) struct Versus {
    pub(super) ours: Rounds,
    pub(super) reference: Rounds,
    /// Our CPU time of a packet over the reference's, of each round.
    ratios: Samples,
}

impl Versus {
    /// What is told of every comparison, by its keys.
    pub(super) fn figures(&mut self) -> [(&'static str, f64); 8] {
        let [ratio, least, greatest] = [0.5, 0.0, 1.0].map(|share| self.ratios.percentile(share));
        let [delay, worst] = self.ours.delay_ms_p99();
        [
            ("ratio", ratio),
            ("ratio_min", least),
            ("ratio_max", greatest),
            ("us_per_packet", self.ours.us_per_packet()),
            ("reference_us_per_packet", self.reference.us_per_packet()),
            ("delay_ms_p99", delay),
            ("delay_ms_p99_max", worst),
            ("loss", self.ours.loss()),
        ]
    }
}

/// Runs several rounds, each of both.
pub(super) fn versus(crowd: Crowd, pattern: Pattern) -> Versus {
    let mut versus = Versus::default();
    for round in 0..ROUNDS {
        let outcomes = [Make::Hubbub, Make::Reference].map(|make| measure(crowd, pattern, make));
        let [ours, reference] = outcomes.each_ref().map(Outcome::us_per_packet);
        let ratio = ours / reference;
        eprintln!("round {}: {ours:.2} and {reference:.2} us, ratio {ratio:.2}", round + 1);
        versus.ratios.push(ratio);
        let [ours, reference] = outcomes;
        versus.ours.add(ours);
        versus.reference.add(reference);
    }
    versus
}

pub(super) fn measure(crowd: Crowd, pattern: Pattern, make: Make) -> Outcome {
    let mut load = crowd.gather(make);
    load.send_for(WARM_UP, pattern);
    load.send_for(MEASURED, pattern)
}

/// Packets per millisecond that a forwarder forwards, at the fastest pace at which it loses less than one
/// in a hundred. It begins with a pattern, and sends it faster and faster.
pub(super) fn kpps(crowd: Crowd, mut pattern: Pattern, make: Make) -> f64 {
    let mut load = crowd.gather(make);
    let mut best = 0.0_f64;
    loop {
        load.send_for(WARM_UP, pattern);
        let outcome = load.send_for(MEASURED, pattern);
        let rate = outcome.kpps();
        eprintln!("{rate:.0} kpps at {:.0} % of the core, {} lost", outcome.busy() * 100.0, outcome.count.lost);
        let is_lossy = outcome.count.lost * 100 > outcome.count.received;
        // The load's own core may be the first that can do no more.
        if is_lossy || rate < best * 1.02 {
            return best.max(if is_lossy { 0.0 } else { rate });
        }
        best = rate;
        pattern.interval = pattern.interval.mul_f64(0.8);
    }
}
