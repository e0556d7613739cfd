use std::collections::HashMap;
use std::net::SocketAddr;

use crate::io::{PeerId, SfuId};
use crate::random::ice_number;

pub(crate) const LONGEST_DATAGRAM: usize = 1500;

/// What a datagram holds by its first bytes (RFC 7983; RFC 5761 section 4 for RTCP).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Stun,
    Dtls,
    Rtp,
    Rtcp,
}

pub(crate) fn classify(contents: &[u8]) -> Option<Class> {
    if contents.len() > LONGEST_DATAGRAM {
        return None;
    }
    let second = contents.get(1).copied().unwrap_or(0);
    match *contents.first()? {
        0..=3 => Some(Class::Stun),
        20..=63 => Some(Class::Dtls),
        128..=191 if (192..=223).contains(&second) => Some(Class::Rtcp),
        128..=191 => Some(Class::Rtp),
        _ => None,
    }
}

/// Whether a datagram holds sound or pictures, and not what is said about them.
#[must_use]
pub fn is_rtp(contents: &[u8]) -> bool {
    classify(contents) == Some(Class::Rtp)
}

/// The type of a STUN binding request, and the magic cookie (RFC 8489 section 5).
const BINDING_REQUEST: [u8; 2] = [0, 1];
const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const HEADER: usize = 20;
const USERNAME: u16 = 6;
const MESSAGE_INTEGRITY: u16 = 8;

/// Which of several [`Sfu`](crate::Sfu)s behind one port a STUN binding request is for, by the ufrag in its USERNAME; none
/// where it is nothing of the kind. It is what the sender says: only that `Sfu` can tell whether the request is authentic.
#[must_use]
pub fn addressee(contents: &[u8]) -> Option<SfuId> {
    let (head, mut attributes) = contents.split_at_checked(HEADER)?;
    if head[..2] != BINDING_REQUEST || head[4..8] != COOKIE {
        return None;
    }
    loop {
        let [kind @ .., long, short] = *attributes.first_chunk::<4>()?;
        let length = usize::from(u16::from_be_bytes([long, short]));
        match u16::from_be_bytes(kind) {
            USERNAME if length > 0 => return ice_number(*attributes.get(4)?).map(SfuId),
            MESSAGE_INTEGRITY => return None,
            _ => attributes = attributes.get(4 + length.next_multiple_of(4)..)?,
        }
    }
}

/// Who a datagram belongs to. STUN finds its peer by our ICE ufrag; all else only by an address
/// that passed a STUN check.
#[derive(Default)]
pub(crate) struct Routes {
    ufrags: HashMap<String, PeerId>,
    addresses: HashMap<SocketAddr, PeerId>,
}

impl Routes {
    pub(crate) fn by_ufrag(&self, ufrag: &str) -> Option<PeerId> {
        self.ufrags.get(ufrag).copied()
    }

    pub(crate) fn by_address(&self, address: SocketAddr) -> Option<PeerId> {
        self.addresses.get(&address).copied()
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.ufrags.is_empty() && self.addresses.is_empty()
    }

    pub(crate) fn add_ufrag(&mut self, ufrag: &str, peer: PeerId) {
        self.ufrags.insert(ufrag.to_owned(), peer);
    }

    pub(crate) fn remove_ufrag(&mut self, ufrag: &str) {
        self.ufrags.remove(ufrag);
    }

    pub(crate) fn add_address(&mut self, address: SocketAddr, peer: PeerId) {
        self.addresses.insert(address, peer);
    }

    pub(crate) fn remove_address(&mut self, address: SocketAddr, peer: PeerId) {
        if self.by_address(address) == Some(peer) {
            self.addresses.remove(&address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(attributes: &[u8]) -> Vec<u8> {
        [&[0, 1, 0, 0], &COOKIE[..], b"twelve bytes", attributes].concat()
    }

    #[test]
    fn a_check_names_who_it_is_for_by_the_first_character_of_its_ufrag() {
        // PRIORITY, then USERNAME.
        let named = request(b"\x00\x24\x00\x04\x00\x00\x00\x01\x00\x06\x00\x05Cx:yz\x00\x00\x00");
        assert_eq!(addressee(&named), Some(SfuId(2)));
        for cut in 0..named.len() - 7 {
            assert_eq!(addressee(&named[..cut]), None);
        }
        let nameless = [
            request(b""),
            request(b"\x00\x06\x00\x00"),
            request(b"\x00\x06\x00\x01%\x00\x00\x00"),
            // After MESSAGE-INTEGRITY it counts for nothing.
            request(b"\x00\x08\x00\x00\x00\x06\x00\x01C\x00\x00\x00"),
            request(b"\x00\x24\xff\xff\x00\x06\x00\x01C\x00\x00\x00"),
            [&[0x80, 111], &named[2..]].concat(),
            [&[1, 1], &named[2..]].concat(),
        ];
        for contents in nameless {
            assert_eq!(addressee(&contents), None, "{contents:?}");
        }
    }

    #[test]
    fn first_bytes_tell_the_protocols_apart() {
        assert_eq!(classify(&[0, 1]), Some(Class::Stun));
        assert_eq!(classify(&[22, 254]), Some(Class::Dtls));
        assert_eq!(classify(&[0x80, 111]), Some(Class::Rtp));
        assert_eq!(classify(&[0x80, 111 | 0x80]), Some(Class::Rtp));
        assert_eq!(classify(&[0x81, 201]), Some(Class::Rtcp));
        assert_eq!(classify(&[64, 0]), None);
        assert_eq!(classify(&[]), None);
        assert_eq!(classify(&[0x80; LONGEST_DATAGRAM + 1]), None);
    }
}
