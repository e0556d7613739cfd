use std::collections::BTreeSet;
use std::time::Duration;

use sfu::{Event, PeerState, Source};

use crate::common::World;
use crate::common::client::assert_unbroken;
use crate::common::offer::Layout;

fn heard_by(world: &World, id: u64) -> BTreeSet<u64> {
    let slots = world.slots(id);
    slots.iter().filter_map(|slot| slot.shows.map(|shown| shown.peer.0)).collect()
}

#[test]
fn the_loudest_have_the_slots() {
    let mut world = World::new(1);
    let ids: Vec<u64> = (1..=7).collect();
    world.connect(&ids, &Layout::voice(2));
    let quiet: Vec<(u64, u8)> = (1..=6).map(|id| (id, 20)).collect();
    world.talk(&quiet, Duration::from_millis(400));
    let mut some_loud = quiet.clone();
    some_loud[4].1 = 100;
    some_loud[5].1 = 95;
    world.talk(&some_loud, Duration::from_secs(1));
    assert_eq!(heard_by(&world, 7), BTreeSet::from([5, 6]));
    // One who is loud does not hear himself.
    assert!(heard_by(&world, 5).contains(&6));
    assert!(!heard_by(&world, 5).contains(&5));

    // Near equals do not chase each other out.
    let changes = world.count_events(|event| matches!(event, Event::Slots { .. }));
    some_loud[0].1 = 99;
    world.talk(&some_loud, Duration::from_secs(2));
    let after = world.count_events(|event| matches!(event, Event::Slots { .. }));
    assert_eq!(heard_by(&world, 7), BTreeSet::from([5, 6]));
    assert!(after - changes <= 7, "{}", after - changes);

    // When one stops, the third moves up.
    some_loud[4].1 = 5;
    world.talk(&some_loud, Duration::from_secs(2));
    assert_eq!(heard_by(&world, 7), BTreeSet::from([1, 6]));
    for mid in ["a0", "a1"] {
        assert_unbroken(&world.client(7).take(mid));
    }
}

#[test]
fn with_enough_slots_everybody_keeps_his_own() {
    let mut world = World::new(2);
    world.connect(&[1, 2, 3, 4], &Layout::voice(3));
    let levels = [(1, 10), (2, 10), (3, 10)];
    world.talk(&levels, Duration::from_millis(400));
    let before: Vec<_> = ["a0", "a1", "a2"].map(|mid| world.shows(4, mid)).into();
    assert!(before.iter().all(Option::is_some));
    let changes = world.count_events(|event| matches!(event, Event::Slots { .. }));
    for turn in 0..6 {
        let mut levels = levels;
        levels[turn % 3].1 = 110;
        world.talk(&levels, Duration::from_millis(600));
    }
    let after: Vec<_> = ["a0", "a1", "a2"].map(|mid| world.shows(4, mid)).into();
    assert_eq!(before, after);
    assert_eq!(world.count_events(|event| matches!(event, Event::Slots { .. })), changes);
}

#[test]
fn a_priority_speaker_has_a_slot_before_the_loudest_but_only_while_talking() {
    let mut world = World::new(5);
    let ids: Vec<u64> = (1..=4).collect();
    world.connect(&ids, &Layout::voice(1));
    let levels = [(1, 110), (2, 100), (3, 85)];
    world.talk(&levels, Duration::from_millis(600));
    assert_eq!(heard_by(&world, 4), BTreeSet::from([1]));
    world.set_state(3, PeerState { priority: true, ..PeerState::default() });
    world.talk(&levels, Duration::from_millis(200));
    assert_eq!(heard_by(&world, 4), BTreeSet::from([3]));
    world.talk(&levels, Duration::from_secs(1));
    assert_eq!(heard_by(&world, 4), BTreeSet::from([3]), "the loudest do not win it back");
    let paused = [(1, 110), (2, 100), (3, 0)];
    world.talk(&paused, Duration::from_secs(1));
    assert_eq!(heard_by(&world, 4), BTreeSet::from([1]));
    world.talk(&levels, Duration::from_millis(600));
    assert_eq!(heard_by(&world, 4), BTreeSet::from([3]));
    world.set_state(3, PeerState::default());
    world.talk(&levels, Duration::from_millis(600));
    assert_eq!(heard_by(&world, 4), BTreeSet::from([1]));
}

fn told(world: &World) -> Vec<Vec<u64>> {
    let mut told = Vec::new();
    for event in &world.events {
        if let Event::Speakers { speakers, .. } = event {
            told.push(speakers.iter().map(|speaker| speaker.peer.0).collect());
        }
    }
    told
}

#[test]
fn who_speaks_is_told_at_most_ten_times_a_second() {
    let mut world = World::new(3);
    world.connect(&[1, 2], &Layout::voice(1));
    for turn in 0..50 {
        let level = if turn % 2 == 0 { 127 } else { 90 };
        world.talk(&[(1, level), (2, 20)], Duration::from_millis(20));
    }
    let events = told(&world);
    assert!((1..=10).contains(&events.len()), "{}", events.len());
    assert!(events.iter().all(|speakers| speakers == &[1]));
    world.run(Duration::from_secs(1));
    assert_eq!(told(&world).last(), Some(&Vec::new()));
    let count = world.events.len();
    world.run(Duration::from_secs(3));
    assert_eq!(world.events.len(), count);
}

#[test]
fn a_client_without_levels_is_heard_by_the_size_of_its_packets() {
    let mut world = World::new(4);
    world.connect(&[1, 2, 3], &Layout::voice(1));
    world.talk(&[(2, 10)], Duration::from_millis(400));
    assert_eq!(world.shows(3, "a0"), Some((2, Source::Microphone)));
    for _ in 0..20 {
        let header = world.client(1).header(Source::Microphone, None);
        world.client(1).send(header, &[1; 80]);
        world.talk(&[(2, 10)], Duration::from_millis(20));
    }
    assert_eq!(world.shows(3, "a0"), Some((1, Source::Microphone)));
}

/// Who leads the conversation, as was told last.
fn dominant(world: &World) -> Option<u64> {
    let told = world
        .events
        .iter()
        .rev()
        .find_map(|event| if let Event::Speakers { dominant, .. } = event { Some(*dominant) } else { None });
    told.flatten().map(|peer| peer.0)
}

#[test]
fn who_leads_the_conversation_is_told_and_does_not_change_at_a_cough() {
    let mut world = World::new(8);
    world.connect(&[1, 2, 3], &Layout::voice(2));
    world.talk(&[(1, 100)], Duration::from_secs(1));
    assert_eq!(dominant(&world), Some(1));
    world.talk(&[(1, 5)], Duration::from_secs(2));
    assert_eq!(dominant(&world), Some(1), "through silence");
    world.talk(&[(1, 5), (2, 110)], Duration::from_millis(100));
    world.talk(&[(1, 5), (2, 5)], Duration::from_secs(1));
    world.talk(&[(1, 100), (2, 5)], Duration::from_millis(500));
    assert_eq!(dominant(&world), Some(1), "a cough leads nothing");
    world.talk(&[(1, 5), (2, 100)], Duration::from_secs(2));
    assert_eq!(dominant(&world), Some(2));
    world.sfu.leave(world.now, sfu::PeerId(2));
    world.talk(&[(1, 5), (3, 100)], Duration::from_millis(300));
    assert_eq!(dominant(&world), Some(3));
}

#[test]
fn who_joins_while_25_others_talk_hears_the_loudest_at_once_and_is_heard_by_all() {
    let mut world = World::new(9);
    let ids: Vec<u64> = (1..=25).collect();
    world.connect(&ids, &Layout::voice(6));
    let level = |id: u64| if id <= 6 { 110 } else { 85 };
    let all: Vec<(u64, u8)> = ids.iter().map(|id| (*id, level(*id))).collect();
    world.talk(&all, Duration::from_secs(1));
    world.clients.values_mut().for_each(|client| client.received.clear());
    world.join(26, &Layout::voice(6));
    let begun = world.now;
    world.talk(&all, Duration::from_secs(1));
    let first = world.client(26).received.first().map(|received| received.at - begun);
    assert!(first.is_some_and(|after| after < Duration::from_millis(200)), "{first:?}");
    assert_eq!(heard_by(&world, 26), (1..=6).collect());
    for id in 1..=25 {
        for slot in 0..6 {
            let packets = world.client(id).take(&format!("a{slot}"));
            assert_eq!(packets.len(), 50, "{id} misses nothing");
            assert_unbroken(&packets);
        }
    }
    let newcomer: Vec<(u64, u8)> = all.iter().copied().chain([(26, 125)]).collect();
    world.talk(&newcomer, Duration::from_secs(1));
    assert!((1..=25).all(|id| heard_by(&world, id).contains(&26)));
}
