//! From a publisher's packet to the subscribers' packets.

pub(crate) mod arrivals;
pub(crate) mod descriptor;
pub(crate) mod egress;
pub(crate) mod encoding;
pub(crate) mod feedback;
pub(crate) mod gaps;
pub(crate) mod head;
pub(crate) mod ingress;
pub(crate) mod meter;
pub(crate) mod payload;
pub(crate) mod rate;
pub(crate) mod redundancy;
pub(crate) mod repair;
pub(crate) mod rewrite;
pub(crate) mod select;
pub(crate) mod silence;
pub(crate) mod table;
mod window;
pub(crate) mod writer;

#[cfg(test)]
#[path = "../../tests/it/common/scalable.rs"]
mod scalable;

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use crate::io::{PeerId, Source};
use crate::peer::sdp::codec::Codec;
use descriptor::{Frame, Indication};
use payload::Picture;
use select::Target;

/// A published track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TrackId {
    pub(crate) peer: PeerId,
    pub(crate) source: Source,
}

/// One of the sizes in which a track is sent: an encoding (RFC 8853), 0 the lowest, and of one with layers in its stream
/// those up to a spatial one. A track that is sent in one way has that one alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Layer {
    pub(crate) encoding: u8,
    pub(crate) spatial: u8,
}

impl Layer {
    pub(crate) fn of_encoding(encoding: u8) -> Self {
        Self { encoding, spatial: 0 }
    }

    /// Of its encoding.
    pub(crate) fn index(self) -> usize {
        usize::from(self.encoding)
    }
}

/// An authentic packet of a publisher.
#[derive(Clone, Debug)]
pub(crate) struct Media {
    pub(crate) track: TrackId,
    pub(crate) csrc: u32,
    pub(crate) layer: Layer,
    /// Which of the track's streams: each encoding has its own, and a new one when its SSRC changes.
    pub(crate) stream: u64,
    pub(crate) codec: Codec,
    /// The sequence number, counted on over its wraps: no two packets of a stream have the same.
    pub(crate) index: u64,
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
    /// When it was read, with which time it is also sent.
    pub(crate) taken: Instant,
    /// When its picture or sound was taken, by the publisher's sender reports, in our time.
    pub(crate) captured: Option<Instant>,
    /// RFC 6464: 0 (overload) to 127 (silence), in -dBov, and the voice flag in the top bit.
    pub(crate) level: Option<u8>,
    /// What its payload says of the picture that it is part of.
    pub(crate) picture: Picture,
    /// What its descriptor says of its frame, where it has one.
    pub(crate) frame: Option<Arc<Frame>>,
    /// Its picture's id, counted on over its wraps.
    pub(crate) picture_index: Option<u64>,
    /// Its encoding was not sent before it.
    pub(crate) resumes: bool,
    pub(crate) payload: Bytes,
    /// Where what is new in the payload begins; before it is what earlier packets carried (RFC 2198).
    pub(crate) primary: usize,
    /// Packets of the publisher were lost of late, which what is before may make good.
    pub(crate) is_lossy: bool,
}

impl Media {
    /// The bytes that are new.
    pub(crate) fn length(&self) -> usize {
        self.payload.len() - self.primary
    }

    /// Whether it belongs to what is sent of its stream.
    pub(crate) fn is_part_of(&self, sends: Target) -> bool {
        match &self.frame {
            Some(frame) => frame.indication(sends.layer.spatial, sends.temporal) != Indication::NotPresent,
            None => self.picture.temporal <= sends.temporal,
        }
    }

    pub(crate) fn sequence(&self) -> u16 {
        low_half(self.index)
    }
}

/// The 16 bits of a count that are sent.
pub(crate) fn low_half(count: u64) -> u16 {
    u16::try_from(count & 0xffff).expect("16 bits remain")
}
