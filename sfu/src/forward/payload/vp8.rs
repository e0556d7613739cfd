use super::{HIGHEST_TEMPORAL, Picture};

const EXTENDED: u8 = 0x80;
const START: u8 = 0x10;
const PARTITION: u8 = 0x07;
const HAS_PICTURE_ID: u8 = 0x80;
const HAS_TL0: u8 = 0x40;
const HAS_TEMPORAL: u8 = 0x20;
const HAS_TEMPORAL_OR_KEY_INDEX: u8 = 0x30;
const SYNCHRONISES: u8 = 0x20;
const WIDE: u8 = 0x80;
/// RFC 6386 section 9.1: a key frame's tag, then these, then its size.
const TAG: usize = 3;
const START_CODE: [u8; 3] = [0x9d, 0x01, 0x2a];
const SIZE: u16 = 0x3fff;

/// RFC 7741.
pub(super) fn inspect(payload: &[u8]) -> Option<Picture> {
    let first = *payload.first()?;
    let (mut picture, length) = descriptor(payload)?;
    picture.begins = first & START != 0 && first & PARTITION == 0;
    let frame = payload.get(length..)?;
    // RFC 6386 section 9.1: the frame tag's lowest bit is 0 in a key frame.
    picture.is_key = picture.begins && frame.first()? & 1 == 0;
    if picture.is_key {
        picture.synchronises = true;
        picture.size = size(frame);
    }
    Some(picture)
}

/// What the descriptor says, and its length.
fn descriptor(payload: &[u8]) -> Option<(Picture, usize)> {
    let mut picture = Picture::default();
    if payload.first()? & EXTENDED == 0 {
        return Some((picture, 1));
    }
    let flags = *payload.get(1)?;
    let mut at = 2;
    if flags & HAS_PICTURE_ID != 0 {
        let first = *payload.get(at)?;
        if first & WIDE == 0 {
            picture.ids.picture = Some((at, u16::from(first), false));
            at += 1;
        } else {
            let value = u16::from_be_bytes([first & 0x7f, *payload.get(at + 1)?]);
            picture.ids.picture = Some((at, value, true));
            at += 2;
        }
    }
    if flags & HAS_TL0 != 0 {
        picture.ids.tl0 = Some((at, *payload.get(at)?));
        at += 1;
    }
    if flags & HAS_TEMPORAL_OR_KEY_INDEX != 0 {
        if flags & HAS_TEMPORAL != 0 {
            let byte = *payload.get(at)?;
            picture.temporal = (byte >> 6).min(HIGHEST_TEMPORAL);
            picture.synchronises = byte & SYNCHRONISES != 0;
        }
        at += 1;
    }
    Some((picture, at))
}

fn size(frame: &[u8]) -> Option<(u16, u16)> {
    let (code, size) = frame.get(TAG..)?.split_first_chunk()?;
    let [a, b, c, d] = *size.first_chunk()?;
    let size = (u16::from_le_bytes([a, b]) & SIZE, u16::from_le_bytes([c, d]) & SIZE);
    (*code == START_CODE).then_some(size)
}
