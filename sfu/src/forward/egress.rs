use std::time::Instant;

use super::head::Head;
use super::rewrite::{Rewriter, Span};
use super::{Media, TrackId, low_half};
use crate::io::MediaKind;
use crate::peer::sdp::codec::Extension;
use crate::peer::sdp::offer::OfferedMedia;
use crate::peer::seal::TAG;
use crate::stats::{Epoch, SenderTime};

/// A subscriber's receive slot: one unbroken RTP stream with contents that change.
pub(crate) struct Slot {
    pub(crate) kind: MediaKind,
    pub(crate) ssrc: u32,
    /// What the client wants here (video).
    pub(crate) wish: Option<TrackId>,
    /// What is sent here.
    pub(crate) shows: Option<TrackId>,
    pub(crate) sent: Sent,
    pub(crate) downlink: Downlink,
    media: OfferedMedia,
    rewriter: Rewriter,
}

/// What a sender report counts.
#[derive(Clone, Copy, Default)]
pub(crate) struct Sent {
    pub(crate) packets: u32,
    pub(crate) octets: u32,
    /// The newest packet: its RTP time in the slot's stream and when it was sent.
    pub(crate) latest: Option<(u32, Instant)>,
    /// Whether anything was sent since the last sender report.
    pub(crate) fresh: bool,
}

/// What the client last reported about the slot.
#[derive(Clone, Copy, Default)]
pub(crate) struct Downlink {
    pub(crate) loss: Option<f32>,
    pub(crate) jitter_ms: f32,
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

impl Slot {
    pub(crate) fn new(kind: MediaKind, media: &OfferedMedia, random: [u8; 32]) -> Self {
        let word = |at: usize| u32::from_be_bytes([0, 1, 2, 3].map(|byte| random[at + byte]));
        // Below 2^15, so that a receiver that misses the first packets does not guess the
        // rollover counter wrong (RFC 3711 section 3.3.1).
        let first_sequence = u16::from_be_bytes([random[8] & 0x7f, random[9]]);
        Self {
            kind,
            ssrc: word(0),
            wish: None,
            shows: None,
            sent: Sent::default(),
            downlink: Downlink::default(),
            media: media.clone(),
            rewriter: Rewriter::new(first_sequence, word(4)),
        }
    }

    pub(crate) fn media(&self) -> &OfferedMedia {
        &self.media
    }

    /// Whether a track is to come here once it sends a key frame.
    pub(crate) fn awaits(&self, track: TrackId) -> bool {
        self.wish == Some(track) && self.shows != Some(track)
    }

    /// Nothing follows on what was sent so far; what comes next comes without a gap.
    pub(crate) fn interrupt(&mut self) {
        self.rewriter.interrupt();
    }

    /// The packet as it goes out on this slot; `None` if it is not for it.
    pub(crate) fn place(&mut self, media: &Media, epoch: Epoch) -> Option<Plain> {
        if self.awaits(media.track) && media.key_frame && self.payload_type(media).is_some() {
            self.shows = Some(media.track);
            self.rewriter.interrupt();
        }
        if self.shows != Some(media.track) {
            return None;
        }
        let payload_type = self.payload_type(media)?;
        let (span, begins) = self.rewriter.place(media)?;
        let plain = self.write(media, (&span, begins), (payload_type, epoch));
        self.sent.packets = self.sent.packets.wrapping_add(1);
        let length = u32::try_from(media.payload.len()).unwrap_or(0);
        self.sent.octets = self.sent.octets.wrapping_add(length);
        self.sent.latest = Some((span.timestamp(media.timestamp), media.arrived));
        self.sent.fresh = true;
        Some(plain)
    }

    /// The track and the index in it of a packet that was sent on this slot.
    pub(crate) fn find(&self, sequence: u16) -> Option<(TrackId, u64)> {
        let (span, index) = self.rewriter.find(sequence)?;
        Some((span.track, index))
    }

    /// The same packet once more, the same to the byte: the cipher's nonce is made of SSRC and
    /// sequence number, and must not meet another plaintext (RFC 7714 section 8).
    pub(crate) fn replay(&self, sequence: u16, media: &Media, epoch: Epoch) -> Option<Plain> {
        let (span, index) = self.rewriter.find(sequence)?;
        let same = span.is_of(media) && index == media.index && self.kind == MediaKind::Video;
        let payload_type = self.payload_type(media).filter(|_| same)?;
        Some(self.write(media, (&span, false), (payload_type, epoch)))
    }

    /// The RTP time of this slot's stream now: by the publisher's own account (for lip sync), or
    /// failing that by the last packet.
    pub(crate) fn rtp_time(&self, sender: Option<SenderTime>, now: Instant) -> Option<u32> {
        let sender = self.rewriter.current().zip(sender);
        let sender = sender.map(|(span, sender)| (span.timestamp(sender.rtp), sender.at));
        let (timestamp, at) = sender.or(self.sent.latest)?;
        let rate = self.media.codecs.first()?.codec.clock_rate();
        let since = now.saturating_duration_since(at).as_micros();
        let ticks = u32::try_from(since * u128::from(rate) / 1_000_000).unwrap_or(0);
        Some(timestamp.wrapping_add(ticks))
    }

    fn payload_type(&self, media: &Media) -> Option<u8> {
        let mut codecs = self.media.codecs.iter();
        let offered = codecs.find(|offered| offered.codec == media.codec)?;
        Some(offered.payload_type)
    }

    fn write(&self, media: &Media, (span, begins): (&Span, bool), (payload_type, epoch): (u8, Epoch)) -> Plain {
        let sound = self.kind == MediaKind::Audio;
        let number = span.number(media.index);
        let (level, send_time) = ([media.level.unwrap_or(0)], epoch.send_time(media.arrived));
        let ids = &self.media.extensions;
        let level = ids.get(&Extension::AudioLevel).filter(|_| media.level.is_some()).map(|id| (*id, &level[..]));
        let send_time = ids.get(&Extension::SendTime).map(|id| (*id, &send_time[..]));
        let head = Head {
            marker: media.marker || (sound && begins),
            payload_type,
            sequence: low_half(number),
            timestamp: span.timestamp(media.timestamp),
            ssrc: self.ssrc,
            csrc: sound.then_some(media.csrc),
            elements: &[level, send_time],
        };
        let size = head.size();
        let mut packet = Vec::with_capacity(size + media.payload.len() + TAG);
        head.write(&mut packet);
        packet.extend_from_slice(&media.payload);
        if let Some(ids) = &media.pictures {
            ids.shift(&mut packet[size..], span.picture());
        }
        Plain { ssrc: self.ssrc, number, head: size, packet }
    }
}
