use std::time::Duration;

use sfu::{Event, PeerId, VideoCodec};

use crate::common::World;
use crate::common::offer::Layout;

/// What each event told a peer, in their order.
fn told(world: &World, id: u64) -> Vec<Vec<VideoCodec>> {
    let told = world.events.iter().filter_map(|event| {
        let Event::Codecs { peer, codecs } = event else { return None };
        (*peer == PeerId(id)).then(|| codecs.clone())
    });
    told.collect()
}

#[test]
fn all_are_told_what_all_take_when_it_changes_and_newcomers_when_they_come() {
    let (both, one) = (vec![VideoCodec::Vp8, VideoCodec::Vp9], vec![VideoCodec::Vp8]);
    let mut world = World::new(1);
    world.connect(&[1, 2], &Layout::layered(2));
    assert_eq!([1, 2].map(|id| told(&world, id)), [vec![both.clone()], vec![both.clone()]]);
    world.connect(&[3], &Layout::modern(1));
    assert_eq!(told(&world, 1), [both.clone(), one.clone()]);
    assert_eq!(told(&world, 3), std::slice::from_ref(&one));
    world.sfu.leave(world.now, PeerId(3));
    world.run(Duration::from_millis(100));
    assert_eq!(told(&world, 2), [both.clone(), one, both]);
}

#[test]
fn who_has_no_slot_for_pictures_narrows_nothing() {
    let mut world = World::new(2);
    world.connect(&[1], &Layout::layered(1));
    world.connect(&[2], &Layout::voice(2));
    assert_eq!(told(&world, 1), [[VideoCodec::Vp8, VideoCodec::Vp9]]);
    assert_eq!(told(&world, 2), [[VideoCodec::Vp8, VideoCodec::Vp9]]);
}
