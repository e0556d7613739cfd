//! Random secrets that are handed out once and kept only as hashes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// A secret as its holder has it: URL-safe base64 without padding.
#[derive(Clone)]
pub(crate) struct Secret(String);

/// A secret as the server keeps it: hexadecimal SHA-256. The secrets have 128 bits or more, so no salt is needed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SecretHash(String);

impl Secret {
    /// 256 bits: session tokens, set-up and resume tokens.
    pub(crate) fn token() -> Self {
        Self::random::<32>()
    }

    /// 128 bits: codes that people pass on.
    pub(crate) fn code() -> Self {
        Self::random::<16>()
    }

    fn random<const BYTES: usize>() -> Self {
        let mut bytes = [0_u8; BYTES];
        getrandom::fill(&mut bytes).expect("the operating system has randomness");
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    pub(crate) fn hash(&self) -> SecretHash {
        SecretHash::of(&self.0)
    }

    /// The secret itself, to be handed out.
    pub(crate) fn reveal(self) -> String {
        self.0
    }
}

impl SecretHash {
    /// The hash of what a stranger claims to be a secret.
    pub(crate) fn of(text: &str) -> Self {
        let digest = Sha256::digest(text.as_bytes());
        Self(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_hash_to_what_is_kept() {
        let (one, other) = (Secret::token(), Secret::token());
        assert_eq!(one.0.len(), 43);
        assert_ne!(one.0, other.0);
        assert!(one.hash() == SecretHash::of(&one.clone().reveal()));
    }

    #[test]
    fn the_hash_is_sha_256() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(SecretHash::of("abc").as_str(), expected);
    }
}
