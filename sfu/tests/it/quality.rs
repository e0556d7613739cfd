use std::time::{Duration, Instant};

use bytes::Bytes;
use rtc_rtcp::packet::Packet;
use rtc_rtcp::receiver_report::ReceiverReport;
use rtc_rtcp::reception_report::ReceptionReport;
use rtc_rtcp::sender_report::SenderReport;
use rtc_rtcp::transport_feedbacks::transport_layer_cc::TransportLayerCc;
use rtc_rtp::header::Extension;
use sfu::{Datagram, PeerState, Source};

use crate::common::offer::{Layout, STREAM_ID, TRANSPORT_SEQUENCE};
use crate::common::viewer::perform;
use crate::common::{Link, TICK, World, server_address};

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

/// A publisher, 1, whose sound is taken 20 ms and whose pictures 60 ms before they are sent, and whose clocks have nothing in common.
struct Recording {
    world: World,
    begin: Instant,
}

const FIRST_SOUND: u32 = 2_000_000_000;
const PICTURE: (&str, u32, Duration, Duration) = ("v0", 90_000, Duration::from_millis(40), Duration::from_millis(60));
const SOUND: (&str, u32, Duration, Duration) = ("a0", 48_000, TICK, TICK);

impl Recording {
    fn new(seed: u64) -> Self {
        let mut world = World::new(seed);
        world.connect_viewers(&Layout::modern(1), &[100]);
        world.client(1).tracks.entry(Source::Microphone).or_default().timestamp = FIRST_SOUND - 960;
        let begin = world.now;
        Self { world, begin }
    }

    /// What it says of a clock that began at this time.
    fn report(&self, ssrc: u32, first: u32, (_, rate, _, lag): (&str, u32, Duration, Duration)) -> SenderReport {
        let since = self.world.now - self.begin;
        let ticks = (since + lag).as_millis() * u128::from(rate) / 1_000;
        let ntp_time = (1_000 << 32) + u64::try_from((since.as_millis() << 32) / 1_000).unwrap();
        let rtp_time = first + u32::try_from(ticks).unwrap();
        SenderReport { ssrc, ntp_time, rtp_time, ..SenderReport::default() }
    }

    /// Lets it send for so many seconds, and report on all its streams in each; what is on pictures is under way for longer.
    fn run(&mut self, seconds: u32) {
        for _ in 0..seconds {
            let identity = &self.world.client(1).identity;
            let microphone = identity.ssrc(Source::Microphone);
            let cameras = [0, 1, 2].map(|layer| identity.encoding_ssrc(Source::Camera, layer));
            let sound = self.report(microphone, FIRST_SOUND, SOUND);
            let pictures = cameras.into_iter().zip([3_600, 1_003_603, 2_003_606]);
            let pictures: Vec<Box<dyn Packet>> =
                pictures.map(|(ssrc, first)| Box::new(self.report(ssrc, first, PICTURE)) as Box<dyn Packet>).collect();
            self.world.client(1).send_rtcp(vec![Box::new(sound)]);
            let pictures = self.world.client(1).seal_rtcp(pictures);
            for round in 0..25 {
                perform(&mut self.world, &mut [], 2 * TICK);
                if round == 0 {
                    let address = self.world.client(1).address;
                    self.world.inject(address, &pictures);
                }
            }
        }
    }

    /// What all our reports on a slot make of when its newest packet was taken, less when it was, in seconds.
    fn offsets(&mut self, (mid, rate, apart, lag): (&str, u32, Duration, Duration)) -> Vec<f64> {
        let client = self.world.client(2);
        let ssrc = client.slot_ssrc(mid);
        let newest = client.take(mid).pop().unwrap();
        let travelled = 2 * Link::CLEAN.delay;
        let number = (newest.at - self.begin - travelled).as_millis() / apart.as_millis();
        let taken = apart.as_secs_f64() * number as f64 - lag.as_secs_f64();
        let told = |report: SenderReport| {
            let ahead = newest.packet.header.timestamp.wrapping_sub(report.rtp_time).cast_signed();
            report.ntp_time as f64 / 4_294_967_296.0 + f64::from(ahead) / f64::from(rate)
        };
        let reports = self.world.client(2).feedback::<SenderReport>().into_iter();
        reports.filter(|report| report.ssrc == ssrc).map(|report| told(report) - taken).collect()
    }
}

#[test]
fn sender_reports_keep_sound_and_picture_in_step_whichever_encoding_is_shown() {
    let mut recording = Recording::new(2);
    recording.run(3);
    recording.world.client(2).feedback.clear();
    let mut offsets = Vec::new();
    for (width, layer) in [(100, 0), (640, 2), (100, 0)] {
        recording.world.watch(2, &[("v0", 1, width)]);
        recording.run(3);
        let shown = recording.world.client(2).received.iter().rfind(|received| received.mid == "v0").unwrap();
        assert_eq!(shown.packet.payload.last(), Some(&layer));
        for slot in [SOUND, PICTURE] {
            let told = recording.offsets(slot);
            assert!(told.len() >= 2, "{told:?}");
            offsets.extend(told);
        }
    }
    assert!(offsets.iter().all(|offset| (offset - offsets[0]).abs() < 0.001), "{offsets:?}");
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
