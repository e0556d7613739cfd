/// Pictures in spatial and temporal layers of one stream, each a frame with its dependency descriptor.
pub(crate) struct Scalable {
    pub(crate) mode: Mode,
    /// Layers that are sent of those that there are.
    pub(crate) active: u8,
    pub(crate) wants_key: bool,
    /// Of the newest frame.
    pub(crate) number: u16,
    position: usize,
    /// The newest frame of each spatial layer's lowest temporal one, and of the one between.
    lowest: [u16; 3],
    middle: [u16; 3],
    /// The newest frame that each spatial layer relies on.
    chains: [u16; 3],
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Mode {
    pub(crate) spatial: u8,
    pub(crate) temporal: u8,
    /// Higher layers need the lower ones in each picture, not in key pictures alone.
    pub(crate) is_full: bool,
}

pub(crate) const L1T3: Mode = Mode { spatial: 1, temporal: 3, is_full: false };
pub(crate) const L2T3_KEY: Mode = Mode { spatial: 2, temporal: 3, is_full: false };
pub(crate) const L3T3_KEY: Mode = Mode { spatial: 3, temporal: 3, is_full: false };
pub(crate) const L3T3: Mode = Mode { spatial: 3, temporal: 3, is_full: true };

#[derive(Clone, Debug)]
pub(crate) struct LayerFrame {
    pub(crate) mode: Mode,
    pub(crate) number: u16,
    pub(crate) spatial: u8,
    pub(crate) temporal: u8,
    /// Of a key picture.
    pub(crate) is_key: bool,
    /// The frames that it needs, by their numbers.
    pub(crate) references: Vec<u16>,
    active: u8,
    chains: Vec<u8>,
}

/// Of four pictures one after another.
const TEMPORAL: [u8; 4] = [0, 2, 1, 2];
const WIDTH: u16 = 160;

impl Scalable {
    pub(crate) fn new(mode: Mode, number: u16) -> Self {
        let active = mode.spatial;
        let [lowest, middle, chains] = [[0; 3]; 3];
        Self { mode, active, wants_key: true, number, position: 0, lowest, middle, chains }
    }

    /// The frames of the next picture, the lowest first.
    pub(crate) fn shoot(&mut self) -> Vec<LayerFrame> {
        let is_key = std::mem::take(&mut self.wants_key);
        if is_key {
            self.position = 0;
        }
        let position = self.position;
        self.position = (position + 1) % TEMPORAL.len();
        let temporal = if self.mode.temporal == 1 { 0 } else { TEMPORAL[position] };
        (0..self.active).map(|spatial| self.frame(spatial, (position, temporal, is_key))).collect()
    }

    fn frame(&mut self, spatial: u8, (position, temporal, is_key): (usize, u8, bool)) -> LayerFrame {
        self.number = self.number.wrapping_add(1);
        let (number, at) = (self.number, usize::from(spatial));
        let mut references = Vec::new();
        if !is_key {
            references.push(if position == 3 && temporal == 2 { self.middle[at] } else { self.lowest[at] });
        }
        if spatial > 0 && (is_key || self.mode.is_full) {
            references.push(number.wrapping_sub(1));
        }
        let begins = is_key && spatial == 0;
        let ago = |chain: &u16| if begins { 0 } else { u8::try_from(number.wrapping_sub(*chain)).unwrap_or(255) };
        let chains = self.chains[..usize::from(self.mode.spatial)].iter().map(ago).collect();
        match temporal {
            0 => self.lowest[at] = number,
            1 => self.middle[at] = number,
            _ => {}
        }
        if temporal == 0 {
            let above = if is_key || self.mode.is_full { self.mode.spatial } else { spatial + 1 };
            self.chains[at..usize::from(above)].fill(number);
        }
        let (mode, active) = (self.mode, self.active);
        LayerFrame { mode, number, spatial, temporal, is_key, references, active, chains }
    }
}

impl LayerFrame {
    /// What a packet of it says in its header.
    pub(crate) fn descriptor(&self, begins: bool, ends: bool) -> Vec<u8> {
        let mut bits = Bits::default();
        bits.put(begins.into(), 1);
        bits.put(ends.into(), 1);
        bits.put((self.spatial * self.mode.temporal + self.temporal).into(), 6);
        bits.put(self.number.into(), 16);
        let has_structure = self.is_key && self.spatial == 0 && begins;
        bits.put(has_structure.into(), 1);
        bits.put(has_structure.into(), 1);
        bits.put(self.is_key.into(), 1);
        bits.put(0b11, 2);
        if has_structure {
            self.structure(&mut bits);
            // The lowest bit is the first.
            for target in (0..self.targets()).rev() {
                bits.put((target / self.mode.temporal < self.active).into(), 1);
            }
        }
        if self.is_key {
            self.indications((self.spatial, self.temporal), self.is_key, &mut bits);
        }
        for reference in &self.references {
            let ago = u32::from(self.number.wrapping_sub(*reference)) - 1;
            let size = if ago < 16 { 1 } else { 2 };
            bits.put(size, 2);
            bits.put(ago, 4 * size);
        }
        bits.put(0, 2);
        for chain in &self.chains {
            bits.put((*chain).into(), 8);
        }
        bits.bytes()
    }

    fn targets(&self) -> u8 {
        self.mode.spatial * self.mode.temporal
    }

    /// A template for each layer.
    fn structure(&self, bits: &mut Bits) {
        bits.put(0, 6);
        bits.put(u32::from(self.targets()) - 1, 5);
        let layers: Vec<(u8, u8)> =
            (0..self.mode.spatial).flat_map(|spatial| (0..self.mode.temporal).map(move |of| (spatial, of))).collect();
        for (_, temporal) in &layers[1..] {
            bits.put(if *temporal == 0 { 2 } else { 1 }, 2);
        }
        bits.put(3, 2);
        for layer in &layers {
            self.indications(*layer, false, bits);
        }
        for _ in &layers {
            bits.put(0, 1);
        }
        let chains = self.mode.spatial.into();
        bits.put_below(chains, u32::from(self.targets()) + 1);
        for (spatial, _) in &layers {
            bits.put_below((*spatial).into(), chains);
        }
        for _ in &layers {
            bits.put(0, 4 * chains);
        }
        bits.put(1, 1);
        for spatial in 0..self.mode.spatial {
            let width = u32::from(WIDTH << spatial);
            bits.put(width - 1, 16);
            bits.put(width / 4 * 3 - 1, 16);
        }
    }

    /// What a frame of these layers is to each decode target.
    fn indications(&self, (spatial, temporal): (u8, u8), is_key: bool, bits: &mut Bits) {
        for target in 0..self.targets() {
            let (of, up_to) = (target / self.mode.temporal, target % self.mode.temporal);
            let code = match (of.cmp(&spatial), up_to.cmp(&temporal)) {
                (std::cmp::Ordering::Less, _) | (_, std::cmp::Ordering::Less) => 0,
                (std::cmp::Ordering::Greater, _) if is_key => 2,
                (std::cmp::Ordering::Greater, _) if self.mode.is_full => 3,
                (std::cmp::Ordering::Greater, _) => 0,
                (_, std::cmp::Ordering::Equal) if temporal > 0 => 1,
                _ => 2,
            };
            bits.put(code, 2);
        }
    }
}

#[derive(Default)]
struct Bits(Vec<bool>);

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        self.0.extend((0..count).rev().map(|bit| value >> bit & 1 == 1));
    }

    /// In as many bits as a number below a bound takes (AV1 section 4.10.7).
    fn put_below(&mut self, value: u32, bound: u32) {
        let width = u32::BITS - bound.leading_zeros();
        let short = (1 << width) - bound;
        if value < short {
            self.put(value, width - 1);
        } else {
            self.put(value + short, width);
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let byte = |bits: &[bool]| bits.iter().zip(0..).fold(0, |all, (bit, at)| all | u8::from(*bit) << (7 - at));
        self.0.chunks(8).map(byte).collect()
    }
}
