use std::collections::BTreeMap;
use std::time::Instant;

use bytes::{Buf, Bytes};
use rtc_rtp::header::Header;
use rtc_shared::marshal::MarshalSize;

use super::meter::Meter;
use super::payload::{picture_ids, starts_key_frame};
use super::repair::{Cache, KeyFrames, Missing};
use super::silence::Silence;
use super::{Media, TrackId};
use crate::io::{MediaKind, PeerId, Source};
use crate::peer::sdp::codec::Extension;
use crate::peer::sdp::offer::OfferedMedia;
use crate::peer::sdp::{Role, Section};
use crate::stats::{Reception, SenderClock, SenderTime, compact};

/// SSRCs that one client may ever name or use.
const MOST_SSRCS: usize = 64;

/// A track that a peer publishes or may come to publish.
pub(crate) struct Track {
    pub(crate) media: OfferedMedia,
    pub(crate) ssrc: Option<u32>,
    /// How many SSRCs the track has had in turn.
    streams: u64,
    pub(crate) reception: Option<Reception>,
    pub(crate) sender: Option<SenderTime>,
    pub(crate) cache: Cache,
    pub(crate) missing: Missing,
    pub(crate) key_frames: KeyFrames,
    pub(crate) silence: Silence,
}

/// What one peer publishes.
pub(crate) struct Ingress {
    peer: PeerId,
    csrc: u32,
    tracks: BTreeMap<Source, Track>,
    ssrcs: BTreeMap<u32, Source>,
    clock: SenderClock,
    meter: Meter,
}

impl Ingress {
    pub(crate) fn new((peer, csrc): (PeerId, u32), sections: &[Section], meter: Meter) -> Self {
        let (tracks, ssrcs, clock) = (BTreeMap::new(), BTreeMap::new(), SenderClock::default());
        let mut ingress = Self { peer, csrc, tracks, ssrcs, clock, meter };
        for section in sections {
            if let Role::Publish(source) = section.role {
                for ssrc in &section.media.ssrcs {
                    ingress.learn(*ssrc, source);
                }
                let track = Track {
                    media: section.media.clone(),
                    ssrc: None,
                    streams: 0,
                    reception: None,
                    sender: None,
                    cache: Cache::new(),
                    missing: Missing::default(),
                    key_frames: KeyFrames::default(),
                    silence: Silence::default(),
                };
                ingress.tracks.insert(source, track);
            }
        }
        ingress
    }

    pub(crate) fn csrc(&self) -> u32 {
        self.csrc
    }

    pub(crate) fn track(&mut self, source: Source) -> Option<&mut Track> {
        self.tracks.get_mut(&source)
    }

    /// Whether nothing comes but comfort noise that nobody hears.
    pub(crate) fn is_silent(&self) -> bool {
        self.tracks.values().filter(|track| track.ssrc.is_some()).all(|track| track.silence.is_long())
    }

    pub(crate) fn tracks(&mut self) -> impl Iterator<Item = (Source, &mut Track)> {
        self.tracks.iter_mut().map(|(source, track)| (*source, track))
    }

    pub(crate) fn knows(&self, ssrc: u32) -> bool {
        self.ssrcs.contains_key(&ssrc)
    }

    /// The track that an SSRC belongs to.
    fn by_ssrc(&mut self, ssrc: u32) -> Option<&mut Track> {
        let source = self.ssrcs.get(&ssrc)?;
        self.tracks.get_mut(source)
    }

    /// Takes a sender report (RFC 3550 section 6.4.1).
    pub(crate) fn sender_report(&mut self, now: Instant, ssrc: u32, (ntp, rtp): (u64, u32)) {
        let at = self.clock.place(ntp, now);
        if let Some(track) = self.by_ssrc(ssrc).filter(|track| track.ssrc == Some(ssrc)) {
            track.sender = Some(SenderTime { rtp, at, last_report: compact(ntp), received: now });
        }
    }

    /// What a packet claims to be: by its SSRC, else by its MID extension (RFC 9143 section 9.2).
    /// Not yet believed.
    pub(crate) fn admit(&self, header: &Header) -> Option<Source> {
        let known = self.ssrcs.get(&header.ssrc).copied();
        known.or_else(|| {
            let tracks = self.tracks.iter();
            let mut tracks = tracks.filter(|(_, track)| {
                let mid = extension(header, &track.media, Extension::Mid);
                mid.is_some_and(|mid| mid == track.media.mid.as_str().as_bytes())
            });
            tracks.next().map(|(source, _)| *source)
        })
    }

    /// Takes an authentic packet that was admitted as this source; `None` if it is not to be forwarded.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        source: Source,
        (header, packet): (&Header, Bytes),
    ) -> Option<Media> {
        if !self.learn(header.ssrc, source) || !self.meter.admits(now, packet.len()) {
            return None;
        }
        let id = TrackId { peer: self.peer, source };
        let track = self.tracks.get_mut(&source)?;
        let codecs = &track.media.codecs;
        let offered = codecs.iter().find(|offered| offered.payload_type == header.payload_type)?;
        let codec = offered.codec;
        let payload = payload(header, packet)?;
        if track.ssrc.replace(header.ssrc) != Some(header.ssrc) {
            track.streams += 1;
            track.reception = None;
            track.missing = Missing::default();
            track.cache = Cache::new();
            track.sender = None;
        }
        let first = || Reception::new(now, header.sequence_number, codec.clock_rate());
        let reception = track.reception.get_or_insert_with(first);
        let index = reception.received(now, header.sequence_number, header.timestamp);
        let level = extension(header, &track.media, Extension::AudioLevel);
        let media = Media {
            track: id,
            csrc: self.csrc,
            stream: track.streams,
            codec,
            index,
            timestamp: header.timestamp,
            marker: header.marker,
            arrived: now,
            level: level.and_then(|value| value.first().copied()),
            key_frame: starts_key_frame(codec, &payload),
            pictures: picture_ids(codec, &payload),
            payload,
        };
        Some(media)
    }

    fn learn(&mut self, ssrc: u32, source: Source) -> bool {
        if self.ssrcs.len() >= MOST_SSRCS {
            return self.ssrcs.get(&ssrc) == Some(&source);
        }
        *self.ssrcs.entry(ssrc).or_insert(source) == source
    }
}

impl Track {
    /// Keeps a packet that is to be forwarded, for what may be asked later.
    pub(crate) fn keep(&mut self, now: Instant, media: &Media) {
        match media.track.source.kind() {
            MediaKind::Audio => {}
            MediaKind::Video => {
                self.cache.keep(media);
                if self.missing.received(now, media.sequence()) {
                    self.key_frames.request();
                }
                if media.key_frame {
                    self.key_frames.received();
                }
            }
        }
    }
}

fn extension<'a>(header: &'a Header, media: &OfferedMedia, wanted: Extension) -> Option<&'a [u8]> {
    let id = media.extensions.get(&wanted)?;
    let found = header.extensions.iter().find(|found| found.id == *id)?;
    Some(&found.payload)
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
