use std::cmp::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::descriptor::Frame;
use super::redundancy::Lossy;
use super::repair::Again;
use super::rewrite::{Found, Place, Rewriter, Span};
use super::select::{Selection, Target};
use super::writer::{Plain, Presentation, Writer, Writing};
use super::{Layer, Media, TrackId};
use crate::io::{Limitation, MediaKind};
use crate::peer::sdp::codec::{Codec, Extension, REMB, TRANSPORT_FEEDBACK};
use crate::peer::sdp::offer::OfferedMedia;
use crate::stats::SenderTime;

/// What comes once more after a longer time comes too late.
const ECHOED_WITHIN: Duration = Duration::from_millis(100);

/// A subscriber's receive slot: one unbroken RTP stream with contents that change.
pub(crate) struct Slot {
    pub(crate) kind: MediaKind,
    pub(crate) ssrc: u32,
    /// What the client wants here (video).
    pub(crate) wish: Option<Wanted>,
    /// What is to be sent of the wish at the moment; `None` while there is no place for it.
    pub(crate) target: Option<Target>,
    /// What is sent here.
    pub(crate) shows: Option<TrackId>,
    /// And which of its encodings (video); `None` while it is paused.
    pub(crate) sends: Option<Target>,
    /// Why it is not as good as was wished for.
    pub(crate) limitation: Limitation,
    pub(crate) sent: Sent,
    pub(crate) downlink: Downlink,
    media: OfferedMedia,
    writer: Writer,
    rewriter: Rewriter,
    /// Of the frames that are sent, where descriptors say what they need.
    selection: Option<Selection>,
    repair: Option<Repair>,
    is_counted: bool,
    again: Again,
    /// The newest packet of sound, as it was sent, where it is to be sent once more.
    latest: Option<(Instant, Bytes)>,
}

/// A track that a client wants to show at a size in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) track: TrackId,
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) is_pinned: bool,
}

/// The stream in which a slot's packets are sent again (RFC 4588).
#[derive(Clone, Copy)]
struct Repair {
    ssrc: u32,
    /// Of the next packet, counted on over the wraps of the 16 bits that are sent.
    number: u64,
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
    /// Octets at the last report on quality.
    pub(crate) octets_told: u32,
}

/// What the client last reported about the slot.
#[derive(Default)]
pub(crate) struct Downlink {
    pub(crate) loss: Option<f32>,
    pub(crate) lossy: Lossy,
    pub(crate) jitter_ms: f32,
}

impl Repair {
    fn next(self) -> Self {
        Self { number: self.number + 1, ..self }
    }
}

impl Slot {
    pub(crate) fn new(kind: MediaKind, media: &OfferedMedia, random: [u8; 32]) -> Self {
        let word = |at: usize| u32::from_be_bytes([0, 1, 2, 3].map(|byte| random[at + byte]));
        // Below 2^15, so that a receiver that misses the first packets does not guess the
        // rollover counter wrong (RFC 3711 section 3.3.1).
        let first_sequence = |at: usize| u16::from_be_bytes([random[at] & 0x7f, random[at + 1]]);
        let repairs = media.codecs.iter().any(|offered| offered.repair.is_some());
        let tells = media.codecs.iter().any(|offered| offered.feedback.contains(&TRANSPORT_FEEDBACK));
        let repair = Repair { ssrc: word(12), number: u64::from(first_sequence(16)) };
        Self {
            kind,
            ssrc: word(0),
            wish: None,
            target: None,
            shows: None,
            sends: None,
            limitation: Limitation::None,
            sent: Sent::default(),
            downlink: Downlink::default(),
            media: media.clone(),
            writer: Writer::new(kind, word(0), media),
            rewriter: Rewriter::new(first_sequence(8), word(4)),
            selection: None,
            repair: repairs.then_some(repair),
            is_counted: repairs && tells && media.extensions.contains_key(&Extension::TransportSequence),
            again: Again::default(),
            latest: None,
        }
    }

    pub(crate) fn media(&self) -> &OfferedMedia {
        &self.media
    }

    /// The SSRC of what is sent again.
    pub(crate) fn repair_ssrc(&self) -> Option<u32> {
        self.repair.map(|repair| repair.ssrc)
    }

    /// Whether packets of this slot are counted on the way: then none may be sent twice with the same bytes.
    pub(crate) fn is_counted(&self) -> bool {
        self.is_counted
    }

    /// Whether the client tells how its way fares with this slot's packets.
    pub(crate) fn is_measured(&self) -> bool {
        self.is_counted() || self.media.codecs.iter().any(|offered| offered.feedback.contains(&REMB))
    }

    /// Whether the client takes a codec here.
    pub(crate) fn takes_codec(&self, codec: Codec) -> bool {
        self.writer.types(codec).is_some()
    }

    pub(crate) fn wishes(&self, track: TrackId) -> bool {
        self.wish.is_some_and(|wish| wish.track == track)
    }

    /// Whether an encoding, or another of its layers, is to come here once it sends a key frame.
    pub(crate) fn awaits(&self, (track, layer): (TrackId, Layer)) -> bool {
        let of_encoding = |target: &Target| target.layer.encoding == layer.encoding;
        let Some(target) = self.target.filter(|_| self.wishes(track)).filter(of_encoding) else {
            return false;
        };
        let Some(sends) = self.sends.filter(|_| self.shows == Some(track)).filter(of_encoding) else {
            return true;
        };
        self.selection.is_some_and(|selection| selection.is_cut_off(sends, target))
    }

    /// Whether a packet may have to go here.
    pub(crate) fn is_for(&self, media: &Media) -> bool {
        self.is_sent(media) || self.awaits((media.track, media.layer))
    }

    /// Whether a packet that may have to go here is of the layers that are sent, or that may be once it is its turn.
    pub(crate) fn is_of_layers(&self, media: &Media) -> bool {
        let of_encoding = |target: &Target| target.layer.encoding == media.layer.encoding;
        let target = self.target.filter(|_| self.wishes(media.track)).filter(of_encoding);
        // Temporal layers come before the spatial one that waits for a key frame.
        let taken_up = target.map_or(0, |target| target.temporal);
        let sends = self.sends.filter(|_| self.is_sent(media));
        let sends = sends.map(|sends| Target { temporal: sends.temporal.max(taken_up), ..sends });
        [sends, target].into_iter().flatten().any(|target| media.is_part_of(target))
    }

    /// The encoding that is to come here once it sends a key frame.
    pub(crate) fn awaited(&self) -> Option<(TrackId, Layer)> {
        let awaited = (self.wish?.track, self.target?.layer);
        self.awaits(awaited).then_some(awaited)
    }

    /// Nothing follows on what was sent so far; what comes next comes without a gap.
    pub(crate) fn interrupt(&mut self) {
        self.rewriter.interrupt();
    }

    /// The packet as it goes out on this slot; `None` if it is not for it.
    pub(crate) fn place(&mut self, media: &Media, writing: Writing) -> Option<Plain> {
        let types = self.writer.types(media.codec)?;
        if self.kind == MediaKind::Video {
            if !self.goes_on(media) {
                self.begin(media)?;
            }
            if !self.takes(media) {
                return None;
            }
        } else if self.shows != Some(media.track) {
            return None;
        }
        let is_worth = media.primary > 0 && (media.is_lossy || self.downlink.lossy.is(writing.now));
        let redundancy = types.redundancy.filter(|_| is_worth);
        let place = self.rewriter.place(media)?;
        let from = if redundancy.is_some() { 0 } else { media.primary };
        let presentation = Presentation { from, ..self.presented((media, redundancy.unwrap_or(types.plain)), place) };
        let mut plain = self.writer.write((media, presentation), place, writing);
        if redundancy.is_some() {
            plain.retype(types.plain);
        }
        self.sent.packets = self.sent.packets.wrapping_add(1);
        let length = u32::try_from(media.payload.len() - from).unwrap_or(0);
        self.sent.octets = self.sent.octets.wrapping_add(length);
        self.sent.latest = Some((place.timestamp, media.taken));
        self.sent.fresh = true;
        Some(plain)
    }

    /// Takes note of a packet of sound that is sent. Answers with the one before it, to be sent once more, where packets are lost
    /// and do not bring those before them: the same bytes, which the client drops if it has them (RFC 3711 section 3.3.2).
    pub(crate) fn echo(&mut self, now: Instant, sent: &Bytes) -> Option<Bytes> {
        let takes_redundancy = self.writer.types(Codec::Opus).is_some_and(|types| types.redundancy.is_some());
        let is_worth = !takes_redundancy && self.downlink.lossy.is(now);
        let before = std::mem::replace(&mut self.latest, is_worth.then(|| (now, sent.clone())));
        before.filter(|(at, _)| now.saturating_duration_since(*at) < ECHOED_WITHIN).map(|(_, sent)| sent)
    }

    /// Whether a packet is of the encoding that is sent.
    fn is_sent(&self, media: &Media) -> bool {
        let sends = self.sends.filter(|_| self.shows == Some(media.track));
        sends.is_some_and(|sends| sends.layer.encoding == media.layer.encoding)
    }

    /// Whether a packet is of the stream that is sent.
    fn goes_on(&self, media: &Media) -> bool {
        let span = self.rewriter.current();
        // Frames that say what they need cannot go on from what was broken off.
        let is_same = span.map_or(media.frame.is_none(), |span: &Span| span.is_of(media));
        // Where they say so from now on, what they say begins with a key frame.
        let is_first_said = media.frame.is_some() && self.selection.is_none() && media.picture.is_key;
        is_same && self.is_sent(media) && !is_first_said
    }

    /// Begins with a key frame of what is to come here; none if a packet is not that.
    fn begin(&mut self, media: &Media) -> Option<()> {
        let is_sent = self.is_sent(media);
        let is_due = is_sent || self.awaits((media.track, media.layer));
        let sends = if is_sent { self.sends? } else { self.target? };
        if !is_due || !media.picture.is_key || !media.is_part_of(sends) {
            return None;
        }
        (self.shows, self.sends) = (Some(media.track), Some(sends));
        self.rewriter.interrupt();
        self.selection = media.frame.as_ref().map(|frame| Selection::begin(frame, media.timestamp, sends));
        Some(())
    }

    /// Whether a packet of the stream is of what is sent of it.
    fn takes(&mut self, media: &Media) -> bool {
        let is_wish = self.wishes(media.track);
        let Some(sends) = self.sends.as_mut() else {
            return false;
        };
        let target = self.target.filter(|_| is_wish).and_then(|target| {
            match target.layer.encoding.cmp(&sends.layer.encoding) {
                Ordering::Equal => Some(target),
                // Until the lower one comes, the least of what is sent.
                Ordering::Less => Some(Target { temporal: 0, ..*sends }),
                Ordering::Greater => None,
            }
        });
        let takes = match (&media.frame, &mut self.selection) {
            (Some(frame), Some(selection)) => selection.takes((frame, media.timestamp), sends, target),
            (_, _) => {
                if let Some(target) = target.filter(|_| media.picture.begins) {
                    sends.follow(target, &media.picture);
                }
                media.picture.temporal <= sends.temporal
            }
        };
        if !takes {
            self.rewriter.leave_out(media);
        }
        takes
    }

    /// Nothing more is sent here until a key frame of what is to come.
    pub(crate) fn pause(&mut self) {
        self.sends = None;
        self.rewriter.interrupt();
    }

    /// Whether a packet may be sent again, which was not so lately.
    pub(crate) fn may_repeat(&mut self, now: Instant, sequence: u16) -> bool {
        self.again.admits(now, sequence)
    }

    /// What was sent on this slot under a sequence number.
    pub(crate) fn find(&self, sequence: u16) -> Option<Found> {
        self.rewriter.find(sequence)
    }

    /// The same packet once more: in the stream of what is sent again where there is one, else the same to the byte, for
    /// the cipher's nonce is made of SSRC and sequence number, and must not meet another plaintext (RFC 7714 section 8).
    pub(crate) fn replay(&mut self, sequence: u16, media: &Media, writing: Writing) -> Option<Plain> {
        if self.kind != MediaKind::Video {
            return None;
        }
        let was_sent = |frame: &Frame| self.selection.is_none_or(|selection| selection.has_sent(frame));
        if !media.frame.as_deref().is_none_or(was_sent) {
            return None;
        }
        let place = self.rewriter.place_again(sequence, media)?;
        let types = self.writer.types(media.codec)?;
        let presentation = |payload_type| self.presented((media, payload_type), place);
        match (self.repair, types.repair) {
            (Some(repair), Some(again)) => {
                let mut plain = self.writer.write((media, presentation(again)), place, writing);
                plain.rename((repair.ssrc, repair.number), sequence);
                self.repair = Some(repair.next());
                Some(plain)
            }
            // With another number on the way it would be another packet under the same number.
            (Some(_), None) => None,
            // Its marker may be another by now.
            (None, _) if media.codec.is_layered() => None,
            (None, _) => {
                let writing = Writing { now: media.taken, ..writing };
                Some(self.writer.write((media, presentation(types.plain)), place, writing))
            }
        }
    }

    /// A packet of nothing but padding in the stream of what is sent again, by which the way is measured.
    pub(crate) fn padding(&mut self, writing: Writing) -> Option<Plain> {
        let repair = self.repair?;
        self.repair = Some(repair.next());
        let timestamp = self.sent.latest.map_or(0, |(timestamp, _)| timestamp);
        self.writer.pad((repair.ssrc, repair.number), timestamp, writing)
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

    /// How a whole packet is written.
    fn presented(&self, (media, payload_type): (&Media, u8), place: Place) -> Presentation {
        let begins_sound = self.kind == MediaKind::Audio && place.begins;
        Presentation { payload_type, from: 0, marker: media.marker || begins_sound || self.ends_picture(media) }
    }

    /// Whether what follows in the packet's picture is not sent here.
    fn ends_picture(&self, media: &Media) -> bool {
        let (Some(frame), Some(selection), Some(sends)) = (&media.frame, &self.selection, self.sends) else {
            return false;
        };
        media.codec.is_layered() && selection.ends_picture(frame, sends)
    }
}

#[cfg(test)]
mod tests;
