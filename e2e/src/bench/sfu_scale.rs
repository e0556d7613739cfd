//! How much more two media threads forward on two cores than one on one.

use std::time::Duration;

use str0m::media::MediaKind;

use super::versus::{Crowd, kpps, measure};
use super::{Report, Samples, rounded};
use crate::forwarder::Make;
use crate::load::{Ears, Outcome, Pattern};

const ROUNDS: usize = 5;
/// So that both threads are about half busy, and the load finds time on their cores.
const ROOMS_PER_THREAD: u64 = 20;
const SUBSCRIBERS: usize = 20;
const SPEECH: Pattern = Pattern { interval: Duration::from_micros(2_500), burst: 1, bytes: 100 };

fn crowd(threads: u64) -> Crowd {
    let rooms = threads * ROOMS_PER_THREAD;
    Crowd { kind: MediaKind::Audio, rooms, publishers: 1, subscribers: SUBSCRIBERS, ears: Ears::Sample }
}

/// A room that outgrows a core, at this pace: all who talk are heard by all others.
const ONE_ROOM: Crowd =
    Crowd { kind: MediaKind::Audio, rooms: 1, publishers: 10, subscribers: 100, ears: Ears::Sample };
const SHOUTING: Pattern = Pattern { interval: Duration::from_micros(1_600), burst: 1, bytes: 100 };

/// One thread has a core and the load another; two threads share both cores with the load. What counts is the CPU time of
/// the busiest thread: the rate at which it would be full.
pub(super) fn run() -> Report {
    let sides = [(1, Make::Hubbub), (2, Make::Threads(2))];
    let [mut speedups, mut ones, mut twos, mut costs, mut delays] = std::array::from_fn(|_| Samples::default());
    let mut loss = [0.0_f64; 2];
    for round in 1..=ROUNDS {
        let outcomes = sides.map(|(threads, make)| measure(crowd(threads), SPEECH, make));
        let [one, two] = outcomes.each_ref().map(Outcome::full_kpps);
        eprintln!("round {round}: full at {one:.0} and {two:.0} kpps, speedup {:.2}", two / one);
        speedups.push(two / one);
        ones.push(one);
        twos.push(two);
        loss = [loss[0].max(outcomes[0].loss()), loss[1].max(outcomes[1].loss())];
        let [first, mut second] = outcomes;
        costs.push(second.us_per_packet() / first.us_per_packet());
        delays.push(second.delays.percentile(0.99));
    }
    let [reached_1, reached_2] = sides.map(|(threads, make)| kpps(crowd(threads), SPEECH, make));
    let [room_1, room_2] = sides.map(|(_, make)| measure(ONE_ROOM, SHOUTING, make));
    let figures = [
        ("speedup_2", speedups.percentile(0.5)),
        ("speedup_2_min", speedups.percentile(0.0)),
        ("speedup_2_max", speedups.percentile(1.0)),
        ("full_kpps_1", ones.percentile(0.5)),
        ("full_kpps_2", twos.percentile(0.5)),
        ("cost_ratio_2", costs.percentile(0.5)),
        ("reached_kpps_1", reached_1),
        ("reached_kpps_2_beside_the_load", reached_2),
        ("room_kpps_1", room_1.kpps()),
        ("room_kpps_2", room_2.kpps()),
        ("room_busiest_1", room_1.busiest()),
        ("room_busiest_2", room_2.busiest()),
        ("room_loss_1", room_1.loss()),
        ("room_loss_2", room_2.loss()),
        ("delay_ms_p99_2", delays.percentile(0.5)),
        ("loss_1", loss[0]),
        ("loss_2", loss[1]),
    ];
    figures.map(|(key, value)| (key.to_owned(), rounded(value))).into_iter().collect()
}
