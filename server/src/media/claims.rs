//! Which other threads' peers send from which addresses.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sfu::PeerId;

/// Addresses of one peer that are kept, as many as the SFU keeps: the one that was confirmed least recently makes room.
const MOST_ADDRESSES: usize = 16;
/// Clients repeat their checks every few seconds, or give up after thirty (RFC 7675).
const LIFE: Duration = Duration::from_secs(60);
const SWEEP_EVERY: Duration = Duration::from_secs(10);

/// What the owners said after an authentic check, so nothing that a stranger sends adds to it, and a peer's own checks from
/// forged addresses add no more than one peer may have. Several threads may claim one address, of which at most one is right:
/// then each gets what comes from there, so that a claim takes nothing away from anyone.
pub(super) struct Claims {
    owners: HashMap<SocketAddr, Vec<Claim>>,
    addresses: HashMap<PeerId, Vec<SocketAddr>>,
    swept: Instant,
}

/// At most one of each thread for an address.
#[derive(Debug, Clone, Copy)]
struct Claim {
    thread: usize,
    peer: PeerId,
    confirmed: Instant,
}

impl Claims {
    pub(super) fn new(now: Instant) -> Self {
        Self { owners: HashMap::new(), addresses: HashMap::new(), swept: now }
    }

    /// The threads whose peers may send from this address.
    pub(super) fn threads(&self, address: SocketAddr) -> impl Iterator<Item = usize> {
        self.owners.get(&address).into_iter().flatten().map(|claim| claim.thread)
    }

    /// A thread has taken a check of its peer that came from this address.
    pub(super) fn note(&mut self, now: Instant, (thread, peer): (usize, PeerId), address: SocketAddr) {
        if now.saturating_duration_since(self.swept) >= SWEEP_EVERY {
            self.sweep(now);
        }
        let claims = self.owners.entry(address).or_default();
        let before = claims.iter().position(|claim| claim.thread == thread).map(|index| claims.swap_remove(index));
        claims.push(Claim { thread, peer, confirmed: now });
        if before.is_some_and(|before| before.peer == peer) {
            return;
        }
        if let Some(before) = before {
            self.forget_address(before.peer, address);
        }
        let addresses = self.addresses.entry(peer).or_default();
        addresses.push(address);
        if addresses.len() > MOST_ADDRESSES {
            self.make_room(peer);
        }
    }

    fn make_room(&mut self, peer: PeerId) {
        let Some(addresses) = self.addresses.get(&peer) else { return };
        let confirmed = |address: &SocketAddr| {
            let claims = self.owners.get(address).into_iter().flatten();
            claims.filter(|claim| claim.peer == peer).map(|claim| claim.confirmed).min()
        };
        let Some(oldest) = addresses.iter().copied().min_by_key(confirmed) else { return };
        self.forget_address(peer, oldest);
        if let Some(claims) = self.owners.get_mut(&oldest) {
            claims.retain(|claim| claim.peer != peer);
            if claims.is_empty() {
                self.owners.remove(&oldest);
            }
        }
    }

    fn forget_address(&mut self, peer: PeerId, address: SocketAddr) {
        if let Some(addresses) = self.addresses.get_mut(&peer) {
            addresses.retain(|known| *known != address);
            if addresses.is_empty() {
                self.addresses.remove(&peer);
            }
        }
    }

    fn sweep(&mut self, now: Instant) {
        self.swept = now;
        self.addresses.clear();
        self.owners.retain(|address, claims| {
            claims.retain(|claim| now.saturating_duration_since(claim.confirmed) < LIFE);
            for claim in &*claims {
                self.addresses.entry(claim.peer).or_default().push(*address);
            }
            !claims.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u16) -> SocketAddr {
        ([192, 0, 2, 1], number).into()
    }

    fn threads(claims: &Claims, number: u16) -> Vec<usize> {
        let mut threads: Vec<_> = claims.threads(address(number)).collect();
        threads.sort_unstable();
        threads
    }

    #[test]
    fn a_second_claim_of_an_address_takes_nothing_from_the_first() {
        let now = Instant::now();
        let mut claims = Claims::new(now);
        claims.note(now, (1, PeerId(1)), address(1));
        for _ in 0..3 {
            claims.note(now, (2, PeerId(2)), address(1));
        }
        assert_eq!(threads(&claims, 1), [1, 2]);
        // What one thread says of an address holds for that thread.
        claims.note(now, (2, PeerId(3)), address(1));
        assert_eq!(threads(&claims, 1), [1, 2]);
        assert!(!claims.addresses.contains_key(&PeerId(2)));
        assert_eq!(threads(&claims, 2), [0; 0]);
    }

    #[test]
    fn one_peer_cannot_fill_the_table_nor_push_another_out() {
        let now = Instant::now();
        let mut claims = Claims::new(now);
        claims.note(now, (1, PeerId(1)), address(1));
        claims.note(now, (1, PeerId(2)), address(2));
        for number in 3..60_000 {
            claims.note(now + Duration::from_micros(number.into()), (1, PeerId(2)), address(number));
            // It goes on to use its real one.
            claims.note(now + Duration::from_micros(number.into()), (1, PeerId(2)), address(2));
        }
        assert_eq!(claims.owners.len(), 1 + MOST_ADDRESSES);
        assert_eq!(claims.addresses.values().map(Vec::len).sum::<usize>(), 1 + MOST_ADDRESSES);
        assert_eq!([threads(&claims, 1), threads(&claims, 2), threads(&claims, 3)], [vec![1], vec![1], vec![]]);
    }

    #[test]
    fn a_claim_that_is_not_confirmed_any_more_expires() {
        let begin = Instant::now();
        let mut claims = Claims::new(begin);
        claims.note(begin, (1, PeerId(1)), address(1));
        for second in 0..=60 {
            claims.note(begin + Duration::from_secs(second), (1, PeerId(2)), address(2));
        }
        assert_eq!([threads(&claims, 1), threads(&claims, 2)], [vec![], vec![1]]);
        assert_eq!((claims.owners.len(), claims.addresses.len()), (1, 1));
    }
}
