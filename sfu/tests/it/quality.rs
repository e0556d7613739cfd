use std::time::Duration;

use bytes::Bytes;
use rtc_rtcp::receiver_report::ReceiverReport;
use rtc_rtcp::reception_report::ReceptionReport;
use rtc_rtcp::sender_report::SenderReport;
use rtc_rtcp::transport_feedbacks::transport_layer_cc::TransportLayerCc;
use rtc_rtp::header::Extension;
use sfu::{Datagram, PeerState, Source};

use crate::common::offer::{Layout, STREAM_ID, TRANSPORT_SEQUENCE};
use crate::common::{World, server_address};

#[test]
fn publishers_are_told_of_loss_and_so_is_the_shell() {
    let mut world = World::new(1);
    world.connect(&[1, 2], &Layout::voice(1));
    for round in 0..350 {
        if round % 10 == 0 {
            // Never sent, so lost.
            world.client(1).header(Source::Microphone, None);
        }
        world.talk(&[(1, 90)], Duration::from_millis(20));
    }
    let reports = world.client(1).feedback::<ReceiverReport>();
    assert!((6..=8).contains(&reports.len()), "{}", reports.len());
    let last = &reports.last().unwrap().reports[0];
    assert!((20..=26).contains(&last.fraction_lost), "{}", last.fraction_lost);
    let told = world.quality(1).unwrap();
    assert!((0.07..0.11).contains(&told.loss_up), "{told:?}");
}

#[test]
fn a_speaker_is_told_of_the_loss_below_so_that_its_encoder_makes_up_for_it() {
    let mut world = World::new(4);
    world.connect(&[1, 2, 3], &Layout::voice(1));
    world.talk(&[(1, 90)], Duration::from_secs(1));
    let ssrc = world.client(2).slot_ssrc("a0");
    let report = |fraction_lost| ReceiverReport {
        ssrc: 9,
        reports: vec![ReceptionReport { ssrc, fraction_lost, ..ReceptionReport::default() }],
        ..ReceiverReport::default()
    };
    let told = |world: &mut World| {
        world.talk(&[(1, 90)], Duration::from_millis(1_500));
        world.client(1).feedback::<ReceiverReport>().last().unwrap().reports[0].fraction_lost
    };
    assert_eq!(told(&mut world), 0);
    world.client(2).send_rtcp(vec![Box::new(report(13))]);
    assert_eq!(told(&mut world), 13);
    world.client(2).send_rtcp(vec![Box::new(report(200))]);
    assert_eq!(told(&mut world), 25);
    assert!(world.quality(1).unwrap().loss_up < 0.01, "it is not the client's own loss");
}

#[test]
fn publishers_are_told_when_their_packets_came_however_late_they_are_read() {
    let mut world = World::new(1);
    world.connect(&[1], &Layout::modern(1));
    let apart = Duration::from_millis(10);
    let mut waiting = Vec::new();
    for number in 1..=4 {
        let mut header = world.client(1).header(Source::Camera, None);
        let transport = Extension { id: TRANSPORT_SEQUENCE, payload: Bytes::copy_from_slice(&[0, number]) };
        header.extensions.extend([Extension { id: STREAM_ID, payload: Bytes::from_static(b"q") }, transport]);
        waiting.push((world.now, world.client(1).seal(header, &[16; 100]).unwrap()));
        world.run(apart);
    }
    // A time that is still to come is no better than the present.
    waiting.last_mut().unwrap().0 = world.now + Duration::from_secs(1);
    let (source, destination) = (world.client(1).address, server_address());
    for (arrived, contents) in &waiting {
        let datagram = Datagram { source, destination, arrived: *arrived, contents };
        world.sfu.handle(world.now, datagram);
    }
    world.run(Duration::from_millis(100));
    let told = world.client(1).feedback::<TransportLayerCc>();
    let deltas: Vec<_> = told[0].recv_deltas.iter().map(|delta| u128::try_from(delta.delta).unwrap()).collect();
    assert_eq!(deltas[1..], [apart, apart, 2 * apart].map(|apart| apart.as_micros()));
}

#[test]
fn who_is_silent_and_hears_nothing_is_reported_on_less_often_until_he_speaks() {
    let mut world = World::new(1);
    world.connect(&[1, 2], &Layout::voice(1));
    for _ in 0..75 {
        world.client(1).send_silence();
        world.run(Duration::from_millis(400));
    }
    let silent = world.client(1).feedback::<ReceiverReport>().len();
    assert!((5..=7).contains(&silent), "{silent}");
    world.talk(&[(1, 90)], Duration::from_secs(5));
    let spoken = world.client(1).feedback::<ReceiverReport>().len() - silent;
    assert!((4..=6).contains(&spoken), "{spoken}");
}

#[test]
fn who_has_shown_a_camera_and_is_silent_since_is_reported_on_less_often_too() {
    let mut world = World::new(1);
    world.connect(&[1, 2], &Layout::video(1));
    world.film(&[1], Duration::from_secs(2));
    world.run(Duration::from_secs(2));
    let before = world.client(1).feedback::<ReceiverReport>().len();
    for _ in 0..75 {
        world.client(1).send_silence();
        world.run(Duration::from_millis(400));
    }
    let silent = world.client(1).feedback::<ReceiverReport>().len() - before;
    assert!((5..=8).contains(&silent), "{silent}");
}

#[test]
fn who_is_silent_and_deafened_is_reported_on_less_often_though_others_talk() {
    let mut world = World::new(1);
    world.connect(&[1, 2], &Layout::voice(1));
    world.set_state(1, PeerState { deafened: true, ..PeerState::default() });
    for _ in 0..75 {
        world.client(1).send_silence();
        world.talk(&[(2, 90)], Duration::from_millis(400));
    }
    let told = world.client(1).feedback::<ReceiverReport>().len();
    assert!((5..=7).contains(&told), "{told}");
}

#[test]
fn sender_reports_keep_sound_and_picture_in_step() {
    let mut world = World::new(2);
    world.connect(&[1, 2], &Layout::video(1));
    world.wish(2, &[("v0", 1, Source::Camera)]);
    world.talk(&[(1, 90)], Duration::from_millis(100));
    world.film(&[1], Duration::from_millis(100));
    // At NTP time 1000 s the microphone's clock is at 48,000 and the camera's at 900,000.
    for (source, rtp_time) in [(Source::Microphone, 48_000), (Source::Camera, 900_000)] {
        world.client(1).tracks.entry(source).or_default().timestamp = rtp_time;
        let report = SenderReport {
            ssrc: world.client(1).identity.ssrc(source),
            ntp_time: 1000 << 32,
            rtp_time,
            ..SenderReport::default()
        };
        world.client(1).send_rtcp(vec![Box::new(report)]);
    }
    world.client(2).received.clear();
    for _ in 0..60 {
        world.talk(&[(1, 90)], Duration::from_millis(20));
        world.film(&[1], Duration::from_millis(40));
    }
    let reports = world.client(2).feedback::<SenderReport>();
    // When, by our clock, the first packet on a slot was taken, in seconds.
    let taken = |world: &mut World, mid: &str, rate: f64| {
        let ssrc = world.client(2).slot_ssrc(mid);
        let last = reports.iter().rev().find(|report| report.ssrc == ssrc).unwrap();
        assert!(last.packet_count > 10);
        let first = world.client(2).take(mid).remove(0).packet.header.timestamp;
        let [whole, fraction] = [last.ntp_time >> 32, last.ntp_time & 0xffff_ffff].map(|half| half as f64);
        whole + fraction / 2_f64.powi(32) - f64::from(last.rtp_time.wrapping_sub(first)) / rate
    };
    let (sound, picture) = (taken(&mut world, "a0", 48_000.0), taken(&mut world, "v0", 90_000.0));
    // The first sound lasts 20 ms since then, the first picture 40.
    assert!((picture - sound - 0.02).abs() < 0.001, "sound at {sound} s, a picture at {picture} s");
}

#[test]
fn the_round_trip_is_measured_by_the_clients_report() {
    let mut world = World::new(3);
    world.connect(&[1, 2], &Layout::voice(1));
    world.talk(&[(1, 90)], Duration::from_secs(2));
    let report = world.client(2).feedback::<SenderReport>().pop().unwrap();
    let compact = u32::try_from(report.ntp_time >> 16 & 0xffff_ffff).unwrap();
    let ssrc = report.ssrc;
    // Answered at once; the link's two ways take 10 ms together, the rest is since the report.
    let reception = ReceptionReport {
        ssrc,
        fraction_lost: 128,
        last_sender_report: compact,
        delay: 0,
        jitter: 480,
        ..ReceptionReport::default()
    };
    let reception = ReceiverReport { ssrc: 1, reports: vec![reception], ..ReceiverReport::default() };
    world.client(2).send_rtcp(vec![Box::new(reception)]);
    world.talk(&[(1, 90)], Duration::from_secs(2));
    let told = world.quality(2).unwrap();
    assert!(told.rtt_ms.is_some_and(|rtt| (10.0..1100.0).contains(&rtt)), "{told:?}");
    assert!((told.loss_down - 0.5).abs() < 0.01);
    assert!((told.jitter_ms - 10.0).abs() < 0.1);
}
