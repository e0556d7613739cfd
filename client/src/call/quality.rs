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
    LossUp { percent: u16 },
    LossDown { percent: u16 },
    Delay { ms: u32 },
    Jitter { ms: u32 },
}

/// Says how well a call works and why.
#[must_use]
pub fn judge(phase: Phase, quality: Option<Quality>) -> (Word, Reason) {
    match phase {
        Phase::Idle | Phase::Joining => return (Word::Connecting, Reason::None),
        Phase::Reconnecting | Phase::Rejoining => return (Word::Reconnecting, Reason::None),
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
        assert_eq!(judge(Phase::Connected, Some(CLEAN)), (Word::Good, Reason::None));
        let lossy = Quality { loss_up_permille: 20, ..CLEAN };
        assert_eq!(judge(Phase::Connected, Some(lossy)), (Word::Fair, Reason::LossUp { percent: 2 }));
        let bad = Quality { loss_down_permille: 120, loss_up_permille: 20, ..CLEAN };
        assert_eq!(judge(Phase::Connected, Some(bad)), (Word::Unstable, Reason::LossDown { percent: 12 }));
    }

    #[test]
    fn before_and_between_connections_the_phase_is_the_word() {
        assert_eq!(judge(Phase::Joining, Some(CLEAN)).0, Word::Connecting);
        assert_eq!(judge(Phase::Rejoining, None).0, Word::Reconnecting);
    }
}
