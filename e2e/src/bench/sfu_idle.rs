//! What a thousand cost who are connected and say nothing.

use std::time::Duration;

use str0m::media::MediaKind;

use super::{Report, Samples, rounded};
use crate::forwarder::Make;
use crate::load::{Ears, Lines, Load, Pattern};

const ROOMS: u64 = 100;
const PEERS: usize = 10;
const SETTLED: Duration = Duration::from_secs(5);
const ROUNDS: usize = 5;
const MEASURED: Duration = Duration::from_secs(5);
/// Opus's discontinuous transmission.
const SILENCE: Pattern = Pattern { interval: Duration::from_millis(400), burst: 1, bytes: 3 };

pub(super) fn run() -> Report {
    let mut load = Load::new(Make::Hubbub);
    for room in 1..=ROOMS {
        for _ in 0..PEERS {
            load.join(room, Lines { kind: MediaKind::Audio, publishes: true, slots: PEERS - 1, ears: Ears::Count });
        }
    }
    load.connect();
    load.send_for(SETTLED, SILENCE);
    let (mut cpu, mut forwarded, mut wakeups) = (Samples::default(), Samples::default(), Samples::default());
    for _ in 0..ROUNDS {
        let outcome = load.send_for(MEASURED, SILENCE);
        let seconds = outcome.elapsed.as_secs_f64();
        cpu.push(outcome.cpu / seconds * 100.0);
        forwarded.push(outcome.count.received as f64 / seconds);
        wakeups.push(outcome.wakeups as f64 / seconds);
    }
    let peers = ROOMS as f64 * PEERS as f64;
    let figures = [
        ("cpu_percent", cpu.percentile(0.5)),
        ("cpu_percent_min", cpu.percentile(0.0)),
        ("cpu_percent_max", cpu.percentile(1.0)),
        ("forwarded_per_s", forwarded.percentile(0.5)),
        ("wakeups_per_s", wakeups.percentile(0.5)),
        ("rss_kb_per_peer", load.forwarder().resident_kb() / peers),
    ];
    figures.map(|(key, value)| (key.to_owned(), rounded(value))).into_iter().collect()
}
