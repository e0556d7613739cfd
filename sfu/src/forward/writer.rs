//! How packets are written for one slot.

use std::time::Instant;

use super::Media;
use super::descriptor::LONGEST;
use super::head::{Element, Head};
use super::rewrite::Place;
use super::{low_half, redundancy};
use crate::io::MediaKind;
use crate::peer::sdp::codec::{CODECS, Codec, Extension};
use crate::peer::sdp::offer::OfferedMedia;
use crate::peer::seal::TAG;
use crate::stats::Epoch;

/// Bytes of padding in one packet, the most that one byte can say.
pub(crate) const PADDING: usize = 255;
/// Bytes of the headers of UDP and IP.
const UDP: usize = 28;
const HAS_PADDING: u8 = 1 << 5;
/// RFC 4588 section 4: what is sent again begins with the number that it had.
const ORIGINAL_SEQUENCE: usize = 2;

/// What the client's offer says of a slot's packets, at hand for each of them.
pub(crate) struct Writer {
    is_sound: bool,
    ssrc: u32,
    types: [Option<Types>; CODECS.len()],
    level: Option<u8>,
    send_time: Option<u8>,
    transport: Option<u8>,
    descriptor: Option<u8>,
}

/// The payload types of a codec.
#[derive(Clone, Copy)]
pub(crate) struct Types {
    pub(crate) plain: u8,
    /// Of what is sent again (RFC 4588).
    pub(crate) repair: Option<u8>,
    /// Of what comes with the packets before (RFC 2198).
    pub(crate) redundancy: Option<u8>,
}

/// A packet before encryption.
pub(crate) struct Plain {
    pub(crate) ssrc: u32,
    /// Its sequence number, counted on over the wraps of the 16 bits that are sent. The same number never comes with other
    /// contents.
    pub(crate) number: u64,
    /// Where the payload begins.
    pub(crate) head: usize,
    /// With room for the cipher's tag.
    pub(crate) packet: Vec<u8>,
}

/// What a packet is written with beside its own: what is the same for all slots, and its number on the way.
#[derive(Clone, Copy)]
pub(crate) struct Writing {
    pub(crate) now: Instant,
    pub(crate) epoch: Epoch,
    /// Where all packets of the connection are counted.
    pub(crate) transport: Option<u16>,
}

/// What of a packet is written, and as what.
#[derive(Clone, Copy)]
pub(crate) struct Presentation {
    pub(crate) payload_type: u8,
    /// The byte of the payload from which on it is sent.
    pub(crate) from: usize,
    pub(crate) marker: bool,
}

impl Writer {
    pub(crate) fn new(kind: MediaKind, ssrc: u32, media: &OfferedMedia) -> Self {
        let mut types = [None; CODECS.len()];
        for offered in media.codecs.iter().rev() {
            let (plain, repair, redundancy) = (offered.payload_type, offered.repair, offered.redundancy);
            types[offered.codec.index()] = Some(Types { plain, repair, redundancy });
        }
        let id = |extension| media.extensions.get(&extension).copied();
        Self {
            is_sound: kind == MediaKind::Audio,
            ssrc,
            types,
            level: id(Extension::AudioLevel),
            send_time: id(Extension::SendTime),
            transport: id(Extension::TransportSequence),
            descriptor: id(Extension::Dependencies).filter(|_| media.is_mixed),
        }
    }

    pub(crate) fn types(&self, codec: Codec) -> Option<Types> {
        self.types[codec.index()]
    }

    /// A payload type of what is sent again.
    fn repair(&self) -> Option<u8> {
        self.types.iter().flatten().find_map(|types| types.repair)
    }

    pub(crate) fn write(&self, (media, presentation): (&Media, Presentation), place: Place, writing: Writing) -> Plain {
        let (level, send_time) = ([media.level.unwrap_or(0)], writing.epoch.send_time(writing.now));
        let level = self.level.filter(|_| media.level.is_some()).map(|id| (id, &level[..]));
        let transport = writing.transport.map(u16::to_be_bytes);
        let [send_time, transport] = self.counting((&send_time, transport.as_ref()));
        let descriptor = self.descriptor(media, place);
        let descriptor = descriptor.as_ref().map(|(id, (bytes, length))| (*id, &bytes[..*length]));
        let head = Head {
            marker: presentation.marker,
            payload_type: presentation.payload_type,
            sequence: low_half(place.number),
            timestamp: place.timestamp,
            ssrc: self.ssrc,
            csrc: self.is_sound.then_some(media.csrc),
            elements: &[level, send_time, transport, descriptor],
        };
        let payload = &media.payload[presentation.from..];
        let mut packet = head.write(payload.len() + TAG);
        let head = packet.len();
        packet.extend_from_slice(payload);
        media.picture.ids.write(&mut packet[head..], (low_half(place.picture), place.tl0));
        Plain { ssrc: self.ssrc, number: place.number, head, packet }
    }

    /// A packet of nothing but padding in the stream of what is sent again.
    pub(crate) fn pad(&self, (ssrc, number): (u32, u64), timestamp: u32, writing: Writing) -> Option<Plain> {
        let send_time = writing.epoch.send_time(writing.now);
        let transport = writing.transport.map(u16::to_be_bytes);
        let head = Head {
            marker: false,
            payload_type: self.repair()?,
            sequence: low_half(number),
            timestamp,
            ssrc,
            csrc: None,
            elements: &self.counting((&send_time, transport.as_ref())),
        };
        let mut packet = head.write(PADDING + TAG);
        let head = packet.len();
        packet[0] |= HAS_PADDING;
        packet.resize(head + PADDING - 1, 0);
        packet.push(u8::try_from(PADDING).expect("RFC 3550 section 5.1: one byte says how much"));
        Some(Plain { ssrc, number, head, packet })
    }

    /// What the packet's descriptor is here, and under which id.
    fn descriptor(&self, media: &Media, place: Place) -> Option<(u8, ([u8; LONGEST], usize))> {
        Some((self.descriptor?, media.frame.as_ref()?.renumbered(low_half(place.frame))))
    }

    /// The elements by which the way is measured.
    fn counting<'a>(&self, (send_time, transport): (&'a [u8; 3], Option<&'a [u8; 2]>)) -> [Option<Element<'a>>; 2] {
        let transport = self.transport.zip(transport).map(|(id, number)| (id, &number[..]));
        [self.send_time.map(|id| (id, &send_time[..])), transport]
    }
}

impl Plain {
    /// Bytes that it takes on the way, below IP.
    pub(crate) fn size(&self) -> usize {
        self.packet.len() + TAG + UDP
    }

    /// Makes of a packet with those before it one whose parts are of this payload type.
    pub(crate) fn retype(&mut self, within: u8) {
        redundancy::retype(&mut self.packet[self.head..], within);
    }

    /// Makes of a packet the one in which it is sent again (RFC 4588 section 4).
    pub(crate) fn rename(&mut self, (ssrc, number): (u32, u64), original: u16) {
        (self.ssrc, self.number) = (ssrc, number);
        self.packet[2..4].copy_from_slice(&low_half(number).to_be_bytes());
        self.packet[8..12].copy_from_slice(&ssrc.to_be_bytes());
        self.packet.reserve(ORIGINAL_SEQUENCE + TAG);
        self.packet.splice(self.head..self.head, original.to_be_bytes());
    }
}
