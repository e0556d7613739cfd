use std::time::Duration;

use sfu::{Event, GoneReason, Output, PeerId, Source};

use crate::common::World;
use crate::common::client::assert_unbroken;
use crate::common::offer::Layout;

fn count(world: &World, wanted: &Event) -> usize {
    world.count_events(|event| event == wanted)
}

const ONE: PeerId = PeerId(1);

#[test]
fn silence_suspends_and_then_ends_a_session() {
    let mut world = World::new(1);
    world.connect(&[1, 2], &Layout::voice(1));
    world.talk(&[(1, 90)], Duration::from_millis(200));
    assert_eq!(world.shows(2, "a0"), Some((1, Source::Microphone)));
    world.client(1).cut = true;
    world.run(Duration::from_secs(7));
    assert_eq!(count(&world, &Event::Suspended { peer: ONE }), 0);
    world.run(Duration::from_secs(4));
    assert_eq!(count(&world, &Event::Suspended { peer: ONE }), 1);
    assert_eq!(world.shows(2, "a0"), None);
    world.run(Duration::from_secs(50));
    assert_eq!(world.sfu.peer_count(), 2);
    world.run(Duration::from_secs(12));
    let gone = Event::Gone { peer: ONE, reason: GoneReason::LeaseExpired };
    assert_eq!(count(&world, &gone), 1);
    assert_eq!(world.sfu.peer_count(), 1);
    assert_eq!(count(&world, &Event::Suspended { peer: PeerId(2) }), 0);
}

#[test]
fn a_suspended_peer_that_is_heard_again_resumes() {
    let mut world = World::new(2);
    world.connect(&[1, 2], &Layout::video(1));
    world.wish(2, &[("v0", 1, Source::Camera)]);
    world.film(&[1], Duration::from_millis(200));
    world.client(1).cut = true;
    world.run(Duration::from_secs(20));
    assert_eq!(world.shows(2, "v0"), None);
    world.client(1).cut = false;
    world.run(Duration::from_secs(3));
    assert_eq!(count(&world, &Event::Resumed { peer: ONE }), 1);
    world.film(&[1], Duration::from_millis(400));
    world.talk(&[(1, 90)], Duration::from_millis(200));
    assert_eq!(world.shows(2, "v0"), Some((1, Source::Camera)));
    assert_eq!(world.shows(2, "a0"), Some((1, Source::Microphone)));
}

#[test]
fn who_never_comes_is_gone_after_fifteen_seconds() {
    let mut world = World::new(3);
    world.join(1, &Layout::voice(1));
    world.clients.clear();
    world.run(Duration::from_secs(14));
    assert_eq!(world.sfu.peer_count(), 1);
    world.run(Duration::from_secs(2));
    let gone = Event::Gone { peer: ONE, reason: GoneReason::HandshakeTimeout };
    assert_eq!(count(&world, &gone), 1);
    assert_eq!(world.sfu.poll_output(), Output::Timeout(None));
}

#[test]
fn members_who_stop_after_their_hello_are_gone_after_fifteen_seconds_and_a_call_is_unmoved() {
    let mut world = World::new(5);
    world.connect(&[1, 2], &Layout::voice(1));
    let half_open = 10..20;
    for id in half_open.clone() {
        world.join(id, &Layout::voice(1));
    }
    world.record = true;
    // A check goes there and back, then the hello is sent.
    world.run(Duration::from_millis(12));
    for id in half_open.clone() {
        world.client(id).cut = true;
    }
    world.talk(&[(1, 90)], Duration::from_secs(14));
    for id in half_open.clone() {
        let address = world.client(id).address;
        let mut answers = world.sent.iter().filter(|sent| sent.destination == address && sent.contents[0] == 22);
        assert!(answers.next().is_some(), "the hello of {id} was not answered");
    }
    assert_eq!(world.sfu.peer_count(), 12);
    world.talk(&[(1, 90)], Duration::from_secs(2));
    for id in half_open {
        let gone = Event::Gone { peer: PeerId(id), reason: GoneReason::HandshakeTimeout };
        assert_eq!(count(&world, &gone), 1, "{id}");
    }
    world.run(Duration::from_millis(20));
    let received = world.client(2).take("a0");
    assert_unbroken(&received);
    assert_eq!(received.len(), 800);
    for id in [1, 2] {
        world.sfu.leave(world.now, PeerId(id));
    }
    world.clients.clear();
    world.assert_empty();
}

#[test]
fn an_idle_room_wakes_nobody_but_for_leases() {
    let mut world = World::new(4);
    world.connect(&[1, 2], &Layout::voice(1));
    world.talk(&[(1, 90)], Duration::from_millis(200));
    world.run(Duration::from_secs(5));
    let mut wakes = 0;
    let start = world.now;
    let mut last = None;
    while world.now < start + Duration::from_secs(60) {
        let Output::Timeout(next) = world.sfu.poll_output() else {
            panic!("an output without an input");
        };
        if next != last {
            wakes += 1;
            last = next;
        }
        world.run(Duration::from_millis(100));
    }
    assert!(wakes <= 60, "{wakes}");
}
