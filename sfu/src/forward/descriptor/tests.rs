use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::forward::scalable::{L3T3, L3T3_KEY, Scalable};

/// Bytes from digits; what stands between them is for the reader.
fn bytes(digits: &str) -> Bytes {
    let bits: Vec<u8> = digits.bytes().filter(|digit| matches!(digit, b'0' | b'1')).map(|digit| digit - b'0').collect();
    bits.chunks(8).map(|byte| byte.iter().zip(0..).fold(0, |all, (bit, at)| all | bit << (7 - at))).collect()
}

/// Two temporal layers in three templates, of which the first is 5; two decode targets and one chain; 640 by 360.
fn two_temporal_layers() -> Bytes {
    bytes(
        "1 0 000101 0000000000000111 | 1 0 0 0 0 | 000101 00001 | 00 01 11 | 10 10  10 10  00 01 \
         | 0  1 0001 0  1 0000 0 | 10 | 0000 0010 0001 | 1 0000001001111111 0000000101100111",
    )
}

#[test]
fn a_structure_and_the_frames_that_name_its_templates_are_read() {
    let mut reader = Reader::default();
    let key = reader.read(&two_temporal_layers()).unwrap();
    assert!(key.is_key && key.begins && !key.ends);
    assert_eq!((key.number, key.spatial, key.temporal), (FIRST_CYCLE + 7, 0, 0));
    assert_eq!(key.previous[0], 0);
    let structure = reader.structure().unwrap();
    assert_eq!((structure.layers, &structure.sizes[..]), (1, &[(640, 360)][..]));
    assert!(reader.is_active(0) && !reader.is_active(1));

    let higher = reader.read(&bytes("1 1 000111 0000000000001000")).unwrap();
    assert_eq!((higher.temporal, higher.references.near, higher.previous[0]), (1, 1, 1));
    assert_eq!([0, 1].map(|up_to| higher.indication(0, up_to)), [Indication::NotPresent, Indication::Discardable]);
    let lower = reader.read(&bytes("1 1 000110 0000000000001001")).unwrap();
    assert_eq!((lower.temporal, lower.references.near, lower.previous[0]), (0, 2, 2));
    assert_eq!([0, 1, 2].map(|up_to| lower.indication(0, up_to)), [Indication::Switch; 3]);
    assert!(!lower.is_key);
}

#[test]
fn what_is_particular_to_a_frame_overrules_its_template() {
    let mut reader = Reader::default();
    reader.read(&two_temporal_layers()).unwrap();
    // No decode target but the first is active; needed by all; of one and of 100 frames ago; its chain 9 frames ago.
    let frame = bytes("1 1 000111 0000000000001000 | 0 1 1 1 1 | 10 | 11 11 | 01 0000 10 01100011 00 | 00001001");
    let frame = reader.read(&frame).unwrap();
    assert_eq!([0, 1].map(|up_to| frame.indication(0, up_to)), [Indication::Required; 2]);
    assert_eq!(frame.references, References { near: 1, has_far: true });
    assert_eq!(frame.previous[0], 9);
    assert!(reader.is_active(0));
}

#[test]
fn what_names_what_never_came_is_not_understood() {
    let mut reader = Reader::default();
    assert_eq!(reader.read(&bytes("1 1 000101 0000000000001000")), None);
    reader.read(&two_temporal_layers()).unwrap();
    assert_eq!(reader.read(&bytes("1 1 001000 0000000000001000")), None);
    assert_eq!(reader.read(&bytes("1 1 000100 0000000000001000")), None);
    assert_eq!(reader.read(&two_temporal_layers().slice(..8)), None);
    assert_eq!(reader.read(&Bytes::from_static(&[0xc5, 0])), None);
}

#[test]
fn numbers_are_counted_on_over_their_wraps_and_written_in_place() {
    let mut reader = Reader::default();
    reader.read(&two_temporal_layers()).unwrap();
    let number = |reader: &mut Reader, number: u16| {
        let [high, low] = number.to_be_bytes();
        reader.read(&Bytes::copy_from_slice(&[0xc6, high, low])).unwrap()
    };
    assert_eq!(number(&mut reader, 6).number, FIRST_CYCLE + 6);
    assert_eq!(number(&mut reader, 32_000).number, FIRST_CYCLE + 32_000);
    assert_eq!(number(&mut reader, 64_000).number, FIRST_CYCLE + 64_000);
    let next = number(&mut reader, 2);
    assert_eq!(next.number, 2 * FIRST_CYCLE + 2);
    let (written, length) = next.renumbered(0xabcd);
    assert_eq!(&written[..length], [0xc6, 0xab, 0xcd]);
}

#[test]
fn spatial_layers_are_told_with_what_they_rely_on() {
    for mode in [L3T3, L3T3_KEY] {
        let mut reader = Reader::default();
        let mut camera = Scalable::new(mode, 65_530);
        camera.active = 2;
        let key = camera.shoot();
        let first = reader.read(&key[0].descriptor(true, true).into()).unwrap();
        assert!(first.is_key && reader.is_active(1) && !reader.is_active(2));
        assert_eq!(reader.structure().unwrap().sizes, [(160, 120), (320, 240), (640, 480)]);
        assert_eq!([0, 1, 2].map(|spatial| first.indication(spatial, 2)), [Indication::Switch; 3]);
        let second = reader.read(&key[1].descriptor(true, true).into()).unwrap();
        assert_eq!((second.spatial, second.references.near, second.is_key), (1, 1, false));
        assert_eq!(second.indication(0, 2), Indication::NotPresent);
        assert_eq!(&second.previous[..3], [1, 1, 1]);
        let next = camera.shoot();
        let next = reader.read(&next[0].descriptor(true, true).into()).unwrap();
        let upward = if mode.is_full { Indication::Required } else { Indication::NotPresent };
        assert_eq!(next.indication(1, 2), upward);
        assert_eq!(&next.previous[..3], [2, 1, 1]);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read(descriptors in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..8)) {
        let mut reader = Reader::default();
        for descriptor in descriptors {
            if let Some(frame) = reader.read(&descriptor.into()) {
                prop_assert!(frame.spatial < MOST_SPATIAL && frame.temporal < TEMPORAL);
            }
        }
    }

    #[test]
    fn structures_with_flipped_bits_are_read(flips in prop::collection::vec((any::<prop::sample::Index>(), 0..8_u32), 1..6)) {
        let mut reader = Reader::default();
        let mut camera = Scalable::new(L3T3, 0);
        for frame in (0..8).flat_map(|_| camera.shoot()) {
            let mut descriptor = frame.descriptor(true, true);
            for (at, bit) in &flips {
                let at = at.index(descriptor.len());
                descriptor[at] ^= 1 << bit;
            }
            let _ = reader.read(&descriptor.into());
        }
    }
}
