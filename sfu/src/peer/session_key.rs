use rtc_dtls::crypto_provider::{AeadAlgorithm, AeadCipher, BlockCipherAlgorithm, CryptoError};
use rtc_srtp::protection_profile::ProtectionProfile;

use super::certificate::provider;

pub(super) const KEY: usize = 16;
pub(super) const SALT: usize = 12;
/// RFC 3711 section 4.3.2.
const LABEL_KEY: u8 = 0;
const LABEL_SALT: u8 = 2;

/// The session key and salt of one direction for RTP under AEAD_AES_128_GCM (RFC 7714).
pub(super) struct SessionKey {
    pub(super) cipher: Box<dyn AeadCipher>,
    salt: [u8; SALT],
}

impl SessionKey {
    /// From the master key and the master salt; `None` where another profile was agreed on.
    pub(super) fn new(profile: ProtectionProfile, (key, salt): (&[u8], &[u8])) -> Result<Option<Self>, CryptoError> {
        match (profile, key.try_into(), salt.try_into()) {
            (ProtectionProfile::AeadAes128Gcm, Ok(key), Ok(salt)) => Self::derive(key, salt).map(Some),
            _ => Ok(None),
        }
    }

    fn derive(key: &[u8; KEY], salt: &[u8; SALT]) -> Result<Self, CryptoError> {
        let session_key = derive(key, salt, LABEL_KEY)?;
        let session_salt = derive(key, salt, LABEL_SALT)?;
        let cipher = provider().crypto().new_aead(AeadAlgorithm::Aes128Gcm, &session_key)?;
        let (salt, _) = session_salt.split_first_chunk().expect("a block is longer than a salt");
        Ok(Self { cipher, salt: *salt })
    }

    /// RFC 7714 section 8.1.
    pub(super) fn nonce(&self, ssrc: u32, number: u64) -> [u8; SALT] {
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
