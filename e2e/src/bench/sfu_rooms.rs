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
    let wakeups = ("wakeups_per_s", sides.ours.wakeups_per_s());
    let figures = sides.figures().into_iter().chain([wakeups]);
    figures.map(|(key, value)| (key.to_owned(), rounded(value))).collect()
}
