use std::time::Duration;

use sfu::{PeerState, Source};

use crate::common::World;
use crate::common::client::assert_unbroken;
use crate::common::offer::Layout;

#[test]
fn muted_peer_is_not_forwarded() {
    let mut world = World::new(1);
    world.connect(&[1, 2], &Layout::voice(2));
    world.talk(&[(1, 90)], Duration::from_millis(200));
    let before = world.client(2).received.len();
    assert!(before > 0);
    world.run(Duration::from_millis(100));
    let before = world.client(2).received.len();
    let muted = PeerState { muted: true, ..PeerState::default() };
    world.set_state(1, muted);
    world.talk(&[(1, 90)], Duration::from_millis(500));
    assert_eq!(world.client(2).received.len(), before);
    // The slot stays with the muted peer, so that nothing flickers.
    assert_eq!(world.shows(2, "a0"), Some((1, Source::Microphone)));

    world.set_state(1, PeerState::default());
    world.talk(&[(1, 90)], Duration::from_millis(200));
    let received = world.client(2).take("a0");
    assert!(received.len() > before);
    assert_unbroken(&received);
}

#[test]
fn a_peer_that_joins_muted_is_not_forwarded() {
    let mut world = World::new(2);
    let muted = PeerState { muted: true, ..PeerState::default() };
    world.join_as(1, &Layout::voice(2), (sfu::Grant::ALL, muted));
    world.join(2, &Layout::voice(2));
    world.run(Duration::from_millis(500));
    world.talk(&[(1, 90)], Duration::from_millis(500));
    assert!(world.client(2).received.is_empty());
}
