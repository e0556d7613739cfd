use std::time::Duration;

use rtc_rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use sfu::{PeerState, Source};

use crate::common::World;
use crate::common::client::{Received, assert_unbroken};
use crate::common::offer::Layout;

fn picture(received: &Received) -> u16 {
    let payload = &received.packet.payload;
    u16::from_be_bytes([payload[2], payload[3]]) & 0x7fff
}

fn is_key(received: &Received) -> bool {
    let payload = &received.packet.payload;
    payload[0] == 0x90 && payload[4] & 1 == 0
}

fn publisher(received: &Received) -> u8 {
    received.packet.payload[5]
}

#[test]
fn a_wish_is_fulfilled_from_a_key_frame_on() {
    let mut world = World::new(1);
    world.connect(&[1, 2], &Layout::video(2));
    world.film(&[1], Duration::from_millis(400));
    assert!(world.client(2).received.is_empty());
    world.wish(2, &[("v1", 1, Source::Camera)]);
    assert_eq!(world.shows(2, "v1"), None);
    world.film(&[1], Duration::from_millis(400));
    assert_eq!(world.shows(2, "v1"), Some((1, Source::Camera)));
    let received = world.client(2).take("v1");
    assert!(is_key(&received[0]));
    assert_unbroken(&received);
    assert!(world.client(2).received.is_empty());
}

#[test]
fn a_slot_goes_over_at_a_key_frame_and_pictures_stay_in_order() {
    let mut world = World::new(2);
    world.connect(&[1, 2, 3], &Layout::video(1));
    world.wish(3, &[("v0", 1, Source::Camera)]);
    world.film(&[1, 2], Duration::from_millis(400));
    world.client(2).obeys = false;
    world.wish(3, &[("v0", 2, Source::Camera)]);
    world.film(&[1, 2], Duration::from_millis(400));
    assert_eq!(world.shows(3, "v0"), Some((1, Source::Camera)));
    world.client(2).obeys = true;
    world.film(&[1, 2], Duration::from_secs(1));
    assert_eq!(world.shows(3, "v0"), Some((2, Source::Camera)));

    let received = world.client(3).take("v0");
    assert_unbroken(&received);
    let change = received.iter().position(|packet| publisher(packet) == 2);
    let change = change.unwrap();
    assert!(is_key(&received[change]));
    assert!(received[change..].iter().all(|packet| publisher(packet) == 2));
    for pair in received.windows(2) {
        let step = picture(&pair[1]).wrapping_sub(picture(&pair[0]));
        assert!(step <= 1, "{step}");
    }
}

#[test]
fn key_frame_requests_of_many_subscribers_are_merged() {
    let mut world = World::new(3);
    let ids: Vec<u64> = (1..=6).collect();
    world.connect(&ids, &Layout::video(1));
    world.film(&[1], Duration::from_millis(200));
    world.client(1).obeys = false;
    for id in 2..=6 {
        world.wish(id, &[("v0", 1, Source::Camera)]);
    }
    world.film(&[1], Duration::from_millis(400));
    assert_eq!(world.client(1).feedback::<PictureLossIndication>().len(), 1);
    world.film(&[1], Duration::from_millis(600));
    let asked = world.client(1).feedback::<PictureLossIndication>().len();
    assert!((2..=3).contains(&asked), "{asked}");

    world.client(1).obeys = true;
    world.film(&[1], Duration::from_secs(1));
    let asked = world.client(1).feedback::<PictureLossIndication>().len();
    for id in 2..=6 {
        assert_eq!(world.shows(id, "v0"), Some((1, Source::Camera)));
    }
    world.film(&[1], Duration::from_secs(2));
    assert_eq!(world.client(1).feedback::<PictureLossIndication>().len(), asked);
}

#[test]
fn a_subscribers_request_reaches_the_publisher() {
    let mut world = World::new(4);
    world.connect(&[1, 2], &Layout::video(1));
    world.wish(2, &[("v0", 1, Source::Camera)]);
    world.film(&[1], Duration::from_secs(1));
    let before = world.client(1).feedback::<PictureLossIndication>().len();
    let media_ssrc = world.client(2).slot_ssrc("v0");
    let request = PictureLossIndication { sender_ssrc: 1, media_ssrc };
    world.client(2).send_rtcp(vec![Box::new(request)]);
    world.run(Duration::from_millis(50));
    let requests = world.client(1).feedback::<PictureLossIndication>();
    assert_eq!(requests.len(), before + 1);
    let ssrc = world.client(1).identity.ssrc(Source::Camera);
    assert_eq!(requests[before].media_ssrc, ssrc);
}

#[test]
fn a_camera_that_is_switched_off_leaves_the_slot() {
    let mut world = World::new(5);
    world.connect(&[1, 2], &Layout::video(1));
    world.wish(2, &[("v0", 1, Source::Camera)]);
    world.film(&[1], Duration::from_millis(400));
    world.set_state(1, PeerState::default());
    assert_eq!(world.shows(2, "v0"), None);
    world.run(Duration::from_millis(50));
    let before = world.client(2).received.len();
    world.film(&[1], Duration::from_millis(400));
    assert_eq!(world.client(2).received.len(), before);

    let on = PeerState { camera: true, ..PeerState::default() };
    world.set_state(1, on);
    world.film(&[1], Duration::from_millis(400));
    assert_eq!(world.shows(2, "v0"), Some((1, Source::Camera)));
    assert_unbroken(&world.client(2).take("v0"));
}

#[test]
fn a_withdrawn_wish_empties_the_slot_and_impossible_ones_are_ignored() {
    let mut world = World::new(6);
    world.connect(&[1, 2], &Layout::video(1));
    world.wish(2, &[("v0", 1, Source::Camera)]);
    world.film(&[1], Duration::from_millis(400));
    assert!(world.shows(2, "v0").is_some());
    let impossible = [
        ("v0", 2, Source::Camera),
        ("a0", 1, Source::Camera),
        ("v9", 1, Source::Camera),
        ("v0", 1, Source::Microphone),
    ];
    world.wish(2, &impossible);
    assert_eq!(world.shows(2, "v0"), None);
    world.run(Duration::from_millis(50));
    world.client(2).received.clear();
    world.film(&[1], Duration::from_millis(400));
    assert!(world.client(2).received.is_empty());
}
