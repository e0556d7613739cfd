use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::dominance::Dominance;
use crate::forward::silence::is_comfort_noise;
use crate::io::{PeerId, Speaker};

/// Louder than this is speech: 127 minus 50 dBov.
const TALKING: f32 = 77.0;
/// Pauses between words are shorter.
const HOLD: Duration = Duration::from_millis(400);
/// By then the level says by itself that somebody speaks.
const BEGINNING: Duration = Duration::from_millis(100);
/// Opus's discontinuous transmission sends a packet each 400 ms.
const SILENT_AFTER: Duration = Duration::from_millis(200);
const ATTACK: f32 = 0.4;
const RELEASE: f32 = 0.1;
/// A speaker is displaced by one that is louder by this many dB.
const MARGIN: f32 = 6.0;
/// The level of clients that send none.
const ASSUMED: u8 = 127 - 30;
/// Levels are told in steps of this many dB, so that they do not always change.
const STEP: u8 = 6;

/// How loud the microphones of one room are, by RFC 6464 levels.
#[derive(Default)]
pub(crate) struct Speakers {
    voices: BTreeMap<PeerId, Voice>,
    dominance: Dominance,
    told: Talk,
}

/// Who speaks, the loudest first, and who leads.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Talk {
    pub(crate) speakers: Vec<Speaker>,
    pub(crate) dominant: Option<PeerId>,
}

struct Voice {
    loudness: f32,
    heard: Instant,
    talked: Option<Instant>,
    /// When a single packet was last as loud as speech.
    loud: Option<Instant>,
    /// And when one was so after a pause.
    began: Option<Instant>,
}

/// A claim to an audio slot, the strongest last.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(crate) enum Claim {
    Muted,
    Silent(f32),
    Talking(f32),
    /// A shared screen's sound is what all came for.
    Screen,
    /// A priority speaker talks.
    Priority(f32),
}

impl Claim {
    /// The claim of one who is heard before the others when talking.
    pub(crate) fn with_priority(self) -> Self {
        match self {
            Self::Talking(loudness) => Self::Priority(loudness),
            Self::Muted | Self::Silent(_) | Self::Screen | Self::Priority(_) => self,
        }
    }

    /// Whether a newcomer with this claim takes the slot of one with that claim.
    pub(crate) fn displaces(self, incumbent: Self) -> bool {
        match (self, incumbent) {
            (Self::Priority(a), Self::Priority(b)) => a > b + MARGIN,
            (Self::Priority(_), _) => true,
            (_, Self::Priority(_)) => false,
            (Self::Screen, Self::Screen) => false,
            (Self::Screen, _) => true,
            (Self::Talking(a), Self::Talking(b)) => a > b + MARGIN,
            (Self::Talking(_), Self::Muted | Self::Silent(_)) => true,
            (Self::Silent(_), Self::Muted) => true,
            (Self::Talking(_), Self::Screen) => false,
            (Self::Silent(_), Self::Silent(_) | Self::Talking(_) | Self::Screen) => false,
            (Self::Muted, _) => false,
        }
    }
}

impl Speakers {
    /// Takes the level byte of a packet, or its length where there is none. Answers whether it is the first after a pause that is
    /// as loud as speech.
    pub(crate) fn heard(&mut self, now: Instant, peer: PeerId, (level, length): (Option<u8>, usize)) -> bool {
        let assumed = if is_comfort_noise(length) { 0 } else { ASSUMED };
        let level = level.map_or(assumed, |byte| 127 - (byte & 0x7f));
        let voice = self.voices.entry(peer).or_insert(Voice {
            loudness: 0.0,
            heard: now,
            talked: None,
            loud: None,
            began: None,
        });
        let level = f32::from(level);
        let weight = if level > voice.loudness { ATTACK } else { RELEASE };
        voice.loudness += (level - voice.loudness) * weight;
        voice.heard = now;
        if voice.loudness > TALKING {
            voice.talked = Some(now);
        }
        if level <= TALKING {
            return false;
        }
        let before = voice.loud.replace(now);
        let begins = before.is_none_or(|before| now.saturating_duration_since(before) >= HOLD);
        if begins {
            voice.began = Some(now);
        }
        begins
    }

    /// Takes that a microphone has been silent for long, and will not be heard of until it is not.
    pub(crate) fn rest(&mut self, peer: PeerId) {
        if let Some(voice) = self.voices.get_mut(&peer) {
            voice.loudness = 0.0;
        }
    }

    pub(crate) fn remove(&mut self, peer: PeerId) {
        self.voices.remove(&peer);
        self.dominance.remove(peer);
    }

    pub(crate) fn claim(&self, now: Instant, peer: PeerId) -> Claim {
        match self.voices.get(&peer) {
            None => Claim::Silent(0.0),
            Some(voice) if voice.talks(now) || voice.begins(now) => Claim::Talking(voice.loudness),
            Some(voice) => Claim::Silent(voice.loudness),
        }
    }

    /// Who speaks, if that has changed since the last call.
    pub(crate) fn take_change(&mut self, now: Instant) -> Option<Talk> {
        let talking = self.voices.iter().filter(|(_, voice)| voice.talks(now));
        let mut speakers: Vec<Speaker> =
            talking.map(|(peer, voice)| Speaker { peer: *peer, level: voice.step(now) }).collect();
        speakers.sort_by_key(|speaker| (std::cmp::Reverse(speaker.level), speaker.peer));
        self.dominance.note(now, &speakers);
        let talk = Talk { speakers, dominant: self.dominance.leader() };
        if talk == self.told {
            return None;
        }
        self.told.clone_from(&talk);
        Some(talk)
    }

    /// Whether somebody speaks or was last said to.
    pub(crate) fn is_lively(&self, now: Instant) -> bool {
        !self.told.speakers.is_empty() || self.voices.values().any(|voice| voice.talks(now))
    }
}

impl Voice {
    fn talks(&self, now: Instant) -> bool {
        self.talked.is_some_and(|talked| now.saturating_duration_since(talked) < HOLD)
    }

    /// Whether it was loud just now after a pause, and may be speech: soon it is, or is not.
    fn begins(&self, now: Instant) -> bool {
        self.began.is_some_and(|began| now.saturating_duration_since(began) < BEGINNING)
    }

    fn step(&self, now: Instant) -> u8 {
        if now.saturating_duration_since(self.heard) > SILENT_AFTER {
            return 0;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the loudness lies between 0 and 127"
        )]
        let level = self.loudness as u8;
        level / STEP * STEP
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timer::start;

    #[test]
    fn speech_is_told_once_and_its_end_once() {
        let mut now = start();
        let mut speakers = Speakers::default();
        for _ in 0..20 {
            speakers.heard(now, PeerId(1), (Some(127 - 110), 80));
            now += Duration::from_millis(20);
        }
        let told = speakers.take_change(now).unwrap();
        assert_eq!(told.speakers, [Speaker { peer: PeerId(1), level: 108 }]);
        assert_eq!(told.dominant, Some(PeerId(1)));
        assert!(speakers.take_change(now).is_none());
        now += HOLD;
        assert!(speakers.take_change(now).is_some_and(|talk| talk.speakers.is_empty()));
        assert!(!speakers.is_lively(now));
    }

    #[test]
    fn a_first_loud_packet_after_a_pause_claims_at_once_and_is_not_yet_told_as_speech() {
        let begin = start();
        let mut speakers = Speakers::default();
        let mut hear = |after: Duration, level: u8| {
            let is_first = speakers.heard(begin + after, PeerId(1), (Some(127 - level), 80));
            let is_claim = matches!(speakers.claim(begin + after, PeerId(1)), Claim::Talking(_));
            (is_first, is_claim, speakers.take_change(begin + after).is_some())
        };
        let packet = Duration::from_millis(20);
        assert_eq!(hear(packet, 40), (false, false, false));
        assert_eq!(hear(2 * packet, 110), (true, true, false));
        assert_eq!(hear(2 * packet, 40), (false, true, false), "they may come at once");
        assert_eq!(hear(2 * packet + BEGINNING, 0), (false, false, false), "it was a cough");
        assert_eq!(hear(3 * packet + BEGINNING, 78), (false, false, false), "no pause was between");
        assert_eq!(hear(3 * packet + BEGINNING + HOLD, 110), (true, true, true));
        let claim = speakers.claim(begin + 3 * packet + BEGINNING + 2 * HOLD, PeerId(1));
        assert!(matches!(claim, Claim::Silent(_)), "nothing more comes");
    }

    #[test]
    fn one_who_rests_is_as_silent_as_one_who_never_spoke() {
        let now = start();
        let mut speakers = Speakers::default();
        for _ in 0..20 {
            speakers.heard(now, PeerId(1), (Some(127 - 110), 80));
        }
        let later = now + HOLD;
        assert!(matches!(speakers.claim(later, PeerId(1)), Claim::Silent(loudness) if loudness > TALKING));
        speakers.rest(PeerId(1));
        assert_eq!(speakers.claim(later, PeerId(1)), Claim::Silent(0.0));
    }

    #[test]
    fn a_slot_changes_hands_only_for_a_clearly_louder_voice() {
        assert!(!Claim::Talking(90.0).displaces(Claim::Talking(88.0)));
        assert!(Claim::Talking(99.0).displaces(Claim::Talking(88.0)));
        assert!(Claim::Talking(80.0).displaces(Claim::Silent(70.0)));
        assert!(!Claim::Silent(70.0).displaces(Claim::Silent(10.0)));
        assert!(!Claim::Talking(127.0).displaces(Claim::Screen));
        assert!(Claim::Screen.displaces(Claim::Talking(127.0)));
        let [quiet, loud] = [80.0, 127.0].map(|loudness| Claim::Talking(loudness).with_priority());
        assert!(quiet.displaces(Claim::Talking(127.0)) && quiet.displaces(Claim::Screen));
        assert!(!Claim::Talking(127.0).displaces(quiet) && !Claim::Screen.displaces(quiet));
        assert!(loud.displaces(quiet) && !quiet.displaces(loud) && !quiet.displaces(quiet));
        assert_eq!(Claim::Silent(70.0).with_priority(), Claim::Silent(70.0), "only while it talks");
    }
}
