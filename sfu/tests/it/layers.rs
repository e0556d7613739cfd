use std::time::Duration;

use sfu::{Event, PeerId, Source};

use crate::common::World;
use crate::common::offer::Layout;
use crate::common::screen::Screen;

/// A publisher, 1, and subscribers who watch its camera at these widths in their first slot.
fn watched(seed: u64, widths: &[u16]) -> World {
    let mut world = World::new(seed);
    let ids: Vec<u64> = (1..=1 + widths.len() as u64).collect();
    world.connect(&ids, &Layout::modern(2));
    for (id, width) in ids[1..].iter().zip(widths) {
        world.watch(*id, &[("v0", 1, *width)]);
    }
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
