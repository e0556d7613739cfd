//! What the crate promises to whoever drives it.

use std::time::Duration;

use sfu::{Event, Output, PeerId, Source};

use crate::common::World;
use crate::common::offer::Layout;

fn count(world: &World, wanted: &Event) -> usize {
    world.count_events(|event| event == wanted)
}

#[test]
fn outputs_wait_in_their_order_until_they_are_polled() {
    let mut world = World::new(1);
    world.connect(&[1, 2], &Layout::voice(1));
    world.talk(&[(1, 90)], Duration::from_millis(200));
    world.client(2).received.clear();
    let source = world.client(1).address;
    for _ in 0..500 {
        let header = world.client(1).header(Source::Microphone, Some(90));
        let contents = world.client(1).seal(header, &[1; 60]).unwrap();
        world.handle(source, &contents);
    }
    world.run(Duration::from_millis(50));
    let received = world.client(2).take("a0");
    assert_eq!(received.len(), 500);
    for pair in received.windows(2) {
        let [a, b] = [&pair[0].packet.header, &pair[1].packet.header];
        assert_eq!(b.sequence_number, a.sequence_number.wrapping_add(1));
    }
}

#[test]
fn an_early_timeout_does_nothing() {
    let mut world = World::new(2);
    world.connect(&[1], &Layout::voice(1));
    world.settle();
    let before = world.sfu.poll_output();
    assert!(matches!(before, Output::Timeout(Some(at)) if at > world.now));
    world.sfu.handle_timeout(world.now);
    assert_eq!(world.sfu.poll_output(), before);
}

#[test]
fn a_host_that_slept_ends_nobody_who_comes_back() {
    let mut world = World::new(3);
    world.connect(&[1, 2], &Layout::voice(1));
    world.now += Duration::from_secs(3600);
    world.sfu.handle_timeout(world.now);
    world.settle();
    assert_eq!(count(&world, &Event::Suspended { peer: PeerId(1) }), 1);
    world.run(Duration::from_secs(3));
    for id in [1, 2] {
        assert_eq!(count(&world, &Event::Resumed { peer: PeerId(id) }), 1);
    }
    world.talk(&[(1, 90)], Duration::from_millis(200));
    assert_eq!(world.client(2).take("a0").len(), 10);
}

#[test]
fn time_that_goes_back_or_stands_still_breaks_nothing() {
    let mut world = World::new(4);
    world.connect(&[1, 2], &Layout::video(1));
    world.wish(2, &[("v0", 1, Source::Camera)]);
    let start = world.now;
    for round in 0..200_u64 {
        world.now = start + Duration::from_millis(round * 20) - Duration::from_millis(round % 3 * 500);
        let now = world.now;
        world.client(1).send_sound(now, Source::Microphone, 90);
        world.client(1).send_frame(now, Source::Camera);
        for contents in world.client(1).take_outgoing() {
            let source = world.client(1).address;
            world.inject(source, &contents);
        }
        world.sfu.handle_timeout(now);
        world.settle();
    }
    world.now = start + Duration::from_secs(5);
    world.run(Duration::from_millis(100));
    assert_eq!(world.client(2).take("a0").len(), 200);
    assert_eq!((world.sfu.peer_count(), world.sfu.fault_count()), (2, 0));
}
