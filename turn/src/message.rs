//! STUN messages (RFC 8489 section 5), as far as a Binding request and its answers go. Read in place: a flood of them
//! must cost next to nothing.

use std::net::{IpAddr, SocketAddr};

use rtc_stun::fingerprint::fingerprint_value;

/// Bytes of the longest request that is read; a Binding request has nothing to say that is longer.
const LONGEST_REQUEST: usize = 548;
/// Unknown attributes that an error names; one is enough to understand it.
const MOST_UNKNOWN: usize = 4;
/// Bytes of the longest answer.
pub const LONGEST_ANSWER: usize = 80;

const HEADER: usize = 20;
const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];

const BINDING_REQUEST: [u8; 2] = [0x00, 0x01];
const BINDING_SUCCESS: [u8; 2] = [0x01, 0x01];
const BINDING_ERROR: [u8; 2] = [0x01, 0x11];

const USERNAME: u16 = 0x0006;
const ERROR_CODE: u16 = 0x0009;
const UNKNOWN_ATTRIBUTES: u16 = 0x000a;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const FINGERPRINT: u16 = 0x8028;
/// From here on attributes may be left unread (section 14).
const OPTIONAL: u16 = 0x8000;

/// The class 4, the number 20, and the reason (section 14.8).
const UNKNOWN_ATTRIBUTE: &[u8] = b"\0\0\x04\x14Unknown Attribute";

/// A Binding request without a USERNAME.
pub(crate) struct Request<'a> {
    contents: &'a [u8],
    /// Attributes that must be understood and are not.
    unknown: Vec<u16>,
    /// Where its FINGERPRINT begins, and what that says.
    fingerprint: Option<(usize, &'a [u8])>,
    /// Its attributes fill it exactly.
    is_whole: bool,
}

impl<'a> Request<'a> {
    /// `None` if it is something else.
    pub(crate) fn read(contents: &'a [u8]) -> Option<Self> {
        if contents.get(..2)? != BINDING_REQUEST || contents.get(4..8)? != COOKIE || contents.len() > LONGEST_REQUEST {
            return None;
        }
        let length = usize::from(u16::from_be_bytes([contents[2], contents[3]]));
        let mut request = Self { contents, unknown: Vec::new(), fingerprint: None, is_whole: false };
        let mut at = HEADER;
        while let Some((kind, value)) = attribute(contents, at) {
            match kind {
                USERNAME => return None,
                FINGERPRINT => request.fingerprint = Some((at, value)),
                _ if kind < OPTIONAL && request.unknown.len() < MOST_UNKNOWN => request.unknown.push(kind),
                _ => {}
            }
            at += 4 + value.len().next_multiple_of(4);
        }
        request.is_whole = at == contents.len() && at == HEADER + length;
        Some(request)
    }

    /// Whether it is a request at all, and not damaged.
    pub(crate) fn is_sound(&self) -> bool {
        let is_intact = self.fingerprint.is_none_or(|(at, value)| {
            // It is the last attribute (section 14.7).
            at + 8 == self.contents.len() && fingerprint_value(&self.contents[..at]).to_be_bytes() == *value
        });
        self.is_whole && is_intact
    }

    pub(crate) fn answer(&self, source: SocketAddr) -> Vec<u8> {
        let mut answer = Vec::with_capacity(LONGEST_ANSWER);
        answer.extend_from_slice(if self.unknown.is_empty() { &BINDING_SUCCESS } else { &BINDING_ERROR });
        answer.extend_from_slice(&[0, 0]);
        // The cookie and the id of the transaction.
        answer.extend_from_slice(&self.contents[4..HEADER]);
        if self.unknown.is_empty() {
            append(&mut answer, (XOR_MAPPED_ADDRESS, &self.mapped(source)));
        } else {
            append(&mut answer, (ERROR_CODE, UNKNOWN_ATTRIBUTE));
            let kinds: Vec<u8> = self.unknown.iter().flat_map(|kind| kind.to_be_bytes()).collect();
            append(&mut answer, (UNKNOWN_ATTRIBUTES, &kinds));
        }
        // The length that the fingerprint is made of includes its own.
        set_length(&mut answer, 8);
        let fingerprint = fingerprint_value(&answer).to_be_bytes();
        append(&mut answer, (FINGERPRINT, &fingerprint));
        set_length(&mut answer, 0);
        answer
    }

    /// The value of XOR-MAPPED-ADDRESS (section 14.2).
    fn mapped(&self, source: SocketAddr) -> Vec<u8> {
        let mask = &self.contents[4..HEADER];
        let (family, address) = match source.ip().to_canonical() {
            IpAddr::V4(ip) => (1, ip.octets().to_vec()),
            IpAddr::V6(ip) => (2, ip.octets().to_vec()),
        };
        let port = source.port().to_be_bytes();
        let plain = port.iter().zip(mask).chain(address.iter().zip(mask));
        [0, family].into_iter().chain(plain.map(|(byte, mask)| byte ^ mask)).collect()
    }
}

/// The kind and the value of the attribute that begins here.
fn attribute(contents: &[u8], at: usize) -> Option<(u16, &[u8])> {
    let header = contents.get(at..at + 4)?;
    let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
    let value = contents.get(at + 4..at + 4 + length)?;
    Some((u16::from_be_bytes([header[0], header[1]]), value))
}

fn append(message: &mut Vec<u8>, (kind, value): (u16, &[u8])) {
    let length = u16::try_from(value.len()).expect("an answer's attributes are short");
    message.extend_from_slice(&kind.to_be_bytes());
    message.extend_from_slice(&length.to_be_bytes());
    message.extend_from_slice(value);
    message.resize(message.len().next_multiple_of(4), 0);
}

/// Writes the length of what is there and of what is still to come.
fn set_length(message: &mut [u8], to_come: usize) {
    let length = u16::try_from(message.len() - HEADER + to_come).expect("an answer is short");
    message[2..4].copy_from_slice(&length.to_be_bytes());
}
