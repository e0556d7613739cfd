use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::client::Received;
use super::offer::{DEPENDENCIES, VP9};
use super::scalable::LayerFrame;

/// A packet before its header.
pub(crate) struct LayerPacket {
    pub(crate) descriptor: Vec<u8>,
    pub(crate) payload: Vec<u8>,
    pub(crate) ends: bool,
}

const PACKET: usize = 1_100;
/// Of each spatial layer.
const FRAME_BYTES: [usize; 3] = [500, 1_500, 5_000];
/// Where the marks begin: after VP9's own descriptor, or after VP8's with a frame's tag.
const MARKS: usize = 5;

/// The packets of a frame, each marked with whose it is, its layers, its number, and the numbers of those that it needs.
pub(crate) fn packets(frame: &LayerFrame, payload_type: u8, (picture, peer): (u16, u8)) -> Vec<LayerPacket> {
    let bytes = FRAME_BYTES[usize::from(frame.spatial)];
    let count = bytes.div_ceil(PACKET);
    let packet = |index: usize| {
        let (begins, ends) = (index == 0, index + 1 == count);
        let [high, low] = (picture | 0x8000).to_be_bytes();
        let mut payload = if payload_type == VP9 {
            let flags = 0xa0 | u8::from(!frame.is_key) << 6 | u8::from(begins) << 3 | u8::from(ends) << 2;
            vec![flags, high, low, frame.temporal << 5 | frame.spatial << 1, 7]
        } else {
            // As a browser shortens it that sends descriptors: without picture ids and layers.
            vec![u8::from(begins) << 4, high & 0xfe | u8::from(!frame.is_key), low, 0, 0]
        };
        payload.extend([peer, frame.spatial, frame.temporal, u8::try_from(frame.references.len()).unwrap()]);
        payload.extend([frame.number].iter().chain(&frame.references).flat_map(|number| number.to_be_bytes()));
        payload.resize((bytes / count).max(payload.len()), 0);
        LayerPacket { descriptor: frame.descriptor(begins, ends), payload, ends }
    };
    (0..count).map(packet).collect()
}

/// What a packet is marked with.
pub(crate) struct Marks {
    pub(crate) peer: u8,
    pub(crate) spatial: u8,
    pub(crate) temporal: u8,
    pub(crate) number: u16,
    pub(crate) references: Vec<u16>,
}

impl Marks {
    pub(crate) fn read(payload: &[u8]) -> Self {
        let [peer, spatial, temporal, count, high, low, rest @ ..] = &payload[MARKS..] else { unreachable!() };
        let references = rest.chunks(2).take((*count).into()).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
        let number = u16::from_be_bytes([*high, *low]);
        Self { peer: *peer, spatial: *spatial, temporal: *temporal, number, references: references.collect() }
    }
}

/// What a decoder of layers makes of an unbroken stream. It asks that all that a frame needs has come.
#[derive(Default)]
pub(crate) struct LayeredScreen {
    /// The numbers under which frames came, by whose they are and their own numbers.
    frames: BTreeMap<(u8, u16), u16>,
    picture: Option<Picture>,
    sequence: Option<u16>,
    payload_type: Option<u8>,
    latest: Option<u16>,
    pub(crate) shown: Vec<LayersShown>,
}

#[derive(Clone, Copy)]
struct Picture {
    timestamp: u32,
    id: u16,
    is_whole: bool,
}

/// A picture, by its highest layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LayersShown {
    pub(crate) at: Instant,
    pub(crate) spatial: u8,
    pub(crate) temporal: u8,
    pub(crate) peer: u8,
}

impl LayeredScreen {
    pub(crate) fn watch(&mut self, received: &[Received]) {
        received.iter().for_each(|packet| self.take(packet));
    }

    fn take(&mut self, Received { at, packet, .. }: &Received) {
        let header = &packet.header;
        assert_eq!(header.payload_type, *self.payload_type.get_or_insert(header.payload_type));
        if let Some(before) = self.sequence.replace(header.sequence_number) {
            assert_eq!(header.sequence_number, before.wrapping_add(1), "numbers go on without a gap");
        }
        let descriptor = header.get_extension(DEPENDENCIES).expect("each packet has a descriptor");
        let sent = u16::from_be_bytes([descriptor[1], descriptor[2]]);
        let Marks { peer, spatial, temporal, number, references } = Marks::read(&packet.payload);
        self.check_picture(header.timestamp, u16::from_be_bytes([packet.payload[1], packet.payload[2]]));
        if descriptor[0] & 0x80 != 0 {
            let step = sent.wrapping_sub(self.latest.unwrap_or(sent.wrapping_sub(1)));
            assert!(step > 0 && step < 1 << 15, "frames' numbers go up");
            self.latest = Some(sent);
            self.frames.insert((peer, number), sent);
            for reference in references {
                let came = self.frames.get(&(peer, reference));
                let came = came.unwrap_or_else(|| panic!("{number} of layer {spatial} needs {reference}"));
                assert_eq!(sent.wrapping_sub(*came), number.wrapping_sub(reference), "distances are kept");
            }
        }
        if header.marker {
            assert_eq!(descriptor[0] & 0x40, 0x40, "a picture ends with a frame");
            self.picture.as_mut().unwrap().is_whole = true;
            self.shown.push(LayersShown { at: *at, spatial, temporal, peer });
        }
    }

    fn check_picture(&mut self, timestamp: u32, id: u16) {
        let before = self.picture.replace(Picture { timestamp, id, is_whole: false });
        let Some(before) = before else {
            return;
        };
        if before.timestamp == timestamp {
            assert!(!before.is_whole && before.id == id, "the mark is on the picture's last packet");
        } else {
            assert!(before.is_whole, "a picture ends with the mark");
            assert!(timestamp.wrapping_sub(before.timestamp) < 1 << 31, "the time goes on");
            assert_ne!(id, before.id);
        }
    }

    /// The highest spatial layer of what was shown last.
    pub(crate) fn latest(&self) -> u8 {
        self.shown.last().unwrap().spatial
    }

    /// The longest time without a new picture from one moment to another.
    pub(crate) fn longest_freeze(&self, from: Instant, to: Instant) -> Duration {
        let within = self.shown.iter().map(|shown| shown.at).filter(|at| (from..=to).contains(at));
        let times: Vec<Instant> = std::iter::once(from).chain(within).chain(std::iter::once(to)).collect();
        times.windows(2).map(|pair| pair[1].saturating_duration_since(pair[0])).max().unwrap()
    }
}
