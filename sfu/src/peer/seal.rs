use rtc_dtls::crypto_provider::{AeadAlgorithm, AeadCipher, BlockCipherAlgorithm, CryptoError};

use super::certificate::provider;
use crate::forward::writer::Plain;

/// Bytes that sealing adds.
pub(crate) const TAG: usize = 16;
const KEY: usize = 16;
const SALT: usize = 12;
/// RFC 3711 section 4.3.2.
const LABEL_KEY: u8 = 0;
const LABEL_SALT: u8 = 2;

/// Seals RTP packets in place by AEAD_AES_128_GCM (RFC 7714). It keeps nothing of a stream: whoever gives the numbers
/// knows how often they have wrapped.
pub(crate) struct Sealer {
    cipher: Box<dyn AeadCipher>,
    salt: [u8; SALT],
}

impl Sealer {
    /// From the master key and the master salt of our direction.
    pub(crate) fn new(key: &[u8; KEY], salt: &[u8; SALT]) -> Result<Self, CryptoError> {
        let session_key = derive(key, salt, LABEL_KEY)?;
        let session_salt = derive(key, salt, LABEL_SALT)?;
        let cipher = provider().crypto().new_aead(AeadAlgorithm::Aes128Gcm, &session_key)?;
        let (salt, _) = session_salt.split_first_chunk().expect("a block is longer than a salt");
        Ok(Self { cipher, salt: *salt })
    }

    /// Answers with the packet as it is sent.
    pub(crate) fn seal(&mut self, plain: Plain) -> Result<Vec<u8>, CryptoError> {
        let Plain { ssrc, number, head, mut packet } = plain;
        let nonce = self.nonce(ssrc, number);
        let (head, payload) = packet.split_at_mut(head);
        let mut tag = [0; TAG];
        self.cipher.seal_in_place(&nonce, head, payload, &mut tag)?;
        packet.extend_from_slice(&tag);
        Ok(packet)
    }

    /// RFC 7714 section 8.1.
    fn nonce(&self, ssrc: u32, number: u64) -> [u8; SALT] {
        let [_, _, number @ ..] = number.to_be_bytes();
        let mut nonce = [0; SALT];
        nonce[2..6].copy_from_slice(&ssrc.to_be_bytes());
        nonce[6..].copy_from_slice(&number);
        for (byte, salt) in nonce.iter_mut().zip(self.salt) {
            *byte ^= salt;
        }
        nonce
    }
}

/// AES in counter mode over the label and the salt (RFC 3711 section 4.3.3, RFC 7714 section 11): one block is enough for a
/// key or a salt.
fn derive(key: &[u8; KEY], salt: &[u8; SALT], label: u8) -> Result<[u8; KEY], CryptoError> {
    let mut block = [0; KEY];
    block[..SALT].copy_from_slice(salt);
    block[7] ^= label;
    provider().crypto().block_encrypt(BlockCipherAlgorithm::Aes128, key, &mut block)?;
    Ok(block)
}

#[cfg(test)]
mod tests {
    use rtc_srtp::context::Context;
    use rtc_srtp::protection_profile::ProtectionProfile;

    use super::*;
    use crate::forward::head::Head;
    use crate::forward::low_half;

    #[test]
    fn what_is_sealed_here_the_library_opens_over_many_wraps() {
        let (key, salt) = ([7; KEY], [9; SALT]);
        let mut sealer = Sealer::new(&key, &salt).unwrap();
        let profile = ProtectionProfile::AeadAes128Gcm;
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
