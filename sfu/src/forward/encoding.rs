use std::time::{Duration, Instant};

use bytes::Bytes;

use super::descriptor::{Frame, Indication, Reader};
use super::payload::{HIGHEST_TEMPORAL, Picture};
use super::rate::Rate;
use super::redundancy::Lossy;
use super::repair::{CACHED, Cache, KeyFrames, Missing};
use super::window::Window;
use super::{Layer, Media};
use crate::io::MediaKind;
use crate::peer::sdp::codec::Codec;
use crate::stats::{Count, Reception, SenderTime};

/// What did not come for so long is not sent at the moment.
const PAUSED_AFTER: Duration = Duration::from_secs(1);

/// Encoders that were told to go on have done so by then, or cannot.
const RESUMED_WITHIN: Duration = Duration::from_secs(3);

/// One of the ways in which a track is sent (RFC 8853): one RTP stream.
pub(crate) struct Encoding {
    pub(crate) ssrc: Option<u32>,
    pub(super) stream: u64,
    pub(crate) codec: Option<Codec>,
    pub(crate) reception: Option<Reception>,
    pub(crate) sender: Option<SenderTime>,
    pub(crate) cache: Cache,
    pub(crate) missing: Missing,
    pub(crate) key_frames: KeyFrames,
    /// Whether its packets are lost on their way to us.
    pub(crate) lossy: Lossy,
    /// The lowest first; one where the stream has no spatial layers.
    pub(crate) layers: Vec<SpatialLayer>,
    /// Of sound.
    heard: Window,
    reader: Reader,
    pictures: Count,
    latest: Option<Instant>,
}

/// What is received of an encoding up to one of its spatial layers.
#[derive(Default)]
pub(crate) struct SpatialLayer {
    pub(crate) rate: Rate,
    /// Width and height in pixels, where it is told.
    pub(crate) size: Option<(u16, u16)>,
    pub(crate) demand: Demand,
    latest: Option<Instant>,
}

/// Whether a layer is worth sending.
#[derive(Clone, Copy, Default)]
pub(crate) struct Demand {
    /// When it was last wanted.
    pub(crate) wanted: Option<Instant>,
    /// The publisher was told that nobody wants it.
    pub(crate) is_paused: bool,
    /// When the publisher was last told that it is wanted.
    pub(crate) told: Option<Instant>,
    /// When it was first told so after a pause.
    resumed: Option<Instant>,
}

impl Demand {
    /// Ends a pause; answers whether there was one.
    pub(crate) fn resume(&mut self, now: Instant) -> bool {
        let was_paused = std::mem::take(&mut self.is_paused);
        self.resumed = if was_paused { Some(now) } else { self.resumed };
        was_paused
    }

    /// Whether it comes, or would within moments, once the publisher is told that it is wanted.
    pub(crate) fn is_expected(&self, now: Instant) -> bool {
        let is_recent = |at: Instant| now.saturating_duration_since(at) < RESUMED_WITHIN;
        self.is_paused || self.resumed.is_some_and(is_recent)
    }
}

/// What was read of a packet.
pub(super) struct Reading {
    pub(super) picture: Picture,
    pub(super) picture_index: Option<u64>,
    pub(super) frame: Option<Frame>,
    /// What is sent has changed, so that what goes to whom is to be chosen anew.
    pub(super) resumes: bool,
}

impl Default for Encoding {
    fn default() -> Self {
        Self {
            ssrc: None,
            stream: 0,
            codec: None,
            reception: None,
            sender: None,
            cache: Cache::default(),
            missing: Missing::default(),
            key_frames: KeyFrames::default(),
            lossy: Lossy::default(),
            layers: vec![SpatialLayer::default()],
            heard: Window::default(),
            reader: Reader::default(),
            pictures: Count::default(),
            latest: None,
        }
    }
}

impl Encoding {
    /// Another SSRC: nothing goes on from what came before.
    pub(super) fn begin(&mut self, ssrc: u32, stream: u64) {
        let (layers, goes_on) = (self.wanted_layers(), self.ssrc.is_some());
        *self = Self { ssrc: Some(ssrc), stream, layers, ..Self::default() };
        if goes_on {
            self.key_frames.request();
        }
    }

    /// Another codec in the same RTP stream: pictures do not go on from those before.
    pub(super) fn recode(&mut self, codec: Codec, stream: u64) {
        if self.codec.is_some() {
            self.layers = self.wanted_layers();
            (self.reader, self.pictures, self.latest) = (Reader::default(), Count::default(), None);
            self.stream = stream;
            self.key_frames.request();
        }
        self.codec = Some(codec);
    }

    /// Whether anybody wants it is yet to be seen.
    pub(super) fn forget_demand(&mut self) {
        self.layers.iter_mut().for_each(|layer| layer.demand = Demand::default());
    }

    fn wanted_layers(&self) -> Vec<SpatialLayer> {
        let lowest = self.layers.first().map(|layer| layer.demand).unwrap_or_default();
        vec![SpatialLayer { demand: lowest, ..SpatialLayer::default() }]
    }

    /// Whether a packet was not forwarded before: what is sent again must not be forwarded twice, for the numbers of what
    /// goes out follow from its own, and no number may be given to two packets.
    pub(super) fn is_new(&mut self, kind: MediaKind, index: u64) -> bool {
        if kind == MediaKind::Audio {
            return self.heard.admits(index);
        }
        let highest = self.reception.as_ref().map_or(0, Reception::highest);
        index <= highest && highest - index < CACHED as u64 && self.cache.get(index).is_none()
    }

    /// Reads what a packet says of its frame; `None` if nothing can be made of it. What is sent again is not measured.
    pub(super) fn read(
        &mut self,
        now: Instant,
        (picture, length): (Picture, usize),
        (descriptor, is_repair): (Option<&Bytes>, bool),
    ) -> Option<Reading> {
        let was_sent = self.is_sent(now);
        let mut reading = Reading { picture, picture_index: None, frame: None, resumes: !is_repair && !was_sent };
        if let Some(descriptor) = descriptor.filter(|descriptor| self.is_described(descriptor)) {
            let Some(frame) = self.reader.read(descriptor) else {
                // What it names came in a packet that is lost.
                self.key_frames.request();
                return None;
            };
            reading.resumes |= self.follow_structure();
            let Picture { size, ids, .. } = picture;
            let (is_key, begins) = (frame.is_key, frame.begins);
            reading.picture = Picture { is_key, begins, temporal: frame.temporal, synchronises: is_key, size, ids };
            reading.frame = Some(frame);
        }
        let ids = &reading.picture.ids;
        reading.picture_index = ids.picture().map(|id| self.pictures.extend(id, ids.cycle()));
        if let [only] = &mut self.layers[..] {
            only.size = picture.size.or(only.size);
        }
        if !is_repair {
            self.latest = Some(now);
            self.measure(now, (&reading, length));
        }
        Some(reading)
    }

    /// Whether descriptors are to be understood: codecs that do without may bring some that lean on nothing.
    fn is_described(&mut self, descriptor: &Bytes) -> bool {
        let does_without = self.codec.is_some_and(|codec| !codec.is_layered());
        !does_without || self.reader.structure().is_some() || self.reader.read(descriptor).is_some()
    }

    /// Takes over which layers there are. Answers whether one is sent no more.
    fn follow_structure(&mut self) -> bool {
        let Some(structure) = self.reader.structure() else {
            return false;
        };
        let count = usize::from(structure.layers).max(self.layers.len());
        self.layers.resize_with(count, SpatialLayer::default);
        for (layer, size) in self.layers.iter_mut().zip(&structure.sizes) {
            layer.size = Some(*size);
        }
        let mut has_ended = false;
        for (layer, spatial) in self.layers.iter_mut().zip(0..) {
            if !self.reader.is_active(spatial) {
                has_ended |= layer.latest.take().is_some();
            }
        }
        has_ended
    }

    fn measure(&mut self, now: Instant, (reading, length): (&Reading, usize)) {
        let Some(frame) = &reading.frame else {
            for layer in &mut self.layers {
                layer.rate.add(now, (reading.picture.temporal, length));
                layer.latest = Some(now);
            }
            return;
        };
        for (layer, spatial) in self.layers.iter_mut().zip(0..) {
            if frame.indication(spatial, HIGHEST_TEMPORAL) != Indication::NotPresent {
                layer.rate.add(now, (frame.temporal, length));
            }
            if spatial == frame.spatial && self.reader.is_active(spatial) {
                layer.latest = Some(now);
            }
        }
    }

    /// Keeps a packet that is to be forwarded, for what may be asked later.
    pub(super) fn keep(&mut self, now: Instant, media: &Media) {
        self.cache.keep(media);
        if self.missing.received(now, media.sequence()) {
            self.key_frames.request();
        }
        if media.picture.is_key {
            self.key_frames.received();
        }
    }

    /// Whether the publisher sends it at the moment.
    pub(crate) fn is_sent(&self, now: Instant) -> bool {
        is_recent(self.latest, now)
    }

    /// A packet of one of its streams, as far as it is kept.
    pub(crate) fn kept(&self, stream: u64, index: u64) -> Option<&Media> {
        self.cache.get(index).filter(|media| media.stream == stream)
    }
}

impl SpatialLayer {
    /// Whether the publisher sends it at the moment.
    pub(crate) fn is_sent(&self, now: Instant) -> bool {
        is_recent(self.latest, now)
    }
}

/// The sizes in which a track is sent, the lowest first: the layers of an encoding that has several, else its encodings.
pub(super) fn sizes(encodings: &[Encoding]) -> impl Iterator<Item = (Layer, &SpatialLayer)> {
    let (from, to) = layered(encodings).map_or((0, encodings.len()), |index| (index, index + 1));
    let used = encodings.iter().zip(0..).take(to).skip(from);
    used.flat_map(|(of, encoding)| {
        of.layers.iter().zip(0..).map(move |(layer, spatial)| (Layer { encoding, spatial }, layer))
    })
}

/// As [`sizes`].
pub(super) fn sizes_mut(encodings: &mut [Encoding]) -> impl Iterator<Item = (Layer, &mut SpatialLayer)> {
    let (from, to) = layered(encodings).map_or((0, encodings.len()), |index| (index, index + 1));
    let used = encodings.iter_mut().zip(0..).take(to).skip(from);
    used.flat_map(|(of, encoding)| {
        of.layers.iter_mut().zip(0..).map(move |(layer, spatial)| (Layer { encoding, spatial }, layer))
    })
}

fn layered(encodings: &[Encoding]) -> Option<usize> {
    encodings.iter().position(|encoding| encoding.layers.len() > 1)
}

fn is_recent(latest: Option<Instant>, now: Instant) -> bool {
    latest.is_some_and(|latest| now.saturating_duration_since(latest) < PAUSED_AFTER)
}
