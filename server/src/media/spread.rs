//! Which thread sends what a busy one has to send. A room lives on one thread; where it outgrows a core, most of what it
//! costs, which is the system's own work of sending, is done by threads that have time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};
use sfu::Transmit;
use tokio::sync::mpsc;

use super::burst::key;

/// Places are divided into shares by so many bits, which a thread hands over one after another.
const SHARE_BITS: u32 = 4;
const SHARES: usize = 1 << SHARE_BITS;
const WINDOW: Duration = Duration::from_millis(100);
/// In percent of a core: a thread that works so much hands over.
const BUSY: u8 = 80;
/// One that works less takes on, or back.
const FREE: u8 = 50;
/// What was handed over and waits for a thread at most, each at most what leaves a thread at once.
const WAITING: usize = 8;

/// CPU time that the calling thread has taken.
pub(super) fn thread_time() -> Duration {
    // Where there is no such clock, no thread is ever busy.
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}

/// One thread's part in it.
pub(super) struct Spread {
    own: usize,
    /// How much each thread works, in percent of a core, as they tell each other.
    loads: Arc<[AtomicU8]>,
    /// Which thread sends to the places of each share.
    senders: [usize; SHARES],
    /// To each thread by its number, itself included.
    links: Vec<mpsc::Sender<Vec<Transmit>>>,
    inbox: mpsc::Receiver<Vec<Transmit>>,
    clock: fn() -> Duration,
    since: Instant,
    worked: Duration,
    /// Another could not take what it was handed: until the next revision all is sent here.
    is_refused: bool,
}

/// The parts of so many threads, whose work is told by a clock that each asks for its own.
pub(super) fn connect(now: Instant, threads: usize, clock: fn() -> Duration) -> Vec<Spread> {
    let loads: Arc<[AtomicU8]> = (0..threads).map(|_| AtomicU8::new(0)).collect();
    let (links, inboxes): (Vec<_>, Vec<_>) = (0..threads).map(|_| mpsc::channel(WAITING)).unzip();
    let spread = |(own, inbox)| Spread {
        own,
        loads: Arc::clone(&loads),
        senders: [own; SHARES],
        links: links.clone(),
        inbox,
        clock,
        since: now,
        worked: Duration::ZERO,
        is_refused: false,
    };
    inboxes.into_iter().enumerate().map(spread).collect()
}

impl Spread {
    /// When [`Self::revise`] is to be called though nothing else happens; never while there is nothing to tell or to take back.
    pub(super) fn next(&self) -> Option<Instant> {
        let is_at_rest = self.load(self.own) == 0 && !self.is_shared();
        (self.links.len() > 1 && !is_at_rest).then_some(self.since + WINDOW)
    }

    /// Tells the others how much this thread has worked, and hands over one share more, or takes one back, if it is time.
    pub(super) fn revise(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.since);
        if self.links.len() == 1 || passed < WINDOW {
            return;
        }
        let worked = (self.clock)();
        let percent = worked.saturating_sub(self.worked).as_micros() * 100 / passed.as_micros().max(1);
        (self.since, self.worked, self.is_refused) = (now, worked, false);
        self.loads[self.own].store(u8::try_from(percent.min(100)).unwrap_or(100), Ordering::Relaxed);
        self.shift();
    }

    fn shift(&mut self) {
        let own = self.load(self.own);
        let returns = |sender: &usize| *sender != self.own && (own < FREE || self.load(*sender) >= BUSY);
        if let Some(share) = self.senders.iter().position(returns) {
            self.senders[share] = self.own;
            return;
        }
        let others = (0..self.links.len()).filter(|thread| *thread != self.own && self.load(*thread) < FREE);
        let freest = others.min_by_key(|thread| self.load(*thread)).filter(|_| own >= BUSY);
        let kept = self.senders.iter().position(|sender| *sender == self.own);
        if let (Some(freest), Some(share)) = (freest, kept) {
            self.senders[share] = freest;
        }
    }

    /// Hands over those datagrams that others send. What one cannot take stays, and so does everything for a while.
    pub(super) fn hand_over(&mut self, datagrams: &mut Vec<Transmit>) {
        if !self.is_shared() || self.is_refused {
            return;
        }
        let mut handed: Vec<Vec<Transmit>> = vec![Vec::new(); self.links.len()];
        for datagram in datagrams.extract_if(.., |datagram| self.sender(datagram) != self.own) {
            handed[self.sender(&datagram)].push(datagram);
        }
        for (thread, handed) in handed.into_iter().enumerate().filter(|(_, handed)| !handed.is_empty()) {
            if let Err(refused) = self.links[thread].try_send(handed) {
                datagrams.extend(refused.into_inner());
                self.is_refused = true;
            }
        }
    }

    /// Waits for what another thread hands over to be sent. May be cancelled at any time.
    pub(super) async fn receive(&mut self) -> Vec<Transmit> {
        match self.inbox.recv().await {
            Some(datagrams) => datagrams,
            // It holds a link to itself, so this does not come.
            None => std::future::pending().await,
        }
    }

    /// Has another thread send everything.
    #[cfg(test)]
    pub(super) fn hand_all_to(&mut self, thread: usize) {
        self.senders = [thread; SHARES];
    }

    fn is_shared(&self) -> bool {
        self.senders.iter().any(|sender| *sender != self.own)
    }

    fn load(&self, thread: usize) -> u8 {
        self.loads[thread].load(Ordering::Relaxed)
    }

    /// The same for all that goes to one place, so that it keeps its order.
    fn sender(&self, datagram: &Transmit) -> usize {
        // Neighbours in address and port fall into different shares (Fibonacci hashing: 2^64 by the golden ratio).
        let mixed = key(datagram.destination).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let share = usize::try_from(mixed >> (u64::BITS - SHARE_BITS)).expect("a share has few bits");
        self.senders[share]
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    /// Threads that have worked so many percent of every window.
    fn working(loads: &[u8]) -> Vec<Spread> {
        let spreads = connect(Instant::now(), loads.len(), || Duration::ZERO);
        work(&spreads, loads);
        spreads
    }

    fn work(spreads: &[Spread], loads: &[u8]) {
        for (load, told) in loads.iter().zip(spreads[0].loads.iter()) {
            told.store(*load, Ordering::Relaxed);
        }
    }

    fn handed(spread: &Spread) -> Vec<usize> {
        spread.senders.iter().copied().filter(|sender| *sender != spread.own).collect()
    }

    fn to(port: u16) -> Transmit {
        let source = SocketAddr::from(([0, 0, 0, 0], 0));
        Transmit { source, destination: ([192, 0, 2, 1], port).into(), contents: port.to_be_bytes().to_vec().into() }
    }

    #[test]
    fn a_busy_thread_hands_over_to_the_freest_and_takes_back_when_it_has_time() {
        let mut threads = working(&[BUSY, FREE - 1, 3, FREE]);
        threads[0].shift();
        assert_eq!(handed(&threads[0]), [2]);
        work(&threads, &[BUSY - 1, 3, 3, 3]);
        threads[0].shift();
        assert_eq!(handed(&threads[0]), [2], "between the two bounds nothing moves");
        work(&threads, &[FREE - 1, 3, 3, 3]);
        threads[0].shift();
        assert!(handed(&threads[0]).is_empty());
    }

    #[test]
    fn who_helps_and_becomes_busy_gets_nothing_more_and_gives_back() {
        let mut threads = working(&[100, 0]);
        for _ in 0..2 * SHARES {
            threads[0].shift();
        }
        assert_eq!(handed(&threads[0]).len(), SHARES);
        work(&threads, &[100, FREE]);
        threads[0].shift();
        assert_eq!(handed(&threads[0]).len(), SHARES);
        work(&threads, &[100, BUSY]);
        threads[0].shift();
        assert_eq!(handed(&threads[0]).len(), SHARES - 1);
    }

    #[test]
    fn a_thread_tells_how_much_it_works_and_rests_when_there_is_nothing_to_tell() {
        let begin = Instant::now();
        let mut thread = connect(begin, 2, || Duration::from_millis(90)).remove(0);
        assert_eq!(thread.next(), None);
        thread.revise(begin + WINDOW / 2);
        assert_eq!(thread.load(0), 0);
        thread.revise(begin + WINDOW);
        assert_eq!((thread.load(0), thread.next()), (90, Some(begin + 2 * WINDOW)));
        assert_eq!(handed(&thread), [1]);
        thread.revise(begin + 2 * WINDOW);
        assert_eq!((thread.load(0), handed(&thread).len(), thread.next()), (0, 0, None));
        let mut alone = connect(begin, 1, || Duration::from_millis(90)).remove(0);
        alone.revise(begin + WINDOW);
        assert_eq!(alone.next(), None);
    }

    #[tokio::test]
    async fn what_goes_to_one_place_goes_by_one_thread_and_in_order() {
        let mut threads = working(&[100, 0]);
        (0..SHARES / 2).for_each(|_| threads[0].shift());
        let ports: Vec<u16> = (0..1_000).map(|number| 50_000 + number % 100).collect();
        let mut kept: Vec<_> = ports.iter().map(|port| to(*port)).collect();
        threads[0].hand_over(&mut kept);
        let handed = threads[1].receive().await;
        assert_eq!(kept.len() + handed.len(), ports.len());
        for part in [&kept, &handed] {
            assert!((300..700).contains(&part.len()), "{} of 1,000", part.len());
            let expected: Vec<_> =
                ports.iter().filter(|port| part.contains(&to(**port))).map(|port| to(*port)).collect();
            assert_eq!(*part, expected);
        }
    }

    #[test]
    fn what_a_thread_cannot_take_is_not_handed_over_for_a_while() {
        let mut threads = working(&[100, 0]);
        threads[0].hand_all_to(1);
        let hand_over = |thread: &mut Spread| {
            let mut datagrams = vec![to(1), to(2)];
            thread.hand_over(&mut datagrams);
            datagrams.len()
        };
        for count in 0..2 * WAITING {
            assert_eq!(hand_over(&mut threads[0]), if count < WAITING { 0 } else { 2 });
        }
        assert!(threads[1].inbox.try_recv().is_ok());
        assert_eq!(hand_over(&mut threads[0]), 2, "what waits there is not overtaken twice");
        let later = threads[0].since + WINDOW;
        threads[0].revise(later);
        threads[0].hand_all_to(1);
        assert_eq!(hand_over(&mut threads[0]), 0);
    }
}
