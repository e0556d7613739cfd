use std::time::{Duration, Instant};

/// A comfort noise packet of Opus is shorter.
const SHORTEST_SPEECH: usize = 8;
/// Comfort noise is forwarded for so long: pauses between words sound as they were meant to.
const FORWARDED: Duration = Duration::from_secs(1);

/// Whether a payload of Opus says no more than that nobody speaks (RFC 6716 section 2.1.9).
pub(crate) fn is_comfort_noise(length: usize) -> bool {
    length < SHORTEST_SPEECH
}

/// How long a microphone has been silent.
#[derive(Default)]
pub(crate) struct Silence {
    since: Option<Instant>,
    is_long: bool,
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heed {
    Forward,
    /// Not forwarded, nor is what follows until somebody speaks.
    Rest,
    /// Not forwarded either.
    GoOnResting,
}

impl Silence {
    /// Takes a packet, by the length of its payload.
    pub(crate) fn heed(&mut self, now: Instant, length: usize) -> Heed {
        if !is_comfort_noise(length) {
            *self = Self::default();
            return Heed::Forward;
        }
        let since = *self.since.get_or_insert(now);
        if now.saturating_duration_since(since) < FORWARDED {
            return Heed::Forward;
        }
        if std::mem::replace(&mut self.is_long, true) { Heed::GoOnResting } else { Heed::Rest }
    }

    /// Whether what comes is not forwarded.
    pub(crate) fn is_long(&self) -> bool {
        self.is_long
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timer::start;

    #[test]
    fn comfort_noise_is_forwarded_for_a_while_and_speech_always() {
        let now = start();
        let mut silence = Silence::default();
        let mut heed = |ms, length| silence.heed(now + Duration::from_millis(ms), length);
        assert_eq!([heed(0, 80), heed(20, 3), heed(420, 3), heed(820, 3)], [Heed::Forward; 4]);
        assert_eq!([heed(1_220, 3), heed(1_620, 3)], [Heed::Rest, Heed::GoOnResting]);
        assert_eq!([heed(1_640, 80), heed(1_660, 3)], [Heed::Forward; 2]);
    }
}
