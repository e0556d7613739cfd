use std::time::Duration;

use rtc_rtcp::payload_feedbacks::receiver_estimated_maximum_bitrate::ReceiverEstimatedMaximumBitrate;
use rtc_rtcp::transport_feedbacks::transport_layer_nack::{TransportLayerNack, nack_pairs_from_sequence_numbers};
use sfu::{Limits, Source};

use crate::common::World;
use crate::common::offer::{Layout, RTX};
use crate::common::screen::Screen;

fn nack(media_ssrc: u32, sequences: &[u16]) -> TransportLayerNack {
    TransportLayerNack { sender_ssrc: 1, media_ssrc, nacks: nack_pairs_from_sequence_numbers(sequences) }
}

#[test]
fn a_nack_is_answered_with_the_same_bytes() {
    let mut world = World::new(1);
    world.connect(&[1, 2, 3], &Layout::video(1));
    world.wish(2, &[("v0", 1, Source::Camera)]);
    world.film(&[1, 3], Duration::from_millis(400));
    world.wish(2, &[("v0", 3, Source::Camera)]);
    world.film(&[1, 3], Duration::from_secs(1));
    let received = world.client(2).take("v0");
    let ssrc = world.client(2).slot_ssrc("v0");
    // Some from before the switch of publisher and some from after it.
    let picks = [3, 4, received.len() - 2];
    let wanted = picks.map(|index| received[index].packet.header.sequence_number);
    world.client(2).send_rtcp(vec![Box::new(nack(ssrc, &wanted))]);
    world.run(Duration::from_millis(50));
    let again = world.client(2).take("v0");
    assert_eq!(again.len(), 3);
    for (index, repeated) in picks.into_iter().zip(&again) {
        assert_eq!(repeated.packet, received[index].packet);
    }
}

/// The nonce of a packet is made of the slot's SSRC and its number: no other contents may ever be sealed under it.
#[test]
fn a_nack_after_a_wrap_of_the_publishers_numbers_is_not_answered_with_another_packet() {
    let mut world = World::new(5);
    world.connect(&[1, 2], &Layout::video(1));
    world.wish(2, &[("v0", 1, Source::Camera)]);
    world.film(&[1], Duration::from_millis(400));
    let before = world.client(2).take("v0");
    world.wish(2, &[]);
    let start = world.client(1).tracks[&Source::Camera].sequence;
    for jump in [20_000, 40_000, 60_000] {
        world.client(1).tracks.get_mut(&Source::Camera).unwrap().sequence = start.wrapping_add(jump);
        world.film(&[1], Duration::from_millis(40));
    }
    // Numbers that were sent already, one cycle ago.
    world.client(1).tracks.get_mut(&Source::Camera).unwrap().sequence = start.wrapping_sub(20);
    world.wish(2, &[("v0", 1, Source::Camera)]);
    world.film(&[1], Duration::from_secs(1));
    let after = world.client(2).take("v0");
    assert!(!after.is_empty());
    let ssrc = world.client(2).slot_ssrc("v0");
    let numbers: Vec<u16> = before.iter().map(|received| received.packet.header.sequence_number).collect();
    world.client(2).send_rtcp(vec![Box::new(nack(ssrc, &numbers))]);
    world.run(Duration::from_millis(50));
    assert!(world.client(2).take("v0").is_empty(), "other contents under a number that was used");
}

#[test]
fn nacks_for_what_was_never_sent_are_ignored() {
    let mut world = World::new(2);
    world.connect(&[1, 2], &Layout::video(1));
    world.wish(2, &[("v0", 1, Source::Camera)]);
    world.film(&[1], Duration::from_millis(400));
    let received = world.client(2).take("v0");
    let last = received.last().unwrap().packet.header.sequence_number;
    let ssrc = world.client(2).slot_ssrc("v0");
    let unsent = [last.wrapping_add(1), last.wrapping_add(20_000), last.wrapping_sub(3000)];
    for ssrc in [ssrc, ssrc.wrapping_add(1)] {
        world.client(2).send_rtcp(vec![Box::new(nack(ssrc, &unsent))]);
    }
    world.run(Duration::from_millis(50));
    assert!(world.client(2).received.is_empty());
}

#[test]
fn what_a_publishers_video_lacks_is_asked_for() {
    let mut world = World::new(3);
    world.connect(&[1, 2], &Layout::video(1));
    world.wish(2, &[("v0", 1, Source::Camera)]);
    world.film(&[1], Duration::from_millis(400));
    let lost = world.client(1).header(Source::Camera, None);
    world.film(&[1], Duration::from_millis(80));
    let nacks = world.client(1).feedback::<TransportLayerNack>();
    let asked: Vec<u16> = nacks.iter().flat_map(|nack| nack.nacks.clone()).flatten().collect();
    assert!(asked.contains(&lost.sequence_number), "{asked:?}");
    // It comes late and is forwarded in its place.
    let number = lost.sequence_number;
    world.client(1).send(lost, &[0x80, 0x80, 0x80, 1, 7, 1, 0, 0]);
    world.run(Duration::from_millis(500));
    let after = world.client(1).feedback::<TransportLayerNack>().len();
    assert!(after <= nacks.len() + 1);
    let received = world.client(2).take("v0");
    let late = received.last().unwrap().packet.header.sequence_number;
    let before = received[received.len() - 6].packet.header.sequence_number;
    assert!(late.wrapping_sub(before) < 10, "{number}");
}

#[test]
fn publishers_are_told_how_much_video_they_may_send() {
    let limits = Limits { video_bitrate: 1_000_000, ..Limits::default() };
    let mut world = World::with_limits(4, limits);
    world.connect(&[1], &Layout::video(1));
    world.film(&[1], Duration::from_secs(3));
    let told = world.client(1).feedback::<ReceiverEstimatedMaximumBitrate>();
    assert!(!told.is_empty());
    let ssrc = world.client(1).identity.ssrc(Source::Camera);
    assert!(told.iter().all(|remb| remb.ssrcs == [ssrc]));
    assert!((told[0].bitrate - 1_000_000.0).abs() < 10_000.0);
}

#[test]
fn nacks_without_measure_are_answered_within_measure() {
    let mut world = World::new(6);
    world.connect(&[1, 2], &Layout::video(1));
    world.wish(2, &[("v0", 1, Source::Camera)]);
    world.film(&[1], Duration::from_secs(1));
    let received = world.client(2).take("v0");
    let wanted = received.last().unwrap().packet.header.sequence_number;
    let ssrc = world.client(2).slot_ssrc("v0");
    for _ in 0..1_000 {
        world.client(2).send_rtcp(vec![Box::new(nack(ssrc, &[wanted])), Box::new(nack(ssrc, &[wanted]))]);
    }
    world.run(Duration::from_millis(50));
    assert!(world.client(2).take("v0").len() <= 512);
    // A second later it is served again.
    world.film(&[1], Duration::from_millis(1_500));
    world.client(2).received.clear();
    world.client(2).send_rtcp(vec![Box::new(nack(ssrc, &[wanted]))]);
    world.run(Duration::from_millis(50));
    assert_eq!(world.client(2).take("v0").len(), 1);
}

/// A packet that a publisher sends again (RFC 4588), with what it says was its number.
fn send_again(world: &mut World, count: u16, original: u16, payload: &[u8]) {
    let client = world.client(1);
    let mut header = client.header(Source::Camera, None);
    client.tracks.get_mut(&Source::Camera).unwrap().sequence -= 1;
    (header.ssrc, header.payload_type, header.sequence_number) = (99_999, RTX, count);
    client.send(header, &[&original.to_be_bytes(), payload].concat());
    world.run(Duration::from_millis(20));
}

/// No number is given to two packets: the nonce of the cipher follows from it.
#[test]
fn what_a_publisher_sends_again_is_forwarded_once_whatever_it_is() {
    let mut world = World::new(9);
    world.connect(&[1, 2], &Layout { is_modern: true, ..Layout::video(1) });
    world.wish(2, &[("v0", 1, Source::Camera)]);
    world.film(&[1], Duration::from_millis(400));
    let lost = world.client(1).header(Source::Camera, None);
    let payload = [0x80, 0x80, 0x80, 1, 7, 1, 0, 0];
    world.film(&[1], Duration::from_millis(80));
    let before = world.client(2).take("v0").len();
    assert!(before > 10);
    let number = lost.sequence_number;
    send_again(&mut world, 1, number, &payload);
    assert_eq!(world.client(2).take("v0").len(), 1, "it was missing");
    world.client(1).send(lost, &payload);
    world.run(Duration::from_millis(20));
    for (count, original) in
        (2..).zip([number, number.wrapping_sub(1), number.wrapping_add(1), number.wrapping_add(50)])
    {
        send_again(&mut world, count, original, &[0x80, 0x80, 0x80, 1, 7, 9, 9, 9]);
    }
    send_again(&mut world, 9, number.wrapping_sub(32_767), &payload);
    assert!(world.client(2).take("v0").is_empty(), "it was there, or never was");
    world.film(&[1], Duration::from_millis(80));
    assert_eq!(world.client(2).take("v0").len(), 4);
}

#[test]
fn what_two_viewers_lack_comes_to_both_without_a_word_to_the_publisher() {
    let mut world = World::new(10);
    world.connect_viewers(&Layout::modern(1), &[640, 640]);
    world.shoot(&[1], Duration::from_secs(2));
    let mut screens = [2, 3].map(|id| (id, Screen::default()));
    let cut = |world: &mut World, is_cut| [2, 3].map(|id| world.client(id).cut = is_cut);
    cut(&mut world, true);
    world.shoot(&[1], Duration::from_millis(40));
    cut(&mut world, false);
    world.shoot(&[1], Duration::from_millis(80));
    world.client(1).feedback.clear();
    let again = screens.each_mut().map(|(id, screen)| {
        screen.watch(world.client(*id).take("v0"));
        let missing = screen.missing();
        assert!(missing.len() >= 5, "a picture of 5,000 bytes");
        let ssrc = world.client(*id).slot_ssrc("v0");
        world.client(*id).ask_again(ssrc, &missing);
        world.run(Duration::from_millis(200));
        let again = world.client(*id).take("v0");
        assert_eq!(again.len(), missing.len());
        again.into_iter().map(|received| received.packet.payload).collect::<Vec<_>>()
    });
    assert_eq!(again[0], again[1]);
    assert!(world.client(1).feedback::<TransportLayerNack>().is_empty());
}
