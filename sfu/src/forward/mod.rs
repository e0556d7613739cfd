//! From a publisher's packet to the subscribers' packets.

pub(crate) mod egress;
pub(crate) mod feedback;
pub(crate) mod head;
pub(crate) mod ingress;
pub(crate) mod meter;
pub(crate) mod payload;
pub(crate) mod repair;
pub(crate) mod rewrite;
pub(crate) mod silence;
pub(crate) mod table;

use std::time::Instant;

use bytes::Bytes;

use crate::io::{PeerId, Source};
use crate::peer::sdp::codec::Codec;
use payload::PictureIds;

/// A published track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TrackId {
    pub(crate) peer: PeerId,
    pub(crate) source: Source,
}

/// An authentic packet of a publisher.
#[derive(Clone, Debug)]
pub(crate) struct Media {
    pub(crate) track: TrackId,
    pub(crate) csrc: u32,
    /// Which of the track's streams; there is a new one when the publisher's SSRC changes.
    pub(crate) stream: u64,
    pub(crate) codec: Codec,
    /// The sequence number, counted on over its wraps: no two packets of a stream have the same.
    pub(crate) index: u64,
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
    pub(crate) arrived: Instant,
    /// RFC 6464: 0 (overload) to 127 (silence), in -dBov, and the voice flag in the top bit.
    pub(crate) level: Option<u8>,
    pub(crate) key_frame: bool,
    pub(crate) pictures: Option<PictureIds>,
    pub(crate) payload: Bytes,
}

impl Media {
    pub(crate) fn sequence(&self) -> u16 {
        low_half(self.index)
    }
}

/// The 16 bits of a count that are sent.
pub(crate) fn low_half(count: u64) -> u16 {
    u16::try_from(count & 0xffff).expect("16 bits remain")
}
