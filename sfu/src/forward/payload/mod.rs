//! The only place that reads payloads: key frames, sizes, picture ids and VP8's temporal layers.

mod h264;
mod vp8;
mod vp9;

use crate::peer::sdp::codec::Codec;

const AV1_CONTINUES: u8 = 0x80;
const AV1_NEW_SEQUENCE: u8 = 0x08;

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

/// The fields of a payload descriptor that grow from picture to picture (RFC 7741, RFC 9628).
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
        Codec::Vp8 => vp8::inspect(payload).unwrap_or_default(),
        Codec::Vp9 => vp9::inspect(payload).unwrap_or_default(),
        Codec::Av1 => av1(payload).unwrap_or_default(),
        Codec::H264 => h264::inspect(payload).unwrap_or_default(),
    }
}

/// What the aggregation header says (RTP Payload Format For AV1, section 4.4).
fn av1(payload: &[u8]) -> Option<Picture> {
    let header = *payload.first()?;
    let (continues, is_key) = (header & AV1_CONTINUES != 0, header & AV1_NEW_SEQUENCE != 0);
    Some(Picture { is_key, begins: !continues, ..Picture::default() })
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

    #[test]
    fn av1_key_frames_are_told_from_others() {
        let picture = inspect(Codec::Av1, &[0x18, 0x0a]);
        assert!(picture.is_key && picture.begins);
        assert!(!inspect(Codec::Av1, &[0x10, 0x32]).is_key);
        assert!(!inspect(Codec::Av1, &[0x90, 0x32]).begins);
    }

    proptest! {
        #[test]
        fn any_payload_is_read(payload: Vec<u8>, ids: (u16, u8)) {
            for codec in [Codec::Opus, Codec::Vp8, Codec::Vp9, Codec::Av1, Codec::H264] {
                inspect(codec, &payload).ids.write(&mut payload.clone(), ids);
            }
        }
    }
}
