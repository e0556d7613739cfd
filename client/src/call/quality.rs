//! The network in a word.

use protocol::voice::{Limitation, Quality};

use super::Phase;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    Connecting,
    Good,
    Fair,
    /// Speech suffers.
    Unstable,
    Reconnecting,
}

/// What is worst about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    None,
    /// There is no connection yet.
    Connecting,
    /// The server answers, but media finds no way to it.
    NoWay,
    /// The connection was lost.
    Reconnecting,
    LossUp {
        percent: u16,
    },
    LossDown {
        percent: u16,
    },
    Delay {
        ms: u32,
    },
    Jitter {
        ms: u32,
    },
    /// Pictures are smaller than they are shown, or fewer.
    Narrow {
        /// What the way carries.
        kilobits: u32,
    },
    /// The server has no more to give.
    Crowded,
}

/// Says how well a call works and why.
#[must_use]
pub fn judge(phase: Phase, finds_no_way: bool, quality: Option<&Quality>) -> (Word, Reason) {
    let because = |reason| if finds_no_way { Reason::NoWay } else { reason };
    match phase {
        Phase::Idle | Phase::Joining => return (Word::Connecting, because(Reason::Connecting)),
        Phase::Reconnecting | Phase::Rejoining => return (Word::Reconnecting, because(Reason::Reconnecting)),
        Phase::Connected => {}
    }
    let Some(quality) = quality else { return (Word::Good, Reason::None) };
    let delay = quality.round_trip_ms.unwrap_or(0);
    // Thresholds at which Opus with its in-band redundancy is heard to suffer.
    let findings = [
        (u32::from(quality.loss_up_permille), 15, 60, Reason::LossUp { percent: percent(quality.loss_up_permille) }),
        (
            u32::from(quality.loss_down_permille),
            15,
            60,
            Reason::LossDown { percent: percent(quality.loss_down_permille) },
        ),
        (delay, 200, 400, Reason::Delay { ms: delay }),
        (quality.jitter_ms, 30, 80, Reason::Jitter { ms: quality.jitter_ms }),
    ];
    let is_limited = |by| quality.pictures.iter().any(|picture| picture.limitation == by);
    let pictures = if is_limited(Limitation::Bandwidth) {
        Some(Reason::Narrow { kilobits: quality.available_bitrate.unwrap_or(0) / 1_000 })
    } else {
        is_limited(Limitation::Uplink).then_some(Reason::Crowded)
    };
    let unstable = findings.iter().find(|(value, _, limit, _)| value >= limit);
    let fair = findings.iter().find(|(value, limit, _, _)| value >= limit);
    match (unstable, fair, pictures) {
        (Some((_, _, _, reason)), ..) => (Word::Unstable, *reason),
        (None, Some((_, _, _, reason)), _) => (Word::Fair, *reason),
        (None, None, Some(reason)) => (Word::Fair, reason),
        (None, None, None) => (Word::Good, Reason::None),
    }
}

fn percent(permille: u16) -> u16 {
    permille.div_ceil(10)
}

#[cfg(test)]
mod tests {
    use protocol::voice::{Mid, PictureQuality};

    use super::*;

    fn clean() -> Quality {
        Quality { round_trip_ms: Some(20), jitter_ms: 2, ..Quality::default() }
    }

    fn judged(quality: &Quality) -> (Word, Reason) {
        judge(Phase::Connected, false, Some(quality))
    }

    #[test]
    fn a_clean_line_is_good_and_a_lossy_one_says_which_way() {
        assert_eq!(judged(&clean()), (Word::Good, Reason::None));
        let lossy = Quality { loss_up_permille: 20, ..clean() };
        assert_eq!(judged(&lossy), (Word::Fair, Reason::LossUp { percent: 2 }));
        let bad = Quality { loss_down_permille: 120, loss_up_permille: 20, ..clean() };
        assert_eq!(judged(&bad), (Word::Unstable, Reason::LossDown { percent: 12 }));
    }

    #[test]
    fn pictures_that_are_held_back_are_explained_unless_speech_suffers() {
        let picture =
            |limitation| PictureQuality { mid: Mid("8".into()), width: 320, height: 180, bitrate: 1, limitation };
        let with = |limitation| Quality {
            available_bitrate: Some(600_400),
            pictures: vec![picture(Limitation::None), picture(limitation)],
            ..clean()
        };
        assert_eq!(judged(&with(Limitation::Bandwidth)), (Word::Fair, Reason::Narrow { kilobits: 600 }));
        assert_eq!(judged(&with(Limitation::Uplink)), (Word::Fair, Reason::Crowded));
        assert_eq!(judged(&with(Limitation::Publisher)), (Word::Good, Reason::None));
        let lossy = Quality { loss_up_permille: 20, ..with(Limitation::Bandwidth) };
        assert_eq!(judged(&lossy), (Word::Fair, Reason::LossUp { percent: 2 }));
    }

    #[test]
    fn before_and_between_connections_the_phase_is_the_word() {
        assert_eq!(judge(Phase::Joining, false, Some(&clean())), (Word::Connecting, Reason::Connecting));
        assert_eq!(judge(Phase::Joining, true, None), (Word::Connecting, Reason::NoWay));
        assert_eq!(judge(Phase::Rejoining, false, None), (Word::Reconnecting, Reason::Reconnecting));
    }
}
