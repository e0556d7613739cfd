use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes};
use rtc_rtp::header::Header;
use rtc_shared::marshal::MarshalSize;

use super::encoding::{Encoding, Reading, SpatialLayer, sizes, sizes_mut};
use super::meter::Meter;
use super::payload::{Picture, inspect};
use super::redundancy;
use super::silence::{Heed, Silence};
use super::{Layer, Media, TrackId};
use crate::io::{MediaKind, PeerId, Source};
use crate::peer::sdp::codec::{Codec, Extension, TRANSPORT_FEEDBACK};
use crate::peer::sdp::offer::OfferedMedia;
use crate::peer::sdp::{Role, Section};
use crate::stats::{Reception, SenderClock, SenderTime, compact};

/// SSRCs that one client may ever name or use.
const MOST_SSRCS: usize = 64;
const WELCOME_INTERVAL: Duration = Duration::from_millis(50);

/// A track that a peer publishes or may come to publish.
pub(crate) struct Track {
    id: TrackId,
    csrc: u32,
    pub(crate) media: OfferedMedia,
    /// How many streams it has had.
    streams: u64,
    /// The lowest first; one where the client sends no simulcast.
    pub(crate) encodings: Vec<Encoding>,
    pub(crate) silence: Silence,
    /// When what of it goes to whom was last chosen for what came of it.
    welcomed: Option<Instant>,
    /// Of the latest packet, as most are like it.
    kind: Option<Kind>,
}

/// What the offer says of a payload type.
#[derive(Clone, Copy)]
struct Kind {
    payload_type: u8,
    is_repair: bool,
    codec: Codec,
    /// What packets carry comes with what was in those before (RFC 2198).
    is_redundant: bool,
}

/// What an SSRC of a publisher carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) source: Source,
    layer: Layer,
    /// Packets that are sent again (RFC 4588).
    is_repair: bool,
}

/// What one peer publishes.
pub(crate) struct Ingress {
    peer: PeerId,
    csrc: u32,
    /// One for each source at most.
    tracks: Vec<Track>,
    /// What each SSRC carries. There are few, and a list of few is found faster than a tree.
    ssrcs: Vec<(u32, Origin)>,
    clock: SenderClock,
    meter: Meter,
    /// Of the microphone alone.
    voice: Meter,
}

/// What an authentic packet brings.
pub(crate) enum Received {
    Media(Media),
    /// The first sign that a microphone is silent for long: until somebody speaks nothing of it is forwarded.
    Rest,
    /// One more of them.
    GoOnResting,
}

/// An RTP packet, read as far as it need be.
struct Packet<'a> {
    header: &'a Header,
    /// When the system got it.
    arrived: Instant,
    sequence: u16,
    payload: Bytes,
    is_repair: bool,
}

/// What is known of a packet that came for the first time.
struct Counted {
    codec: Codec,
    /// Its number in its encoding, counted on over its wraps.
    index: u64,
    is_redundant: bool,
    /// Where what is new in its payload begins.
    primary: usize,
}

impl Ingress {
    pub(crate) fn new((peer, csrc): (PeerId, u32), sections: &[Section], (meter, voice): (Meter, Meter)) -> Self {
        let (tracks, ssrcs, clock) = (Vec::new(), Vec::new(), SenderClock::default());
        let mut ingress = Self { peer, csrc, tracks, ssrcs, clock, meter, voice };
        for section in sections {
            if let Role::Publish(source) = section.role {
                ingress.publish(source, &section.media);
            }
        }
        ingress
    }

    fn publish(&mut self, source: Source, media: &OfferedMedia) {
        // Which of several encodings an SSRC carries, only its packets tell.
        if media.stream_ids.is_empty() {
            let origin = Origin { source, layer: Layer::default(), is_repair: false };
            for ssrc in &media.ssrcs {
                self.learn(*ssrc, origin);
            }
            for again in media.repairs.keys() {
                self.learn(*again, Origin { is_repair: true, ..origin });
            }
        }
        let count = media.stream_ids.len().max(1);
        let encodings = (0..count).map(|_| Encoding::default()).collect();
        let id = TrackId { peer: self.peer, source };
        let (csrc, media, silence) = (self.csrc, media.clone(), Silence::default());
        self.tracks.push(Track { id, csrc, media, streams: 0, encodings, silence, welcomed: None, kind: None });
    }

    /// Measures the microphone by another bitrate.
    pub(crate) fn set_voice(&mut self, voice: Meter) {
        self.voice = voice;
    }

    pub(crate) fn csrc(&self) -> u32 {
        self.csrc
    }

    pub(crate) fn track(&self, source: Source) -> Option<&Track> {
        self.tracks.iter().find(|track| track.id.source == source)
    }

    pub(crate) fn track_mut(&mut self, source: Source) -> Option<&mut Track> {
        self.tracks.iter_mut().find(|track| track.id.source == source)
    }

    pub(crate) fn encoding(&mut self, source: Source, layer: Layer) -> Option<&mut Encoding> {
        self.track_mut(source)?.encodings.get_mut(layer.index())
    }

    /// Whether nothing comes but comfort noise that nobody hears.
    pub(crate) fn is_silent(&self, now: Instant) -> bool {
        self.tracks.iter().all(|track| match track.id.source {
            Source::Microphone => track.silence.is_long() || !track.is_sent(now),
            Source::Camera | Source::Screen | Source::ScreenAudio => !track.is_sent(now),
        })
    }

    pub(crate) fn tracks(&mut self) -> impl Iterator<Item = (Source, &mut Track)> {
        self.tracks.iter_mut().map(|track| (track.id.source, track))
    }

    pub(crate) fn encodings(&mut self) -> impl Iterator<Item = (Source, &mut Encoding)> {
        self.tracks().flat_map(|(source, track)| track.encodings.iter_mut().map(move |encoding| (source, encoding)))
    }

    pub(crate) fn knows(&self, ssrc: u32) -> bool {
        self.origin(ssrc).is_some()
    }

    /// Takes a sender report (RFC 3550 section 6.4.1).
    pub(crate) fn sender_report(&mut self, arrived: Instant, ssrc: u32, (ntp, rtp): (u64, u32)) {
        let at = self.clock.place(ntp, arrived);
        let Some(origin) = self.origin(ssrc) else {
            return;
        };
        if let Some(encoding) =
            self.encoding(origin.source, origin.layer).filter(|encoding| encoding.ssrc == Some(ssrc))
        {
            encoding.sender = Some(SenderTime { rtp, at, last_report: compact(ntp), received: arrived });
        }
    }

    /// What a packet claims to be: by its SSRC, else by its MID (RFC 9143 section 9.2) and its RTP stream id (RFC 8852).
    /// Not yet believed.
    pub(crate) fn admit(&self, header: &Header) -> Option<Origin> {
        let known = self.origin(header.ssrc);
        known.or_else(|| {
            let named = self.tracks.iter().find(|track| {
                let mid = extension(header, &track.media, Extension::Mid);
                mid.is_some_and(|mid| mid == track.media.mid.as_str().as_bytes())
            });
            named?.origin(header)
        })
    }

    /// Takes an authentic packet that was admitted as this; `None` if it brings nothing.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        origin: Origin,
        (header, arrived, packet): (&Header, Instant, Bytes),
    ) -> Option<Received> {
        if !self.learn(header.ssrc, origin) || !self.meter.admits(now, packet.len()) {
            return None;
        }
        let length = packet.len();
        let track = self.track_mut(origin.source)?;
        let packet = Packet::read(header, arrived, (packet, origin.is_repair))?;
        let counted = track.count(&packet, origin.layer)?;
        if origin.source == Source::Microphone {
            match track.silence.heed(now, packet.payload.len() - counted.primary) {
                Heed::Forward => {}
                Heed::Rest => return Some(Received::Rest),
                Heed::GoOnResting => return Some(Received::GoOnResting),
            }
        }
        let media = track.read(now, origin.layer, (packet, &counted))?;
        // What is sent twice (RFC 2198) counts once.
        let twice = media.primary.min(media.payload.len() / 2);
        let passes = origin.source != Source::Microphone || self.voice.admits(now, length - twice);
        passes.then_some(Received::Media(media))
    }

    /// The number under which the client counts a packet, where it is told how that fares.
    pub(crate) fn transport_number(&self, origin: Origin, header: &Header) -> Option<u16> {
        if origin.source.kind() == MediaKind::Audio {
            return None;
        }
        let media = &self.track(origin.source)?.media;
        let is_told = media.codecs.iter().any(|offered| offered.feedback.contains(&TRANSPORT_FEEDBACK));
        let number = extension(header, media, Extension::TransportSequence).filter(|_| is_told)?;
        Some(u16::from_be_bytes(*number.first_chunk()?))
    }

    fn origin(&self, ssrc: u32) -> Option<Origin> {
        self.ssrcs.iter().find(|(known, _)| *known == ssrc).map(|(_, origin)| *origin)
    }

    fn learn(&mut self, ssrc: u32, origin: Origin) -> bool {
        let known = self.origin(ssrc);
        if known.is_none() && self.ssrcs.len() < MOST_SSRCS {
            self.ssrcs.push((ssrc, origin));
            return true;
        }
        known == Some(origin)
    }
}

impl Packet<'_> {
    fn read(header: &Header, arrived: Instant, (packet, is_repair): (Bytes, bool)) -> Option<Packet<'_>> {
        let mut payload = payload(header, packet)?;
        let mut sequence = header.sequence_number;
        if is_repair {
            // RFC 4588 section 4; without it, it is padding that measures the way.
            sequence = payload.try_get_u16().ok()?;
        }
        Some(Packet { header, arrived, sequence, payload, is_repair })
    }
}

impl Track {
    /// What a packet of an unknown SSRC is, by what it says of itself.
    fn origin(&self, header: &Header) -> Option<Origin> {
        let source = self.id.source;
        let ids = &self.media.stream_ids;
        if ids.is_empty() {
            let mut codecs = self.media.codecs.iter();
            let is_repair = codecs.any(|offered| offered.repair == Some(header.payload_type));
            return Some(Origin { source, layer: Layer::default(), is_repair });
        }
        let layer = |wanted| {
            let named = extension(header, &self.media, wanted)?;
            let index = ids.iter().position(|id| id.as_bytes() == named)?;
            Some(Layer::of_encoding(u8::try_from(index).ok()?))
        };
        let first = layer(Extension::StreamId).map(|layer| Origin { source, layer, is_repair: false });
        first.or_else(|| {
            let layer = layer(Extension::RepairedStreamId)?;
            Some(Origin { source, layer, is_repair: true })
        })
    }

    /// Counts a packet; `None` if it came before, or cannot be understood.
    fn count(&mut self, packet: &Packet<'_>, layer: Layer) -> Option<Counted> {
        let Kind { codec, is_redundant, .. } = self.kind_of(packet)?;
        let primary = if is_redundant { redundancy::primary(&packet.payload)? } else { 0 };
        let index = self.number(packet, layer, codec)?;
        self.settle_codec(packet, (layer, index), codec)?;
        Some(Counted { codec, index, is_redundant, primary })
    }

    fn read(&mut self, now: Instant, layer: Layer, (packet, counted): (Packet<'_>, &Counted)) -> Option<Media> {
        let Packet { header, payload, is_repair, .. } = packet;
        let Counted { codec, index, is_redundant, primary } = *counted;
        let encoding = self.encodings.get_mut(layer.index())?;
        let picture = inspect(codec, &payload);
        let descriptor = descriptor(header, &self.media, (codec, &picture));
        let reading = encoding.read(now, (picture, payload.len()), (descriptor, is_repair))?;
        let Reading { picture, picture_index, frame, resumes } = reading;
        let level = extension(header, &self.media, Extension::AudioLevel);
        Some(Media {
            track: self.id,
            csrc: self.csrc,
            layer,
            stream: encoding.stream,
            codec,
            index,
            timestamp: header.timestamp,
            marker: header.marker,
            taken: now,
            captured: encoding.sender.and_then(|sender| sender.time_of(header.timestamp, codec.clock_rate())),
            level: level.and_then(|value| value.first().copied()),
            picture,
            frame: frame.map(Arc::new),
            picture_index,
            resumes,
            payload,
            primary,
            is_lossy: is_redundant && encoding.lossy.is(now),
        })
    }

    fn kind_of(&mut self, packet: &Packet<'_>) -> Option<Kind> {
        let (payload_type, is_repair) = (packet.header.payload_type, packet.is_repair);
        let is_this = |kind: &Kind| kind.payload_type == payload_type && kind.is_repair == is_repair;
        self.kind = self.kind.filter(is_this).or_else(|| {
            let offered = self.media.codecs.iter().find(|offered| {
                let types =
                    if is_repair { [offered.repair; 2] } else { [Some(offered.payload_type), offered.redundancy] };
                types.contains(&Some(payload_type))
            })?;
            let is_redundant = offered.redundancy == Some(payload_type);
            Some(Kind { payload_type, is_repair, codec: offered.codec, is_redundant })
        });
        self.kind
    }

    /// A packet's number in its encoding, counted on over its wraps; `None` if it came before.
    fn number(&mut self, packet: &Packet<'_>, layer: Layer, codec: Codec) -> Option<u64> {
        let Packet { header, arrived, sequence, is_repair, .. } = *packet;
        let encoding = self.encodings.get_mut(layer.index())?;
        let index = if is_repair {
            encoding.reception.as_ref()?.index(sequence)
        } else {
            if encoding.ssrc != Some(header.ssrc) {
                self.streams += 1;
                encoding.begin(header.ssrc, self.streams);
            }
            let first = || Reception::new(arrived, sequence, codec.clock_rate());
            let reception = encoding.reception.get_or_insert_with(first);
            reception.received(arrived, sequence, header.timestamp)
        };
        encoding.is_new(self.id.source.kind(), index).then_some(index)
    }

    /// Goes over to a packet's codec if it is another; `None` if the packet is late of the one before, and of no use any more.
    fn settle_codec(&mut self, packet: &Packet<'_>, (layer, index): (Layer, u64), codec: Codec) -> Option<()> {
        let encoding = self.encodings.get(layer.index())?;
        if encoding.codec == Some(codec) {
            return Some(());
        }
        let is_newest = encoding.reception.as_ref().is_some_and(|reception| reception.highest() == index);
        if packet.is_repair || !is_newest {
            return None;
        }
        self.recode(layer, codec);
        Some(())
    }

    /// Goes over to another codec. Which sizes are wanted is told anew, for what they are is another thing now.
    fn recode(&mut self, layer: Layer, codec: Codec) {
        self.streams += 1;
        let encoding = &mut self.encodings[layer.index()];
        let has_changed = encoding.codec.is_some();
        encoding.recode(codec, self.streams);
        if has_changed {
            self.encodings.iter_mut().for_each(Encoding::forget_demand);
        }
    }

    /// Whether it is time to choose anew what of it goes to whom: a publisher that changes what it sends with each packet must
    /// not keep everybody busy.
    pub(crate) fn may_be_welcomed(&mut self, now: Instant) -> bool {
        let is_due = self.welcomed.is_none_or(|at| now.saturating_duration_since(at) >= WELCOME_INTERVAL);
        if is_due {
            self.welcomed = Some(now);
        }
        is_due
    }

    /// The sizes in which it is sent, the lowest first.
    pub(crate) fn sizes(&self) -> impl Iterator<Item = (Layer, &SpatialLayer)> {
        sizes(&self.encodings)
    }

    /// As [`Self::sizes`].
    pub(crate) fn sizes_mut(&mut self) -> impl Iterator<Item = (Layer, &mut SpatialLayer)> {
        sizes_mut(&mut self.encodings)
    }

    /// What is sent of it up to a layer.
    pub(crate) fn size(&self, layer: Layer) -> Option<&SpatialLayer> {
        self.encodings.get(layer.index())?.layers.get(usize::from(layer.spatial))
    }

    fn is_sent(&self, now: Instant) -> bool {
        self.encodings.iter().any(|encoding| encoding.is_sent(now))
    }

    /// The codec of what is sent.
    pub(crate) fn codec(&self, now: Instant) -> Option<Codec> {
        self.encodings.iter().find(|encoding| encoding.is_sent(now))?.codec
    }

    /// Keeps a packet that is to be forwarded, for what may be asked later.
    pub(crate) fn keep(&mut self, now: Instant, media: &Media) {
        let Some(encoding) = self.encodings.get_mut(media.layer.index()) else {
            return;
        };
        match media.track.source.kind() {
            MediaKind::Audio => {}
            MediaKind::Video => encoding.keep(now, media),
        }
    }
}

fn extension<'a>(header: &'a Header, media: &OfferedMedia, wanted: Extension) -> Option<&'a [u8]> {
    element(header, media, wanted).map(|found| &**found)
}

fn element<'a>(header: &'a Header, media: &OfferedMedia, wanted: Extension) -> Option<&'a Bytes> {
    let id = media.extensions.get(&wanted)?;
    let found = header.extensions.iter().find(|found| found.id == *id)?;
    Some(&found.payload)
}

/// What says how frames depend on each other, where the payload does not say so better. Browsers that send it leave out of VP8's
/// payload what is said twice.
fn descriptor<'a>(header: &'a Header, media: &OfferedMedia, (codec, picture): (Codec, &Picture)) -> Option<&'a Bytes> {
    let says_better = codec == Codec::Opus || (codec == Codec::Vp8 && picture.ids.picture().is_some());
    if says_better { None } else { element(header, media, Extension::Dependencies) }
}

/// What follows the header, without padding.
fn payload(header: &Header, packet: Bytes) -> Option<Bytes> {
    let mut payload = packet;
    let size = header.marshal_size();
    if payload.len() < size {
        return None;
    }
    payload.advance(size);
    if header.padding {
        let padding = usize::from(*payload.last()?);
        let length = payload.len().checked_sub(padding)?;
        payload.truncate(length);
    }
    Some(payload)
}
