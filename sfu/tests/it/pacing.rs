//! Pictures toward a narrow way leave one after another, so that speech comes in between.

use std::time::Duration;

use sfu::{PeerState, Source};

use crate::common::offer::Layout;
use crate::common::scalable::{L3T3, Scalable};
use crate::common::viewer::Viewer;
use crate::common::{Link, TICK, World};

/// A camera, 1, and one who looks at it over so many bit/s, 2, after a while in which that becomes known.
fn call(bits_per_second: u64) -> World {
    let mut world = World::new(3);
    world.connect(&[1, 2], &Layout::modern(1));
    world.links.insert(2, Link { bits_per_second: Some(bits_per_second), ..Link::CLEAN });
    world.watch(2, &[("v0", 1, 640)]);
    let mut viewer = Viewer::new((2, "v0"), world.now);
    for _ in 0..100 {
        world.client(1).send_picture(Source::Camera);
        world.run(2 * TICK);
        viewer.look(&mut world);
    }
    world.record = true;
    world
}

/// As [`call`], of a camera that sends layers in one stream, looked at in a small tile.
fn layered_call(bits_per_second: u64) -> World {
    let mut world = World::new(4);
    world.connect(&[1, 2], &Layout::layered(1));
    world.client(1).layered.insert(Source::Camera, Scalable::new(L3T3, 0));
    world.links.insert(2, Link { bits_per_second: Some(bits_per_second), ..Link::CLEAN });
    world.watch(2, &[("v0", 1, 100)]);
    world.shoot_layers(1, Duration::from_secs(4));
    world.record = true;
    world
}

/// Brings pictures to the server at once; answers with how many packets left at once.
fn shoot(world: &mut World, pictures: u32) -> usize {
    for _ in 0..pictures {
        world.client(1).send_picture(Source::Camera);
    }
    bring(world)
}

fn bring(world: &mut World) -> usize {
    let address = world.client(1).address;
    for datagram in world.client(1).take_outgoing() {
        world.inject(address, &datagram);
    }
    left(world)
}

/// The packets of the picture that left since the last time.
fn left(world: &mut World) -> usize {
    let ssrc = world.client(2).slot_ssrc("v0").to_be_bytes();
    let is_picture = |contents: &[u8]| sfu::is_rtp(contents) && contents.get(8..12) == Some(&ssrc[..]);
    let sent = std::mem::take(&mut world.sent);
    sent.iter().filter(|transmit| is_picture(&transmit.contents)).count()
}

#[test]
fn on_a_narrow_way_pictures_leave_one_after_another_and_all_of_them() {
    let mut world = call(600_000);
    let at_once = shoot(&mut world, 4);
    world.run(Duration::from_millis(5));
    let soon = left(&mut world);
    world.run(Duration::from_millis(300));
    let later = left(&mut world);
    assert!(at_once <= 2 && soon <= 2 && later > 2, "{at_once}, {soon} and {later} packets");
    assert_eq!(at_once + soon + later, 8, "four pictures of two packets");
}

#[test]
fn on_a_wide_way_nothing_waits() {
    let mut world = call(50_000_000);
    assert!(shoot(&mut world, 4) >= 20);
    world.run(Duration::from_millis(300));
    assert_eq!(left(&mut world), 0);
}

#[test]
fn layers_that_are_not_sent_do_not_hasten_those_that_are() {
    let mut world = layered_call(600_000);
    for _ in 0..20 {
        world.client(1).send_layers(Source::Camera);
    }
    bring(&mut world);
    world.run(Duration::from_millis(40));
    let soon = left(&mut world);
    world.run(Duration::from_millis(300));
    let later = left(&mut world);
    assert!(soon < 12 && later > 8, "{soon} and {later} packets");
}

#[test]
fn what_waits_of_a_camera_that_is_switched_off_or_gone_is_not_sent() {
    for is_gone in [false, true] {
        let mut world = call(600_000);
        shoot(&mut world, 4);
        if is_gone {
            world.sfu.leave(world.now, sfu::PeerId(1));
        } else {
            world.set_state(1, PeerState { camera: false, ..PeerState::default() });
        }
        world.run(Duration::from_millis(300));
        assert_eq!(left(&mut world), 0);
    }
}
