use std::collections::BTreeSet;
use std::time::Duration;

use rtc_rtcp::receiver_report::ReceiverReport;
use rtc_rtcp::reception_report::ReceptionReport;
use sfu::Source;

use crate::common::client::assert_unbroken;
use crate::common::offer::{Layout, RED};
use crate::common::{TICK, World};

#[test]
fn peers_hear_each_other_and_not_themselves() {
    let mut world = World::new(1);
    world.connect(&[1, 2, 3], &Layout::voice(3));
    world.talk(&[(1, 90), (2, 80), (3, 70)], Duration::from_secs(1));
    for id in 1..=3 {
        let received = world.client(id).received.iter();
        let csrcs = received.map(|received| received.packet.header.csrc[0]);
        let csrcs: BTreeSet<u32> = csrcs.collect();
        let others = (1..=3).filter(|other| u64::from(*other) != id);
        assert_eq!(csrcs, others.collect());
    }
    for mid in ["a0", "a1"] {
        let received = world.client(1).take(mid);
        assert!(received.len() >= 45, "{}", received.len());
        assert_unbroken(&received);
        let first = &received[0].packet;
        assert!(first.header.marker);
        assert_eq!(u32::from(first.payload[0]), first.header.csrc[0]);
    }
}

#[test]
fn who_is_silent_for_long_costs_the_others_nothing_and_is_heard_again_at_once() {
    let mut world = World::new(4);
    world.connect(&[1, 2], &Layout::voice(1));
    world.talk(&[(1, 90)], Duration::from_millis(200));
    let mut forwarded = Vec::new();
    for _ in 0..10 {
        let before = world.client(2).received.len();
        world.client(1).send_silence();
        world.run(Duration::from_millis(400));
        forwarded.push(world.client(2).received.len() - before);
    }
    assert_eq!(forwarded, [1, 1, 1, 0, 0, 0, 0, 0, 0, 0]);
    assert!(world.is_connected(1), "it renews its lease");
    let before = world.client(2).received.len();
    world.talk(&[(1, 90)], Duration::from_millis(200));
    assert_eq!(world.client(2).received.len() - before, 10);
    assert_unbroken(&world.client(2).take("a0"));
}

#[test]
fn who_is_silent_for_long_asks_for_no_slot_and_has_one_from_the_first_word_on() {
    let mut world = World::new(5);
    world.connect(&[1, 2], &Layout::voice(1));
    let be_silent = |world: &mut World| {
        for _ in 0..5 {
            world.client(1).send_silence();
            world.run(Duration::from_millis(400));
        }
    };
    be_silent(&mut world);
    world.connect(&[3], &Layout::voice(1));
    be_silent(&mut world);
    assert_eq!(world.shows(3, "a0"), None);
    world.talk(&[(1, 90)], Duration::from_millis(200));
    assert_eq!(world.client(3).received.len(), 10);
}

#[test]
fn payload_types_and_extension_ids_are_the_subscribers_own() {
    let mut world = World::new(2);
    let mut other = Layout::voice(2);
    (other.opus, other.level_id, other.mid_id) = (109, 7, 8);
    world.join(1, &Layout::voice(2));
    world.join(2, &other);
    world.run(Duration::from_millis(500));
    world.talk(&[(1, 90)], Duration::from_millis(200));
    let received = world.client(2).take("a0");
    let header = &received[0].packet.header;
    assert_eq!(header.payload_type, 109);
    let ids: Vec<u8> = header.extensions.iter().map(|found| found.id).collect();
    assert_eq!(ids, [7, 3]);
    assert_eq!(header.extensions[0].payload[..], [127 - 90]);
}

#[test]
fn ssrcs_that_the_offer_does_not_name_are_learned_by_mid() {
    let mut world = World::new(3);
    let mut silent = Layout::voice(2);
    silent.names_ssrcs = false;
    world.connect(&[1, 2], &silent);
    world.talk(&[(1, 90)], Duration::from_millis(200));
    assert!(!world.client(2).take("a0").is_empty());
}

#[test]
fn the_sound_of_a_screen_has_a_slot_among_loud_voices() {
    let mut world = World::new(4);
    let layout = Layout::new(&[Source::Microphone, Source::ScreenAudio], 2, 0);
    world.connect(&[1, 2, 3, 4], &layout);
    world.talk(&[(1, 90), (2, 90), (3, 90)], Duration::from_secs(1));
    for _ in 0..20 {
        let now = world.now;
        world.client(3).send_sound(now, Source::ScreenAudio, 1);
        world.talk(&[(1, 90), (2, 90), (3, 90)], Duration::from_millis(20));
    }
    let shown = ["a0", "a1"].map(|mid| world.shows(4, mid));
    assert!(shown.contains(&Some((3, Source::ScreenAudio))), "{shown:?}");
}

#[test]
fn a_lossy_link_breaks_no_stream_of_ours() {
    let mut world = World::new(5);
    world.link.loss_percent = 10;
    world.link.jitter = Duration::from_millis(10);
    for id in 1..=3 {
        world.join(id, &Layout::voice(2));
    }
    world.run(Duration::from_secs(10));
    world.talk(&[(1, 90), (2, 80)], Duration::from_secs(10));
    let received = world.client(3).take("a0").len();
    assert!((330..480).contains(&received), "{received}");
}

/// A packet of Opus as it comes with the one before (RFC 2198).
fn send_redundant(world: &mut World, count: u8, opus: u8) {
    let client = world.client(1);
    client.tracks.entry(Source::Microphone).or_default().timestamp += 960;
    let mut header = client.header(Source::Microphone, Some(90));
    header.payload_type = RED;
    let mut payload = vec![0x80 | opus, 0x0f, 0, 20, opus];
    payload.extend([count.wrapping_sub(1); 20]);
    payload.extend([count; 30]);
    client.send(header, &payload);
    world.run(TICK);
}

#[test]
fn who_loses_packets_gets_each_twice_and_others_once() {
    let mut world = World::new(8);
    let publisher = Layout { is_modern: true, ..Layout::voice(1) };
    let other = Layout { opus: 109, ..publisher.clone() };
    world.join(1, &publisher);
    world.join(2, &other);
    world.join(3, &Layout::voice(1));
    world.run(Duration::from_millis(500));
    (0..10).for_each(|count| send_redundant(&mut world, count, publisher.opus));
    for (id, opus) in [(2, 109), (3, 111)] {
        let heard = world.client(id).take("a0");
        assert_unbroken(&heard);
        let newest = heard.last().unwrap();
        assert_eq!((newest.packet.header.payload_type, &newest.packet.payload[..]), (opus, &[9; 30][..]));
    }
    for id in [2, 3] {
        let ssrc = world.client(id).slot_ssrc("a0");
        let reports = vec![ReceptionReport { ssrc, fraction_lost: 9, ..ReceptionReport::default() }];
        world.client(id).send_rtcp(vec![Box::new(ReceiverReport { ssrc: 9, reports, ..ReceiverReport::default() })]);
    }
    world.run(TICK);
    (10..20).for_each(|count| send_redundant(&mut world, count, publisher.opus));
    let heard = world.client(2).take("a0");
    assert_unbroken(&heard);
    let newest = &heard.last().unwrap().packet;
    assert_eq!((newest.header.payload_type, &newest.payload[..5]), (RED, &[0x80 | 109, 0x0f, 0, 20, 109][..]));
    assert_eq!(newest.payload[5..], [[18; 20].as_slice(), &[19; 30]].concat());
    let plain = world.client(3).take("a0");
    assert!(plain.iter().all(|received| received.packet.header.payload_type == 111), "it cannot take them");
}

#[test]
fn who_loses_packets_and_takes_no_second_copies_is_sent_each_again_with_the_next() {
    let mut world = World::new(10);
    world.connect(&[1, 2, 3], &Layout::voice(1));
    world.talk(&[(1, 90)], Duration::from_millis(200));
    let ssrc = world.client(2).slot_ssrc("a0");
    let reports = vec![ReceptionReport { ssrc, fraction_lost: 9, ..ReceptionReport::default() }];
    world.client(2).send_rtcp(vec![Box::new(ReceiverReport { ssrc: 9, reports, ..ReceiverReport::default() })]);
    world.run(TICK);
    world.client(2).received.clear();
    world.client(3).received.clear();
    world.talk(&[(1, 90)], Duration::from_millis(200));
    let numbers = |world: &mut World, id| {
        let heard = world.client(id).take("a0");
        heard.iter().map(|received| received.packet.header.sequence_number).collect::<Vec<_>>()
    };
    let once = numbers(&mut world, 3);
    assert_eq!(once.len(), 10, "who loses nothing has each once");
    let twice = numbers(&mut world, 2);
    let first = twice[0];
    let expected = (0..10).flat_map(|count| [Some(first + count), (count > 0).then(|| first + count - 1)]);
    assert_eq!(twice, expected.flatten().collect::<Vec<_>>());
    world.run(Duration::from_secs(1));
    world.talk(&[(1, 90)], TICK);
    assert_eq!(numbers(&mut world, 2).len(), 1, "not what is long past");
}
