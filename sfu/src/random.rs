use rtc_dtls::crypto_provider::HashAlgorithm;

use crate::peer::certificate::provider;

const ICE_CHARACTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A generator whose whole output follows from its seed and cannot be told from chance without
/// it: SHA-256 over seed and counter. It makes ICE passwords, so the seed must be secret.
pub(crate) struct Random {
    seed: [u8; 32],
    counter: u64,
}

impl Random {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Self { seed, counter: 0 }
    }

    pub(crate) fn block(&mut self) -> [u8; 32] {
        let mut input = [0; 40];
        input[..32].copy_from_slice(&self.seed);
        input[32..].copy_from_slice(&self.counter.to_be_bytes());
        self.counter += 1;
        let digest = provider().crypto().hash(HashAlgorithm::Sha256, &input);
        let digest = digest.expect("the built-in provider has SHA-256");
        let mut block = [0; 32];
        block.copy_from_slice(&digest);
        block
    }

    pub(crate) fn u32(&mut self) -> u32 {
        let block = self.block();
        u32::from_be_bytes([block[0], block[1], block[2], block[3]])
    }

    /// At most 32 characters of RFC 8839's `ice-char`, six bits of chance each.
    pub(crate) fn ice_text(&mut self, length: usize) -> String {
        let block = self.block();
        let characters = block.iter().take(length);
        characters.map(|byte| ice_char(*byte)).collect()
    }
}

/// The `ice-char` that stands for the low six bits.
pub(crate) fn ice_char(number: u8) -> char {
    char::from(ICE_CHARACTERS[usize::from(number & 63)])
}

/// The number that an `ice-char` stands for.
pub(crate) fn ice_number(character: u8) -> Option<u8> {
    let position = ICE_CHARACTERS.iter().position(|known| *known == character);
    position.and_then(|number| u8::try_from(number).ok())
}
