/// Pictures of VP8 in up to three encodings, each with three temporal layers, as a browser sends them: 160, 320 and 640
/// pixels wide, at about 100, 300 and 1,000 kbit/s.
pub(crate) struct Camera {
    encodings: Vec<Encoding>,
    count: u32,
}

struct Encoding {
    sequence: u16,
    picture: u16,
    tl0: u8,
    wants_key: bool,
    /// Whether the client could send it, and whether anybody wants it.
    is_on: bool,
    is_wanted: bool,
    peer: u8,
}

pub(crate) struct Frame {
    pub(crate) layer: usize,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) payloads: Vec<Vec<u8>>,
}

const PACKET: usize = 1_100;
/// Of each encoding.
const WIDTHS: [u16; 3] = [160, 320, 640];
const FRAME_BYTES: [usize; 3] = [500, 1_500, 5_000];
const TICKS: u32 = 3_600;
/// Of four pictures one after another.
const TEMPORAL: [u8; 4] = [0, 2, 1, 2];

impl Camera {
    pub(crate) fn new(encodings: usize, peer: u8) -> Self {
        let encoding = |layer: u16| Encoding {
            sequence: 1_000 * (layer + 1),
            picture: 32_700 + 7 * layer,
            tl0: u8::try_from(layer).unwrap() * 50,
            wants_key: true,
            is_on: true,
            is_wanted: true,
            peer,
        };
        Self { encodings: (0..u16::try_from(encodings).unwrap()).map(encoding).collect(), count: 0 }
    }

    /// A key frame of an encoding is wanted.
    pub(crate) fn asked(&mut self, layer: Option<usize>) {
        if let Some(encoding) = layer.and_then(|layer| self.encodings.get_mut(layer)) {
            encoding.wants_key = true;
        }
    }

    /// Can send an encoding or cannot; one that begins again does so with a key frame.
    pub(crate) fn set(&mut self, layer: usize, is_on: bool) {
        let encoding = &mut self.encodings[layer];
        encoding.wants_key |= is_on && !encoding.is_on;
        encoding.is_on = is_on;
    }

    /// Which of its encodings are wanted, as it is told.
    pub(crate) fn obey(&mut self, wanted: &[bool]) {
        for (encoding, is_wanted) in self.encodings.iter_mut().zip(wanted) {
            encoding.wants_key |= *is_wanted && !encoding.is_wanted;
            encoding.is_wanted = *is_wanted;
        }
    }

    pub(crate) fn shoot(&mut self) -> Vec<Frame> {
        let position = usize::try_from(self.count % 4).unwrap();
        self.count += 1;
        let timestamp = self.count * TICKS;
        let on = self.encodings.iter_mut().enumerate().filter(|(_, encoding)| encoding.is_on && encoding.is_wanted);
        on.map(|(layer, encoding)| encoding.shoot(layer, (position, timestamp))).collect()
    }
}

impl Encoding {
    fn shoot(&mut self, layer: usize, (position, timestamp): (usize, u32)) -> Frame {
        let temporal = TEMPORAL[position];
        // The first of each layer above the lowest needs the lowest alone.
        let synchronises = u8::from(position == 1 || position == 2) << 5;
        let is_key = temporal == 0 && std::mem::take(&mut self.wants_key);
        self.picture = (self.picture + 1) & 0x7fff;
        self.tl0 = self.tl0.wrapping_add(u8::from(temporal == 0));
        let [high, low] = (self.picture | 0x8000).to_be_bytes();
        let mut bytes = FRAME_BYTES[layer] * if is_key { 3 } else { 1 };
        let mut payloads = Vec::new();
        while bytes > 0 {
            let start = if payloads.is_empty() { 0x90 } else { 0x80 };
            let mut payload = vec![start, 0xe0, high, low, self.tl0, temporal << 6 | synchronises];
            if payloads.is_empty() {
                let [width, height] = [WIDTHS[layer], WIDTHS[layer] / 4 * 3].map(u16::to_le_bytes);
                payload.extend([u8::from(!is_key), 0, 0, 0x9d, 0x01, 0x2a, width[0], width[1], height[0], height[1]]);
            }
            payload.resize(bytes.clamp(20, PACKET), u8::try_from(layer).unwrap());
            let marks = payload.len() - 2;
            payload[marks] = self.peer;
            bytes = bytes.saturating_sub(PACKET);
            payloads.push(payload);
        }
        let sequence = self.sequence;
        self.sequence = self.sequence.wrapping_add(u16::try_from(payloads.len()).unwrap());
        // Each encoding counts from a number of its own (RFC 3550 section 5.1).
        let timestamp = timestamp.wrapping_add(u32::try_from(layer).unwrap() * 1_000_003);
        Frame { layer, sequence, timestamp, payloads }
    }
}
