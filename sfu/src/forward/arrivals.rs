//! Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01): which packets of a connection arrived, and
//! when. Read and written here, for the library's reader makes 65,535 entries of twenty bytes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const FEEDBACK: u8 = 205;
const FORMAT: u8 = 15;
const HEAD: usize = 20;
/// Packets that one feedback may tell of. Clients tell of each packet within a quarter of a second.
const MOST: usize = 4_096;
const TICK: Duration = Duration::from_micros(250);
/// The reference time counts these.
const STEP: Duration = Duration::from_millis(64);
const VECTOR: u16 = 1 << 15;
const TWO_BITS: u16 = 1 << 14;
const NOT_RECEIVED: u16 = 0;
const SMALL: u16 = 1;
const LARGE: u16 = 2;

/// What a client tells of the packets that were sent to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arrivals {
    /// The number of the first packet.
    pub(crate) first: u16,
    /// For each packet from the first on when it arrived, by the client's clock; `None` if it has not.
    pub(crate) times: Vec<Option<Duration>>,
}

/// Reads one RTCP packet, which may tell of `left` packets, and counts that down; `None` if it tells of more, is no such
/// feedback, or is malformed. A few bytes tell of thousands.
pub(crate) fn read(packet: &[u8], left: &mut u32) -> Option<Arrivals> {
    let (head, mut rest) = packet.split_at_checked(HEAD)?;
    if head[0] & 0x1f != FORMAT || head[1] != FEEDBACK {
        return None;
    }
    let first = u16::from_be_bytes([head[12], head[13]]);
    let count = usize::from(u16::from_be_bytes([head[14], head[15]]));
    if count == 0 || count > MOST {
        return None;
    }
    *left = left.checked_sub(u32::try_from(count).ok()?)?;
    let mut statuses = Vec::with_capacity(count);
    while statuses.len() < count {
        let (chunk, left) = rest.split_first_chunk()?;
        rest = left;
        read_chunk(u16::from_be_bytes(*chunk), count, &mut statuses);
    }
    let reference = u32::from_be_bytes([0, head[16], head[17], head[18]]);
    let mut at = i64::from(reference) * 256;
    let mut times = Vec::with_capacity(count);
    for status in statuses {
        let delta = match status {
            SMALL => {
                let (byte, left) = rest.split_first()?;
                rest = left;
                i64::from(*byte)
            }
            LARGE => {
                let (bytes, left) = rest.split_first_chunk()?;
                rest = left;
                i64::from(i16::from_be_bytes(*bytes))
            }
            _ => {
                times.push(None);
                continue;
            }
        };
        at += delta;
        let ticks = u64::try_from(at.max(0)).ok()?;
        times.push(Some(Duration::from_micros(ticks * 250)));
    }
    Some(Arrivals { first, times })
}

fn read_chunk(chunk: u16, count: usize, statuses: &mut Vec<u16>) {
    let left = count - statuses.len();
    if chunk & VECTOR == 0 {
        let length = usize::from(chunk & 0x1fff).min(left);
        statuses.extend(std::iter::repeat_n(chunk >> 13 & 3, length));
    } else if chunk & TWO_BITS == 0 {
        let bits = (0..14).rev().map(|bit| chunk >> bit & 1);
        statuses.extend(bits.take(left));
    } else {
        let pairs = (0..7).rev().map(|pair| chunk >> (2 * pair) & 3);
        statuses.extend(pairs.take(left));
    }
}

/// When the packets of a publisher arrive, until it is told.
#[derive(Default)]
pub(crate) struct Log {
    /// Sequence numbers counted on over their wraps.
    arrived: BTreeMap<u64, Instant>,
    /// What is told next begins here; what comes from before it was told as lost.
    next: Option<u64>,
    count: u8,
}

impl Log {
    /// Notes a packet by its transport-wide sequence number.
    pub(crate) fn note(&mut self, at: Instant, number: u16) {
        let next = self.next.get_or_insert(1 << 16 | u64::from(number));
        let [high, low] = next.to_be_bytes()[6..] else { return };
        let ahead = number.wrapping_sub(u16::from_be_bytes([high, low]));
        let number = if ahead < 1 << 15 {
            Some(*next + u64::from(ahead))
        } else {
            next.checked_sub(u64::from(ahead.wrapping_neg()))
        };
        let Some(number) = number.filter(|_| self.arrived.len() < MOST) else {
            return;
        };
        // What comes later than that is told again.
        if number < *next {
            *next = number;
        }
        self.arrived.entry(number).or_insert(at);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.arrived.is_empty()
    }

    /// The feedback on what came since the last one, as an RTCP packet of this sender about this stream.
    pub(crate) fn take(&mut self, begin: Instant, (sender, media): (u32, u32)) -> Option<Vec<u8>> {
        let first = self.next?;
        let arrived = std::mem::take(&mut self.arrived);
        let last = *arrived.last_key_value()?.0;
        let first = first.max(last.saturating_sub(MOST as u64 - 1));
        let start = *arrived.range(first..).next()?.1;
        let ticks = |at: Instant| at.saturating_duration_since(begin).as_micros() / TICK.as_micros();
        let reference = start.saturating_duration_since(begin).as_micros() / STEP.as_micros();
        let mut before = i128::try_from(reference * 256).ok()?;
        let mut statuses = Vec::new();
        let mut deltas = Vec::new();
        for number in first..=last {
            let Some(at) = arrived.get(&number) else {
                statuses.push(NOT_RECEIVED);
                continue;
            };
            let at = i128::try_from(ticks(*at)).ok()?;
            let delta = at - before;
            if let Ok(small) = u8::try_from(delta) {
                statuses.push(SMALL);
                deltas.push(small);
            } else if let Ok(large) = i16::try_from(delta) {
                statuses.push(LARGE);
                deltas.extend(large.to_be_bytes());
            } else {
                // Eight seconds between two packets: what follows is told in the next one, under a time of its own.
                break;
            }
            before = at;
        }
        self.next = Some(first + statuses.len() as u64);
        self.arrived = arrived.range(first + statuses.len() as u64..).map(|(number, at)| (*number, *at)).collect();
        self.count = self.count.wrapping_add(1);
        let [_, reference @ ..] = u32::try_from(reference & 0xff_ffff).ok()?.to_be_bytes();
        let [.., high, low] = first.to_be_bytes();
        let mut packet = vec![0x80 | FORMAT, FEEDBACK, 0, 0];
        packet.extend(sender.to_be_bytes());
        packet.extend(media.to_be_bytes());
        packet.extend([high, low]);
        packet.extend(u16::try_from(statuses.len()).ok()?.to_be_bytes());
        packet.extend(reference);
        packet.push(self.count);
        write_chunks(&statuses, &mut packet);
        packet.extend(deltas);
        packet.resize(packet.len().next_multiple_of(4), 0);
        let words = u16::try_from(packet.len() / 4 - 1).ok()?;
        packet[2..4].copy_from_slice(&words.to_be_bytes());
        Some(packet)
    }
}

fn write_chunks(statuses: &[u16], packet: &mut Vec<u8>) {
    let mut rest = statuses;
    while let Some(first) = rest.first() {
        let run = rest.iter().take(0x1fff).take_while(|status| *status == first).count();
        let length = if run >= 7 || run == rest.len() { run } else { rest.len().min(7) };
        let (now, left) = rest.split_at(length);
        let chunk = if run == length {
            first << 13 | u16::try_from(length).expect("13 bits")
        } else {
            let pairs = now.iter().zip((0..7).rev()).map(|(status, pair)| status << (2 * pair));
            pairs.fold(VECTOR | TWO_BITS, |chunk, pair| chunk | pair)
        };
        packet.extend(chunk.to_be_bytes());
        rest = left;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rtc_rtcp::packet::unmarshal;
    use rtc_rtcp::transport_feedbacks::transport_layer_cc::TransportLayerCc;

    use super::*;
    use crate::timer::start;

    #[test]
    fn the_library_reads_what_is_written() {
        let begin = start();
        let mut log = Log::default();
        for (number, ms) in [(65_534_u16, 1_000), (65_535, 1_002), (1, 1_500), (2, 1_500)] {
            log.note(begin + Duration::from_millis(ms), number);
        }
        let written = log.take(begin, (1, 2)).unwrap();
        let packets = unmarshal(&mut bytes::Bytes::from(written)).unwrap();
        let feedback = packets[0].as_any().downcast_ref::<TransportLayerCc>().unwrap();
        assert_eq!((feedback.sender_ssrc, feedback.media_ssrc), (1, 2));
        assert_eq!((feedback.base_sequence_number, feedback.packet_status_count), (65_534, 5));
        assert_eq!(feedback.reference_time, 1_000 / 64);
        assert_eq!(
            feedback.recv_deltas.iter().map(|delta| delta.delta).collect::<Vec<_>>(),
            [40_000, 2_000, 498_000, 0]
        );
        assert!(log.is_empty());
    }

    #[test]
    fn what_is_malformed_is_refused() {
        let flood = [0x8f, 205, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 255, 255, 0, 0, 0, 0, 0x3f, 255, 0x3f, 255];
        assert_eq!(read(&flood, &mut 9_000), None);
        let short = [0x8f, 205, 0, 4, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 9, 0, 0, 0, 0];
        assert_eq!(read(&short, &mut 9_000), None);
    }

    #[test]
    fn what_may_be_told_is_counted_before_it_is_written_out() {
        // Three packets that did not arrive.
        let feedback = [0x8f, 205, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 3, 0, 0];
        let mut left = 7;
        let told = [(); 3].map(|()| read(&feedback, &mut left).map(|arrivals| arrivals.times.len()));
        assert_eq!((told, left), ([Some(3), Some(3), None], 1));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(packets in prop::collection::vec((1_u64..9, 0_u64..3_000), 1..200), first: u16) {
            let begin = start();
            let (mut log, mut expected) = (Log::default(), BTreeMap::new());
            let (mut number, mut at) = (u64::from(first) + (1 << 16), 0);
            for (skip, ms) in packets {
                at += ms;
                log.note(begin + Duration::from_millis(at), u16::try_from(number & 0xffff).unwrap());
                expected.insert(number, Duration::from_millis(at));
                number += skip;
            }
            let mut read_back = BTreeMap::new();
            while let Some(written) = log.take(begin, (1, 2)) {
                let arrivals = read(&written, &mut 9_000).unwrap();
                let base = (1 << 16 | u64::from(first)) + u64::from(arrivals.first.wrapping_sub(first));
                read_back.extend((base..).zip(arrivals.times).filter_map(|(number, at)| Some((number, at?))));
            }
            prop_assert_eq!(read_back, expected);
        }

        #[test]
        fn any_bytes_are_read(bytes: Vec<u8>) {
            let _ = read(&bytes, &mut 9_000);
            let mut feedback = vec![0x8f, 205];
            feedback.extend(bytes);
            let _ = read(&feedback, &mut 9_000);
        }
    }
}
