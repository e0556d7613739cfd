//! The network in a word.

use protocol::voice::Quality;

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
}

/// Says how well a call works and why.
#[must_use]
pub fn judge(phase: Phase, finds_no_way: bool, quality: Option<Quality>) -> (Word, Reason) {
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
    let unstable = findings.iter().find(|(value, _, limit, _)| value >= limit);
    let fair = findings.iter().find(|(value, limit, _, _)| value >= limit);
    match (unstable, fair) {
        (Some((_, _, _, reason)), _) => (Word::Unstable, *reason),
        (None, Some((_, _, _, reason))) => (Word::Fair, *reason),
        (None, None) => (Word::Good, Reason::None),
    }
}

fn percent(permille: u16) -> u16 {
    permille.div_ceil(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLEAN: Quality =
        Quality { loss_up_permille: 0, loss_down_permille: 0, round_trip_ms: Some(20), jitter_ms: 2 };

    #[test]
    fn a_clean_line_is_good_and_a_lossy_one_says_which_way() {
        assert_eq!(judge(Phase::Connected, false, Some(CLEAN)), (Word::Good, Reason::None));
        let lossy = Quality { loss_up_permille: 20, ..CLEAN };
        assert_eq!(judge(Phase::Connected, false, Some(lossy)), (Word::Fair, Reason::LossUp { percent: 2 }));
        let bad = Quality { loss_down_permille: 120, loss_up_permille: 20, ..CLEAN };
        assert_eq!(judge(Phase::Connected, false, Some(bad)), (Word::Unstable, Reason::LossDown { percent: 12 }));
    }

    #[test]
    fn before_and_between_connections_the_phase_is_the_word() {
        assert_eq!(judge(Phase::Joining, false, Some(CLEAN)), (Word::Connecting, Reason::Connecting));
        assert_eq!(judge(Phase::Joining, true, None), (Word::Connecting, Reason::NoWay));
        assert_eq!(judge(Phase::Rejoining, false, None), (Word::Reconnecting, Reason::Reconnecting));
    }
}
