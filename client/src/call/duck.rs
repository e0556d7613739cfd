//! Who is heard lower while a priority speaker talks. Time is an argument.

use crate::time::Moment;

/// A quarter of the amplitude, which is 12 dB less.
const LOWERED: f32 = 0.25;
/// The others come back only after so long, so that they do not between two sentences, in milliseconds.
const HOLD_MS: u64 = 600;

/// Whether the others are lowered at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Duck {
    is_talked_over: bool,
    until: Option<Moment>,
}

impl Duck {
    /// Takes in whether a priority speaker talks now.
    pub fn hear(&mut self, talks: bool, now: Moment) {
        if self.is_talked_over && !talks {
            self.until = Some(now.after(HOLD_MS));
        }
        if talks {
            self.until = None;
        }
        self.is_talked_over = talks;
    }

    /// Ends what has had its time.
    pub fn handle_time(&mut self, now: Moment) {
        self.until = self.until.filter(|until| *until > now);
    }

    /// How loud somebody is played, of how loud they would be.
    #[must_use]
    pub fn gain(&self, has_priority: bool) -> f32 {
        let is_lowered = self.is_talked_over || self.until.is_some();
        if is_lowered && !has_priority { LOWERED } else { 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_others_are_lowered_while_a_priority_speaker_talks_and_a_moment_longer() {
        let mut duck = Duck::default();
        let gains = |duck: &Duck| [true, false].map(|has_priority| duck.gain(has_priority));
        assert_eq!(gains(&duck), [1.0, 1.0]);
        duck.hear(true, Moment(0));
        assert_eq!(gains(&duck), [1.0, LOWERED]);
        duck.handle_time(Moment(60_000));
        duck.hear(false, Moment(60_000));
        duck.hear(false, Moment(60_100));
        duck.handle_time(Moment(60_000 + HOLD_MS - 1));
        assert_eq!(gains(&duck), [1.0, LOWERED]);
        duck.handle_time(Moment(60_000 + HOLD_MS));
        assert_eq!(gains(&duck), [1.0, 1.0]);
    }

    #[test]
    fn a_pause_between_two_sentences_brings_nobody_back() {
        let mut duck = Duck::default();
        duck.hear(true, Moment(0));
        duck.hear(false, Moment(1_000));
        duck.hear(true, Moment(1_000 + HOLD_MS / 2));
        duck.handle_time(Moment(10_000));
        assert_eq!(duck.gain(false).to_bits(), LOWERED.to_bits());
    }
}
