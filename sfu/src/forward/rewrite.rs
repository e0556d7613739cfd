use std::collections::VecDeque;
use std::time::Instant;

use super::payload::PictureIds;
use super::{Media, TrackId, low_half};

/// Retransmissions reach back over this many switches.
const MOST_SPANS: usize = 8;

/// Retransmissions reach back over this many packets.
const REACH: u64 = 2048;

/// A stretch of one slot's stream that comes from one stream of a publisher without a break. All
/// offsets are added to the publisher's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) track: TrackId,
    stream: u64,
    /// Counted on over the wraps of the 16 bits that are sent.
    first: u64,
    number: u64,
    timestamp: u32,
    picture: u16,
    tl0: u8,
}

impl Span {
    pub(crate) fn is_of(&self, media: &Media) -> bool {
        self.track == media.track && self.stream == media.stream
    }

    /// The slot's sequence number of a publisher's packet, counted on over its wraps.
    pub(crate) fn number(&self, index: u64) -> u64 {
        index.wrapping_add(self.number)
    }

    pub(crate) fn timestamp(&self, publisher: u32) -> u32 {
        publisher.wrapping_add(self.timestamp)
    }

    pub(crate) fn picture(&self) -> (u16, u8) {
        (self.picture, self.tl0)
    }
}

#[derive(Clone, Copy)]
struct Latest {
    number: u64,
    timestamp: u32,
    picture: u16,
    tl0: u8,
    at: Instant,
}

/// Makes one unbroken stream of the parts of many. No number is given to two packets: SRTP's
/// nonces are made of them.
pub(crate) struct Rewriter {
    first_sequence: u16,
    first_timestamp: u32,
    latest: Option<Latest>,
    spans: VecDeque<Span>,
    broken: bool,
}

impl Rewriter {
    pub(crate) fn new(first_sequence: u16, first_timestamp: u32) -> Self {
        Self { first_sequence, first_timestamp, latest: None, spans: VecDeque::new(), broken: true }
    }

    /// What comes next follows at once on what came last, whatever was left out between.
    pub(crate) fn interrupt(&mut self) {
        self.broken = true;
    }

    /// The span of a packet that is to be sent, and whether the packet begins it; `None` for one
    /// from before the span's begin.
    pub(crate) fn place(&mut self, media: &Media) -> Option<(Span, bool)> {
        let current = self.current().filter(|span| span.is_of(media)).copied();
        let begins = current.is_none();
        let span = current.unwrap_or_else(|| self.begin(media));
        let number = span.number(media.index);
        if number < span.first {
            return None;
        }
        self.advance(media, (&span, number));
        Some((span, begins))
    }

    /// The span that a sent sequence number belongs to, and the index of its packet there.
    pub(crate) fn find(&self, sequence: u16) -> Option<(Span, u64)> {
        let latest = self.latest?.number;
        let age = u64::from(low_half(latest).wrapping_sub(sequence));
        let number = latest.checked_sub(age).filter(|_| age < REACH)?;
        let mut spans = self.spans.iter().rev();
        let span = spans.find(|span| span.first <= number)?;
        Some((*span, number.wrapping_sub(span.number)))
    }

    /// The span in use.
    pub(crate) fn current(&self) -> Option<&Span> {
        self.spans.back().filter(|_| !self.broken)
    }

    fn begin(&mut self, media: &Media) -> Span {
        let (first, timestamp) = match &self.latest {
            None => (u64::from(self.first_sequence), self.first_timestamp),
            Some(latest) => {
                let gap = media.arrived.saturating_duration_since(latest.at);
                let ticks = gap.as_micros() * u128::from(media.codec.clock_rate()) / 1_000_000;
                let ticks = u32::try_from(ticks).unwrap_or(u32::MAX).max(1);
                (latest.number + 1, latest.timestamp.wrapping_add(ticks))
            }
        };
        let next = self.latest.map(|latest| (latest.picture, latest.tl0));
        let next = next.map_or((0, 0), |(a, b)| (a.wrapping_add(1), b.wrapping_add(1)));
        let ids = media.pictures.as_ref();
        let picture = ids.and_then(PictureIds::picture);
        let tl0 = ids.and_then(PictureIds::tl0);
        let span = Span {
            track: media.track,
            stream: media.stream,
            first,
            number: first.wrapping_sub(media.index),
            timestamp: timestamp.wrapping_sub(media.timestamp),
            picture: picture.map_or(0, |value| next.0.wrapping_sub(value)),
            tl0: tl0.map_or(0, |value| next.1.wrapping_sub(value)),
        };
        self.broken = false;
        self.spans.push_back(span);
        if self.spans.len() > MOST_SPANS {
            self.spans.pop_front();
        }
        span
    }

    fn advance(&mut self, media: &Media, (span, number): (&Span, u64)) {
        let latest = self.latest;
        if latest.is_some_and(|latest| latest.number >= number) {
            return;
        }
        let before = latest.map_or((0, 0), |latest| (latest.picture, latest.tl0));
        let ids = media.pictures.as_ref();
        let picture = ids.and_then(PictureIds::picture);
        let tl0 = ids.and_then(PictureIds::tl0);
        self.latest = Some(Latest {
            number,
            timestamp: span.timestamp(media.timestamp),
            picture: picture.map_or(before.0, |value| value.wrapping_add(span.picture)),
            tl0: tl0.map_or(before.1, |value| value.wrapping_add(span.tl0)),
            at: media.arrived,
        });
    }
}

/// Serial number arithmetic (RFC 1982).
pub(crate) fn is_before(a: u16, b: u16) -> bool {
    a != b && b.wrapping_sub(a) < 0x8000
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;

    use super::*;
    use crate::io::{PeerId, Source};
    use crate::peer::sdp::codec::Codec;
    use crate::timer::start;

    fn packet(at: Instant, peer: u64, index: u64, timestamp: u32) -> Media {
        Media {
            track: TrackId { peer: PeerId(peer), source: Source::Microphone },
            csrc: 1,
            stream: 1,
            codec: Codec::Opus,
            index,
            timestamp,
            marker: false,
            arrived: at,
            level: None,
            key_frame: true,
            pictures: None,
            payload: Bytes::new(),
        }
    }

    fn place(rewriter: &mut Rewriter, media: &Media) -> Option<(u16, u32)> {
        let (span, _) = rewriter.place(media)?;
        Some((low_half(span.number(media.index)), span.timestamp(media.timestamp)))
    }

    #[test]
    fn a_switch_of_speaker_leaves_no_gap() {
        let now = start();
        let mut rewriter = Rewriter::new(65_535, 1000);
        assert_eq!(place(&mut rewriter, &packet(now, 1, 7, 500)), Some((65_535, 1000)));
        assert_eq!(place(&mut rewriter, &packet(now, 1, 8, 1460)), Some((0, 1960)));
        let later = now + Duration::from_millis(40);
        assert_eq!(place(&mut rewriter, &packet(later, 2, 900, 9)), Some((1, 3880)));
        assert_eq!(place(&mut rewriter, &packet(later, 2, 899, 9)), None);
        assert_eq!(place(&mut rewriter, &packet(later, 2, 902, 1929)), Some((3, 5800)));
        assert_eq!(place(&mut rewriter, &packet(later, 2, 901, 969)), Some((2, 4840)));
    }

    #[test]
    fn an_interruption_leaves_no_gap() {
        let now = start();
        let mut rewriter = Rewriter::new(10, 0);
        assert_eq!(place(&mut rewriter, &packet(now, 1, 1, 0)), Some((10, 0)));
        rewriter.interrupt();
        let later = now + Duration::from_secs(1);
        assert_eq!(place(&mut rewriter, &packet(later, 1, 51, 48_000)), Some((11, 48_000)));
    }

    #[test]
    fn a_long_stream_goes_on_over_many_wraps() {
        let now = start();
        let mut rewriter = Rewriter::new(10, 0);
        for index in 0..200_000 {
            let placed = place(&mut rewriter, &packet(now, 1, index, 0));
            let sent = low_half(index + 10);
            assert_eq!(placed.map(|(sequence, _)| sequence), Some(sent));
            assert_eq!(rewriter.find(sent).unwrap().1, index);
        }
        assert_eq!(rewriter.spans.len(), 1);
    }

    #[test]
    fn sent_numbers_lead_back_to_the_publishers() {
        let now = start();
        let mut rewriter = Rewriter::new(10, 0);
        for (peer, index) in [(1, 100), (1, 101), (2, 500)] {
            place(&mut rewriter, &packet(now, peer, index, 0));
        }
        let track = |found: Option<(Span, u64)>| found.map(|(span, number)| (span.track.peer.0, number));
        assert_eq!(track(rewriter.find(11)), Some((1, 101)));
        assert_eq!(track(rewriter.find(12)), Some((2, 500)));
        assert_eq!(track(rewriter.find(9)), None);
    }

    #[test]
    fn a_sent_number_leads_to_no_packet_of_a_later_cycle() {
        let now = start();
        let mut rewriter = Rewriter::new(10, 0);
        place(&mut rewriter, &packet(now, 1, 100, 0));
        rewriter.interrupt();
        place(&mut rewriter, &packet(now, 1, 100 + 0x1_0000, 0));
        assert_eq!(rewriter.find(10).unwrap().1, 100);
        assert_eq!(rewriter.find(11).unwrap().1, 100 + 0x1_0000);
    }
}
