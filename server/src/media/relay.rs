//! Between media threads: datagrams that reached a thread which does not own their peer.
//!
//! The system spreads clients over the threads' sockets by their addresses, and so knows nothing of rooms. A STUN check names
//! its owner by our ufrag and is handed over on its word alone; only the owner's SFU decides whether it is authentic, and then
//! claims the address, so that what follows from there is handed over, too. Nothing here is shared but bounded queues: a full
//! one loses what it cannot take, as any network may.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use sfu::{Datagram, PeerId, addressee};
use tokio::sync::mpsc;

use super::claims::Claims;

/// Parcels that wait for a thread at most; with [`PARCEL_BYTES`], about what the system keeps for a socket.
const PARCELS: usize = 128;
/// A parcel of this size is sent before all is read that has come.
const PARCEL_BYTES: usize = 32 << 10;

/// What goes from one thread to another at a time.
#[derive(Debug, Default)]
pub(super) struct Parcel {
    from: usize,
    heads: Vec<Head>,
    /// The strays' contents, one after another.
    contents: Vec<u8>,
    claims: Vec<(SocketAddr, PeerId)>,
}

#[derive(Debug, Clone, Copy)]
struct Head {
    source: SocketAddr,
    destination: SocketAddr,
    arrived: Instant,
    length: usize,
}

impl Parcel {
    /// An empty one that will hold about as much.
    fn next(&self) -> Self {
        let (heads, contents) = (Vec::with_capacity(self.heads.len()), Vec::with_capacity(self.contents.len()));
        Self { from: self.from, heads, contents, claims: Vec::new() }
    }

    fn push(&mut self, datagram: Datagram<'_>) {
        let Datagram { source, destination, arrived, contents } = datagram;
        self.heads.push(Head { source, destination, arrived, length: contents.len() });
        self.contents.extend_from_slice(contents);
    }

    fn is_empty(&self) -> bool {
        self.heads.is_empty() && self.claims.is_empty()
    }

    /// The thread that sent it.
    pub(super) fn from(&self) -> usize {
        self.from
    }

    pub(super) fn strays(&self) -> impl Iterator<Item = Datagram<'_>> {
        let mut rest = &*self.contents;
        self.heads.iter().map(move |head| {
            let (contents, left) = rest.split_at(head.length);
            rest = left;
            Datagram { source: head.source, destination: head.destination, arrived: head.arrived, contents }
        })
    }
}

/// Whether a datagram holds STUN (RFC 7983).
pub(super) fn is_stun(contents: &[u8]) -> bool {
    contents.first().is_some_and(|first| *first < 4)
}

/// The way to one thread.
struct Link {
    parcels: mpsc::Sender<Parcel>,
    pending: Parcel,
    /// Whether most of what that thread gets is forwarded to nobody.
    is_unheard: Arc<AtomicBool>,
}

impl Link {
    fn flush(&mut self) {
        if !self.pending.is_empty() {
            let next = self.pending.next();
            let parcel = std::mem::replace(&mut self.pending, next);
            if self.parcels.try_send(parcel).is_err() {
                tracing::trace!("a media thread is too busy for what reached another");
            }
        }
    }
}

/// One thread's ends of the ways to all others.
pub(super) struct Relay {
    own: usize,
    /// To each thread by its number, itself included.
    links: Vec<Link>,
    inbox: mpsc::Receiver<Parcel>,
    claims: Claims,
}

/// The ways between so many threads.
pub(super) fn connect(now: Instant, threads: usize) -> Vec<Relay> {
    let (senders, inboxes): (Vec<_>, Vec<_>) = (0..threads).map(|_| mpsc::channel(PARCELS)).unzip();
    let senders: Vec<_> = senders.into_iter().map(|sender| (sender, Arc::new(AtomicBool::new(false)))).collect();
    let relay = |(own, inbox)| {
        let link = |(parcels, is_unheard): &(mpsc::Sender<_>, Arc<_>)| Link {
            parcels: parcels.clone(),
            pending: Parcel { from: own, ..Parcel::default() },
            is_unheard: Arc::clone(is_unheard),
        };
        Relay { own, links: senders.iter().map(link).collect(), inbox, claims: Claims::new(now) }
    };
    inboxes.into_iter().enumerate().map(relay).collect()
}

/// What became of a datagram that reached a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passed {
    /// Nobody else asked for it.
    No,
    /// Another thread gets it; whether it will be heard by anyone is as that thread's traffic is.
    On { is_heard: bool },
}

impl Relay {
    /// Hands a datagram over to those threads which it may be for. It leaves with the next [`Self::flush`].
    pub(super) fn pass(&mut self, datagram: Datagram<'_>) -> Passed {
        if self.links.len() == 1 {
            return Passed::No;
        }
        let is_check = is_stun(datagram.contents);
        let named = if is_check { addressee(datagram.contents) } else { None };
        let named = named.map(|id| usize::from(id.0));
        let claimed = Some(datagram.source).filter(|_| !is_check);
        let claimed = claimed.into_iter().flat_map(|source| self.claims.threads(source));
        let mut passed = Passed::No;
        for thread in named.into_iter().chain(claimed).filter(|thread| *thread != self.own) {
            let Some(link) = self.links.get_mut(thread) else { continue };
            link.pending.push(datagram);
            if link.pending.contents.len() >= PARCEL_BYTES {
                link.flush();
            }
            passed = Passed::On { is_heard: !is_check && !link.is_unheard.load(Ordering::Relaxed) };
        }
        passed
    }

    /// Tells a thread that a peer of this one sends from this address, which leaves with the next [`Self::flush`].
    pub(super) fn claim(&mut self, from: usize, address: SocketAddr, peer: PeerId) {
        if let Some(link) = self.links.get_mut(from) {
            link.pending.claims.push((address, peer));
        }
    }

    /// Sends what was handed over, with one wake for each thread.
    pub(super) fn flush(&mut self) {
        self.links.iter_mut().for_each(Link::flush);
    }

    /// Lets the others know whether most of what this thread gets is forwarded to nobody.
    pub(super) fn tell_unheard(&self, is_unheard: bool) {
        self.links[self.own].is_unheard.store(is_unheard, Ordering::Relaxed);
    }

    /// Waits for a parcel. May be cancelled at any time.
    pub(super) async fn receive(&mut self) -> Parcel {
        match self.inbox.recv().await {
            Some(parcel) => parcel,
            // It holds a way to itself, so this does not come.
            None => std::future::pending().await,
        }
    }

    /// The parcels that have come, as many as may wait.
    pub(super) fn waiting(&mut self) -> Vec<Parcel> {
        std::iter::from_fn(|| self.try_receive()).take(PARCELS).collect()
    }

    fn try_receive(&mut self) -> Option<Parcel> {
        self.inbox.try_recv().ok()
    }

    /// Takes the claims of a parcel.
    pub(super) fn note_claims(&mut self, now: Instant, parcel: &Parcel) {
        for (address, peer) in &parcel.claims {
            self.claims.note(now, (parcel.from, *peer), *address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHECK: &[u8] = b"\x00\x01\x00\x0c\x21\x12\xa4\x42twelve bytes\x00\x06\x00\x06Bxxx:y\x00\x00";

    fn from(port: u16, contents: &[u8]) -> Datagram<'_> {
        let (source, destination) = (([192, 0, 2, 1], port).into(), ([192, 0, 2, 9], 1).into());
        Datagram { source, destination, arrived: Instant::now(), contents }
    }

    fn pair() -> (Relay, Relay) {
        let mut relays = connect(Instant::now(), 2);
        let second = relays.remove(1);
        (relays.remove(0), second)
    }

    #[test]
    fn a_batch_goes_as_one_parcel_and_claims_come_back() {
        let (mut first, mut second) = pair();
        assert_eq!(first.pass(from(5, &[22])), Passed::No);
        let arrived = Instant::now();
        for port in [5, 6] {
            assert_eq!(first.pass(Datagram { arrived, ..from(port, CHECK) }), Passed::On { is_heard: false });
        }
        first.flush();
        let parcel = second.try_receive().unwrap();
        let strays: Vec<_> = parcel.strays().map(|stray| (stray.source.port(), stray.contents)).collect();
        assert_eq!(strays, [(5, CHECK), (6, CHECK)]);
        assert!(parcel.strays().all(|stray| stray.arrived == arrived));
        assert!(second.try_receive().is_none());
        second.claim(parcel.from(), from(5, &[]).source, PeerId(1));
        second.flush();
        let claims = first.try_receive().unwrap();
        first.note_claims(Instant::now(), &claims);
        assert_eq!(first.pass(from(5, &[22])), Passed::On { is_heard: true });
        second.tell_unheard(true);
        assert_eq!(first.pass(from(5, &[128])), Passed::On { is_heard: false });
        assert_eq!(first.pass(from(6, &[22])), Passed::No);
        // A check is for whom it names, whatever came from there before.
        assert_eq!(second.pass(from(5, CHECK)), Passed::No);
    }

    #[test]
    fn a_thread_that_does_not_keep_up_loses_strays_and_nothing_grows() {
        let (mut first, mut second) = pair();
        for _ in 0..1_000_000 {
            first.pass(from(5, CHECK));
        }
        first.flush();
        assert!(first.links[1].pending.is_empty());
        let waiting: Vec<_> = std::iter::from_fn(|| second.try_receive()).collect();
        assert_eq!(waiting.len(), PARCELS);
        assert!(waiting.iter().all(|parcel| parcel.contents.len() < PARCEL_BYTES + CHECK.len()));
        first.pass(from(5, CHECK));
        first.flush();
        assert_eq!(second.try_receive().unwrap().strays().count(), 1);
    }

    #[test]
    fn a_check_that_names_no_thread_stays_where_it_came() {
        let (mut first, _second) = pair();
        let mut stranger = CHECK.to_vec();
        for name in [b'A', b'C', b'/', b'%'] {
            stranger[24] = name;
            assert_eq!(first.pass(from(5, &stranger)), Passed::No);
        }
        let mut alone = connect(Instant::now(), 1).remove(0);
        assert_eq!(alone.pass(from(5, CHECK)), Passed::No);
    }
}
