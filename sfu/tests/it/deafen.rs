use std::time::Duration;

use sfu::{PeerState, Source};

use crate::common::World;
use crate::common::client::assert_unbroken;
use crate::common::offer::Layout;

const WATCHING: PeerState = PeerState { muted: false, deafened: false, camera: true, screen: false };

#[test]
fn nothing_is_sent_to_a_deafened_peer() {
    let mut world = World::new(1);
    world.connect(&[1, 2], &Layout::video(1));
    world.wish(2, &[("v0", 1, Source::Camera)]);
    world.film(&[1], Duration::from_millis(400));
    world.talk(&[(1, 90)], Duration::from_millis(200));
    let deafened = PeerState { deafened: true, ..WATCHING };
    world.run(Duration::from_millis(100));
    world.set_state(2, deafened);
    let before = world.client(2).received.len();
    world.film(&[1], Duration::from_millis(400));
    world.talk(&[(1, 90)], Duration::from_millis(200));
    assert_eq!(world.client(2).received.len(), before);
    assert_eq!(world.shows(2, "v0"), None);

    world.set_state(2, WATCHING);
    world.run(Duration::from_millis(100));
    world.film(&[1], Duration::from_millis(400));
    world.talk(&[(1, 90)], Duration::from_millis(200));
    assert_eq!(world.shows(2, "v0"), Some((1, Source::Camera)));
    for mid in ["v0", "a0"] {
        let received = world.client(2).take(mid);
        assert!(!received.is_empty());
        assert_unbroken(&received);
    }
}
