//! Hubbub's STUN server, sans-IO: tells whoever asks on the media port at which address they are seen.
//!
//! It keeps nothing of those who ask, answers with at most [`LONGEST_ANSWER`] bytes, and not more often than
//! [`MOST_ANSWERS`], so it is of no use as an amplifier, for filling memory, or for keeping the media thread from its
//! calls. ICE's own checks carry a USERNAME and are not for it: they belong to a session, which checks them.

mod allowance;
mod message;

use std::net::SocketAddr;
use std::time::Instant;

use allowance::Allowance;
use message::Request;

pub use allowance::MOST_ANSWERS;
pub use message::LONGEST_ANSWER;

/// Answers STUN Binding requests without credentials (RFC 8489 section 6.3.1).
pub struct Stun {
    allowance: Allowance,
}

/// What became of a datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handled {
    /// To be sent back where it came from.
    Answer(Vec<u8>),
    /// It deserves no answer.
    Dropped,
    /// It is not for this server.
    NotMine,
}

impl Stun {
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { allowance: Allowance::new(now) }
    }

    /// Takes a datagram that came from this address.
    pub fn handle(&mut self, now: Instant, source: SocketAddr, contents: &[u8]) -> Handled {
        let Some(request) = Request::read(contents) else {
            return Handled::NotMine;
        };
        if request.is_sound() && self.allowance.take(now) {
            Handled::Answer(request.answer(source))
        } else {
            Handled::Dropped
        }
    }
}

#[cfg(test)]
mod tests;
