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
    /// The head, with room for so many bytes after it.
    pub(crate) fn write(&self, room: usize) -> Vec<u8> {
        let form = self.form();
        let words = self.words(form);
        let extension = if words == 0 { 0 } else { 4 + 4 * words };
        let csrc = self.csrc.map(u32::to_be_bytes);
        // What is filled to the last byte becomes what is shared without another allocation.
        let mut packet = Vec::with_capacity(FIXED + csrc.map_or(0, |csrc| csrc.len()) + extension + room);
        let has_extension = if words == 0 { 0 } else { HAS_EXTENSION };
        let mut fixed = [0; FIXED];
        fixed[0] = VERSION | has_extension | u8::from(csrc.is_some());
        fixed[1] = if self.marker { MARKER } else { 0 } | self.payload_type;
        fixed[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        fixed[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        fixed[8..].copy_from_slice(&self.ssrc.to_be_bytes());
        packet.extend_from_slice(&fixed);
        if let Some(csrc) = csrc {
            packet.extend_from_slice(&csrc);
        }
        if words > 0 {
            self.write_extension((form, words), &mut packet);
        }
        packet
    }

    fn write_extension(&self, (form, words): (Form, usize), packet: &mut Vec<u8>) {
        let [high, low] = u16::try_from(words).expect("a few elements are short").to_be_bytes();
        let [first, second] = match form {
            Form::OneByte => ONE_BYTE_PROFILE,
            Form::TwoByte => TWO_BYTE_PROFILE,
        };
        packet.extend_from_slice(&[first, second, high, low]);
        let end = packet.len() + 4 * words;
        for (id, contents) in self.elements.iter().flatten() {
            let length = u8::try_from(contents.len()).expect("an element has up to 255 bytes");
            match form {
                Form::OneByte => packet.push(id << 4 | (length - 1)),
                Form::TwoByte => packet.extend_from_slice(&[*id, length]),
            }
            packet.extend_from_slice(contents);
        }
        packet.resize(end, 0);
    }

    /// The length of the elements in words of four bytes.
    fn words(&self, form: Form) -> usize {
        let prefix = match form {
            Form::OneByte => 1,
            Form::TwoByte => 2,
        };
        let bytes: usize = self.elements.iter().flatten().map(|(_, contents)| prefix + contents.len()).sum();
        bytes.div_ceil(4)
    }

    /// The shorter form that will do.
    fn form(&self) -> Form {
        let is_short = self.elements.iter().flatten().all(|(_, contents)| contents.len() <= SHORT);
        if is_short { Form::OneByte } else { Form::TwoByte }
    }
}

/// How elements are written (RFC 8285 sections 4.2 and 4.3).
#[derive(Clone, Copy)]
enum Form {
    OneByte,
    TwoByte,
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
            let packet = head.write(7);
            prop_assert_eq!(packet.len() + 7, packet.capacity());
            let read = Header::unmarshal(&mut &*packet).unwrap();
            prop_assert_eq!((read.version, read.marker, read.payload_type), (2, marker, payload_type));
            prop_assert_eq!((read.sequence_number, read.timestamp, read.ssrc), (sequence, timestamp, ssrc));
            prop_assert_eq!(read.csrc, csrc.into_iter().collect::<Vec<_>>());
            let found: Vec<(u8, Vec<u8>)> = read.extensions.iter().map(|found| (found.id, found.payload.to_vec())).collect();
            prop_assert_eq!(found, (1..).zip(contents).collect::<Vec<_>>());
        }
    }
}
