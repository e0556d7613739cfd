//! The only place that reads payloads: key frames and VP8's picture ids.

use crate::peer::sdp::codec::Codec;

const VP8_EXTENDED: u8 = 0x80;
const VP8_START: u8 = 0x10;
const VP8_PARTITION: u8 = 0x07;
const VP8_HAS_PICTURE_ID: u8 = 0x80;
const VP8_HAS_TL0: u8 = 0x40;
const VP8_HAS_LAYER_OR_KEY_INDEX: u8 = 0x30;
const VP8_WIDE: u8 = 0x80;

const H264_IDR: u8 = 5;
const H264_SPS: u8 = 7;
const H264_STAP_A: u8 = 24;
const H264_FU_A: u8 = 28;
const H264_FU_START: u8 = 0x80;

/// The fields of a VP8 payload descriptor that grow from picture to picture (RFC 7741).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PictureIds {
    /// Offset in the payload, value, and whether it is 15 bits wide.
    picture: Option<(usize, u16, bool)>,
    /// Offset and value.
    tl0: Option<(usize, u8)>,
}

impl PictureIds {
    pub(crate) fn picture(&self) -> Option<u16> {
        self.picture.map(|(_, value, _)| value)
    }

    pub(crate) fn tl0(&self) -> Option<u8> {
        self.tl0.map(|(_, value)| value)
    }

    /// Adds to the ids of this payload, each in its own width.
    pub(crate) fn shift(&self, payload: &mut [u8], (picture, tl0): (u16, u8)) {
        if let Some((at, value, wide)) = self.picture {
            let shifted = value.wrapping_add(picture);
            if let (true, Some(bytes)) = (wide, payload.get_mut(at..at + 2)) {
                bytes.copy_from_slice(&(shifted | 0x8000).to_be_bytes());
            } else if let (false, Some(byte)) = (wide, payload.get_mut(at)) {
                *byte = shifted.to_be_bytes()[1] & 0x7f;
            }
        }
        if let Some((at, value)) = self.tl0
            && let Some(byte) = payload.get_mut(at)
        {
            *byte = value.wrapping_add(tl0);
        }
    }
}

pub(crate) fn picture_ids(codec: Codec, payload: &[u8]) -> Option<PictureIds> {
    match codec {
        Codec::Vp8 => vp8_descriptor(payload).map(|(ids, _)| ids),
        Codec::Opus | Codec::H264 => None,
    }
}

/// Whether a decoder can begin with this packet.
pub(crate) fn starts_key_frame(codec: Codec, payload: &[u8]) -> bool {
    match codec {
        Codec::Opus => true,
        Codec::Vp8 => vp8_starts_key_frame(payload).unwrap_or(false),
        Codec::H264 => h264_starts_key_frame(payload).unwrap_or(false),
    }
}

/// The ids and the descriptor's length.
fn vp8_descriptor(payload: &[u8]) -> Option<(PictureIds, usize)> {
    let mut ids = PictureIds { picture: None, tl0: None };
    if payload.first()? & VP8_EXTENDED == 0 {
        return Some((ids, 1));
    }
    let flags = *payload.get(1)?;
    let mut at = 2;
    if flags & VP8_HAS_PICTURE_ID != 0 {
        let first = *payload.get(at)?;
        if first & VP8_WIDE == 0 {
            ids.picture = Some((at, u16::from(first), false));
            at += 1;
        } else {
            let value = u16::from_be_bytes([first & 0x7f, *payload.get(at + 1)?]);
            ids.picture = Some((at, value, true));
            at += 2;
        }
    }
    if flags & VP8_HAS_TL0 != 0 {
        ids.tl0 = Some((at, *payload.get(at)?));
        at += 1;
    }
    if flags & VP8_HAS_LAYER_OR_KEY_INDEX != 0 {
        at += 1;
    }
    Some((ids, at))
}

fn vp8_starts_key_frame(payload: &[u8]) -> Option<bool> {
    let first = *payload.first()?;
    let (_, length) = vp8_descriptor(payload)?;
    let starts = first & VP8_START != 0 && first & VP8_PARTITION == 0;
    // RFC 6386 section 9.1: the frame tag's lowest bit is 0 in a key frame.
    Some(starts && payload.get(length)? & 1 == 0)
}

/// RFC 6184: parameter sets or the start of an IDR slice.
fn h264_starts_key_frame(payload: &[u8]) -> Option<bool> {
    let starts = |byte: u8| matches!(byte & 0x1f, H264_IDR | H264_SPS);
    match payload.first()? & 0x1f {
        H264_STAP_A => Some(starts(*payload.get(3)?)),
        H264_FU_A => {
            let header = *payload.get(1)?;
            Some(header & H264_FU_START != 0 && starts(header))
        }
        _ => Some(starts(payload[0])),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn vp8_key_frames_are_told_from_others() {
        assert!(starts_key_frame(Codec::Vp8, &[0x10, 0x00]));
        assert!(!starts_key_frame(Codec::Vp8, &[0x10, 0x01]));
        assert!(!starts_key_frame(Codec::Vp8, &[0x00, 0x00]));
        assert!(starts_key_frame(Codec::Vp8, &[0x90, 0x80, 0x81, 0x02, 0x00]));
        assert!(!starts_key_frame(Codec::Vp8, &[0x90, 0x80, 0x81]));
    }

    #[test]
    fn h264_key_frames_are_told_from_others() {
        assert!(starts_key_frame(Codec::H264, &[0x67]));
        assert!(starts_key_frame(Codec::H264, &[0x78, 0, 9, 0x67]));
        assert!(starts_key_frame(Codec::H264, &[0x7c, 0x85]));
        assert!(!starts_key_frame(Codec::H264, &[0x7c, 0x05]));
        assert!(!starts_key_frame(Codec::H264, &[0x61]));
    }

    #[test]
    fn picture_ids_are_shifted_within_their_width() {
        let mut payload = [0x90, 0xe0, 0xff, 0xff, 0xfe, 0x20, 0];
        let ids = picture_ids(Codec::Vp8, &payload).unwrap();
        assert_eq!((ids.picture(), ids.tl0()), (Some(0x7fff), Some(0xfe)));
        ids.shift(&mut payload, (2, 3));
        let ids = picture_ids(Codec::Vp8, &payload).unwrap();
        assert_eq!((ids.picture(), ids.tl0()), (Some(1), Some(1)));

        let mut narrow = [0x90, 0x80, 0x7f, 0];
        let ids = picture_ids(Codec::Vp8, &narrow).unwrap();
        ids.shift(&mut narrow, (3, 0));
        assert_eq!(narrow, [0x90, 0x80, 0x02, 0]);
    }

    proptest! {
        #[test]
        fn any_payload_is_read(payload: Vec<u8>, shift: (u16, u8)) {
            for codec in [Codec::Opus, Codec::Vp8, Codec::H264] {
                starts_key_frame(codec, &payload);
                if let Some(ids) = picture_ids(codec, &payload) {
                    ids.shift(&mut payload.clone(), shift);
                }
            }
        }
    }
}
