use std::time::Duration;

use sfu::{PeerState, Source};

use crate::common::World;
use crate::common::client::assert_unbroken;
use crate::common::offer::Layout;

const WATCHING: PeerState = PeerState { muted: false, deafened: false, camera: true, screen: false, priority: false };

#[test]
fn a_deafened_peer_sees_and_hears_nothing() {
    let mut world = World::new(1);
    world.connect(&[1, 2], &Layout::video(1));
    world.wish(2, &[("v0", 1, Source::Camera)]);
    let scene = |world: &mut World| {
        world.film(&[1], Duration::from_millis(400));
        world.talk(&[(1, 90)], Duration::from_millis(200));
        world.run(Duration::from_millis(100));
        ["v0", "a0"].map(|mid| world.client(2).received.iter().filter(|received| received.mid == mid).count())
    };
    let [seen, heard] = scene(&mut world);
    assert!(seen > 0 && heard > 0);
    world.set_state(2, PeerState { deafened: true, ..WATCHING });
    let [seen_deafened, heard_deafened] = scene(&mut world);
    assert!(seen_deafened > seen);
    assert_eq!(heard_deafened, heard);
    assert_eq!(world.shows(2, "v0"), Some((1, Source::Camera)));

    world.set_state(2, WATCHING);
    assert!(scene(&mut world)[1] > heard);
    for mid in ["v0", "a0"] {
        assert_unbroken(&world.client(2).take(mid));
    }
}
