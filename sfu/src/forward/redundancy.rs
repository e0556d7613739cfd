//! Redundant audio (RFC 2198): a packet of Opus with those before it, so that a single loss is made good by the next packet.

use std::time::{Duration, Instant};

/// Loss from which on a subscriber gets the packets before as well.
const WORTH: f32 = 0.01;
/// And for so long after the last report of it.
const LASTS: Duration = Duration::from_secs(30);

const FOLLOWS: u8 = 0x80;
const TYPE: u8 = 0x7f;
/// Of the header of a block that is not the last.
const HEADER: usize = 4;

/// Where the newest of the packets begins.
pub(crate) fn primary(payload: &[u8]) -> Option<usize> {
    let (mut at, mut redundant) = (0, 0);
    while payload.get(at)? & FOLLOWS != 0 {
        let [_, _, high, low] = *payload.get(at..)?.first_chunk::<HEADER>()?;
        redundant += usize::from(u16::from_be_bytes([high & 3, low]));
        at += HEADER;
    }
    let begin = at + 1 + redundant;
    (begin < payload.len()).then_some(begin)
}

/// Names the codec by another payload type in each of the headers.
pub(crate) fn retype(payload: &mut [u8], payload_type: u8) {
    let mut at = 0;
    while let Some(byte) = payload.get_mut(at) {
        *byte = *byte & FOLLOWS | payload_type & TYPE;
        if *byte & FOLLOWS == 0 {
            break;
        }
        at += HEADER;
    }
}

/// Whether a way loses enough for the packets before to be worth their bits.
#[derive(Default)]
pub(crate) struct Lossy(Option<Instant>);

impl Lossy {
    /// Takes the share that was lost of late.
    pub(crate) fn note(&mut self, now: Instant, loss: f32) {
        if loss >= WORTH {
            self.0 = Some(now);
        }
    }

    pub(crate) fn is(&self, now: Instant) -> bool {
        self.0.is_some_and(|at| now.saturating_duration_since(at) < LASTS)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_newest_packet_is_found_behind_those_before() {
        let payload = [0x80 | 111, 0, 0, 3, 0x80 | 111, 0, 0, 2, 111, 1, 2, 3, 4, 5, 6, 7];
        assert_eq!(primary(&payload), Some(14));
        assert_eq!(primary(&[111, 9]), Some(1));
        assert_eq!(primary(&payload[..14]), None);
        assert_eq!(primary(&payload[..6]), None);
        let mut renamed = payload;
        retype(&mut renamed, 109);
        assert_eq!(renamed[..9], [0x80 | 109, 0, 0, 3, 0x80 | 109, 0, 0, 2, 109]);
        assert_eq!(renamed[9..], payload[9..]);
    }

    proptest! {
        #[test]
        fn any_payload_is_read(payload: Vec<u8>) {
            prop_assert!(primary(&payload).is_none_or(|begin| begin < payload.len()));
            retype(&mut payload.clone(), 1);
        }
    }
}
