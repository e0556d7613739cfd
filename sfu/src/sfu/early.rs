use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Datagrams that are kept at a time, whoever sent them; the one that came first goes first.
const MOST: usize = 64;
/// After so long its client has sent it again (RFC 6347 section 4.2.4.1).
const KEPT: Duration = Duration::from_secs(1);
/// The content type of a record, and the message type that follows its header (RFC 6347 section 4.3.1).
const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const RECORD_HEADER: usize = 13;

/// Handshakes that overtook the check by which their client is known: dropped, each would come again only after a second.
#[derive(Default)]
pub(super) struct Early(VecDeque<Hello>);

struct Hello {
    at: Instant,
    from: SocketAddr,
    contents: Vec<u8>,
}

impl Early {
    /// Keeps a datagram of nobody's if it begins a handshake.
    pub(super) fn keep(&mut self, now: Instant, from: SocketAddr, contents: &[u8]) {
        if (contents.first(), contents.get(RECORD_HEADER)) != (Some(&HANDSHAKE), Some(&CLIENT_HELLO)) {
            return;
        }
        if self.0.len() >= MOST {
            self.0.pop_front();
        }
        self.0.push_back(Hello { at: now, from, contents: contents.to_vec() });
    }

    /// What came from an address that is somebody's now, in its order.
    pub(super) fn take(&mut self, now: Instant, from: SocketAddr) -> Vec<Vec<u8>> {
        let mut taken = Vec::new();
        self.0.retain_mut(|hello| {
            let is_fresh = now.saturating_duration_since(hello.at) < KEPT;
            if is_fresh && hello.from == from {
                taken.push(std::mem::take(&mut hello.contents));
            }
            is_fresh && hello.from != from
        });
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timer::start;

    fn hello(number: u8) -> Vec<u8> {
        [&[HANDSHAKE][..], &[number; RECORD_HEADER - 1], &[CLIENT_HELLO, 0, 0]].concat()
    }

    fn address(port: u16) -> SocketAddr {
        ([192, 0, 2, 1], port).into()
    }

    #[test]
    fn what_began_a_handshake_from_an_address_is_given_once_and_in_order() {
        let now = start();
        let mut early = Early::default();
        for (port, number) in [(1, 1), (2, 2), (1, 3)] {
            early.keep(now, address(port), &hello(number));
        }
        for other in [&[][..], &[HANDSHAKE], &[HANDSHAKE; 40], &[23; 40]] {
            early.keep(now, address(1), other);
        }
        assert_eq!(early.take(now, address(1)), [hello(1), hello(3)]);
        assert!(early.take(now, address(1)).is_empty());
        assert_eq!(early.take(now, address(2)), [hello(2)]);
    }

    #[test]
    fn it_is_kept_briefly_and_a_flood_takes_no_more_room() {
        let now = start();
        let mut early = Early::default();
        early.keep(now, address(1), &hello(1));
        assert!(early.take(now + KEPT, address(1)).is_empty());
        for _ in 0..1_000 {
            early.keep(now, address(2), &hello(2));
        }
        early.keep(now, address(1), &hello(1));
        assert_eq!(early.0.len(), MOST);
        assert_eq!(early.take(now, address(1)), [hello(1)]);
    }
}
