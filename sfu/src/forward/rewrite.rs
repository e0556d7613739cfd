use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::gaps::Gaps;
use super::{Layer, Media, TrackId, low_half};

/// Retransmissions reach back over this many switches.
const MOST_SPANS: usize = 8;

/// Retransmissions reach back over this many packets.
const REACH: u64 = 2048;

/// Capture times of one publisher that are further apart show a clock that was set.
const LONGEST_CHANGE: Duration = Duration::from_secs(10);

/// A stretch of one slot's stream that comes from one stream of a publisher without a break. All
/// offsets are added to the publisher's numbers, less what was left out of them.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    track: TrackId,
    layer: Layer,
    stream: u64,
    /// Counted on over the wraps of the 16 bits that are sent.
    first: u64,
    /// The publisher's number of the packet that began it.
    first_index: u64,
    number: u64,
    timestamp: u32,
    picture: u64,
    tl0: u8,
    frame: u64,
    left_out: Gaps,
    pictures_left_out: Gaps,
    /// The highest that were placed or left out.
    highest: u64,
    highest_picture: Option<u64>,
}

/// Where a packet goes in a slot's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Its sequence number, counted on over the wraps of the 16 bits that are sent.
    pub(crate) number: u64,
    pub(crate) timestamp: u32,
    pub(crate) picture: u64,
    pub(crate) tl0: u8,
    /// Its frame's number, of which the 16 lower bits are sent.
    pub(crate) frame: u64,
    /// It follows on a break.
    pub(crate) begins: bool,
}

/// What was sent under a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) track: TrackId,
    pub(crate) layer: Layer,
    pub(crate) stream: u64,
    pub(crate) index: u64,
}

impl Span {
    pub(crate) fn is_of(&self, media: &Media) -> bool {
        self.track == media.track && self.stream == media.stream
    }

    pub(crate) fn timestamp(&self, publisher: u32) -> u32 {
        publisher.wrapping_add(self.timestamp)
    }

    fn place(&self, media: &Media) -> Option<Place> {
        let is_outside = media.index < self.first_index || self.left_out.contains(media.index);
        let number = self.left_out.place(media.index).filter(|_| !is_outside)?.wrapping_add(self.number);
        let picture = match media.picture_index {
            Some(index) if self.pictures_left_out.contains(index) => return None,
            Some(index) => self.pictures_left_out.place(index)?.wrapping_add(self.picture),
            None => 0,
        };
        let tl0 = media.picture.ids.tl0().unwrap_or(0).wrapping_add(self.tl0);
        let timestamp = self.timestamp(media.timestamp);
        let frame = media.frame.as_ref().map_or(0, |frame| frame.number.wrapping_add(self.frame));
        Some(Place { number, timestamp, picture, tl0, frame, begins: false })
    }
}

#[derive(Clone, Copy)]
struct Latest {
    number: u64,
    timestamp: u32,
    picture: u64,
    tl0: u8,
    frame: u64,
    at: Instant,
    captured: Option<Instant>,
    track: TrackId,
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

    /// The place of a packet that is to be sent; `None` for one from before the span's begin, or that was left out.
    pub(crate) fn place(&mut self, media: &Media) -> Option<Place> {
        let begins = !self.current().is_some_and(|span| span.is_of(media));
        if begins {
            self.begin(media);
        }
        let span = self.spans.back_mut()?;
        let place = Place { begins, ..span.place(media)? };
        span.highest = span.highest.max(media.index);
        span.highest_picture = span.highest_picture.max(media.picture_index);
        if self.latest.is_none_or(|latest| latest.number < place.number) {
            self.advance(media, place);
        }
        Some(place)
    }

    /// Leaves a packet out of the stream in use: what follows moves up.
    pub(crate) fn leave_out(&mut self, media: &Media) {
        let Some(span) = self.spans.back_mut().filter(|span| !self.broken && span.is_of(media)) else {
            return;
        };
        // One that comes late may have a place already, by those that came before it: then it is as if it were lost.
        if media.index > span.highest {
            span.highest = media.index;
            span.left_out.leave_out(media.index);
        }
        // Where descriptors say what needs what, they do so by the distances of frames and pictures, which must stay.
        if let Some(picture) = media.picture_index.filter(|_| media.frame.is_none())
            && span.highest_picture.is_none_or(|highest| picture > highest)
        {
            span.highest_picture = Some(picture);
            span.pictures_left_out.leave_out(picture);
        }
    }

    /// The packet that a sent sequence number belongs to.
    pub(crate) fn find(&self, sequence: u16) -> Option<Found> {
        let number = self.number(sequence)?;
        let span = self.span(number)?;
        let index = span.left_out.index(number.wrapping_sub(span.number))?;
        Some(Found { track: span.track, layer: span.layer, stream: span.stream, index })
    }

    /// The place at which a packet was sent under a sequence number; `None` if another one was.
    pub(crate) fn place_again(&self, sequence: u16, media: &Media) -> Option<Place> {
        let number = self.number(sequence)?;
        let span = self.span(number).filter(|span| span.is_of(media))?;
        span.place(media).filter(|place| place.number == number)
    }

    fn number(&self, sequence: u16) -> Option<u64> {
        let latest = self.latest?.number;
        let age = u64::from(low_half(latest).wrapping_sub(sequence));
        latest.checked_sub(age).filter(|_| age < REACH)
    }

    fn span(&self, number: u64) -> Option<&Span> {
        self.spans.iter().rev().find(|span| span.first <= number)
    }

    /// The span in use.
    pub(crate) fn current(&self) -> Option<&Span> {
        self.spans.back().filter(|_| !self.broken)
    }

    fn begin(&mut self, media: &Media) {
        let (first, timestamp) = match &self.latest {
            None => (u64::from(self.first_sequence), self.first_timestamp),
            Some(latest) => (latest.number + 1, latest.timestamp.wrapping_add(latest.ticks_to(media))),
        };
        let (picture, tl0) =
            self.latest.map_or((0, 0), |latest| (latest.picture.wrapping_add(1), latest.tl0.wrapping_add(1)));
        let frame = self.latest.map_or(0, |latest| latest.frame.wrapping_add(1));
        self.broken = false;
        self.spans.push_back(Span {
            track: media.track,
            layer: media.layer,
            stream: media.stream,
            first,
            first_index: media.index,
            number: first.wrapping_sub(media.index),
            timestamp: timestamp.wrapping_sub(media.timestamp),
            picture: media.picture_index.map_or(0, |index| picture.wrapping_sub(index)),
            tl0: media.picture.ids.tl0().map_or(0, |value| tl0.wrapping_sub(value)),
            frame: media.frame.as_ref().map_or(0, |of| frame.wrapping_sub(of.number)),
            left_out: Gaps::default(),
            pictures_left_out: Gaps::default(),
            highest: media.index,
            highest_picture: media.picture_index,
        });
        if self.spans.len() > MOST_SPANS {
            self.spans.pop_front();
        }
    }

    fn advance(&mut self, media: &Media, place: Place) {
        let (picture, tl0, frame) = self.latest.map_or((0, 0, 0), |latest| (latest.picture, latest.tl0, latest.frame));
        self.latest = Some(Latest {
            number: place.number,
            timestamp: place.timestamp,
            picture: media.picture_index.map_or(picture, |_| place.picture),
            tl0: media.picture.ids.tl0().map_or(tl0, |_| place.tl0),
            frame: frame.max(place.frame),
            at: media.taken,
            captured: media.captured,
            track: media.track,
        });
    }
}

impl Latest {
    /// The ticks from the latest packet to one that begins another stream: by the publisher's own clock where it is the
    /// same one's, else by when they came. At least one, so that pictures are told apart.
    fn ticks_to(&self, media: &Media) -> u32 {
        let is_same = self.track == media.track;
        let captured = self.captured.zip(media.captured).filter(|_| is_same);
        let captured = captured.map(|(before, after)| after.saturating_duration_since(before));
        let taken = media.taken.saturating_duration_since(self.at);
        let gap = captured.filter(|gap| *gap < LONGEST_CHANGE).unwrap_or(taken);
        let ticks = gap.as_micros() * u128::from(media.codec.clock_rate()) / 1_000_000;
        u32::try_from(ticks).unwrap_or(u32::MAX).max(1)
    }
}

/// Serial number arithmetic (RFC 1982).
pub(crate) fn is_before(a: u16, b: u16) -> bool {
    a != b && b.wrapping_sub(a) < 0x8000
}

#[cfg(test)]
mod tests;
