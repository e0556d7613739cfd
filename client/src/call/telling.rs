//! Tells the server something that changes: one request at a time, then the newest, and again until it is heard.

use crate::time::Moment;

/// Waits between attempts, in milliseconds; the last one repeats.
const WAITS_MS: [u64; 4] = [500, 1_000, 2_000, 4_000];

/// How telling the server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    Heard,
    /// May well work later.
    Passing,
    /// Asking again would not help.
    Refused,
}

/// What the server knows of a connection.
#[derive(Debug)]
pub struct Telling<T> {
    known: Option<T>,
    /// On its way.
    sent: Option<T>,
    again: Option<Moment>,
    failures: usize,
}

/// The server knows what one begins with.
impl<T: Default> Default for Telling<T> {
    fn default() -> Self {
        Self { known: Some(T::default()), sent: None, again: None, failures: 0 }
    }
}

impl<T: Clone + PartialEq> Telling<T> {
    /// The server knows it from the request for the seat.
    pub fn new(known: T) -> Self {
        Self { known: Some(known), sent: None, again: None, failures: 0 }
    }

    /// When to try again.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        self.again
    }

    /// What the server knows may be old.
    pub fn doubt(&mut self) {
        self.known = None;
        self.again = None;
    }

    /// What to send, if anything. Without `now` the wait after a failure goes on.
    pub fn send(&mut self, newest: T, now: Option<Moment>) -> Option<T> {
        let waits = self.again.is_some_and(|again| now.is_none_or(|now| now < again));
        if waits || self.sent.is_some() || self.known.as_ref() == Some(&newest) {
            return None;
        }
        self.again = None;
        self.sent = Some(newest.clone());
        Some(newest)
    }

    pub fn handle_told(&mut self, told: Told, now: Moment) {
        let sent = self.sent.take();
        match told {
            Told::Heard | Told::Refused => {
                self.known = sent;
                self.failures = 0;
            }
            Told::Passing => {
                self.known = None;
                self.again = Some(now.after(WAITS_MS[self.failures.min(WAITS_MS.len() - 1)]));
                self.failures += 1;
            }
        }
    }
}
