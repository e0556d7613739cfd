//! What it costs to forward speech from ten who speak to a hundred who listen.

use std::time::Duration;

use str0m::media::MediaKind;

use super::versus::{Crowd, kpps, versus};
use super::{Report, rounded};
use crate::forwarder::Make;
use crate::load::{Ears, Pattern};

const CROWD: Crowd = Crowd { kind: MediaKind::Audio, rooms: 1, publishers: 10, subscribers: 100, ears: Ears::Count };
const BYTES: usize = 100;
/// Twice the pace of speech, so that a round measures enough packets.
const SINGLE: Pattern = Pattern { interval: Duration::from_millis(10), burst: 1, bytes: BYTES };
/// As many packets, four at a time: as they come from a busy network card, or after a hiccup of the network.
const BURST: Pattern = Pattern { interval: Duration::from_millis(40), burst: 4, bytes: BYTES };

pub(super) fn run() -> Report {
    let mut report = Report::new();
    for (name, pattern) in [("single", SINGLE), ("burst4", BURST)] {
        for (key, value) in versus(CROWD, pattern).figures() {
            report.insert(format!("{key}_{name}"), rounded(value));
        }
    }
    let delay = report["delay_ms_p99_single"].clone();
    report.insert("delay_ms_p99".to_owned(), delay);
    report.insert("kpps".to_owned(), rounded(kpps(CROWD, SINGLE, Make::Hubbub)));
    report
}
