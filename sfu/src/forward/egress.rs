use std::time::Instant;

use super::descriptor::{Frame, LONGEST};
use super::head::{Element, Head};
use super::redundancy::{self, Lossy};
use super::repair::Again;
use super::rewrite::{Found, Place, Rewriter, Span};
use super::select::{Selection, Target};
use super::{Layer, Media, TrackId, low_half};
use crate::io::{Limitation, MediaKind};
use crate::peer::sdp::codec::{Codec, Extension, REMB, TRANSPORT_FEEDBACK};
use crate::peer::sdp::offer::{OfferedCodec, OfferedMedia};
use crate::peer::seal::TAG;
use crate::stats::{Epoch, SenderTime};

/// Bytes of padding in one packet, the most that one byte can say.
pub(crate) const PADDING: usize = 255;
/// Bytes of the headers of UDP and IP.
const UDP: usize = 28;
const HAS_PADDING: u8 = 1 << 5;
/// RFC 4588 section 4: what is sent again begins with the number that it had.
const ORIGINAL_SEQUENCE: usize = 2;

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
    rewriter: Rewriter,
    /// Of the frames that are sent, where descriptors say what they need.
    selection: Option<Selection>,
    repair: Option<Repair>,
    is_counted: bool,
    again: Again,
}

/// A track that a client wants to show at a size in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) track: TrackId,
    pub(crate) width: u16,
    pub(crate) height: u16,
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
            rewriter: Rewriter::new(first_sequence(8), word(4)),
            selection: None,
            repair: repairs.then_some(repair),
            is_counted: repairs && tells && media.extensions.contains_key(&Extension::TransportSequence),
            again: Again::default(),
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
        self.codec(codec).is_some()
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
        let sends = self.sends.is_some_and(|sends| sends.layer == media.layer);
        (self.shows == Some(media.track) && sends) || self.awaits((media.track, media.layer))
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
        let offered = self.codec(media.codec)?;
        let (within, redundancy) = (offered.payload_type, offered.redundancy);
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
        let redundancy = redundancy.filter(|_| is_worth);
        let payload_type = redundancy.unwrap_or(within);
        let place = self.rewriter.place(media)?;
        let from = if redundancy.is_some() { 0 } else { media.primary };
        let mut plain = self.write((media, from), (place, payload_type), writing);
        if redundancy.is_some() {
            redundancy::retype(&mut plain.packet[plain.head..], within);
        }
        self.sent.packets = self.sent.packets.wrapping_add(1);
        let length = u32::try_from(media.payload.len() - from).unwrap_or(0);
        self.sent.octets = self.sent.octets.wrapping_add(length);
        self.sent.latest = Some((place.timestamp, media.arrived));
        self.sent.fresh = true;
        Some(plain)
    }

    /// Whether a packet is of the stream that is sent.
    fn goes_on(&self, media: &Media) -> bool {
        let is_sent = self.sends.is_some_and(|sends| sends.layer.encoding == media.layer.encoding);
        let span = self.rewriter.current();
        // Frames that say what they need cannot go on from what was broken off.
        let is_same = span.map_or(media.frame.is_none(), |span: &Span| span.is_of(media));
        self.shows == Some(media.track) && is_sent && is_same
    }

    /// Begins with a key frame of what is to come here; none if a packet is not that.
    fn begin(&mut self, media: &Media) -> Option<()> {
        let is_sent = self.shows == Some(media.track)
            && self.sends.is_some_and(|sends| sends.layer.encoding == media.layer.encoding);
        let is_due = is_sent || self.awaits((media.track, media.layer));
        if !is_due || !media.picture.is_key {
            return None;
        }
        if !is_sent {
            (self.shows, self.sends) = (Some(media.track), self.target);
        }
        let sends = self.sends?;
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
        let target = self.target.filter(|target| is_wish && target.layer.encoding == sends.layer.encoding);
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
        let (payload_type, again) = self.codec(media.codec).map(|offered| (offered.payload_type, offered.repair))?;
        match (&mut self.repair, again) {
            (Some(repair), Some(again)) => {
                let (ssrc, number) = (repair.ssrc, repair.number);
                repair.number += 1;
                let mut plain = self.write((media, 0), (place, again), writing);
                plain.rename((ssrc, number), sequence);
                Some(plain)
            }
            // With another number on the way it would be another packet under the same number.
            (Some(_), None) => None,
            // Its marker may be another by now.
            (None, _) if media.frame.is_some() => None,
            (None, _) => Some(self.write((media, 0), (place, payload_type), Writing { now: media.arrived, ..writing })),
        }
    }

    /// A packet of nothing but padding in the stream of what is sent again, by which the way is measured.
    pub(crate) fn padding(&mut self, writing: Writing) -> Option<Plain> {
        let again = self.media.codecs.iter().find_map(|offered| offered.repair)?;
        let repair = self.repair.as_mut()?;
        let (ssrc, number) = (repair.ssrc, repair.number);
        repair.number += 1;
        let timestamp = self.sent.latest.map_or(0, |(timestamp, _)| timestamp);
        let send_time = writing.epoch.send_time(writing.now);
        let transport = writing.transport.map(u16::to_be_bytes);
        let elements = self.counting((&send_time, transport.as_ref()));
        let sequence = low_half(number);
        let head =
            Head { marker: false, payload_type: again, sequence, timestamp, ssrc, csrc: None, elements: &elements };
        let size = head.size();
        let mut packet = Vec::with_capacity(size + PADDING + TAG);
        head.write(&mut packet);
        packet[0] |= HAS_PADDING;
        packet.resize(size + PADDING - 1, 0);
        packet.push(u8::try_from(PADDING).expect("RFC 3550 section 5.1: one byte says how much"));
        Some(Plain { ssrc, number, head: size, packet })
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

    fn codec(&self, codec: Codec) -> Option<&OfferedCodec> {
        self.media.codecs.iter().find(|offered| offered.codec == codec)
    }

    /// Writes a packet with its payload from a byte on.
    fn write(&self, (media, from): (&Media, usize), (place, payload_type): (Place, u8), writing: Writing) -> Plain {
        let sound = self.kind == MediaKind::Audio;
        let (level, send_time) = ([media.level.unwrap_or(0)], writing.epoch.send_time(writing.now));
        let level_id = self.media.extensions.get(&Extension::AudioLevel).filter(|_| media.level.is_some());
        let transport = writing.transport.map(u16::to_be_bytes);
        let [send_time, transport] = self.counting((&send_time, transport.as_ref()));
        let descriptor = self.descriptor(media, place);
        let descriptor = descriptor.as_ref().map(|(id, (bytes, length))| (*id, &bytes[..*length]));
        let head = Head {
            marker: media.marker || (sound && place.begins) || self.ends_picture(media),
            payload_type,
            sequence: low_half(place.number),
            timestamp: place.timestamp,
            ssrc: self.ssrc,
            csrc: sound.then_some(media.csrc),
            elements: &[level_id.map(|id| (*id, &level[..])), send_time, transport, descriptor],
        };
        let size = head.size();
        let mut packet = Vec::with_capacity(size + ORIGINAL_SEQUENCE + media.payload.len() + TAG);
        head.write(&mut packet);
        packet.extend_from_slice(&media.payload[from..]);
        media.picture.ids.write(&mut packet[size..], (low_half(place.picture), place.tl0));
        Plain { ssrc: self.ssrc, number: place.number, head: size, packet }
    }

    /// What the packet's descriptor is here, and under which id.
    fn descriptor(&self, media: &Media, place: Place) -> Option<(u8, ([u8; LONGEST], usize))> {
        let id = self.media.extensions.get(&Extension::Dependencies).filter(|_| self.media.is_mixed)?;
        Some((*id, media.frame.as_ref()?.renumbered(low_half(place.frame))))
    }

    /// Whether what follows in the packet's picture is not sent here.
    fn ends_picture(&self, media: &Media) -> bool {
        let (Some(frame), Some(selection), Some(sends)) = (&media.frame, &self.selection, self.sends) else {
            return false;
        };
        selection.ends_picture(frame, sends)
    }

    /// The elements by which the way is measured.
    fn counting<'a>(&self, (send_time, transport): (&'a [u8; 3], Option<&'a [u8; 2]>)) -> [Option<Element<'a>>; 2] {
        let ids = &self.media.extensions;
        let send_time = ids.get(&Extension::SendTime).map(|id| (*id, &send_time[..]));
        let transport_id = ids.get(&Extension::TransportSequence);
        [send_time, transport_id.zip(transport).map(|(id, number)| (*id, &number[..]))]
    }
}

impl Plain {
    /// Bytes that it takes on the way, below IP.
    pub(crate) fn size(&self) -> usize {
        self.packet.len() + TAG + UDP
    }

    /// Makes of a packet the one in which it is sent again (RFC 4588 section 4).
    fn rename(&mut self, (ssrc, number): (u32, u64), original: u16) {
        (self.ssrc, self.number) = (ssrc, number);
        self.packet[2..4].copy_from_slice(&low_half(number).to_be_bytes());
        self.packet[8..12].copy_from_slice(&ssrc.to_be_bytes());
        self.packet.splice(self.head..self.head, original.to_be_bytes());
    }
}
