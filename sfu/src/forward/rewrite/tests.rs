use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::forward::payload::Picture;
use crate::io::{PeerId, Source};
use crate::peer::sdp::codec::Codec;
use crate::timer::start;

fn packet(at: Instant, peer: u64, index: u64, timestamp: u32) -> Media {
    Media {
        track: TrackId { peer: PeerId(peer), source: Source::Microphone },
        csrc: 1,
        layer: Layer::default(),
        stream: 1,
        codec: Codec::Opus,
        index,
        timestamp,
        marker: false,
        taken: at,
        captured: None,
        level: None,
        picture: Picture::default(),
        frame: None,
        picture_index: None,
        resumes: false,
        payload: Bytes::new(),
        primary: 0,
        is_lossy: false,
    }
}

fn place(rewriter: &mut Rewriter, media: &Media) -> Option<(u16, u32)> {
    let place = rewriter.place(media)?;
    Some((low_half(place.number), place.timestamp))
}

#[test]
fn a_switch_of_speaker_leaves_no_gap() {
    let now = start();
    let mut rewriter = Rewriter::new(65_535, 1000);
    assert_eq!(place(&mut rewriter, &packet(now, 1, 7, 500)), Some((65_535, 1000)));
    assert_eq!(place(&mut rewriter, &packet(now, 1, 8, 1460)), Some((0, 1960)));
    let later = now + Duration::from_millis(40);
    assert_eq!(place(&mut rewriter, &packet(later, 2, 900, 9)), Some((1, 3880)));
    assert_eq!(place(&mut rewriter, &packet(later, 2, 899, 9)), None);
    assert_eq!(place(&mut rewriter, &packet(later, 2, 902, 1929)), Some((3, 5800)));
    assert_eq!(place(&mut rewriter, &packet(later, 2, 901, 969)), Some((2, 4840)));
}

#[test]
fn what_is_older_than_a_stream_has_no_place_in_it_however_old() {
    let now = start();
    for age in [1, 90, 101, 200, 32_767] {
        let mut rewriter = Rewriter::new(100, 0);
        assert_eq!(place(&mut rewriter, &packet(now, 1, 70_000, 0)), Some((100, 0)));
        assert_eq!(place(&mut rewriter, &packet(now, 1, 70_000 - age, 0)), None);
        assert_eq!(place(&mut rewriter, &packet(now, 1, 70_001, 0)), Some((101, 0)));
    }
}

#[test]
fn an_interruption_leaves_no_gap() {
    let now = start();
    let mut rewriter = Rewriter::new(10, 0);
    assert_eq!(place(&mut rewriter, &packet(now, 1, 1, 0)), Some((10, 0)));
    rewriter.interrupt();
    let later = now + Duration::from_secs(1);
    assert_eq!(place(&mut rewriter, &packet(later, 1, 51, 48_000)), Some((11, 48_000)));
}

#[test]
fn a_long_stream_goes_on_over_many_wraps() {
    let now = start();
    let mut rewriter = Rewriter::new(10, 0);
    for index in 0..200_000 {
        let placed = place(&mut rewriter, &packet(now, 1, index, 0));
        let sent = low_half(index + 10);
        assert_eq!(placed.map(|(sequence, _)| sequence), Some(sent));
        assert_eq!(rewriter.find(sent).unwrap().index, index);
    }
    assert_eq!(rewriter.spans.len(), 1);
}

#[test]
fn sent_numbers_lead_back_to_the_publishers() {
    let now = start();
    let mut rewriter = Rewriter::new(10, 0);
    for (peer, index) in [(1, 100), (1, 101), (2, 500)] {
        place(&mut rewriter, &packet(now, peer, index, 0));
    }
    let track = |found: Option<Found>| found.map(|found| (found.track.peer.0, found.index));
    assert_eq!(track(rewriter.find(11)), Some((1, 101)));
    assert_eq!(track(rewriter.find(12)), Some((2, 500)));
    assert_eq!(track(rewriter.find(9)), None);
}

#[test]
fn a_sent_number_leads_to_no_packet_of_a_later_cycle() {
    let now = start();
    let mut rewriter = Rewriter::new(10, 0);
    place(&mut rewriter, &packet(now, 1, 100, 0));
    rewriter.interrupt();
    place(&mut rewriter, &packet(now, 1, 100 + 0x1_0000, 0));
    assert_eq!(rewriter.find(10).unwrap().index, 100);
    assert_eq!(rewriter.find(11).unwrap().index, 100 + 0x1_0000);
}

#[test]
fn what_is_left_out_leaves_no_gap_and_is_found_no_more() {
    let now = start();
    let mut rewriter = Rewriter::new(10, 0);
    let pictures = |index: u64| Media { picture_index: Some(index), ..packet(now, 1, index, 0) };
    let mut sent = Vec::new();
    for index in 100..120 {
        if index % 2 == 1 {
            rewriter.leave_out(&pictures(index));
        } else {
            sent.push(rewriter.place(&pictures(index)).unwrap());
        }
    }
    assert_eq!(sent.iter().map(|place| place.number).collect::<Vec<_>>(), (10..20).collect::<Vec<_>>());
    assert_eq!(sent.iter().map(|place| place.picture).collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
    for (place, index) in sent.iter().zip((100..120).step_by(2)) {
        let sequence = low_half(place.number);
        assert_eq!(rewriter.find(sequence).unwrap().index, index);
        let again = rewriter.place_again(sequence, &pictures(index)).unwrap();
        assert_eq!(Place { begins: place.begins, ..again }, *place);
        assert_eq!(rewriter.place_again(sequence, &pictures(index + 1)), None);
    }
    assert_eq!(rewriter.place(&pictures(101)), None);
}

#[test]
fn one_that_is_left_out_late_keeps_its_number() {
    let now = start();
    let mut rewriter = Rewriter::new(10, 0);
    for index in [100, 102] {
        rewriter.place(&packet(now, 1, index, 0));
    }
    rewriter.leave_out(&packet(now, 1, 101, 0));
    assert_eq!(place(&mut rewriter, &packet(now, 1, 103, 0)), Some((13, 0)));
}

#[test]
fn another_encoding_of_one_track_goes_on_by_the_publishers_clock() {
    let now = start();
    let mut rewriter = Rewriter::new(10, 0);
    let captured = |ms| Some(now + Duration::from_millis(ms));
    rewriter.place(&Media { captured: captured(0), ..packet(now, 1, 100, 0) });
    let other = Media { stream: 2, captured: captured(40), ..packet(now + Duration::from_millis(90), 1, 5, 777) };
    assert_eq!(place(&mut rewriter, &other), Some((11, 1_920)));
}
