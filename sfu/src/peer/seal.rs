use rtc_dtls::crypto_provider::CryptoError;

use super::session_key::SessionKey;
use crate::forward::writer::Plain;

/// Bytes that sealing adds.
pub(crate) const TAG: usize = 16;

/// Seals RTP packets in place. It keeps nothing of a stream: whoever gives the numbers knows how often they have wrapped.
pub(crate) struct Sealer(SessionKey);

impl Sealer {
    /// With the key of our direction.
    pub(super) fn new(key: SessionKey) -> Self {
        Self(key)
    }

    /// Answers with the packet as it is sent.
    pub(crate) fn seal(&mut self, plain: Plain) -> Result<Vec<u8>, CryptoError> {
        let Plain { ssrc, number, head, mut packet } = plain;
        let nonce = self.0.nonce(ssrc, number);
        let (head, payload) = packet.split_at_mut(head);
        let mut tag = [0; TAG];
        self.0.cipher.seal_in_place(&nonce, head, payload, &mut tag)?;
        packet.extend_from_slice(&tag);
        Ok(packet)
    }
}

#[cfg(test)]
mod tests {
    use rtc_srtp::context::Context;
    use rtc_srtp::protection_profile::ProtectionProfile;

    use super::super::certificate::provider;
    use super::super::session_key::{KEY, SALT};
    use super::*;
    use crate::forward::head::Head;
    use crate::forward::low_half;

    #[test]
    fn what_is_sealed_here_the_library_opens_over_many_wraps() {
        let (key, salt) = ([7; KEY], [9; SALT]);
        let profile = ProtectionProfile::AeadAes128Gcm;
        let mut sealer = Sealer::new(SessionKey::new(profile, (&key, &salt)).unwrap().unwrap());
        let mut context = Context::new(&key, &salt, profile, None, None, provider().crypto()).unwrap();
        let parts = [5, 0x7000, 0xe000];
        let mut numbers: Vec<u64> = (0..=4).flat_map(|wraps| parts.map(|part| wraps << 16 | part)).collect();
        // One that comes late, and one that comes again.
        numbers.extend([4 << 16 | 0xdff0, 4 << 16 | 0xe000]);
        for number in numbers {
            let head = Head {
                marker: true,
                payload_type: 111,
                sequence: low_half(number),
                timestamp: 1,
                ssrc: 42,
                csrc: Some(3),
                elements: &[Some((4, &[1, 2, 3]))],
            };
            let mut packet = head.write(32);
            let head = packet.len();
            packet.extend_from_slice(b"a payload");
            let sealed = sealer.seal(Plain { ssrc: 42, number, head, packet: packet.clone() }).unwrap();
            assert_eq!(sealed.len(), packet.len() + TAG);
            assert_eq!(context.decrypt_rtp(&sealed).unwrap(), packet, "{number:x}");
        }
    }
}
