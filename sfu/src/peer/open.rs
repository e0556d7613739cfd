use rtc_rtp::header::Header;
use rtc_shared::marshal::MarshalSize;

use super::seal::TAG;
use super::session_key::SessionKey;
use super::srtp::MOST_SSRCS;
use crate::stats::{FIRST_CYCLE, nearest};

/// Retransmitted video may be this many packets late.
const REACH: u64 = 1_024;
const WORD: u64 = u64::BITS as u64;
/// One word more than is looked back to, for the one that is being filled.
const WORDS: u64 = REACH / WORD + 1;

/// Opens RTP packets, each once (RFC 3711 section 3.3). It keeps something of a stream only once a packet of it was authentic.
pub(crate) struct Opener {
    key: SessionKey,
    streams: Vec<Stream>,
}

/// Which packets of an SSRC came.
struct Stream {
    ssrc: u32,
    /// The highest count of its sequence numbers over their wraps.
    highest: u64,
    /// A bit for each of the last counts, at its place in a ring (RFC 6479).
    seen: [u64; WORDS as usize],
}

impl Opener {
    /// With the key of the client's direction.
    pub(super) fn new(key: SessionKey) -> Self {
        Self { key, streams: Vec::new() }
    }

    /// Answers with the packet without its tag; `None` unless it is authentic and new.
    pub(crate) fn open(&mut self, header: &Header, packet: &[u8]) -> Option<Vec<u8>> {
        let (ssrc, sequence) = (header.ssrc, header.sequence_number);
        let known = self.streams.iter().position(|stream| stream.ssrc == ssrc);
        let count = match known.map(|index| &self.streams[index]) {
            Some(stream) => Some(nearest(stream.highest, sequence)).filter(|count| stream.is_new(*count))?,
            None if self.streams.len() < MOST_SSRCS => FIRST_CYCLE + u64::from(sequence),
            None => return None,
        };
        // What comes late of the time before the first packet has no number.
        let number = count.checked_sub(FIRST_CYCLE)?;
        let (sealed, tag) = packet.split_last_chunk::<TAG>()?;
        let mut opened = sealed.to_vec();
        let (head, payload) = opened.split_at_mut_checked(header.marshal_size())?;
        let nonce = self.key.nonce(ssrc, number);
        self.key.cipher.open_in_place(&nonce, head, payload, tag).ok()?;
        match known {
            Some(index) => self.streams[index].note(count),
            None => self.streams.push(Stream::new(ssrc, count)),
        }
        Some(opened)
    }
}

impl Stream {
    fn new(ssrc: u32, first: u64) -> Self {
        let mut stream = Self { ssrc, highest: first, seen: [0; WORDS as usize] };
        stream.note(first);
        stream
    }

    /// Whether a packet has not come yet, and is not too old to tell.
    fn is_new(&self, count: u64) -> bool {
        let (word, bit) = place(count);
        count > self.highest || (self.highest - count < REACH && self.seen[word] & bit == 0)
    }

    fn note(&mut self, count: u64) {
        let (before, now) = (self.highest / WORD, count / WORD);
        for passed in (before + 1..=now).take(self.seen.len()) {
            self.seen[place(passed * WORD).0] = 0;
        }
        let (word, bit) = place(count);
        self.seen[word] |= bit;
        self.highest = self.highest.max(count);
    }
}

/// The word of a count, and its bit there.
fn place(count: u64) -> (usize, u64) {
    let word = usize::try_from(count / WORD % WORDS).expect("there are few words");
    (word, 1 << (count % WORD))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use rtc_shared::marshal::Unmarshal;
    use rtc_srtp::context::Context;
    use rtc_srtp::protection_profile::ProtectionProfile;

    use super::super::certificate::provider;
    use super::super::seal::Sealer;
    use super::super::session_key::{KEY, SALT};
    use super::*;
    use crate::forward::head::Head;
    use crate::forward::low_half;
    use crate::forward::writer::Plain;

    const MASTER: ([u8; KEY], [u8; SALT]) = ([7; KEY], [9; SALT]);
    const PROFILE: ProtectionProfile = ProtectionProfile::AeadAes128Gcm;

    fn key() -> SessionKey {
        SessionKey::new(PROFILE, (&MASTER.0, &MASTER.1)).unwrap().unwrap()
    }

    fn plain(ssrc: u32, number: u64) -> Plain {
        let sequence = low_half(number);
        let head = Head {
            marker: false,
            payload_type: 111,
            sequence,
            timestamp: 1,
            ssrc,
            csrc: None,
            elements: &[Some((4, &[1, 2, 3]))],
        };
        let mut packet = head.write(32);
        let head = packet.len();
        packet.extend_from_slice(b"a payload");
        Plain { ssrc, number, head, packet }
    }

    fn open(opener: &mut Opener, packet: &[u8]) -> Option<Vec<u8>> {
        opener.open(&Header::unmarshal(&mut &*packet).unwrap(), packet)
    }

    #[test]
    fn what_the_library_seals_is_opened_here_over_many_wraps_and_once() {
        let mut context = Context::new(&MASTER.0, &MASTER.1, PROFILE, None, None, provider().crypto()).unwrap();
        let mut opener = Opener::new(key());
        for number in (5..5 << 16).step_by(0x2fff) {
            let plain = plain(42, number).packet;
            let sealed = context.encrypt_rtp(&plain).unwrap();
            assert_eq!(open(&mut opener, &sealed), Some(plain), "{number:x}");
            assert_eq!(open(&mut opener, &sealed), None, "{number:x}");
        }
    }

    #[test]
    fn what_is_forged_leaves_nothing_behind() {
        let (mut opener, mut sealer) = (Opener::new(key()), Sealer::new(key()));
        let genuine = sealer.seal(plain(42, 5)).unwrap();
        for at in 0..genuine.len() {
            let mut forged = genuine.clone();
            forged[at] ^= 1;
            let header = Header::unmarshal(&mut &*forged);
            assert_eq!(header.ok().and_then(|header| opener.open(&header, &forged)), None, "{at}");
        }
        for length in 0..genuine.len() {
            let header = Header::unmarshal(&mut &*genuine).unwrap();
            assert_eq!(opener.open(&header, &genuine[..length]), None, "{length}");
        }
        assert!(opener.streams.is_empty());
        assert!(open(&mut opener, &genuine).is_some());
        // A number far ahead that is not authentic does not make what follows old.
        let mut ahead = sealer.seal(plain(42, 5 + 2 * REACH)).unwrap();
        *ahead.last_mut().unwrap() ^= 1;
        assert_eq!(open(&mut opener, &ahead), None);
        assert!(open(&mut opener, &sealer.seal(plain(42, 6)).unwrap()).is_some());
    }

    #[test]
    fn there_are_no_more_streams_than_a_client_may_have() {
        let (mut opener, mut sealer) = (Opener::new(key()), Sealer::new(key()));
        let most = u32::try_from(MOST_SSRCS).unwrap();
        let opened = (0..most + 3).filter(|ssrc| open(&mut opener, &sealer.seal(plain(*ssrc, 1)).unwrap()).is_some());
        assert_eq!(opened.count(), MOST_SSRCS);
    }

    proptest! {
        #[test]
        fn each_number_is_opened_once_unless_it_is_too_old(
            first in 0_u64..0x1_0000,
            steps in prop::collection::vec(prop_oneof![4 => -70_i64..80, 1 => -1_200_i64..3_000], 0..300),
        ) {
            let (mut opener, mut sealer) = (Opener::new(key()), Sealer::new(key()));
            let (mut seen, mut number) = (BTreeSet::new(), first);
            for step in steps {
                let highest = seen.last().copied();
                let is_new = !seen.contains(&number) && highest.is_none_or(|highest| number + REACH > highest);
                prop_assert_eq!(open(&mut opener, &sealer.seal(plain(42, number)).unwrap()).is_some(), is_new);
                if is_new {
                    seen.insert(number);
                }
                number = number.saturating_add_signed(step);
            }
        }
    }
}
