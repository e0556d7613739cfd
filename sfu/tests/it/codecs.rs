use std::time::Duration;

use sfu::{Event, Output, PeerId, VideoCodec};

use crate::common::World;
use crate::common::offer::Layout;

const BOTH: [VideoCodec; 2] = [VideoCodec::Vp8, VideoCodec::Vp9];
const ONE: [VideoCodec; 1] = [VideoCodec::Vp8];

/// What each event told a peer, in their order.
fn told(world: &World, id: u64) -> Vec<Vec<VideoCodec>> {
    let told = world.events.iter().filter_map(|event| {
        let Event::Codecs { peer, codecs } = event else { return None };
        (*peer == PeerId(id)).then(|| codecs.clone())
    });
    told.collect()
}

/// Two who take both codecs.
fn pair(seed: u64) -> World {
    let mut world = World::new(seed);
    world.connect(&[1, 2], &Layout::layered(2));
    world
}

fn leave(world: &mut World, id: u64) {
    world.sfu.leave(world.now, PeerId(id));
    world.settle();
}

#[test]
fn all_are_told_at_once_what_not_all_take_any_more_and_newcomers_what_the_others_were_told() {
    let mut world = pair(1);
    assert_eq!([1, 2].map(|id| told(&world, id)), [[BOTH], [BOTH]]);
    world.connect(&[3], &Layout::modern(1));
    assert_eq!(told(&world, 1), [&BOTH[..], &ONE]);
    assert_eq!(told(&world, 3), [ONE]);
    world.connect(&[4], &Layout::layered(1));
    assert_eq!((told(&world, 1).len(), told(&world, 4)), (2, vec![ONE.to_vec()]));
}

#[test]
fn what_all_take_again_is_told_once_it_has_been_so_for_a_while() {
    let mut world = pair(3);
    world.connect(&[3], &Layout::modern(1));
    leave(&mut world, 3);
    world.run(Duration::from_secs(5));
    world.connect(&[4], &Layout::layered(1));
    assert_eq!(told(&world, 4), [ONE]);
    world.run(Duration::from_secs(4));
    assert_eq!(told(&world, 1), [&BOTH[..], &ONE]);
    world.run(Duration::from_secs(1));
    assert_eq!(told(&world, 1), [&BOTH[..], &ONE, &BOTH]);
    assert_eq!(told(&world, 4), [&ONE[..], &BOTH]);
}

#[test]
fn who_comes_and_goes_again_and_again_switches_the_others_once() {
    let mut world = pair(4);
    for id in 3..8 {
        world.connect(&[id], &Layout::modern(1));
        leave(&mut world, id);
        world.run(Duration::from_secs(8));
    }
    assert_eq!(told(&world, 1), [&BOTH[..], &ONE]);
    world.run(Duration::from_secs(2));
    assert_eq!(told(&world, 1), [&BOTH[..], &ONE, &BOTH]);
}

#[test]
fn a_room_that_all_have_left_keeps_no_timer_and_begins_anew() {
    let mut world = pair(5);
    world.connect(&[3], &Layout::modern(1));
    // One is on its way in while the others leave.
    world.join(4, &Layout::layered(1));
    [3, 1, 2].into_iter().for_each(|id| leave(&mut world, id));
    world.run(Duration::from_millis(500));
    assert_eq!(told(&world, 4), [BOTH]);
    world.connect(&[5], &Layout::modern(1));
    leave(&mut world, 5);
    leave(&mut world, 4);
    assert_eq!(world.sfu.poll_output(), Output::Timeout(None));
    world.connect(&[6], &Layout::layered(1));
    assert_eq!(told(&world, 6), [BOTH]);
}

#[test]
fn who_has_no_slot_for_pictures_narrows_nothing() {
    let mut world = World::new(2);
    world.connect(&[1], &Layout::layered(1));
    world.connect(&[2], &Layout::voice(2));
    assert_eq!(told(&world, 1), [BOTH]);
    assert_eq!(told(&world, 2), [BOTH]);
}
