use super::bits::Bits;
use super::{Indication, MOST_SPATIAL, PLACES, REACH, TEMPORAL};

const MOST_TEMPORAL: u8 = 8;
const MOST_TEMPLATES: usize = 64;
const NO_TARGET: u8 = u8::MAX;

/// How the frames of a stream depend on each other (AV1 RTP section A.8.3): templates, of which each frame names one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Structure {
    offset: u8,
    templates: Vec<Template>,
    /// How many decode targets there are.
    pub(super) targets: u32,
    /// For each place the decode target that is meant by it.
    by_place: [u8; PLACES],
    /// The spatial layer of each decode target.
    spatial: Vec<u8>,
    /// For each decode target the chain that it relies on.
    chains: Vec<u8>,
    pub(super) chain_count: u32,
    /// Width and height in pixels of each spatial layer, where they are told.
    pub(crate) sizes: Vec<(u16, u16)>,
    /// How many spatial layers there are.
    pub(crate) layers: u8,
}

/// What is the same for many frames.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Template {
    pub(super) spatial: u8,
    pub(super) temporal: u8,
    /// Two bits for each decode target.
    pub(super) indications: u64,
    pub(super) references: References,
    /// For each chain how many frames ago its last one was.
    pub(super) chains: Vec<u8>,
}

/// The frames that one needs, by how many frames ago they were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct References {
    /// The lowest bit is the frame before. Those that are further away than there are bits are known to be some, no more.
    pub(crate) near: u64,
    pub(crate) has_far: bool,
}

impl References {
    pub(super) fn add(&mut self, difference: u32) {
        match difference.checked_sub(1).filter(|bit| *bit < REACH) {
            Some(bit) => self.near |= 1 << bit,
            None => self.has_far = true,
        }
    }

    pub(crate) fn is_none(self) -> bool {
        self == Self::default()
    }
}

impl Structure {
    pub(super) fn read(bits: &mut Bits<'_>) -> Option<Self> {
        let offset = bits.byte(6)?;
        let targets = bits.take(5)? + 1;
        let mut templates = layers(bits)?;
        for template in &mut templates {
            template.indications = indications(bits, targets)?;
        }
        for template in &mut templates {
            while bits.flag()? {
                template.references.add(bits.take(4)? + 1);
            }
        }
        let chain_count = bits.below(targets + 1)?;
        let mut chains = Vec::new();
        if chain_count > 0 {
            for _ in 0..targets {
                chains.push(u8::try_from(bits.below(chain_count)?).ok()?);
            }
            for template in &mut templates {
                template.chains = (0..chain_count).map(|_| bits.byte(4)).collect::<Option<_>>()?;
            }
        }
        let layers = templates.iter().map(|template| template.spatial).max()? + 1;
        let mut sizes = Vec::new();
        if bits.flag()? {
            for _ in 0..layers {
                let (width, height) = (bits.word()?.checked_add(1)?, bits.word()?.checked_add(1)?);
                sizes.push((width, height));
            }
        }
        let of_targets: Vec<(u8, u8)> = (0..targets).map(|target| target_layers(&templates, target)).collect();
        let spatial = of_targets.iter().map(|(spatial, _)| *spatial).collect();
        let by_place = by_place(&of_targets);
        Some(Self { offset, templates, targets, by_place, spatial, chains, chain_count, sizes, layers })
    }

    pub(super) fn template(&self, id: u8) -> Option<&Template> {
        let index = (id + 64 - self.offset) % 64;
        self.templates.get(usize::from(index))
    }

    /// Of what is said for each decode target, what it means for each place.
    pub(super) fn place(&self, indications: u64) -> u32 {
        let of = |target: u8| if target == NO_TARGET { 0 } else { indications >> (2 * target) & 3 };
        let places = self.by_place.iter().enumerate();
        places.fold(0, |all, (place, target)| all | u32::try_from(of(*target)).unwrap_or(0) << (2 * place))
    }

    /// For each spatial layer how many frames ago the last one was that its lowest decode target relies on.
    pub(super) fn previous(&self, chains: &[u8]) -> [u8; MOST_SPATIAL as usize] {
        let mut previous = [u8::MAX; MOST_SPATIAL as usize];
        for (spatial, previous) in previous.iter_mut().enumerate() {
            let target = usize::from(self.by_place[spatial * usize::from(TEMPORAL)]);
            let chain = self.chains.get(target).and_then(|chain| chains.get(usize::from(*chain)));
            *previous = chain.copied().unwrap_or(u8::MAX);
        }
        previous
    }

    /// A bit for each spatial layer that any of these decode targets has.
    pub(super) fn active(&self, targets: u32) -> u8 {
        let spatial = self.spatial.iter().enumerate().filter(|(target, _)| targets >> target & 1 == 1);
        spatial.fold(0, |all, (_, spatial)| all | 1 << spatial)
    }
}

fn layers(bits: &mut Bits<'_>) -> Option<Vec<Template>> {
    let (mut spatial, mut temporal) = (0, 0);
    let mut templates = Vec::new();
    loop {
        templates.push(Template { spatial, temporal, ..Template::default() });
        match bits.take(2)? {
            0 => {}
            1 => temporal += 1,
            2 => (spatial, temporal) = (spatial + 1, 0),
            _ => return Some(templates),
        }
        if spatial >= MOST_SPATIAL || temporal >= MOST_TEMPORAL || templates.len() >= MOST_TEMPLATES {
            return None;
        }
    }
}

pub(super) fn indications(bits: &mut Bits<'_>, targets: u32) -> Option<u64> {
    (0..targets).try_fold(0, |all, target| Some(all | u64::from(bits.take(2)?) << (2 * target)))
}

/// The highest spatial and temporal layer of a decode target's frames.
fn target_layers(templates: &[Template], target: u32) -> (u8, u8) {
    let present = templates.iter().filter(|template| template.indications >> (2 * target) & 3 != 0);
    present.fold((0, 0), |(spatial, temporal), template| {
        (spatial.max(template.spatial), temporal.max(template.temporal.min(TEMPORAL - 1)))
    })
}

/// Of the decode targets that are within the layers of each place, the highest.
fn by_place(targets: &[(u8, u8)]) -> [u8; PLACES] {
    let mut places = [NO_TARGET; PLACES];
    for (place, found) in places.iter_mut().zip(0_u8..).map(|(found, place)| (place, found)) {
        let (spatial, temporal) = (place / TEMPORAL, place % TEMPORAL);
        let within = targets.iter().zip(0_u8..).filter(|((s, t), _)| *s <= spatial && *t <= temporal);
        *found = within.max_by_key(|(layers, _)| **layers).map_or(NO_TARGET, |(_, target)| target);
    }
    places
}

impl Indication {
    pub(super) fn of(code: u32) -> Self {
        match code & 3 {
            0 => Self::NotPresent,
            1 => Self::Discardable,
            2 => Self::Switch,
            _ => Self::Required,
        }
    }
}
