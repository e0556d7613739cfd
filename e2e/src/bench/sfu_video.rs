//! What it costs to forward video from four cameras to a hundred who watch.

use std::time::Duration;

use str0m::media::MediaKind;

use super::versus::{Crowd, kpps, versus};
use super::{Report, rounded};
use crate::forwarder::Make;
use crate::load::{Ears, Pattern};

const CROWD: Crowd = Crowd { kind: MediaKind::Video, rooms: 1, publishers: 4, subscribers: 100, ears: Ears::Count };
const BYTES: usize = 1_150;
/// 2 Mbit/s each: 26 frames a second of eight packets.
const FRAMES: Pattern = Pattern { interval: Duration::from_micros(38_400), burst: 8, bytes: BYTES };

pub(super) fn run() -> Report {
    let figures = versus(CROWD, FRAMES).figures().into_iter().chain([("kpps", kpps(CROWD, FRAMES, Make::Hubbub))]);
    figures.map(|(key, value)| (key.to_owned(), rounded(value))).collect()
}
