//! Tells the server what is muted and shared: one request at a time, then the newest, and again until it is heard.

use protocol::voice::PeerFlags;

use super::Moment;

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

/// What the server knows of the flags of a connection.
#[derive(Debug, Default)]
pub(super) struct Telling {
    known: Option<PeerFlags>,
    /// On its way.
    sent: Option<PeerFlags>,
    again: Option<Moment>,
    failures: usize,
}

impl Telling {
    /// The server was told when it was asked for the seat.
    pub(super) fn asked(flags: PeerFlags) -> Self {
        Self { known: Some(flags), ..Self::default() }
    }

    pub(super) fn deadline(&self) -> Option<Moment> {
        self.again
    }

    /// What the server knows may be old.
    pub(super) fn doubt(&mut self) {
        self.known = None;
        self.again = None;
    }

    /// What to send, if anything.
    pub(super) fn send(&mut self, flags: PeerFlags, now: Option<Moment>) -> Option<PeerFlags> {
        let waits = self.again.is_some_and(|again| now.is_none_or(|now| now < again));
        if waits || self.sent.is_some() || self.known == Some(flags) {
            return None;
        }
        self.again = None;
        self.sent = Some(flags);
        Some(flags)
    }

    pub(super) fn handle_told(&mut self, told: Told, now: Moment) {
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
