use std::time::Duration;

use rtc_rtcp::payload_feedbacks::receiver_estimated_maximum_bitrate::ReceiverEstimatedMaximumBitrate;
use sfu::{Event, Limitation, Limits, Mid, PeerId, Source, Wish};

use crate::common::offer::Layout;
use crate::common::screen::Screen;
use crate::common::{Link, World};

/// A publisher, 1, and subscribers who watch its camera at these widths in their first slot.
fn watched(seed: u64, widths: &[u16]) -> World {
    watched_within(Limits::default(), seed, widths)
}

fn watched_within(limits: Limits, seed: u64, widths: &[u16]) -> World {
    let mut world = World::with_limits(seed, limits);
    world.connect_viewers(&Layout::modern(2), widths);
    world
}

fn look(world: &mut World, id: u64, screen: &mut Screen) -> u8 {
    let received = world.client(id).take("v0");
    screen.watch(received);
    screen.latest().unwrap().layer
}

#[test]
fn each_gets_the_encoding_that_fits_its_size() {
    let mut world = watched(1, &[100, 320, 640, 2_000]);
    world.shoot(&[1], Duration::from_secs(3));
    for (id, layer) in [(2, 0), (3, 1), (4, 2), (5, 2)] {
        let mut screen = Screen::default();
        assert_eq!(look(&mut world, id, &mut screen), layer, "{id}");
        assert!(screen.shown.iter().any(|shown| shown.temporal == 2));
    }
}

#[test]
fn a_tile_that_is_enlarged_gets_the_high_encoding_within_a_second_and_no_decoder_notices() {
    let mut world = watched(2, &[150]);
    let mut screen = Screen::default();
    world.shoot(&[1], Duration::from_secs(2));
    assert_eq!(look(&mut world, 2, &mut screen), 0);
    for (width, layer) in [(640, 2), (300, 1), (640, 2), (100, 0)] {
        let from = world.now;
        world.watch(2, &[("v0", 1, width)]);
        world.shoot(&[1], Duration::from_secs(1));
        assert_eq!(look(&mut world, 2, &mut screen), layer);
        let freeze = screen.longest_freeze(from, world.now);
        assert!(freeze < Duration::from_millis(250), "{freeze:?}");
    }
}

#[test]
fn an_encoding_that_its_publisher_no_longer_sends_is_replaced_by_one_that_it_does() {
    let mut world = watched(3, &[640]);
    let mut screen = Screen::default();
    world.shoot(&[1], Duration::from_secs(2));
    assert_eq!(look(&mut world, 2, &mut screen), 2);
    world.client(1).cameras.get_mut(&Source::Camera).unwrap().set(2, false);
    world.shoot(&[1], Duration::from_secs(3));
    assert_eq!(look(&mut world, 2, &mut screen), 1);
    world.client(1).cameras.get_mut(&Source::Camera).unwrap().set(2, true);
    world.shoot(&[1], Duration::from_secs(1));
    assert_eq!(look(&mut world, 2, &mut screen), 2);
}

#[test]
fn where_a_publisher_cannot_send_what_fits_what_is_between_is_shown() {
    let mut world = watched(8, &[100]);
    let camera = |world: &mut World, layer, is_on| {
        world.client(1).cameras.get_mut(&Source::Camera).unwrap().set(layer, is_on);
    };
    world.shoot(&[1], Duration::from_secs(6));
    assert_eq!(told(&world), Some(vec![true, false, false]));
    camera(&mut world, 1, false);
    camera(&mut world, 2, false);
    world.watch(2, &[("v0", 1, 640)]);
    world.shoot(&[1], Duration::from_secs(1));
    assert_eq!(told(&world), Some(vec![true; 3]));
    camera(&mut world, 1, true);
    world.shoot(&[1], Duration::from_secs(5));
    assert_eq!(look(&mut world, 2, &mut Screen::default()), 1);
    assert_eq!(told(&world), Some(vec![false, true, true]), "it may be able to at any time");
}

#[test]
fn a_tile_that_becomes_small_gets_the_low_encoding_though_it_was_paused() {
    let mut world = watched(9, &[640]);
    world.shoot(&[1], Duration::from_secs(6));
    assert_eq!(told(&world), Some(vec![false, false, true]));
    world.watch(2, &[("v0", 1, 100)]);
    world.shoot(&[1], Duration::from_secs(5));
    assert_eq!(look(&mut world, 2, &mut Screen::default()), 0);
    assert_eq!(told(&world), Some(vec![true, false, false]));
}

fn told(world: &World) -> Option<Vec<bool>> {
    world.events.iter().rev().find_map(|event| {
        let Event::Encodings { peer: PeerId(1), source: Source::Camera, wanted } = event else { return None };
        Some(wanted.clone())
    })
}

#[test]
fn encodings_that_nobody_wants_are_paused_and_wanted_ones_come_back() {
    let mut world = watched(4, &[100, 320]);
    world.shoot(&[1], Duration::from_secs(6));
    assert_eq!(told(&world), Some(vec![true, true, false]));
    world.watch(3, &[]);
    world.shoot(&[1], Duration::from_secs(6));
    assert_eq!(told(&world), Some(vec![true, false, false]));
    world.watch(3, &[("v0", 1, 640)]);
    assert_eq!(told(&world), Some(vec![true; 3]), "until it comes, what is between");
    world.shoot(&[1], Duration::from_secs(6));
    assert_eq!(told(&world), Some(vec![true, false, true]));
    world.watch(2, &[]);
    world.watch(3, &[]);
    world.shoot(&[1], Duration::from_secs(6));
    assert_eq!(told(&world), Some(vec![false, false, false]));
}

#[test]
fn what_is_lost_is_sent_again_in_a_stream_of_its_own() {
    let mut world = watched(5, &[640]);
    world.shoot(&[1], Duration::from_secs(2));
    let before = world.client(2).take("v0");
    let ssrc = world.client(2).slot_ssrc("v0");
    let wanted: Vec<u16> = before.iter().rev().take(5).map(|packet| packet.packet.header.sequence_number).collect();
    world.client(2).ask_again(ssrc, &wanted);
    world.run(Duration::from_millis(100));
    assert_eq!(world.client(2).repaired, 5);
    for again in world.client(2).take("v0") {
        let first =
            before.iter().find(|packet| packet.packet.header.sequence_number == again.packet.header.sequence_number);
        assert_eq!(first.unwrap().packet.payload, again.packet.payload);
    }
}

#[test]
fn what_is_sent_and_what_the_way_carries_is_told() {
    let mut world = watched(7, &[320]);
    world.shoot(&[1], Duration::from_secs(8));
    let quality = world.quality(2).unwrap();
    let picture = &quality.pictures[0];
    assert_eq!((picture.size, picture.limitation), ((320, 240), Limitation::None));
    assert!((250_000..350_000).contains(&picture.bitrate), "{picture:?}");
    assert!(quality.available.is_some_and(|bits| bits > 2_000_000), "{quality:?}");
}

/// Wishes for the cameras of 1 and 3 at the same size, one of which is pinned.
fn pin(world: &mut World, id: u64, pinned: u64) {
    let wishes = [("v0", 1), ("v1", 3)].map(|(mid, peer)| Wish {
        mid: Mid::from(mid),
        peer: PeerId(peer),
        source: Source::Camera,
        width: 320,
        height: 240,
        is_pinned: peer == pinned,
    });
    world.sfu.set_wishes(world.now, PeerId(id), &wishes);
    world.settle();
}

#[test]
fn on_a_narrow_way_a_pinned_tile_gets_the_high_encoding_and_another_what_is_left() {
    let mut world = World::new(10);
    world.connect(&[1, 2, 3], &Layout::modern(2));
    world.links.insert(2, Link { bits_per_second: Some(450_000), ..Link::CLEAN });
    let mut screens = [Screen::default(), Screen::default()];
    for (pinned, other) in [(1, 3), (3, 1), (1, 3)] {
        pin(&mut world, 2, pinned);
        world.shoot(&[1, 3], Duration::from_secs(10));
        for (screen, mid) in screens.iter_mut().zip(["v0", "v1"]) {
            screen.watch(world.client(2).take(mid));
        }
        let recent = world.now - Duration::from_secs(1);
        let shown = |peer: u8| {
            let mut latest = screens.iter().filter_map(Screen::latest).filter(|shown| shown.at > recent);
            latest.find(|shown| shown.peer == peer).map(|shown| shown.layer)
        };
        assert_eq!(shown(pinned.try_into().unwrap()), Some(1));
        assert!(shown(other).is_none_or(|layer| layer == 0));
    }
}

#[test]
fn a_pin_brings_back_an_encoding_that_its_publisher_was_told_to_leave_out() {
    let mut world = World::new(14);
    world.connect(&[1, 2, 3], &Layout::modern(2));
    world.sfu.set_uplink(Some(700_000));
    let wish = |(mid, peer): (&str, u64), pinned: u64| Wish {
        mid: Mid::from(mid),
        peer: PeerId(peer),
        source: Source::Camera,
        width: 640,
        height: 480,
        is_pinned: peer == pinned,
    };
    let mut screens = [Screen::default(), Screen::default()];
    for pinned in [1, 3, 1] {
        let wishes = [("v0", 1), ("v1", 3)].map(|slot| wish(slot, pinned));
        world.sfu.set_wishes(world.now, PeerId(2), &wishes);
        world.shoot(&[1, 3], Duration::from_secs(4));
        for (screen, mid) in screens.iter_mut().zip(["v0", "v1"]) {
            screen.watch(world.client(2).take(mid));
        }
        let layers = screens.each_ref().map(|screen| screen.latest().unwrap().layer);
        let [chosen, other] = if pinned == 1 { layers } else { [layers[1], layers[0]] };
        assert!(chosen == 2 && other < 2, "{pinned}: {layers:?}");
    }
}

#[test]
fn who_tells_by_its_own_estimate_what_its_way_carries_gets_what_fits() {
    let mut world = World::new(12);
    world.connect(&[1], &Layout::modern(1));
    world.connect(&[2], &Layout::video(1));
    world.watch(2, &[("v0", 1, 640)]);
    let mut screen = Screen::default();
    world.shoot(&[1], Duration::from_secs(3));
    assert_eq!(look(&mut world, 2, &mut screen), 2);
    for (bitrate, layer, limitation) in [
        (150_000.0, 0, Limitation::Bandwidth),
        (5_000_000.0, 2, Limitation::None),
        (400_000.0, 1, Limitation::Bandwidth),
    ] {
        let ssrcs = vec![world.client(2).slot_ssrc("v0")];
        let told = ReceiverEstimatedMaximumBitrate { sender_ssrc: 1, bitrate, ssrcs };
        world.client(2).send_rtcp(vec![Box::new(told)]);
        world.shoot(&[1], Duration::from_secs(7));
        assert_eq!(look(&mut world, 2, &mut screen), layer, "{bitrate} bit/s");
        assert_eq!(world.quality(2).unwrap().pictures[0].limitation, limitation, "{bitrate} bit/s");
    }
}
