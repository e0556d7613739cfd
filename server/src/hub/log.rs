//! What one connection was told and is to be told, by sequence number. Plain data: it knows no sockets.

use std::collections::VecDeque;
use std::sync::Arc;

/// Events that a socket may lag behind, beside what a resume gave it to catch up on.
pub(super) const UNSENT_EVENTS: u64 = 1_000;
pub(super) const UNSENT_BYTES: usize = 1 << 20;
/// What is kept for a resume.
pub(super) const KEPT_EVENTS: usize = 4_096;
pub(super) const KEPT_BYTES: usize = 4 << 20;

/// Entries that a log has room for without asking.
const ROOM: usize = 64;

/// An event as it goes out: its sequence number and its JSON, which all receivers share.
pub(crate) type Numbered = (u64, Arc<str>);

/// The socket reads too slowly.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lagging;

pub(super) struct Log {
    entries: VecDeque<Arc<str>>,
    bytes: usize,
    /// Sequence number of the first entry.
    first: u64,
    /// Sequence number of the last event that was handed to the socket.
    sent: u64,
    unsent_bytes: usize,
    /// How far the socket may lag, in events and bytes: more after a resume, by what it still has to catch up on.
    allowed: (u64, usize),
}

impl Log {
    pub(super) fn new() -> Self {
        Self {
            entries: VecDeque::new(),
            bytes: 0,
            first: 1,
            sent: 0,
            unsent_bytes: 0,
            allowed: (UNSENT_EVENTS, UNSENT_BYTES),
        }
    }

    /// Adds an event, and forgets the oldest beyond what is kept.
    pub(super) fn append(&mut self, body: &Arc<str>) -> Result<(), Lagging> {
        let mut lags = false;
        while self.entries.len() >= KEPT_EVENTS || self.bytes + body.len() > KEPT_BYTES && !self.entries.is_empty() {
            lags |= self.first > self.sent;
            self.forget_first();
        }
        self.entries.push_back(Arc::clone(body));
        self.bytes += body.len();
        self.unsent_bytes += body.len();
        let (events, bytes) = self.allowed;
        // However large it is, the event that is to be sent next is no lag.
        let next = self.entries.get(self.index_after(self.sent)).map_or(0, |body| body.len());
        lags |= self.last() - self.sent > events || self.unsent_bytes - next > bytes;
        if lags { Err(Lagging) } else { Ok(()) }
    }

    /// The next events for the socket, at most `most`.
    pub(super) fn take(&mut self, most: usize) -> Vec<Numbered> {
        let skip = self.index_after(self.sent);
        let numbered = self.entries.iter().enumerate().skip(skip).take(most);
        let taken: Vec<Numbered> = numbered.map(|(i, body)| (self.first + i as u64, Arc::clone(body))).collect();
        if let Some((seq, _)) = taken.last() {
            self.sent = *seq;
        }
        self.unsent_bytes -= taken.iter().map(|(_, body)| body.len()).sum::<usize>();
        self.allow_backlog();
        taken
    }

    /// Forgets what the client has applied.
    pub(super) fn acknowledge(&mut self, seq: u64) {
        let applied = seq.min(self.sent);
        while self.first <= applied {
            self.forget_first();
        }
        // Room for what once waited is given back.
        if self.entries.capacity() > ROOM && self.entries.len() < self.entries.capacity() / 4 {
            self.entries.shrink_to(ROOM);
        }
    }

    /// Goes on after the last event that a client knows; false where it would miss some.
    pub(super) fn rewind(&mut self, seq: u64) -> bool {
        if !(self.first - 1..=self.last()).contains(&seq) {
            return false;
        }
        self.sent = seq;
        self.unsent_bytes = self.entries.iter().skip(self.index_after(seq)).map(|body| body.len()).sum();
        self.allowed = (u64::MAX, usize::MAX);
        self.allow_backlog();
        true
    }

    /// What there is to catch up on now may be there; what was caught up on may not come back.
    fn allow_backlog(&mut self) {
        let (events, bytes) = self.allowed;
        let backlog = self.last() - self.sent;
        self.allowed = (events.min(UNSENT_EVENTS + backlog), bytes.min(UNSENT_BYTES + self.unsent_bytes));
    }

    /// Sequence number of the newest event.
    fn last(&self) -> u64 {
        self.first + self.entries.len() as u64 - 1
    }

    /// Index of the first entry after a sequence number.
    fn index_after(&self, seq: u64) -> usize {
        usize::try_from((seq + 1).saturating_sub(self.first)).unwrap_or(usize::MAX)
    }

    fn forget_first(&mut self) {
        if let Some(body) = self.entries.pop_front() {
            self.bytes -= body.len();
            if self.first > self.sent {
                self.unsent_bytes -= body.len();
                self.sent = self.first;
            }
            self.first += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log_of(events: usize) -> Log {
        let mut log = Log::new();
        for _ in 0..events {
            let _ = log.append(&"x".into());
        }
        log
    }

    fn seqs(taken: &[Numbered]) -> Vec<u64> {
        taken.iter().map(|(seq, _)| *seq).collect()
    }

    #[test]
    fn events_are_taken_once_and_in_order() {
        let mut log = log_of(3);
        assert_eq!(seqs(&log.take(2)), [1, 2]);
        assert_eq!(seqs(&log.take(2)), [3]);
        assert!(log.take(2).is_empty());
    }

    #[test]
    fn what_was_acknowledged_cannot_be_gone_back_to() {
        let mut log = log_of(5);
        log.take(5);
        log.acknowledge(2);
        assert!(!log.rewind(1), "2 is forgotten");
        assert!(!log.rewind(6), "6 has not happened");
        assert!(log.rewind(4));
        assert_eq!(seqs(&log.take(9)), [5]);
    }

    #[test]
    fn a_reader_lags_from_a_thousand_events_or_a_megabyte_on() {
        let mut log = log_of(1_000);
        assert_eq!(log.append(&"x".into()), Err(Lagging));
        let mut log = Log::new();
        assert_eq!(log.append(&"x".repeat(2 * UNSENT_BYTES).into()), Ok(()), "nothing else waits");
        assert_eq!(log.append(&"x".repeat(UNSENT_BYTES).into()), Ok(()));
        assert_eq!(log.append(&"x".into()), Err(Lagging));
    }

    #[test]
    fn what_a_resume_has_to_catch_up_on_is_no_lag_until_it_is_caught_up() {
        let mut log = log_of(3_000);
        assert!(log.rewind(0));
        for _ in 0..1_000 {
            assert_eq!(log.append(&"x".into()), Ok(()));
        }
        assert_eq!(log.append(&"x".into()), Err(Lagging));
        log.take(usize::MAX);
        for _ in 0..1_000 {
            assert_eq!(log.append(&"x".into()), Ok(()));
        }
        assert_eq!(log.append(&"x".into()), Err(Lagging), "the allowance went with the backlog");
    }

    #[test]
    fn a_reader_that_would_miss_a_forgotten_event_lags() {
        let mut log = log_of(KEPT_EVENTS);
        assert!(log.rewind(0), "everything is still there");
        assert_eq!(log.append(&"x".into()), Err(Lagging), "the first event is gone and was never taken");
        assert!(!log.rewind(0));
    }

    #[test]
    fn a_log_takes_no_more_room_than_it_needs() {
        let mut log = log_of(2 * KEPT_EVENTS);
        assert_eq!(log.entries.capacity(), KEPT_EVENTS);
        log.take(usize::MAX);
        log.acknowledge(u64::MAX);
        assert!(log.entries.capacity() <= ROOM);
    }

    #[test]
    fn a_log_that_is_full_forgets_its_oldest() {
        let mut log = log_of(KEPT_EVENTS + 10);
        assert!(!log.rewind(9));
        assert!(log.rewind(10));
        assert_eq!(log.take(usize::MAX).len(), KEPT_EVENTS);
    }
}
