//! From a publisher's packet to the subscribers' packets.

pub(crate) mod egress;
pub(crate) mod feedback;
pub(crate) mod ingress;
pub(crate) mod payload;
pub(crate) mod repair;
pub(crate) mod rewrite;
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
    /// The publisher's own.
    pub(crate) ssrc: u32,
    pub(crate) codec: Codec,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
    pub(crate) arrived: Instant,
    /// RFC 6464: 0 (overload) to 127 (silence), in -dBov, and the voice flag in the top bit.
    pub(crate) level: Option<u8>,
    pub(crate) key_frame: bool,
    pub(crate) pictures: Option<PictureIds>,
    pub(crate) payload: Bytes,
}
