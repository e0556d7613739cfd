//! Times as people say them.

use protocol::time::Timestamp;

use crate::platform::{self, LocalTime};

/// The time of day: `14:05`.
#[must_use]
pub fn clock(at: Timestamp) -> String {
    let LocalTime { hour, minute, .. } = platform::local_time(at);
    format!("{hour:02}:{minute:02}")
}

/// A day: `Today`, `Yesterday`, or the date.
#[must_use]
pub fn day(at: Timestamp) -> String {
    let today = platform::local_time(platform::now()).day_number;
    let local = platform::local_time(at);
    match today - local.day_number {
        0 => super::today().to_owned(),
        1 => super::yesterday().to_owned(),
        _ => platform::local_date(at),
    }
}

/// Day and time of day.
#[must_use]
pub fn moment(at: Timestamp) -> String {
    super::day_and_time(&day(at), &clock(at))
}

/// How long ago: `5 minutes ago`.
#[must_use]
pub fn ago(at: Timestamp) -> String {
    let seconds = u64::try_from((platform::now().0 - at.0) / 1000).unwrap_or(0);
    match seconds {
        0..90 => super::just_now().to_owned(),
        90..5_400 => super::minutes_ago(seconds.div_ceil(60)),
        5_400..129_600 => super::hours_ago(seconds.div_ceil(3_600)),
        _ => super::days_ago(seconds.div_ceil(86_400)),
    }
}
