use super::{Picture, PictureIds};

const HAS_PICTURE_ID: u8 = 0x80;
const NEEDS_OTHERS: u8 = 0x40;
const HAS_LAYERS: u8 = 0x20;
const IS_FLEXIBLE: u8 = 0x10;
const BEGINS: u8 = 0x08;
const WIDE: u8 = 0x80;
const SPATIAL: u8 = 0x0e;

/// RFC 9628 section 4.2. Which layers there are and what needs what, the dependency descriptor tells.
pub(super) fn inspect(payload: &[u8]) -> Option<Picture> {
    let first = *payload.first()?;
    let mut at = 1;
    let mut ids = PictureIds::default();
    if first & HAS_PICTURE_ID != 0 {
        let high = *payload.get(at)?;
        if high & WIDE == 0 {
            ids.picture = Some((at, u16::from(high), false));
            at += 1;
        } else {
            ids.picture = Some((at, u16::from_be_bytes([high & 0x7f, *payload.get(at + 1)?]), true));
            at += 2;
        }
    }
    let mut spatial = 0;
    if first & HAS_LAYERS != 0 {
        spatial = payload.get(at)? & SPATIAL;
        if first & IS_FLEXIBLE == 0 {
            ids.tl0 = Some((at + 1, *payload.get(at + 1)?));
        }
    }
    let begins = first & BEGINS != 0;
    let is_key = begins && first & NEEDS_OTHERS == 0 && spatial == 0;
    Some(Picture { is_key, begins, synchronises: is_key, ids, ..Picture::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_frames_are_told_from_others_and_from_higher_layers() {
        assert!(inspect(&[0x88, 0x81, 0x02]).unwrap().is_key);
        assert!(!inspect(&[0xc8, 0x81, 0x02]).unwrap().is_key);
        assert!(!inspect(&[0x80, 0x81, 0x02]).unwrap().begins);
        assert!(inspect(&[0xa8, 0x81, 0x02, 0x00, 7]).unwrap().is_key);
        assert!(!inspect(&[0xa8, 0x81, 0x02, 0x03, 7]).unwrap().is_key);
    }

    #[test]
    fn ids_are_found_where_they_are_and_cut_descriptors_are_none() {
        let ids = inspect(&[0xa8, 0x81, 0x02, 0x00, 7]).unwrap().ids;
        assert_eq!((ids.picture(), ids.cycle(), ids.tl0()), (Some(0x102), 0x8000, Some(7)));
        let flexible = inspect(&[0xb8, 0x05, 0x00, 7]).unwrap().ids;
        assert_eq!((flexible.picture(), flexible.cycle(), flexible.tl0()), (Some(5), 0x80, None));
        assert_eq!(inspect(&[0xa8, 0x81, 0x02, 0x00]), None);
        assert_eq!(inspect(&[0x88]), None);
    }
}
