use std::time::Duration;

use rtc_rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use sfu::{Event, Limitation, PeerId, Source};

use crate::common::layered::LayeredScreen;
use crate::common::lossy::LossyViewer;
use crate::common::offer::{DEPENDENCIES, Layout, VP9};
use crate::common::scalable::{L1T3, L2T3_KEY, L3T3, L3T3_KEY, Mode, Scalable};
use crate::common::{Link, World};

/// A publisher, 1, that sends layers, and subscribers who watch its camera at these widths in their first slot.
fn watched(seed: u64, mode: Mode, widths: &[u16]) -> World {
    let mut world = World::new(seed);
    for id in world.connect_viewers(&Layout::layered(2), widths) {
        let number = u16::try_from(id).unwrap().wrapping_mul(30_000);
        world.client(id).layered.insert(Source::Camera, Scalable::new(mode, number));
    }
    world
}

fn look(world: &mut World, id: u64, screen: &mut LayeredScreen) -> u8 {
    let received = world.client(id).take("v0");
    screen.watch(&received);
    screen.latest()
}

#[test]
fn each_gets_the_layers_that_fit_its_size_and_nothing_that_needs_more() {
    for (seed, mode) in [(1, L3T3_KEY), (2, L3T3)] {
        let mut world = watched(seed, mode, &[100, 320, 640, 2_000]);
        world.shoot_layers(1, Duration::from_secs(3));
        for (id, layer) in [(2, 0), (3, 1), (4, 2), (5, 2)] {
            let mut screen = LayeredScreen::default();
            assert_eq!(look(&mut world, id, &mut screen), layer, "{id}");
            assert!(screen.shown.iter().any(|shown| shown.temporal == 2));
        }
    }
}

#[test]
fn where_there_are_fewer_layers_the_highest_is_the_best_that_there_is() {
    let mut world = watched(12, L2T3_KEY, &[100, 2_000]);
    world.shoot_layers(1, Duration::from_secs(3));
    assert_eq!([2, 3].map(|id| look(&mut world, id, &mut LayeredScreen::default())), [0, 1]);
}

#[test]
fn a_tile_that_is_enlarged_gets_higher_layers_within_a_second_and_no_decoder_notices() {
    for (seed, mode) in [(3, L3T3_KEY), (4, L3T3)] {
        let mut world = watched(seed, mode, &[150]);
        let mut screen = LayeredScreen::default();
        world.shoot_layers(1, Duration::from_secs(2));
        assert_eq!(look(&mut world, 2, &mut screen), 0);
        for (width, layer) in [(640, 2), (300, 1), (640, 2), (100, 0)] {
            let from = world.now;
            world.watch(2, &[("v0", 1, width)]);
            world.shoot_layers(1, Duration::from_secs(1));
            assert_eq!(look(&mut world, 2, &mut screen), layer);
            let freeze = screen.longest_freeze(from, world.now);
            assert!(freeze < Duration::from_millis(250), "{freeze:?}");
        }
    }
}

#[test]
fn a_slot_goes_over_to_another_who_sends_layers_without_a_gap() {
    let mut world = watched(5, L3T3_KEY, &[640, 640]);
    let mut screen = LayeredScreen::default();
    for peer in [1, 2, 1] {
        world.watch(3, &[("v0", peer, 640)]);
        for _ in 0..50 {
            world.client(1).send_layers(Source::Camera);
            world.shoot_layers(2, Duration::from_millis(40));
        }
        look(&mut world, 3, &mut screen);
        assert_eq!(u64::from(screen.shown.last().unwrap().peer), peer);
    }
}

#[test]
fn a_narrow_way_gets_lower_layers_and_no_freeze() {
    let mut world = watched(6, L3T3_KEY, &[640, 640]);
    world.links.insert(2, Link { bits_per_second: Some(500_000), delay: Duration::from_millis(20), ..Link::CLEAN });
    world.shoot_layers(1, Duration::from_secs(20));
    let narrow: Vec<_> =
        world.client(2).take("v0").iter().rev().take(100).map(|packet| packet.packet.payload[6]).collect();
    assert!(narrow.iter().all(|spatial| *spatial < 2), "{narrow:?}");
    assert_eq!(world.quality(2).unwrap().pictures[0].limitation, Limitation::Bandwidth);
    assert_eq!(look(&mut world, 3, &mut LayeredScreen::default()), 2);
}

#[test]
fn temporal_layers_of_one_stream_are_left_out_where_the_way_is_narrow() {
    // Of VP8, too, whose payload does not tell them where there is a descriptor.
    for payload_type in [VP9, Layout::layered(2).vp8] {
        let mut world = watched(7, L1T3, &[640, 640]);
        world.client(1).layered_type = payload_type;
        world.links.insert(2, Link { bits_per_second: Some(85_000), delay: Duration::from_millis(20), ..Link::CLEAN });
        world.shoot_layers(1, Duration::from_secs(20));
        let last: Vec<u8> =
            world.client(2).take("v0").iter().rev().take(20).map(|packet| packet.packet.payload[7]).collect();
        assert!(last.len() == 20 && last.iter().all(|temporal| *temporal < 2), "{last:?}");
        let mut good = LayeredScreen::default();
        look(&mut world, 3, &mut good);
        assert!(good.shown.iter().any(|shown| shown.temporal == 2));
    }
}

fn told(world: &World) -> Option<Vec<bool>> {
    world.events.iter().rev().find_map(|event| {
        let Event::Encodings { peer: PeerId(1), source: Source::Camera, wanted } = event else { return None };
        Some(wanted.clone())
    })
}

#[test]
fn layers_that_nobody_wants_are_told_and_wanted_ones_come_back() {
    let mut world = watched(8, L3T3_KEY, &[100, 320]);
    world.shoot_layers(1, Duration::from_secs(6));
    assert_eq!(told(&world), Some(vec![true, true, false]));
    world.client(1).layered.get_mut(&Source::Camera).unwrap().active = 2;
    world.client(1).layered.get_mut(&Source::Camera).unwrap().wants_key = true;
    world.shoot_layers(1, Duration::from_secs(3));
    world.watch(3, &[("v0", 1, 640)]);
    assert_eq!(told(&world), Some(vec![true, true, true]));
}

#[test]
fn a_layer_that_its_publisher_no_longer_sends_is_replaced_by_one_that_it_does() {
    let mut world = watched(9, L3T3_KEY, &[640]);
    let mut screen = LayeredScreen::default();
    world.shoot_layers(1, Duration::from_secs(2));
    assert_eq!(look(&mut world, 2, &mut screen), 2);
    for (active, layer) in [(2, 1), (3, 2)] {
        let camera = world.client(1).layered.get_mut(&Source::Camera).unwrap();
        camera.active = active;
        camera.wants_key = true;
        let from = world.now;
        world.shoot_layers(1, Duration::from_secs(1));
        assert_eq!(look(&mut world, 2, &mut screen), layer);
        let freeze = screen.longest_freeze(from, world.now);
        assert!(freeze < Duration::from_millis(400), "{freeze:?}");
    }
}

#[test]
fn what_is_lost_is_sent_again_as_it_was() {
    let mut world = watched(10, L3T3_KEY, &[320]);
    world.shoot_layers(1, Duration::from_secs(2));
    let before = world.client(2).take("v0");
    let ssrc = world.client(2).slot_ssrc("v0");
    let wanted: Vec<u16> = before.iter().rev().take(5).map(|packet| packet.packet.header.sequence_number).collect();
    world.client(2).ask_again(ssrc, &wanted);
    world.run(Duration::from_millis(100));
    assert_eq!(world.client(2).repaired, 5);
    for again in world.client(2).take("v0") {
        let header = &again.packet.header;
        let first = before.iter().find(|packet| packet.packet.header.sequence_number == header.sequence_number);
        let first = &first.unwrap().packet;
        assert_eq!(first.payload, again.packet.payload);
        assert_eq!(first.header.get_extension(DEPENDENCIES), header.get_extension(DEPENDENCIES));
        assert_eq!(first.header.marker, header.marker);
    }
}

#[test]
fn layers_go_on_over_ways_that_lose_and_reorder() {
    for (seed, mode) in [(14, L3T3_KEY), (15, L3T3), (16, L1T3)] {
        let mut world = watched(seed, mode, &[640]);
        let delay = Duration::from_millis(20);
        world.links.insert(1, Link { loss_percent: 1, delay, jitter: Duration::from_millis(15), ..Link::CLEAN });
        world.links.insert(2, Link { loss_percent: 8, delay, jitter: Duration::from_millis(15), ..Link::CLEAN });
        let mut viewer = LossyViewer::new(2, world.now);
        for second in 0..12 {
            let from = world.now;
            // Half-way it wishes for less, and then for more.
            world.watch(2, &[("v0", 1, [640, 200, 640][second / 4])]);
            for _ in 0..25 {
                world.shoot_layers(1, Duration::from_millis(40));
                viewer.look(&mut world);
            }
            let pace = viewer.pace(from, world.now);
            assert!(pace > 4.0, "{pace} pictures in second {second} of {mode:?}");
        }
        assert!(viewer.shown.len() > 150, "{} pictures of {mode:?}", viewer.shown.len());
    }
}

/// Brings a picture to the server at once, but for its first packet, by whose structure the others are read.
fn lose_structure(world: &mut World) {
    world.client(1).send_layers(Source::Camera);
    let address = world.client(1).address;
    for datagram in &world.client(1).take_outgoing()[1..] {
        world.inject(address, datagram);
    }
}

fn key_frame_requests(world: &mut World) -> usize {
    world.client(1).feedback::<PictureLossIndication>().len()
}

#[test]
fn what_is_read_by_a_structure_that_was_lost_is_not_sent_and_another_is_asked_for() {
    let mut world = watched(17, L3T3_KEY, &[640]);
    lose_structure(&mut world);
    world.run(Duration::from_millis(20));
    assert_eq!(key_frame_requests(&mut world), 1);
    assert!(world.client(2).received.is_empty());
    world.shoot_layers(1, Duration::from_secs(2));
    assert_eq!(look(&mut world, 2, &mut LayeredScreen::default()), 2);
}

#[test]
fn pictures_go_on_soon_where_the_packet_with_a_new_structure_is_lost() {
    for (seed, modes) in [(18, [L1T3, L3T3_KEY]), (19, [L2T3_KEY, L3T3])] {
        let mut world = watched(seed, modes[0], &[640]);
        let mut viewer = LossyViewer::new(2, world.now);
        world.shoot_layers(1, Duration::from_secs(1));
        viewer.look(&mut world);
        let requests = key_frame_requests(&mut world);
        let number = world.client(1).layered[&Source::Camera].number;
        world.client(1).layered.insert(Source::Camera, Scalable::new(modes[1], number));
        lose_structure(&mut world);
        world.run(Duration::from_millis(20));
        assert!(key_frame_requests(&mut world) > requests);
        for _ in 0..25 {
            world.shoot_layers(1, Duration::from_millis(40));
            viewer.look(&mut world);
        }
        let pace = viewer.pace(world.now - Duration::from_millis(600), world.now);
        assert!(pace > 20.0 && viewer.shown.last().unwrap().spatial == 2, "{pace} pictures a second");
    }
}

#[test]
fn a_publisher_may_change_its_codec_and_those_who_cannot_decode_it_are_sent_nothing() {
    let mut world = World::new(11);
    world.connect(&[1, 2], &Layout::layered(2));
    world.join(3, &Layout::modern(2));
    world.run(Duration::from_millis(500));
    for id in [2, 3] {
        world.watch(id, &[("v0", 1, 100)]);
    }
    world.client(1).layered.insert(Source::Camera, Scalable::new(L3T3_KEY, 9));
    world.shoot_layers(1, Duration::from_secs(2));
    assert_eq!(look(&mut world, 2, &mut LayeredScreen::default()), 0);
    assert!(world.client(3).take("v0").is_empty());
    for is_vp9 in [false, true] {
        world.client(1).layered.get_mut(&Source::Camera).unwrap().wants_key = true;
        for _ in 0..50 {
            if is_vp9 {
                world.client(1).send_layers(Source::Camera);
            } else {
                let now = world.now;
                world.client(1).send_frame(now, Source::Camera);
            }
            world.run(Duration::from_millis(40));
        }
        let received = [2, 3].map(|id| world.client(id).take("v0"));
        let counts = received.map(|received| received.len());
        assert!(counts[0] > 40 && (counts[1] > 40) != is_vp9, "{counts:?}");
    }
}

#[test]
fn what_nobody_wants_is_told_anew_after_a_change_of_codec() {
    let mut world = watched(13, L3T3_KEY, &[100]);
    let count = |world: &World| world.count_events(|event| matches!(event, Event::Encodings { .. }));
    let mut told_before = 0;
    for is_vp9 in [true, false, true] {
        for _ in 0..150 {
            let now = world.now;
            if is_vp9 {
                world.client(1).send_layers(Source::Camera);
            } else {
                world.client(1).send_frame(now, Source::Camera);
            }
            world.run(Duration::from_millis(40));
        }
        assert!(count(&world) > told_before);
        assert_eq!(told(&world), Some(vec![true, false, false]));
        told_before = count(&world);
    }
}
