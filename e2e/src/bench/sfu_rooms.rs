//! What many small rooms cost, in each of which one speaks.

use std::time::Duration;

use str0m::media::MediaKind;

use super::versus::{Crowd, versus};
use super::{Report, rounded};
use crate::load::{Ears, Pattern};

const CROWD: Crowd = Crowd { kind: MediaKind::Audio, rooms: 400, publishers: 1, subscribers: 4, ears: Ears::Sample };
const SPEECH: Pattern = Pattern { interval: Duration::from_millis(20), burst: 1, bytes: 100 };

pub(super) fn run() -> Report {
    let mut sides = versus(CROWD, SPEECH);
    let [least, greatest] = sides.spread();
    let figures = [
        ("ratio", sides.ratio()),
        ("ratio_min", least),
        ("ratio_max", greatest),
        ("us_per_packet", sides.ours.us_per_packet()),
        ("reference_us_per_packet", sides.reference.us_per_packet()),
        ("wakeups_per_s", sides.ours.wakeups_per_s()),
        ("delay_ms_p99", sides.ours.delay_ms_p99()),
        ("loss", sides.ours.loss()),
    ];
    figures.map(|(key, value)| (key.to_owned(), rounded(value))).into_iter().collect()
}
