//! The only place that reads payloads: key frames, sizes, VP8's picture ids and temporal layers.

use crate::peer::sdp::codec::Codec;

const VP8_EXTENDED: u8 = 0x80;
const VP8_START: u8 = 0x10;
const VP8_PARTITION: u8 = 0x07;
const VP8_HAS_PICTURE_ID: u8 = 0x80;
const VP8_HAS_TL0: u8 = 0x40;
const VP8_HAS_TEMPORAL: u8 = 0x20;
const VP8_HAS_TEMPORAL_OR_KEY_INDEX: u8 = 0x30;
const VP8_SYNCHRONISES: u8 = 0x20;
const VP8_WIDE: u8 = 0x80;
/// RFC 6386 section 9.1: a key frame's tag, then these, then its size.
const VP8_TAG: usize = 3;
const VP8_START_CODE: [u8; 3] = [0x9d, 0x01, 0x2a];
const VP8_SIZE: u16 = 0x3fff;

const H264_IDR: u8 = 5;
const H264_SPS: u8 = 7;
const H264_STAP_A: u8 = 24;
const H264_FU_A: u8 = 28;
const H264_FU_START: u8 = 0x80;

/// Temporal layers that are told apart; what is above counts as the last.
pub(crate) const HIGHEST_TEMPORAL: u8 = 2;

/// What a packet says of the picture that it is part of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Picture {
    /// A decoder can begin with this packet.
    pub(crate) is_key: bool,
    /// It is the first of its picture.
    pub(crate) begins: bool,
    /// Its temporal layer; what is above it may be left out.
    pub(crate) temporal: u8,
    /// Its layer can be taken up from here on, though earlier pictures of it are missing.
    pub(crate) synchronises: bool,
    /// Width and height in pixels, which key frames tell.
    pub(crate) size: Option<(u16, u16)>,
    pub(crate) ids: PictureIds,
}

/// The fields of a VP8 payload descriptor that grow from picture to picture (RFC 7741).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

    /// How many values there are before they begin again.
    pub(crate) fn cycle(&self) -> u16 {
        if self.picture.is_some_and(|(_, _, wide)| wide) { 1 << 15 } else { 1 << 7 }
    }

    pub(crate) fn tl0(&self) -> Option<u8> {
        self.tl0.map(|(_, value)| value)
    }

    /// Replaces the ids in this payload, each in its own width.
    pub(crate) fn write(&self, payload: &mut [u8], (picture, tl0): (u16, u8)) {
        if let Some((at, _, wide)) = self.picture {
            if let (true, Some(bytes)) = (wide, payload.get_mut(at..at + 2)) {
                bytes.copy_from_slice(&(picture | 0x8000).to_be_bytes());
            } else if let (false, Some(byte)) = (wide, payload.get_mut(at)) {
                *byte = picture.to_be_bytes()[1] & 0x7f;
            }
        }
        if let Some((at, _)) = self.tl0
            && let Some(byte) = payload.get_mut(at)
        {
            *byte = tl0;
        }
    }
}

/// Reads what there is to know.
pub(crate) fn inspect(codec: Codec, payload: &[u8]) -> Picture {
    match codec {
        Codec::Opus => Picture { is_key: true, begins: true, ..Picture::default() },
        Codec::Vp8 => vp8(payload).unwrap_or_default(),
        Codec::H264 => {
            let is_key = h264_starts_key_frame(payload).unwrap_or(false);
            Picture { is_key, begins: is_key, ..Picture::default() }
        }
    }
}

fn vp8(payload: &[u8]) -> Option<Picture> {
    let first = *payload.first()?;
    let (mut picture, length) = vp8_descriptor(payload)?;
    picture.begins = first & VP8_START != 0 && first & VP8_PARTITION == 0;
    let frame = payload.get(length..)?;
    // RFC 6386 section 9.1: the frame tag's lowest bit is 0 in a key frame.
    picture.is_key = picture.begins && frame.first()? & 1 == 0;
    if picture.is_key {
        picture.synchronises = true;
        picture.size = vp8_size(frame);
    }
    Some(picture)
}

/// What the descriptor says, and its length.
fn vp8_descriptor(payload: &[u8]) -> Option<(Picture, usize)> {
    let mut picture = Picture::default();
    if payload.first()? & VP8_EXTENDED == 0 {
        return Some((picture, 1));
    }
    let flags = *payload.get(1)?;
    let mut at = 2;
    if flags & VP8_HAS_PICTURE_ID != 0 {
        let first = *payload.get(at)?;
        if first & VP8_WIDE == 0 {
            picture.ids.picture = Some((at, u16::from(first), false));
            at += 1;
        } else {
            let value = u16::from_be_bytes([first & 0x7f, *payload.get(at + 1)?]);
            picture.ids.picture = Some((at, value, true));
            at += 2;
        }
    }
    if flags & VP8_HAS_TL0 != 0 {
        picture.ids.tl0 = Some((at, *payload.get(at)?));
        at += 1;
    }
    if flags & VP8_HAS_TEMPORAL_OR_KEY_INDEX != 0 {
        if flags & VP8_HAS_TEMPORAL != 0 {
            let byte = *payload.get(at)?;
            picture.temporal = (byte >> 6).min(HIGHEST_TEMPORAL);
            picture.synchronises = byte & VP8_SYNCHRONISES != 0;
        }
        at += 1;
    }
    Some((picture, at))
}

fn vp8_size(frame: &[u8]) -> Option<(u16, u16)> {
    let (code, size) = frame.get(VP8_TAG..)?.split_first_chunk()?;
    let [a, b, c, d] = *size.first_chunk()?;
    let size = (u16::from_le_bytes([a, b]) & VP8_SIZE, u16::from_le_bytes([c, d]) & VP8_SIZE);
    (*code == VP8_START_CODE).then_some(size)
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

    fn is_key(codec: Codec, payload: &[u8]) -> bool {
        inspect(codec, payload).is_key
    }

    #[test]
    fn vp8_key_frames_are_told_from_others() {
        assert!(is_key(Codec::Vp8, &[0x10, 0x00]));
        assert!(!is_key(Codec::Vp8, &[0x10, 0x01]));
        assert!(!is_key(Codec::Vp8, &[0x00, 0x00]));
        assert!(is_key(Codec::Vp8, &[0x90, 0x80, 0x81, 0x02, 0x00]));
        assert!(!is_key(Codec::Vp8, &[0x90, 0x80, 0x81]));
    }

    #[test]
    fn vp8_key_frames_tell_their_size() {
        let frame = [0x10, 0x00, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01];
        assert_eq!(inspect(Codec::Vp8, &frame).size, Some((640, 480)));
        assert_eq!(inspect(Codec::Vp8, &frame[..10]).size, None);
    }

    #[test]
    fn vp8_temporal_layers_are_read() {
        let picture = inspect(Codec::Vp8, &[0x90, 0xe0, 0x81, 0x02, 7, 0xa0, 1]);
        assert_eq!((picture.temporal, picture.synchronises, picture.begins), (2, true, true));
        let picture = inspect(Codec::Vp8, &[0x90, 0xe0, 0x81, 0x02, 7, 0x40, 1]);
        assert_eq!((picture.temporal, picture.synchronises), (1, false));
    }

    #[test]
    fn h264_key_frames_are_told_from_others() {
        assert!(is_key(Codec::H264, &[0x67]));
        assert!(is_key(Codec::H264, &[0x78, 0, 9, 0x67]));
        assert!(is_key(Codec::H264, &[0x7c, 0x85]));
        assert!(!is_key(Codec::H264, &[0x7c, 0x05]));
        assert!(!is_key(Codec::H264, &[0x61]));
    }

    #[test]
    fn picture_ids_are_written_within_their_width() {
        let mut payload = [0x90, 0xe0, 0xff, 0xff, 0xfe, 0x20, 0];
        let ids = inspect(Codec::Vp8, &payload).ids;
        assert_eq!((ids.picture(), ids.cycle(), ids.tl0()), (Some(0x7fff), 0x8000, Some(0xfe)));
        ids.write(&mut payload, (0x8001, 1));
        let ids = inspect(Codec::Vp8, &payload).ids;
        assert_eq!((ids.picture(), ids.tl0()), (Some(1), Some(1)));

        let mut narrow = [0x90, 0x80, 0x7f, 0];
        let ids = inspect(Codec::Vp8, &narrow).ids;
        assert_eq!(ids.cycle(), 0x80);
        ids.write(&mut narrow, (0x82, 0));
        assert_eq!(narrow, [0x90, 0x80, 0x02, 0]);
    }

    proptest! {
        #[test]
        fn any_payload_is_read(payload: Vec<u8>, ids: (u16, u8)) {
            for codec in [Codec::Opus, Codec::Vp8, Codec::H264] {
                inspect(codec, &payload).ids.write(&mut payload.clone(), ids);
            }
        }
    }
}
