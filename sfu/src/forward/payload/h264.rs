use super::Picture;
use crate::forward::descriptor::bits::Bits;

const TYPE: u8 = 0x1f;
const SLICE: u8 = 1;
const IDR: u8 = 5;
const SPS: u8 = 7;
const DELIMITER: u8 = 9;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;
const FU_START: u8 = 0x80;
/// Of a slice that begins with the first macroblock: the code of 0 is one bit.
const FIRST_BLOCK: u8 = 0x80;
/// Bytes of a parameter set that are looked at.
const LONGEST_SPS: usize = 64;
/// Profiles whose parameter sets say nothing of colours (H.264 section 7.3.2.1.1).
const PLAIN_PROFILES: [u8; 3] = [66, 77, 88];
const MOST_OFFSETS: u32 = 255;
const BLOCK: u32 = 16;

/// RFC 6184: parameter sets or an IDR slice begin a key frame.
pub(super) fn inspect(payload: &[u8]) -> Option<Picture> {
    let mut picture = Picture::default();
    match payload.first()? & TYPE {
        STAP_A => {
            let mut rest = &payload[1..];
            while let Some((length, after)) = rest.split_first_chunk() {
                let length = usize::from(u16::from_be_bytes(*length));
                let (Some(unit), Some(after)) = (after.get(..length), after.get(length..)) else {
                    break;
                };
                picture.add(unit);
                rest = after;
            }
        }
        FU_A => {
            let header = *payload.get(1)?;
            if header & FU_START != 0 {
                picture.note(header & TYPE, payload.get(2));
            }
        }
        _ => picture.add(payload),
    }
    Some(picture)
}

impl Picture {
    fn add(&mut self, unit: &[u8]) {
        let Some((header, body)) = unit.split_first() else {
            return;
        };
        self.note(header & TYPE, body.first());
        if header & TYPE == SPS {
            self.size = size(body).or(self.size);
        }
    }

    fn note(&mut self, unit: u8, first: Option<&u8>) {
        let is_first_slice = first.is_some_and(|byte| byte & FIRST_BLOCK != 0);
        let is_key = matches!(unit, IDR | SPS);
        self.is_key |= is_key;
        self.synchronises |= is_key;
        // Parameter sets and what else comes before the first slice.
        self.begins |= is_key || (unit == SLICE && is_first_slice) || (IDR < unit && unit <= DELIMITER);
    }
}

/// Width and height in pixels, as a sequence parameter set says.
fn size(body: &[u8]) -> Option<(u16, u16)> {
    let (plain, length) = unescaped(body);
    let mut bits = Bits::new(&plain[..length]);
    let profile = bits.byte(8)?;
    let _constraints_and_level = bits.word()?;
    if !PLAIN_PROFILES.contains(&profile) {
        return None;
    }
    let _id = bits.golomb()?;
    let _frame_numbers = bits.golomb()?;
    match bits.golomb()? {
        0 => drop(bits.golomb()?),
        1 => {
            bits.flag()?;
            bits.signed_golomb()?;
            bits.signed_golomb()?;
            let count = bits.golomb()?;
            for _ in 0..count.min(MOST_OFFSETS) {
                bits.signed_golomb()?;
            }
        }
        _ => {}
    }
    let _references = bits.golomb()?;
    bits.flag()?;
    let (width, height) = (bits.golomb()?.checked_add(1)?, bits.golomb()?.checked_add(1)?);
    let is_progressive = bits.flag()?;
    if !is_progressive {
        bits.flag()?;
    }
    bits.flag()?;
    let lines = if is_progressive { 1 } else { 2 };
    let mut cropped = [0; 4];
    if bits.flag()? {
        for side in &mut cropped {
            *side = bits.golomb()?;
        }
    }
    let [left, right, top, bottom] = cropped;
    // Colours are halved in both directions, so that all is cut by two.
    let within = |blocks: u32, cut: (u32, u32), unit: u32| {
        let cut = cut.0.checked_add(cut.1)?.checked_mul(2 * unit)?;
        u16::try_from(blocks.checked_mul(BLOCK * unit)?.checked_sub(cut)?).ok()
    };
    Some((within(width, (left, right), 1)?, within(height, (top, bottom), lines)?))
}

/// Without the bytes that keep start codes from appearing (H.264 section 7.4.1), and how long that is.
fn unescaped(body: &[u8]) -> ([u8; LONGEST_SPS], usize) {
    let mut plain = [0; LONGEST_SPS];
    let (mut length, mut zeros) = (0, 0);
    for byte in body.iter().take(LONGEST_SPS) {
        if zeros >= 2 && *byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
        plain[length] = *byte;
        length += 1;
    }
    (plain, length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_key(payload: &[u8]) -> bool {
        inspect(payload).unwrap().is_key
    }

    #[test]
    fn key_frames_are_told_from_others() {
        assert!(is_key(&[0x67]));
        assert!(is_key(&[0x78, 0, 1, 0x67]));
        assert!(is_key(&[0x7c, 0x85]));
        assert!(!is_key(&[0x7c, 0x05]));
        assert!(!is_key(&[0x61]));
    }

    #[test]
    fn pictures_begin_with_their_first_slice() {
        let begins = |payload: &[u8]| inspect(payload).unwrap().begins;
        assert!(begins(&[0x61, 0x9a]));
        assert!(!begins(&[0x61, 0x1a]));
        assert!(begins(&[0x7c, 0x81, 0x9a]));
        assert!(!begins(&[0x7c, 0x01, 0x9a]));
        assert!(begins(&[0x78, 0, 2, 0x09, 0xf0, 0, 2, 0x61, 0x9a]));
    }

    /// Writes numbers of so many bits, and those of 0 as exp-Golomb codes.
    fn written(fields: &[(u32, u32)]) -> Vec<u8> {
        let mut bits = Vec::new();
        for (value, count) in fields {
            let (value, count) = match count {
                0 => (value + 1, 2 * (value + 1).ilog2() + 1),
                count => (*value, *count),
            };
            bits.extend((0..count).rev().map(|bit| value >> bit & 1));
        }
        bits.chunks(8)
            .map(|byte| byte.iter().zip(0..8).fold(0, |all, (bit, at)| all | (*bit as u8) << (7 - at)))
            .collect()
    }

    fn parameters(width: u32, height: u32, cut: u32) -> Vec<u8> {
        let mut unit = vec![0x67];
        let cropping = if cut == 0 { vec![(0, 1)] } else { vec![(1, 1), (0, 0), (0, 0), (0, 0), (cut, 0)] };
        let head = [(66, 8), (0xc0, 8), (31, 8), (0, 0), (0, 0), (2, 0), (1, 0), (0, 1)];
        let fields =
            [&head[..], &[(width / 16 - 1, 0), (height.div_ceil(16) - 1, 0), (1, 1), (1, 1)], &cropping].concat();
        unit.extend(written(&[&fields[..], &[(0, 1), (1, 1)]].concat()));
        unit
    }

    #[test]
    fn parameter_sets_tell_the_size() {
        assert_eq!(inspect(&parameters(640, 480, 0)).unwrap().size, Some((640, 480)));
        assert_eq!(inspect(&parameters(320, 180, 6)).unwrap().size, Some((320, 180)));
        let unit = parameters(1_920, 1_080, 4);
        let mut aggregate = vec![0x78, 0, u8::try_from(unit.len()).unwrap()];
        aggregate.extend(&unit);
        aggregate.extend([0, 2, 0x68, 0xce]);
        assert_eq!(inspect(&aggregate).unwrap().size, Some((1_920, 1_080)));
        assert_eq!(inspect(&parameters(640, 480, 0)[..6]).unwrap().size, None);
    }

    proptest! {
        #[test]
        fn any_parameter_set_is_read(body: Vec<u8>) {
            let _ = size(&body);
        }
    }
}
