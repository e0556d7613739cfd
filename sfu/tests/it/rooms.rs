use std::time::Duration;

use rtc_rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use sfu::{Grant, PeerId, PeerState, RoomId, Source};

use crate::common::World;
use crate::common::offer::Layout;

const ELSEWHERE: RoomId = RoomId(2);
const CAMERA_ON: PeerState = PeerState { muted: false, deafened: false, camera: true, screen: false, priority: false };

fn key_frame_requests(world: &mut World, id: u64) -> usize {
    world.client(id).feedback::<PictureLossIndication>().len()
}

#[test]
fn a_wish_for_a_peer_of_another_room_is_ignored() {
    let mut world = World::new(1);
    world.connect(&[1], &Layout::video(1));
    world.join_room(ELSEWHERE, (2, &Layout::video(1)), (Grant::ALL, CAMERA_ON));
    world.film(&[1, 2], Duration::from_millis(600));
    assert!(world.is_connected(2));
    world.wish(1, &[("v0", 2, Source::Camera)]);
    world.film(&[1, 2], Duration::from_secs(2));
    assert_eq!(key_frame_requests(&mut world, 2), 0);
    assert_eq!(world.shows(1, "v0"), None);
    assert!(world.client(1).received.is_empty());
}

#[test]
fn a_wish_for_one_who_then_comes_to_another_room_is_ignored() {
    let mut world = World::new(2);
    world.connect(&[1, 3], &Layout::video(1));
    world.wish(1, &[("v0", 2, Source::Camera)]);
    world.join_room(ELSEWHERE, (2, &Layout::video(1)), (Grant::ALL, CAMERA_ON));
    world.film(&[2], Duration::from_millis(600));
    // All that asks for awaited key frames: listening again, and new wishes.
    for listen in [false, true] {
        world.sfu.set_grant(world.now, PeerId(1), Grant { listen, ..Grant::ALL });
    }
    world.wish(1, &[("v0", 2, Source::Camera)]);
    world.film(&[2], Duration::from_secs(2));
    assert_eq!(key_frame_requests(&mut world, 2), 0);
    assert_eq!(world.shows(1, "v0"), None);
    world.wish(1, &[("v0", 3, Source::Camera)]);
    world.film(&[2, 3], Duration::from_secs(1));
    assert_eq!(world.shows(1, "v0"), Some((3, Source::Camera)));
}

#[test]
fn who_may_not_listen_asks_nobody_for_key_frames() {
    let mut world = World::new(3);
    world.connect(&[1], &Layout::video(1));
    let deaf = Grant { listen: false, ..Grant::ALL };
    world.join_as(2, &Layout::video(1), (deaf, CAMERA_ON));
    world.join_as(3, &Layout::video(1), (deaf, CAMERA_ON));
    // Joined, but its media never comes.
    world.join(4, &Layout::video(1));
    world.client(4).cut = true;
    world.film(&[1], Duration::from_millis(600));
    for id in 2..=4 {
        world.wish(id, &[("v0", 1, Source::Camera)]);
    }
    for camera in [false, true] {
        world.set_state(1, PeerState { camera, ..CAMERA_ON });
    }
    for id in 2..=3 {
        let media_ssrc = world.client(id).slot_ssrc("v0");
        world.client(id).send_rtcp(vec![Box::new(PictureLossIndication { sender_ssrc: 1, media_ssrc })]);
    }
    world.film(&[1], Duration::from_secs(2));
    assert_eq!(key_frame_requests(&mut world, 1), 0);
    world.sfu.set_grant(world.now, PeerId(3), Grant::ALL);
    world.film(&[1], Duration::from_secs(1));
    assert_eq!(world.shows(3, "v0"), Some((1, Source::Camera)));
}
