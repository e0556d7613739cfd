//! The one offer of the client and our one answer (RFC 8829).

pub(crate) mod answer;
pub(crate) mod codec;
pub(crate) mod offer;

use std::collections::{BTreeMap, BTreeSet};

use crate::io::{Limits, MediaKind, Mid, Source};
use codec::Extension;
use offer::{Offer, OfferError, OfferedCodec, OfferedMedia};

/// One m-line and what it is for.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    pub(crate) media: OfferedMedia,
    pub(crate) role: Role,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Answered with port 0: data channels above all.
    Refused,
    /// Accepted and unused.
    Idle,
    Publish(Source),
    /// A receive slot of the client.
    Receive(MediaKind),
}

/// Gives every m-line its role. Those of an earlier offer keep theirs.
pub(crate) fn negotiate(
    offer: &Offer,
    sources: &BTreeMap<Mid, Source>,
    before: &[Section],
) -> Result<Vec<Section>, OfferError> {
    if offer.media.len() < before.len() {
        return Err(OfferError::Changed);
    }
    let mut sections = Vec::with_capacity(offer.media.len());
    for (index, media) in offer.media.iter().enumerate() {
        let section = match before.get(index) {
            Some(known) if known.media.mid == media.mid && known.media.kind == media.kind => known.clone(),
            Some(_) => return Err(OfferError::Changed),
            None => Section::new(media, sources.get(&media.mid).copied())?,
        };
        sections.push(section);
    }
    check_sources(&sections, sources)?;
    Ok(sections)
}

pub(crate) fn check_slots(sections: &[Section], limits: &Limits) -> Result<(), OfferError> {
    let count = |kind| sections.iter().filter(|section| section.role == Role::Receive(kind)).count();
    if count(MediaKind::Audio) > limits.audio_slots {
        return Err(OfferError::TooManyAudioSlots(limits.audio_slots));
    }
    if count(MediaKind::Video) > limits.video_slots {
        return Err(OfferError::TooManyVideoSlots(limits.video_slots));
    }
    Ok(())
}

fn check_sources(sections: &[Section], sources: &BTreeMap<Mid, Source>) -> Result<(), OfferError> {
    if sources.values().collect::<BTreeSet<_>>().len() != sources.len() {
        return Err(OfferError::DuplicateSource);
    }
    for (mid, source) in sources {
        let mut found = sections.iter().filter(|section| section.media.mid == *mid);
        if found.next().map(|section| section.role) != Some(Role::Publish(*source)) {
            return Err(OfferError::UnknownSource(mid.clone()));
        }
    }
    Ok(())
}

impl Section {
    fn new(media: &OfferedMedia, source: Option<Source>) -> Result<Self, OfferError> {
        let mut media = media.clone();
        let codecs = std::mem::take(&mut media.codecs);
        media.codecs = codecs.into_iter().filter(|offered| media.is_usable(offered)).collect();
        let role = match (media.kind, source) {
            (None, _) => Role::Refused,
            (Some(kind), Some(source)) if media.sends && source.kind() == kind => {
                // The first is what it sends until it is told otherwise.
                media.codecs.sort_by_key(|offered| offered.codec);
                if source != Source::Microphone {
                    media.codecs.iter_mut().for_each(|offered| offered.redundancy = None);
                }
                Role::Publish(source)
            }
            (Some(_), Some(_)) => return Err(OfferError::UnknownSource(media.mid)),
            (Some(kind), None) if media.receives => Role::Receive(kind),
            (Some(_), None) => Role::Idle,
        };
        if role != Role::Refused && media.codecs.is_empty() {
            return Err(OfferError::NoCodec(media.mid));
        }
        Ok(Self { media, role })
    }
}

impl OfferedMedia {
    /// Layers of one stream are chosen by the dependency descriptor, which is long at times; and their packets are not to be
    /// sent again with the same bytes, for the choice may be another by then.
    fn is_usable(&self, offered: &OfferedCodec) -> bool {
        let is_described = self.is_mixed && self.extensions.contains_key(&Extension::Dependencies);
        !offered.codec.is_layered() || (is_described && offered.repair.is_some())
    }
}
