use std::time::Duration;

use sfu::{Grant, PeerId, Source};

use crate::common::World;
use crate::common::offer::Layout;

#[test]
fn what_is_not_granted_is_not_forwarded() {
    let mut world = World::new(1);
    world.connect(&[1, 2], &Layout::video(1));
    world.wish(2, &[("v0", 1, Source::Camera)]);
    world.film(&[1], Duration::from_millis(200));
    world.talk(&[(1, 90)], Duration::from_millis(200));
    assert_eq!(world.shows(2, "a0"), Some((1, Source::Microphone)));
    assert_eq!(world.shows(2, "v0"), Some((1, Source::Camera)));

    world.run(Duration::from_millis(100));
    let grant = Grant { audio: false, video: false, ..Grant::ALL };
    world.sfu.set_grant(world.now, PeerId(1), grant);
    world.settle();
    let before = world.client(2).received.len();
    world.film(&[1], Duration::from_millis(200));
    world.talk(&[(1, 90)], Duration::from_millis(200));
    assert_eq!(world.client(2).received.len(), before);
    assert_eq!(world.shows(2, "a0"), None);
    assert_eq!(world.shows(2, "v0"), None);
}

#[test]
fn who_may_not_speak_does_not_do_so_by_a_shared_screen() {
    let mut world = World::new(3);
    world.connect(&[1, 2], &Layout::new(&[Source::Microphone, Source::ScreenAudio], 2, 0));
    let share = |world: &mut World| {
        for _ in 0..10 {
            let now = world.now;
            world.client(1).send_sound(now, Source::ScreenAudio, 90);
            world.run(Duration::from_millis(20));
        }
    };
    share(&mut world);
    assert!(!world.client(2).received.is_empty());
    let grant = Grant { audio: false, ..Grant::ALL };
    world.sfu.set_grant(world.now, PeerId(1), grant);
    world.settle();
    let before = world.client(2).received.len();
    share(&mut world);
    assert_eq!(world.client(2).received.len(), before);
}

#[test]
fn who_may_not_listen_receives_nothing() {
    let mut world = World::new(2);
    world.connect(&[1, 2], &Layout::voice(1));
    let grant = Grant { listen: false, ..Grant::ALL };
    world.sfu.set_grant(world.now, PeerId(2), grant);
    world.talk(&[(1, 90)], Duration::from_millis(500));
    assert!(world.client(2).received.is_empty());
}
