//! DTLS records as seen from outside (RFC 6347 section 4.1), so that only those which an honest
//! client sends reach rtc-dtls. It reassembles fragments recursively, keeps empty ones without
//! limit, and lets plain alerts end a handshake.

use std::collections::BTreeMap;

const RECORD_HEADER: usize = 13;
const MESSAGE_HEADER: usize = 12;
/// A Finished message under any of the cipher suites is shorter.
const LONGEST_SEALED_MESSAGE: usize = 128;
/// Certificates of several kilobytes are odd but honest.
const LONGEST_MESSAGE: usize = 16 * 1024;

const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const USE_SRTP: u16 = 14;
const AEAD_AES_128_GCM: [u8; 2] = [0, 7];

#[derive(Clone, Copy)]
pub(crate) struct Record<'a> {
    kind: u8,
    epoch: u16,
    whole: &'a [u8],
    body: &'a [u8],
}

/// The records of a datagram; `None` if they do not fill it exactly.
pub(crate) fn records(mut datagram: &[u8]) -> Option<Vec<Record<'_>>> {
    let mut records = Vec::new();
    while !datagram.is_empty() {
        let header = datagram.get(..RECORD_HEADER)?;
        let length = usize::from(u16::from_be_bytes([header[11], header[12]]));
        let whole = datagram.get(..RECORD_HEADER + length)?;
        records.push(Record {
            kind: header[0],
            epoch: u16::from_be_bytes([header[3], header[4]]),
            whole,
            body: &whole[RECORD_HEADER..],
        });
        datagram = &datagram[RECORD_HEADER + length..];
    }
    Some(records)
}

impl<'a> Record<'a> {
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.whole
    }

    pub(crate) fn is_handshake(&self) -> bool {
        self.kind == HANDSHAKE
    }

    pub(crate) fn is_alert(&self) -> bool {
        self.kind == ALERT
    }

    pub(crate) fn is_sealed_alert(&self) -> bool {
        self.kind == ALERT && self.epoch == 1
    }

    pub(crate) fn is_client_hello(&self) -> bool {
        self.is_handshake() && self.epoch == 0 && self.body.first() == Some(&CLIENT_HELLO)
    }

    /// How many handshake fragments rtc-dtls will keep of this record, or `None` if a client in
    /// its handshake does not send such a record.
    pub(crate) fn fragments_in_handshake(&self) -> Option<usize> {
        match (self.kind, self.epoch) {
            (CHANGE_CIPHER_SPEC, 0) => Some(0),
            (HANDSHAKE, 0) => count_fragments(self.body),
            (HANDSHAKE, 1) if self.body.len() <= LONGEST_SEALED_MESSAGE => Some(1),
            _ => None,
        }
    }
}

/// Puts a ClientHello together, to see what it offers before rtc-dtls does. Browsers send it in
/// several parts since it carries post-quantum keys.
#[derive(Default)]
pub(crate) struct Hello {
    parts: BTreeMap<usize, Vec<u8>>,
    length: usize,
}

impl Hello {
    /// Whether the hello offers AEAD_AES_128_GCM for SRTP (RFC 5764, RFC 7714), once it is whole.
    pub(crate) fn push(&mut self, record: &Record<'_>) -> Option<bool> {
        let header = record.body.get(..MESSAGE_HEADER)?;
        let (offset, size) = (u24(&header[6..9]), u24(&header[9..12]));
        let part = record.body.get(MESSAGE_HEADER..MESSAGE_HEADER + size)?;
        self.length = u24(&header[1..4]);
        self.parts.insert(offset, part.to_vec());
        let mut hello = Vec::new();
        for (offset, part) in &self.parts {
            let known = hello.len().checked_sub(*offset)?;
            hello.extend_from_slice(part.get(known..).unwrap_or_default());
        }
        let profiles = || use_srtp_profiles(&hello).unwrap_or_default();
        (hello.len() >= self.length).then(|| profiles().chunks_exact(2).any(|pair| pair == AEAD_AES_128_GCM))
    }
}

fn u24(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
}

/// Messages follow one another in a record; only the last may be a part of its message.
fn count_fragments(mut body: &[u8]) -> Option<usize> {
    let mut count = 0;
    while !body.is_empty() {
        let header = body.get(..MESSAGE_HEADER)?;
        let length = u24(&header[1..4]);
        let (offset, size) = (u24(&header[6..9]), u24(&header[9..12]));
        let rest = body.get(MESSAGE_HEADER + size..)?;
        let whole = offset == 0 && size == length;
        let part = rest.is_empty() && size > 0 && offset + size <= length;
        if length > LONGEST_MESSAGE || !(whole || part) {
            return None;
        }
        count += 1;
        body = rest;
    }
    (count > 0).then_some(count)
}

/// The value of `use_srtp`'s list in a ClientHello (RFC 5246 section 7.4.1.2, RFC 6347).
fn use_srtp_profiles(hello: &[u8]) -> Option<&[u8]> {
    let mut rest = hello.get(2 + 32..)?;
    for width in [1, 1, 2, 1] {
        // session id, cookie, cipher suites, compression methods
        let length = u24(rest.get(..width)?);
        rest = rest.get(width + length..)?;
    }
    let mut extensions = rest.get(2..)?;
    loop {
        let header = extensions.get(..4)?;
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        let value = extensions.get(4..4 + length)?;
        if u16::from_be_bytes([header[0], header[1]]) == USE_SRTP {
            let length = u24(value.get(..2)?);
            return value.get(2..2 + length);
        }
        extensions = &extensions[4 + length..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u8, epoch: u8, body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![kind, 254, 253, 0, epoch, 0, 0, 0, 0, 0, 0];
        bytes.extend_from_slice(&u16::try_from(body.len()).unwrap().to_be_bytes());
        bytes.extend_from_slice(body);
        bytes
    }

    fn fragments(body: &[u8]) -> Option<usize> {
        let bytes = record(HANDSHAKE, 0, body);
        records(&bytes).unwrap()[0].fragments_in_handshake()
    }

    #[test]
    fn whole_messages_and_a_last_part_are_counted() {
        let whole = [11, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 9];
        let part = [11, 0, 0, 9, 0, 1, 0, 0, 0, 0, 0, 1, 9];
        assert_eq!(fragments(&whole), Some(1));
        assert_eq!(fragments(&[whole, part].concat()), Some(2));
        assert_eq!(fragments(&[part, whole].concat()), None);
    }

    #[test]
    fn empty_and_overlong_fragments_are_refused() {
        let empty = [11, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0];
        let beyond = [11, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 1, 9];
        assert_eq!(fragments(&empty), None);
        assert_eq!(fragments(&beyond), None);
        assert_eq!(fragments(&[]), None);
    }

    #[test]
    fn a_hello_in_parts_shows_its_profiles_in_any_order() {
        let mut hello = [&[254, 253][..], &[0; 32], &[0, 0], &[0, 2, 0, 1, 1, 0], &[0, 15]].concat();
        hello.extend_from_slice(&[0, 9, 0, 0, 0, 14, 0, 7, 0, 4, 0, 1, 0, 7, 0]);
        let part = |from: usize, to: usize| {
            let [length, from, size] = [hello.len(), from, to - from].map(|number| u8::try_from(number).unwrap());
            let header = [1, 0, 0, length, 0, 0, 0, 0, from, 0, 0, size];
            record(HANDSHAKE, 0, &[&header, &hello[usize::from(from)..to]].concat())
        };
        let parts = [part(0, 20), part(20, 50), part(50, hello.len())];
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            let mut assembly = Hello::default();
            let seen = order.map(|index| assembly.push(&records(&parts[index]).unwrap()[0]));
            assert_eq!(seen, [None, None, Some(true)]);
        }
        let whole = part(0, hello.len());
        let mut without = whole.clone();
        without[13 + 12 + hello.len() - 2] = 8;
        assert_eq!(Hello::default().push(&records(&whole).unwrap()[0]), Some(true));
        assert_eq!(Hello::default().push(&records(&without).unwrap()[0]), Some(false));
    }

    #[test]
    fn records_must_fill_the_datagram() {
        let mut bytes = record(HANDSHAKE, 0, &[0; 12]);
        assert_eq!(records(&bytes).map(|records| records.len()), Some(1));
        bytes.push(22);
        assert!(records(&bytes).is_none());
    }
}
