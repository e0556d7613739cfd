//! How long it takes, and what it costs, when a hundred join a room at once in which somebody speaks.

use std::time::Duration;

use str0m::media::MediaKind;

use super::{Report, Samples, rounded};
use crate::forwarder::Make;
use crate::load::{Ears, Lines, Load, Pattern};

const ROUNDS: usize = 5;
const JOINS: usize = 100;
const SPEECH: Pattern = Pattern { interval: Duration::from_millis(20), burst: 1, bytes: 100 };
const SPEAKER: Lines = Lines { kind: MediaKind::Audio, publishes: true, slots: 0, ears: Ears::Count };
const LISTENER: Lines = Lines { kind: MediaKind::Audio, publishes: false, slots: 4, ears: Ears::Count };

pub(super) fn run() -> Report {
    let [mut all_hear, mut cpu, mut memory] = [Samples::default(), Samples::default(), Samples::default()];
    for _ in 0..ROUNDS {
        let mut load = Load::new(Make::Hubbub);
        load.join(1, SPEAKER);
        load.connect();
        let (cpu_before, memory_before) = (load.forwarder().cpu(), load.forwarder().resident_kb());
        let took = load.join_at_once((1, LISTENER), JOINS, SPEECH);
        all_hear.push(took.as_secs_f64() * 1_000.0);
        cpu.push((load.forwarder().cpu() - cpu_before) * 1_000.0 / JOINS as f64);
        memory.push((load.forwarder().resident_kb() - memory_before) / JOINS as f64);
    }
    let figures = [
        ("all_hear_ms", all_hear.percentile(0.5)),
        ("all_hear_ms_max", all_hear.percentile(1.0)),
        ("setup_cpu_ms", cpu.percentile(0.5)),
        ("setup_cpu_ms_max", cpu.percentile(1.0)),
        ("rss_kb_per_subscriber", memory.percentile(0.5)),
        ("rss_kb_per_subscriber_max", memory.percentile(1.0)),
    ];
    figures.map(|(key, value)| (key.to_owned(), rounded(value))).into_iter().collect()
}
