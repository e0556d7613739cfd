//! The dependency descriptor of AV1, which other codecs use as well: a header extension that says how frames depend on each
//! other, so that nobody need read payloads (RTP Payload Format For AV1, appendix A).

pub(crate) mod bits;
mod structure;
#[cfg(test)]
mod tests;

use bytes::Bytes;

use crate::stats::{FIRST_CYCLE, nearest};
use bits::Bits;
pub(crate) use structure::{References, Structure};
use structure::{Template, indications};

/// Spatial layers that there can be.
pub(crate) const MOST_SPATIAL: u8 = 4;
/// Temporal layers that are told apart; those above count as the last.
const TEMPORAL: u8 = 3;
/// Spatial layers times temporal ones.
const PLACES: usize = (MOST_SPATIAL * TEMPORAL) as usize;
/// The most bytes that a header extension has (RFC 8285 section 4.3).
pub(crate) const LONGEST: usize = 255;
/// References and what was left out are known over so many frames.
pub(crate) const REACH: u32 = u64::BITS;
const SHORT: usize = 3;

/// What a frame is to those who are sent a choice of layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Indication {
    NotPresent,
    /// Nothing needs it.
    Discardable,
    /// With it all that follows can be decoded.
    Switch,
    Required,
}

/// What a packet says of the frame that it is part of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Counted on over the wraps of the 16 bits that are sent.
    pub(crate) number: u64,
    pub(crate) spatial: u8,
    pub(crate) temporal: u8,
    /// The packet is the first of its frame.
    pub(crate) begins: bool,
    /// The packet is the last of its frame.
    pub(crate) ends: bool,
    /// A decoder can begin with this packet.
    pub(crate) is_key: bool,
    pub(crate) references: References,
    /// For each spatial layer how many frames ago the last one was that it relies on; 0 if it begins here.
    pub(crate) previous: [u8; MOST_SPATIAL as usize],
    /// Two bits for each spatial and temporal layer up to which somebody is sent the stream.
    indications: u32,
    bytes: Bytes,
}

impl Frame {
    /// What it is to one who is sent all up to these layers.
    pub(crate) fn indication(&self, spatial: u8, temporal: u8) -> Indication {
        let place = spatial.min(MOST_SPATIAL - 1) * TEMPORAL + temporal.min(TEMPORAL - 1);
        Indication::of(self.indications >> (2 * place))
    }

    /// Its descriptor under another number, and how long it is.
    pub(crate) fn renumbered(&self, number: u16) -> ([u8; LONGEST], usize) {
        let mut bytes = [0; LONGEST];
        bytes[..self.bytes.len()].copy_from_slice(&self.bytes);
        bytes[1..SHORT].copy_from_slice(&number.to_be_bytes());
        (bytes, self.bytes.len())
    }
}

/// What is known of one stream.
#[derive(Default)]
pub(crate) struct Reader {
    /// With the number of the frame that brought it.
    structure: Option<(u64, Structure)>,
    highest: Option<u64>,
    /// A bit for each spatial layer that is sent at the moment.
    active: u8,
}

/// A descriptor that was read, before its frame is counted.
struct Read {
    attached: Option<Structure>,
    targets: Option<u32>,
    template: Template,
}

impl Reader {
    /// Reads a packet's descriptor; `None` if it is none, or names what never came.
    pub(crate) fn read(&mut self, bytes: &Bytes) -> Option<Frame> {
        if !(SHORT..=LONGEST).contains(&bytes.len()) {
            return None;
        }
        let mut bits = Bits::new(bytes);
        let (begins, ends, id) = (bits.flag()?, bits.flag()?, bits.byte(6)?);
        let number = self.count(bits.word()?);
        let known = self.structure.as_ref().map(|(_, structure)| structure);
        let Read { attached, targets, template } = read(&mut bits, (bytes.len() > SHORT, id), known)?;
        let is_latest = self.highest.is_none_or(|highest| number >= highest);
        let structure = attached.as_ref().or(known)?;
        let is_key = attached.is_some() && begins && template.references.is_none();
        let frame = Frame {
            number,
            spatial: template.spatial,
            temporal: template.temporal.min(TEMPORAL - 1),
            begins,
            ends,
            is_key,
            references: template.references,
            previous: structure.previous(&template.chains),
            indications: structure.place(template.indications),
            bytes: bytes.clone(),
        };
        if let Some(targets) = targets.filter(|_| is_latest) {
            self.active = structure.active(targets);
        }
        self.highest = self.highest.max(Some(number));
        if let Some(attached) = attached
            && self.structure.as_ref().is_none_or(|(since, _)| *since <= number)
        {
            self.structure = Some((number, attached));
        }
        Some(frame)
    }

    pub(crate) fn structure(&self) -> Option<&Structure> {
        self.structure.as_ref().map(|(_, structure)| structure)
    }

    /// Whether frames of a spatial layer are sent at the moment, by what the descriptors say.
    pub(crate) fn is_active(&self, spatial: u8) -> bool {
        self.active >> spatial & 1 == 1
    }

    /// The count nearest to the highest one so far that a number stands for.
    fn count(&self, number: u16) -> u64 {
        self.highest.map_or(FIRST_CYCLE + u64::from(number), |highest| nearest(highest, number))
    }
}

fn read(bits: &mut Bits<'_>, (is_long, id): (bool, u8), known: Option<&Structure>) -> Option<Read> {
    let mut flags = [false; 5];
    if is_long {
        for flag in &mut flags {
            *flag = bits.flag()?;
        }
    }
    let [has_structure, has_active, has_indications, has_references, has_chains] = flags;
    let attached = if has_structure { Some(Structure::read(bits)?) } else { None };
    let structure = attached.as_ref().or(known)?;
    let all = u32::MAX >> (u32::BITS - structure.targets);
    let mut targets = attached.as_ref().map(|_| all);
    if has_active {
        targets = Some(bits.take(structure.targets)?);
    }
    let mut template = structure.template(id)?.clone();
    if has_indications {
        template.indications = indications(bits, structure.targets)?;
    }
    if has_references {
        template.references = References::default();
        loop {
            let size = bits.take(2)?;
            if size == 0 {
                break;
            }
            template.references.add(bits.take(4 * size)? + 1);
        }
    }
    if has_chains {
        template.chains = (0..structure.chain_count).map(|_| bits.byte(8)).collect::<Option<_>>()?;
    }
    Some(Read { attached, targets, template })
}
