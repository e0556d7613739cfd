//! Who leads a conversation.

use std::time::{Duration, Instant};

use crate::io::{PeerId, Speaker};

/// A cough leads nothing.
const AFTER_SILENCE: Duration = Duration::from_millis(300);
/// Whoever is louder than one who still talks must be so for longer.
const OVER_ANOTHER: Duration = Duration::from_secs(1);

/// The dominant speaker of a room: whoever was the loudest for a while, and stays so through silence.
#[derive(Default)]
pub(crate) struct Dominance {
    leader: Option<PeerId>,
    /// Who is louder at the moment, and since when.
    rival: Option<(PeerId, Instant)>,
}

impl Dominance {
    pub(crate) fn leader(&self) -> Option<PeerId> {
        self.leader
    }

    /// Takes note of who talks now, the loudest first.
    pub(crate) fn note(&mut self, now: Instant, talking: &[Speaker]) {
        let loudest = talking.first().map(|speaker| speaker.peer).filter(|loudest| self.leader != Some(*loudest));
        let Some(loudest) = loudest else {
            self.rival = None;
            return;
        };
        let is_contested = talking.iter().any(|speaker| Some(speaker.peer) == self.leader);
        // Who talk over each other after a silence need not agree on who is louder.
        let before = self.rival.filter(|(rival, _)| *rival == loudest || !is_contested);
        let since = before.map_or(now, |(_, since)| since);
        self.rival = Some((loudest, since));
        let patience = match self.leader {
            None => Duration::ZERO,
            Some(_) if is_contested => OVER_ANOTHER,
            Some(_) => AFTER_SILENCE,
        };
        if now.saturating_duration_since(since) >= patience {
            (self.leader, self.rival) = (Some(loudest), None);
        }
    }

    pub(crate) fn remove(&mut self, peer: PeerId) {
        self.leader = self.leader.filter(|leader| *leader != peer);
        self.rival = self.rival.filter(|(rival, _)| *rival != peer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timer::start;

    const ADA: PeerId = PeerId(1);
    const BOB: PeerId = PeerId(2);
    const STEP: Duration = Duration::from_millis(100);

    /// Lets some talk for so many steps; answers with who leads then.
    fn talk(dominance: &mut Dominance, now: &mut Instant, (peers, steps): (&[PeerId], u32)) -> Option<PeerId> {
        let talking: Vec<Speaker> = peers.iter().map(|peer| Speaker { peer: *peer, level: 90 }).collect();
        for _ in 0..steps {
            *now += STEP;
            dominance.note(*now, &talking);
        }
        dominance.leader()
    }

    #[test]
    fn the_first_to_talk_leads_at_once_and_through_silence() {
        let (mut dominance, mut now) = (Dominance::default(), start());
        assert_eq!(talk(&mut dominance, &mut now, (&[ADA], 1)), Some(ADA));
        assert_eq!(talk(&mut dominance, &mut now, (&[], 50)), Some(ADA));
    }

    #[test]
    fn a_cough_leads_nothing_and_an_answer_does() {
        let (mut dominance, mut now) = (Dominance::default(), start());
        talk(&mut dominance, &mut now, (&[ADA], 1));
        assert_eq!(talk(&mut dominance, &mut now, (&[BOB], 3)), Some(ADA));
        talk(&mut dominance, &mut now, (&[], 1));
        assert_eq!(talk(&mut dominance, &mut now, (&[BOB], 3)), Some(ADA), "it counts anew");
        assert_eq!(talk(&mut dominance, &mut now, (&[BOB], 1)), Some(BOB));
    }

    #[test]
    fn who_talks_is_led_over_only_by_one_who_is_louder_for_a_second() {
        let (mut dominance, mut now) = (Dominance::default(), start());
        talk(&mut dominance, &mut now, (&[ADA, BOB], 1));
        assert_eq!(talk(&mut dominance, &mut now, (&[BOB, ADA], 10)), Some(ADA));
        assert_eq!(talk(&mut dominance, &mut now, (&[BOB, ADA], 1)), Some(BOB));
    }

    #[test]
    fn one_of_those_who_talk_over_each_other_leads_after_a_silence() {
        let (mut dominance, mut now) = (Dominance::default(), start());
        let third = PeerId(3);
        talk(&mut dominance, &mut now, (&[third], 1));
        for _ in 0..4 {
            talk(&mut dominance, &mut now, (&[ADA, BOB], 1));
            talk(&mut dominance, &mut now, (&[BOB, ADA], 1));
        }
        assert_ne!(dominance.leader(), Some(third));
    }

    #[test]
    fn who_is_gone_leads_no_more() {
        let (mut dominance, mut now) = (Dominance::default(), start());
        talk(&mut dominance, &mut now, (&[ADA], 1));
        dominance.remove(ADA);
        assert_eq!(dominance.leader(), None);
        assert_eq!(talk(&mut dominance, &mut now, (&[BOB], 1)), Some(BOB));
    }
}
