use std::net::SocketAddr;
use std::time::Duration;

use sfu::{Event, JoinError, MediaKind, OfferError, PeerId, Source};

use crate::common::World;
use crate::common::client::assert_unbroken;
use crate::common::offer::Layout;

#[test]
fn an_ice_restart_from_a_new_address_keeps_keys_and_slots() {
    let mut world = World::new(1);
    world.connect(&[1, 2], &Layout::voice(1));
    world.talk(&[(1, 90), (2, 90)], Duration::from_millis(200));
    world.client(1).cut = true;
    world.run(Duration::from_secs(20));
    let offer = world.client(1).restart();
    let before = world.client(1).server.clone();
    let answer = world.sfu.restart(PeerId(1), &offer).unwrap();
    let now = world.now;
    let client = world.client(1);
    client.address = SocketAddr::from(([10, 9, 9, 9], 7000));
    client.cut = false;
    client.accept(now, &answer);
    assert_ne!(client.server, before);
    world.run(Duration::from_millis(100));
    let resumed = Event::Resumed { peer: PeerId(1) };
    assert_eq!(world.count_events(|event| *event == resumed), 1);
    world.talk(&[(1, 90), (2, 90)], Duration::from_millis(400));
    let received = world.client(2).take("a0");
    assert_unbroken(&received);
    assert!(received.last().unwrap().at > now);
    let received = world.client(1).take("a0");
    assert!(received.last().unwrap().at > now);
    let connected = Event::Connected { peer: PeerId(1) };
    assert_eq!(world.count_events(|event| *event == connected), 1);
}

#[test]
fn old_credentials_serve_until_the_new_ones_are_used() {
    let mut world = World::new(2);
    world.connect(&[1, 2], &Layout::voice(1));
    let old_check = world.client(1).binding_request(true);
    let offer = world.client(1).restart();
    let answer = world.sfu.restart(PeerId(1), &offer).unwrap();
    world.record = true;
    let address = world.client(1).address;
    world.inject(address, &old_check);
    assert_eq!(world.sent.len(), 1);
    let now = world.now;
    world.client(1).accept(now, &answer);
    world.run(Duration::from_millis(100));
    world.sent.clear();
    world.inject(address, &old_check);
    assert!(world.sent.is_empty());
}

#[test]
fn restarts_whose_answers_are_lost_cut_nobody_off() {
    let mut world = World::new(4);
    world.connect(&[1, 2], &Layout::voice(1));
    let mut checks = vec![world.client(1).binding_request(true)];
    for _ in 0..5 {
        let offer = world.client(1).restart();
        let answer = world.sfu.restart(PeerId(1), &offer).unwrap();
        let now = world.now;
        world.client(1).accept(now, &answer);
        checks.push(world.client(1).binding_request(true));
    }
    world.record = true;
    let address = world.client(1).address;
    let mut is_answered = |generation: usize| {
        world.sent.clear();
        world.inject(address, &checks[generation]);
        !world.sent.is_empty()
    };
    assert!(is_answered(0), "the one in use");
    assert_eq!([1, 2].map(&mut is_answered), [false; 2], "too many were asked for since");
    assert!(is_answered(4), "whichever answer came");
    assert_eq!([0, 3].map(&mut is_answered), [false; 2], "another is in use since");
    assert!(is_answered(5));
    assert!(!is_answered(4));
}

#[test]
fn whoever_offers_again_is_told_again_what_they_may_have_missed() {
    let mut world = World::new(5);
    world.connect(&[1, 2], &Layout::modern(1));
    world.watch(1, &[("v0", 2, 640)]);
    world.shoot(&[1, 2], Duration::from_secs(1));
    assert_eq!(world.shows(1, "v0"), Some((2, Source::Camera)));
    world.events.clear();
    let offer = world.client(1).restart();
    world.sfu.restart(PeerId(1), &offer).unwrap();
    world.settle();
    assert_eq!(world.shows(1, "v0"), Some((2, Source::Camera)));
    let me = PeerId(1);
    assert_eq!(world.count_events(|event| matches!(event, Event::Codecs { peer, .. } if *peer == me)), 1);
    let is_camera =
        |event: &Event| matches!(event, Event::Encodings { peer, source: Source::Camera, .. } if *peer == me);
    assert_eq!(world.count_events(is_camera), 1);
    assert_eq!(world.count_events(|event| matches!(event, Event::Slots { peer, .. } if *peer != me)), 0);
}

#[test]
fn more_slots_come_by_another_offer() {
    let mut world = World::new(3);
    world.connect(&[1, 2], &Layout::video(1));
    world.talk(&[(1, 90)], Duration::from_millis(200));
    let ssrc = world.client(2).slot_ssrc("a0");
    world.client(2).layout.video_slots = 3;
    let offer = world.client(2).offer();
    let answer = world.sfu.restart(PeerId(2), &offer).unwrap();
    let video = answer.slots.iter().filter(|slot| slot.kind == MediaKind::Video);
    assert_eq!(video.count(), 3);
    let now = world.now;
    let server = world.client(2).server.clone();
    world.client(2).accept(now, &answer);
    assert_eq!(world.client(2).server, server);
    assert_eq!(world.client(2).slot_ssrc("a0"), ssrc);
    world.wish(2, &[("v2", 1, Source::Camera)]);
    world.film(&[1], Duration::from_millis(400));
    assert_eq!(world.shows(2, "v2"), Some((1, Source::Camera)));
    assert!(!world.client(2).take("v2").is_empty());
}

#[test]
fn another_offer_must_go_on_from_the_first() {
    let mut world = World::new(4);
    world.connect(&[1], &Layout::video(2));
    let changed = Err(JoinError::Offer(OfferError::Changed));
    let mut layout = world.client(1).layout.clone();
    layout.video_slots = 1;
    let fewer = layout.sdp(&world.client(1).identity);
    assert_eq!(world.sfu.restart(PeerId(1), &fewer), changed);
    let offer = world.client(1).offer();
    let fingerprint = world.client(1).identity.fingerprint.clone();
    let stranger = offer.replace(&fingerprint[..2], "00");
    let stranger = if stranger == offer { offer.replace(&fingerprint[..2], "11") } else { stranger };
    assert_eq!(world.sfu.restart(PeerId(1), &stranger), changed);
}
