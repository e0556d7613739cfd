//! The head of an RTP packet as it goes out (RFC 3550 section 5.1, RFC 8285 section 4).

const VERSION: u8 = 2 << 6;
const HAS_EXTENSION: u8 = 1 << 4;
const MARKER: u8 = 1 << 7;
const FIXED: usize = 12;
const ONE_BYTE_PROFILE: [u8; 2] = [0xbe, 0xde];
const TWO_BYTE_PROFILE: [u8; 2] = [0x10, 0x00];
/// The most bytes of an element in the one-byte form.
const SHORT: usize = 16;

/// A header extension: its id, 1 to 14, and 1 to 255 bytes; more than 16 where both forms were agreed on.
pub(crate) type Element<'a> = (u8, &'a [u8]);

pub(crate) struct Head<'a> {
    pub(crate) marker: bool,
    pub(crate) payload_type: u8,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) ssrc: u32,
    pub(crate) csrc: Option<u32>,
    pub(crate) elements: &'a [Option<Element<'a>>],
}

impl Head<'_> {
    /// Bytes that it takes.
    pub(crate) fn size(&self) -> usize {
        let extension = match self.words() {
            0 => 0,
            words => 4 + 4 * words,
        };
        FIXED + self.csrc.map_or(0, |_| 4) + extension
    }

    pub(crate) fn write(&self, packet: &mut Vec<u8>) {
        let words = self.words();
        let has_extension = if words == 0 { 0 } else { HAS_EXTENSION };
        packet.push(VERSION | has_extension | u8::from(self.csrc.is_some()));
        packet.push(if self.marker { MARKER } else { 0 } | self.payload_type);
        packet.extend_from_slice(&self.sequence.to_be_bytes());
        packet.extend_from_slice(&self.timestamp.to_be_bytes());
        packet.extend_from_slice(&self.ssrc.to_be_bytes());
        if let Some(csrc) = self.csrc {
            packet.extend_from_slice(&csrc.to_be_bytes());
        }
        if words > 0 {
            self.write_extension(words, packet);
        }
    }

    fn write_extension(&self, words: usize, packet: &mut Vec<u8>) {
        let is_short = self.is_short();
        packet.extend_from_slice(if is_short { &ONE_BYTE_PROFILE } else { &TWO_BYTE_PROFILE });
        packet.extend_from_slice(&u16::try_from(words).expect("a few elements are short").to_be_bytes());
        let end = packet.len() + 4 * words;
        for (id, contents) in self.elements.iter().flatten() {
            let length = u8::try_from(contents.len()).expect("an element has up to 255 bytes");
            if is_short {
                packet.push(id << 4 | (length - 1));
            } else {
                packet.extend([*id, length]);
            }
            packet.extend_from_slice(contents);
        }
        packet.resize(end, 0);
    }

    /// The length of the elements in words of four bytes.
    fn words(&self) -> usize {
        let prefix = if self.is_short() { 1 } else { 2 };
        let bytes: usize = self.elements.iter().flatten().map(|(_, contents)| prefix + contents.len()).sum();
        bytes.div_ceil(4)
    }

    /// Whether the one-byte form will do.
    fn is_short(&self) -> bool {
        self.elements.iter().flatten().all(|(_, contents)| contents.len() <= SHORT)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rtc_rtp::header::Header;
    use rtc_shared::marshal::Unmarshal;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            (marker, payload_type, sequence) in (any::<bool>(), 0_u8..128, any::<u16>()),
            (timestamp, ssrc, csrc) in any::<(u32, u32, Option<u32>)>(),
            contents in prop::collection::vec(prop_oneof![
                4 => prop::collection::vec(any::<u8>(), 1..=16),
                1 => prop::collection::vec(any::<u8>(), 1..=255),
            ], 0..4),
        ) {
            let elements: Vec<Option<Element<'_>>> =
                (1..).zip(&contents).flat_map(|(id, contents)| [None, Some((id, &**contents))]).collect();
            let head = Head { marker, payload_type, sequence, timestamp, ssrc, csrc, elements: &elements };
            let mut packet = Vec::new();
            head.write(&mut packet);
            prop_assert_eq!(packet.len(), head.size());
            let read = Header::unmarshal(&mut &*packet).unwrap();
            prop_assert_eq!((read.version, read.marker, read.payload_type), (2, marker, payload_type));
            prop_assert_eq!((read.sequence_number, read.timestamp, read.ssrc), (sequence, timestamp, ssrc));
            prop_assert_eq!(read.csrc, csrc.into_iter().collect::<Vec<_>>());
            let found: Vec<(u8, Vec<u8>)> = read.extensions.iter().map(|found| (found.id, found.payload.to_vec())).collect();
            prop_assert_eq!(found, (1..).zip(contents).collect::<Vec<_>>());
        }
    }
}
