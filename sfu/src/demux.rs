use std::collections::HashMap;
use std::net::SocketAddr;

use crate::io::PeerId;

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
