//! Fewer slots for sound than people: what of a lively conversation is heard. What is printed is what docs/performance.md tells;
//! what is asserted is the bar.

use std::collections::BTreeMap;

use sfu::Event;

use crate::common::offer::Layout;
use crate::common::{Chance, TICK, World};

const SLOTS: usize = 3;
const LISTENER: u64 = 1;
/// Ticks of a spell of speech, on average (ITU-T P.59: 1.0 s), and how many talk at a time, in tenths.
const SPELL: u64 = 50;
const AT_A_TIME: u64 = 15;
/// Levels of speech and of a room in which nobody speaks, and by how much they vary.
const SPEECH: (u64, u64) = (85, 25);
const NOISE: (u64, u64) = (30, 20);

/// One of those who talk, by turns.
struct Talker {
    id: u64,
    /// Until when it talks, or is silent, in ticks.
    until: u64,
    is_talking: bool,
    /// When the present spell of speech began, until something of it is heard.
    spell: Option<u64>,
}

impl Talker {
    /// Goes on, or takes turns; answers with when a spell began that ends now and of which nothing was heard.
    fn turn(&mut self, tick: u64, pause: u64, chance: &mut Chance) -> Option<u64> {
        if tick < self.until {
            return None;
        }
        let missed = self.spell.take();
        self.is_talking = !self.is_talking;
        let mean = if self.is_talking { SPELL } else { pause };
        // Between a third of the mean and five thirds.
        self.until = tick + mean / 3 + chance.below(mean * 4 / 3);
        self.spell = self.is_talking.then_some(tick);
        missed
    }
}

#[derive(Debug, Default)]
struct Heard {
    /// Packets of speech while no more talked than there are slots, and how many of them came.
    spoken: u32,
    came: u32,
    /// How late the first packet of a spell was, in ticks, for each spell that began while there were slots enough.
    onsets: Vec<u64>,
    /// Times that a slot went over to another.
    changes: usize,
}

fn converse(seed: u64, people: u64) -> Heard {
    let mut world = World::new(seed);
    let ids: Vec<u64> = (LISTENER..=people + 1).collect();
    world.connect(&ids, &Layout::voice(SLOTS));
    let mut chance = Chance(seed);
    let pause = SPELL * 10 * people / AT_A_TIME - SPELL;
    let mut talkers: Vec<_> = ids[1..]
        .iter()
        .map(|id| Talker { id: *id, until: chance.below(SPELL + pause), is_talking: false, spell: None })
        .collect();
    let mut heard = Heard::default();
    let shows = |world: &World| world.slots(LISTENER).into_iter().map(|slot| slot.shows).collect::<Vec<_>>();
    for tick in 0..3_000 {
        for talker in &mut talkers {
            heard.onsets.extend(talker.turn(tick, pause, &mut chance).map(|began| tick - began));
        }
        let levels: Vec<_> = talkers
            .iter()
            .map(|talker| {
                let (least, more) = if talker.is_talking { SPEECH } else { NOISE };
                (talker.id, u8::try_from(least + chance.below(more)).unwrap())
            })
            .collect();
        let before = shows(&world);
        world.talk(&levels, TICK);
        heard.changes += before.iter().zip(shows(&world)).filter(|(before, after)| *before != after).count();
        let mut came: BTreeMap<u64, u32> = BTreeMap::new();
        for received in std::mem::take(&mut world.client(LISTENER).received) {
            *came.entry(received.packet.header.csrc[0].into()).or_default() += 1;
        }
        let is_crowded = talkers.iter().filter(|talker| talker.is_talking).count() > SLOTS;
        for talker in talkers.iter_mut().filter(|talker| talker.is_talking) {
            let count = came.get(&talker.id).copied().unwrap_or(0);
            if !is_crowded {
                heard.spoken += 1;
                heard.came += count.min(1);
            }
            if let Some(began) = talker.spell.filter(|_| count > 0 || is_crowded) {
                talker.spell = None;
                heard.onsets.extend((!is_crowded).then_some(tick - began));
            }
        }
        world.events.retain(|event| !matches!(event, Event::Speakers { .. } | Event::Quality { .. }));
    }
    heard.onsets.sort_unstable();
    heard
}

#[test]
fn who_talks_is_heard_from_the_first_syllable_on_and_slots_change_about_as_often_as_speakers() {
    for people in [4, 8, 12] {
        let heard = converse(people, people);
        let share = f64::from(heard.came) / f64::from(heard.spoken);
        let onset = |percent: usize| heard.onsets[heard.onsets.len() * percent / 100] * 20;
        let (median, late) = (onset(50), onset(95));
        eprintln!(
            "{people} people: {:.1} % heard, {} spells begun late by {median} and {late} ms, {} changes",
            share * 100.0,
            heard.onsets.len(),
            heard.changes
        );
        assert!(share > 0.97 && median == 0 && late <= 100, "{people} people");
        assert!(heard.changes < heard.onsets.len() * 3 / 2, "{people} people");
    }
}
