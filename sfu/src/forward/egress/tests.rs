use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::forward::descriptor::{Reader, References};
use crate::forward::payload::Picture;
use crate::forward::scalable::{L3T3_KEY, Scalable};
use crate::io::{Mid, PeerId, Source};
use crate::peer::sdp::offer::OfferedCodec;
use crate::stats::Epoch;
use crate::timer::start;

const TRACK: TrackId = TrackId { peer: PeerId(1), source: Source::Camera };

fn target(spatial: u8, temporal: u8) -> Target {
    Target { layer: Layer { encoding: 0, spatial }, temporal }
}

/// A slot that waits for a camera in VP9.
fn slot(target: Target) -> Slot {
    let (codec, feedback) = (Codec::Vp9, Vec::new());
    let media = OfferedMedia {
        mid: Mid::from("v0"),
        name: String::new(),
        protocol: String::new(),
        first_format: String::new(),
        kind: Some(MediaKind::Video),
        sends: false,
        receives: true,
        reduced_size: true,
        is_mixed: true,
        codecs: vec![OfferedCodec { codec, payload_type: 98, repair: None, redundancy: None, feedback }],
        extensions: BTreeMap::new(),
        ssrcs: Vec::new(),
        repairs: BTreeMap::new(),
        stream_ids: Vec::new(),
    };
    let wish = Wanted { track: TRACK, width: 640, height: 480, is_pinned: false };
    Slot { wish: Some(wish), target: Some(target), ..Slot::new(MediaKind::Video, &media, [7; 32]) }
}

/// A packet that is all of a frame of a picture with this time.
fn packet(frame: Frame, timestamp: u32) -> Media {
    Media {
        track: TRACK,
        csrc: 1,
        layer: Layer::default(),
        stream: 1,
        codec: Codec::Vp9,
        index: frame.number,
        timestamp,
        marker: false,
        taken: start(),
        captured: None,
        level: None,
        picture: Picture { is_key: frame.is_key, begins: true, temporal: frame.temporal, ..Picture::default() },
        frame: Some(Arc::new(frame)),
        picture_index: None,
        resumes: false,
        payload: Bytes::from_static(&[0]),
        primary: 0,
        is_lossy: false,
    }
}

/// The frames of the next picture.
fn shoot(camera: &mut Scalable, reader: &mut Reader) -> Vec<Frame> {
    camera.shoot().iter().map(|frame| reader.read(&frame.descriptor(true, true).into()).unwrap()).collect()
}

/// Whether a frame is sent, in one packet.
fn sends(slot: &mut Slot, (frame, timestamp): (&Frame, u32)) -> bool {
    let now = start();
    slot.place(&packet(frame.clone(), timestamp), Writing { now, epoch: Epoch::new(now), transport: None }).is_some()
}

/// A key frame of a higher layer, below which nothing is sent: made of one in a key picture.
fn higher_key(frames: &[Frame]) -> Frame {
    let mut frame = frames[1].clone();
    (frame.is_key, frame.references) = (true, References::default());
    frame
}

#[test]
fn with_a_key_frame_that_is_no_part_of_what_is_to_be_sent_nothing_begins() {
    let (mut camera, mut reader) = (Scalable::new(L3T3_KEY, 0), Reader::default());
    let key = higher_key(&shoot(&mut camera, &mut reader));
    let mut lower = slot(target(0, 2));
    assert!(!sends(&mut lower, (&key, 1)));
    assert_eq!((lower.shows, lower.sends), (None, None));
    assert!(lower.awaits((TRACK, Layer::default())), "it goes on to wait");
    camera.wants_key = true;
    assert!(sends(&mut lower, (&shoot(&mut camera, &mut reader)[0], 2)));
    assert_eq!((lower.shows, lower.sends), (Some(TRACK), Some(target(0, 2))));
    let mut higher = slot(target(1, 2));
    assert!(sends(&mut higher, (&key, 1)));
    assert_eq!(higher.sends, Some(target(1, 2)));
}

#[test]
fn a_key_frame_that_is_no_part_of_what_is_sent_is_left_out_and_one_waits_for_the_next_to_go_up() {
    let (mut camera, mut reader) = (Scalable::new(L3T3_KEY, 0), Reader::default());
    let mut slot = slot(target(0, 2));
    assert!(sends(&mut slot, (&shoot(&mut camera, &mut reader)[0], 1)));
    camera.wants_key = true;
    assert!(!sends(&mut slot, (&higher_key(&shoot(&mut camera, &mut reader)), 2)));
    assert_eq!((slot.shows, slot.awaited()), (Some(TRACK), None));
    slot.target = Some(target(1, 2));
    assert_eq!(slot.awaited(), Some((TRACK, target(1, 2).layer)));
    assert!(!sends(&mut slot, (&shoot(&mut camera, &mut reader)[1], 3)), "it needs what was left out");
    camera.wants_key = true;
    let key = higher_key(&shoot(&mut camera, &mut reader));
    assert!(sends(&mut slot, (&key, 4)) && slot.awaited().is_none());
}

#[test]
fn what_may_be_sent_by_its_turn_is_told_from_what_will_not() {
    let (mut camera, mut reader) = (Scalable::new(L3T3_KEY, 0), Reader::default());
    shoot(&mut camera, &mut reader);
    // The second picture is of the highest temporal layer, the fifth of the lowest.
    let highest = shoot(&mut camera, &mut reader);
    let lowest = [(); 3].map(|()| shoot(&mut camera, &mut reader)).into_iter().last().unwrap();
    let of_layers = |slot: &Slot, frames: &[Frame]| -> Vec<bool> {
        frames.iter().map(|frame| slot.is_of_layers(&packet(frame.clone(), 0))).collect()
    };
    let mut slot = slot(target(1, 2));
    (slot.shows, slot.sends) = (Some(TRACK), Some(target(0, 0)));
    assert_eq!(of_layers(&slot, &highest), [true, true, false]);
    slot.target = Some(target(0, 0));
    assert_eq!(of_layers(&slot, &highest), [false; 3]);
    assert_eq!(of_layers(&slot, &lowest), [true, false, false]);
    slot.target = None;
    assert_eq!(of_layers(&slot, &lowest), [true, false, false]);
}
