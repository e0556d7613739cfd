//! A media thread: one life after another.

use std::collections::BTreeSet;
use std::io;
use std::net::UdpSocket;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use sfu::{Config, Event, GoneReason, PeerId, Sfu};
use tokio::runtime;
use tokio::sync::mpsc;
use turn::Stun;

use super::driver::Driver;
use super::outbox::Outbox;
use super::pace::Pace;
use super::receiver::Batch;
use super::relay::Relay;
use super::socket::Socket;
use super::spread::Spread;
use super::uplink::Uplink;
use crate::room::{Command, Ends};

/// A life of this length owes nothing to the deaths before it.
const LONG_LIFE: Duration = Duration::from_secs(60);
/// So that a socket which always fails does not keep the thread busy.
const FAILURE_PAUSE: Duration = Duration::from_millis(64);
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(16);

pub(super) struct MediaThread {
    parts: Parts,
    commands: mpsc::Receiver<Command>,
    outbox: Outbox,
    is_down: Arc<AtomicBool>,
    seated: BTreeSet<PeerId>,
}

/// What is kept from one life to the next.
pub(super) struct Parts {
    pub(super) socket: UdpSocket,
    pub(super) config: Config,
    pub(super) relay: Relay,
    pub(super) spread: Spread,
    pub(super) uplink: Uplink,
}

impl MediaThread {
    pub(super) fn new(parts: Parts, ends: Ends) -> Self {
        let Ends { commands, events, is_down } = ends;
        Self { parts, commands, outbox: Outbox::new(events), is_down, seated: BTreeSet::new() }
    }

    /// Runs until nobody can send commands any more. A life that ends by our own fault, or the socket's, ends its
    /// sessions, whose clients join again, and is followed by another.
    pub(super) fn run(mut self) {
        let mut deaths = Deaths::default();
        while !self.commands.is_closed() || !self.commands.is_empty() {
            let born = Instant::now();
            match catch_unwind(AssertUnwindSafe(|| self.live())) {
                Ok(Ok(())) => return,
                Ok(Err(error)) => tracing::error!(%error, "a media thread starts anew"),
                Err(_) => tracing::error!("a media thread panicked, and starts anew"),
            }
            for peer in std::mem::take(&mut self.seated) {
                self.outbox.push(Event::Gone { peer, reason: GoneReason::Fault });
            }
            let pause = deaths.note(born.elapsed());
            self.is_down.store(true, Ordering::Relaxed);
            self.parts.uplink.share(Instant::now(), 0);
            if catch_unwind(AssertUnwindSafe(|| self.pause(pause))).is_err() {
                sleep(pause);
            }
            self.is_down.store(false, Ordering::Relaxed);
        }
    }

    fn live(&mut self) -> io::Result<()> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let mut seed = [0_u8; 32];
        getrandom::fill(&mut seed).map_err(|error| io::Error::other(error.to_string()))?;
        let now = Instant::now();
        let (sfu, stun) = (Sfu::new(self.parts.config.clone(), seed, now), Stun::new(now));
        let socket = self.parts.socket.try_clone()?;
        runtime.block_on(async {
            let socket = Socket::new(socket)?;
            let Parts { relay, spread, uplink, .. } = &mut self.parts;
            let (outgoing, pace) = (Vec::new(), Pace::new(now));
            let (outbox, seated) = (&mut self.outbox, &mut self.seated);
            Driver { sfu, stun, socket, outgoing, pace, relay, spread, uplink, outbox, seated }
                .run(&mut self.commands)
                .await
        })
    }

    /// Between two lives: whoever asks for something is refused at once, what is to be told is told, and the peers of
    /// other threads go on.
    fn pause(&mut self, duration: Duration) {
        if duration.is_zero() {
            return;
        }
        match runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime.block_on(self.refuse_for(duration)),
            Err(_) => sleep(duration),
        }
    }

    async fn refuse_for(&mut self, duration: Duration) {
        let refusing = async { while self.commands.recv().await.is_some() {} };
        tokio::select! {
            () = tokio::time::sleep(duration) => {}
            () = refusing => {}
            () = self.outbox.drain() => {}
            () = pass_on(&mut self.parts) => {}
        }
    }
}

/// Hands over what belongs to other threads, and sends what they have handed over, without an end.
async fn pass_on(parts: &mut Parts) {
    let mut batch = Batch::default();
    let Ok(mut socket) = parts.socket.try_clone().and_then(Socket::new) else {
        return std::future::pending().await;
    };
    // What cannot be sent is lost, as any datagram may be.
    let _ = socket.writable().await;
    loop {
        tokio::select! {
            mut datagrams = parts.spread.receive() => socket.send(&mut datagrams),
            parcel = parts.relay.receive() => parts.relay.note_claims(Instant::now(), &parcel),
            readable = socket.readable() => {
                if readable.and_then(|()| socket.receive(&mut batch)).is_err() {
                    tokio::time::sleep(FAILURE_PAUSE).await;
                    continue;
                }
                for datagram in socket.datagrams(&batch) {
                    parts.relay.pass(datagram);
                }
                parts.relay.flush();
            }
        }
    }
}

/// How often lives ended one soon after another.
#[derive(Default)]
struct Deaths(u32);

impl Deaths {
    /// How long to wait before the next life: not at all after a first death, then twice as long each time.
    fn note(&mut self, life: Duration) -> Duration {
        if life >= LONG_LIFE {
            self.0 = 0;
        }
        let pause = match self.0 {
            0 => Duration::ZERO,
            more => FIRST_PAUSE.saturating_mul(1 << (more - 1).min(16)).min(LONGEST_PAUSE),
        };
        self.0 = self.0.saturating_add(1);
        pause
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use sfu::{SfuId, Transmit};

    use super::super::{relay, spread, uplink};
    use super::*;

    /// What each of several threads is made of, and where its socket is bound.
    fn parts(threads: usize) -> Vec<(Parts, SocketAddr)> {
        let certificate = sfu::Certificate::generate().unwrap();
        let config = Config { id: SfuId(0), addresses: Vec::new(), certificate, limits: sfu::Limits::default() };
        let now = Instant::now();
        let ways = relay::connect(now, threads).into_iter().zip(spread::connect(now, threads, || Duration::ZERO));
        let ways = ways.zip(uplink::divide(now, None, threads));
        let part = |((relay, spread), uplink)| {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            socket.set_nonblocking(true).unwrap();
            let port = socket.local_addr().unwrap();
            (Parts { socket, config: config.clone(), relay, spread, uplink }, port)
        };
        ways.map(part).collect()
    }

    #[test]
    fn deaths_one_after_another_are_followed_by_longer_and_longer_pauses() {
        let mut deaths = Deaths::default();
        let pauses: Vec<_> = (0..8).map(|_| deaths.note(Duration::ZERO).as_millis()).collect();
        assert_eq!(pauses, [0, 250, 500, 1_000, 2_000, 4_000, 8_000, 16_000]);
        assert_eq!((0..100).map(|_| deaths.note(Duration::ZERO)).max(), Some(LONGEST_PAUSE));
        assert_eq!(deaths.note(LONG_LIFE), Duration::ZERO);
    }

    #[tokio::test]
    async fn between_two_lives_requests_are_refused_and_ends_are_told() {
        let (rooms, mut events, mut ends) = crate::room::connect(1);
        let (parts, _) = parts(1).remove(0);
        let mut thread = MediaThread::new(parts, ends.remove(0));
        let gone = |peer| Event::Gone { peer: PeerId(peer), reason: GoneReason::Fault };
        let many = 10_000;
        (0..many).for_each(|peer| thread.outbox.push(gone(peer)));
        let meeting = async {
            assert!(rooms.check().await.is_err());
            for peer in 0..many {
                assert_eq!(events.recv().await, Some(gone(peer)));
            }
        };
        tokio::select! {
            () = thread.refuse_for(Duration::MAX) => unreachable!("there is no end to it"),
            () = meeting => {}
        }
    }

    #[tokio::test]
    async fn between_two_lives_what_is_for_another_thread_is_handed_over() {
        let (_rooms, _events, mut ends) = crate::room::connect(1);
        let mut parts = parts(2);
        let (mut other, _) = parts.remove(1);
        let (parts, port) = parts.remove(0);
        let mut thread = MediaThread::new(parts, ends.remove(0));
        // A check for a ufrag of the second thread.
        let check = b"\x00\x01\x00\x0c\x21\x12\xa4\x42twelve bytes\x00\x06\x00\x06Bxxx:y\x00\x00";
        UdpSocket::bind("127.0.0.1:0").unwrap().send_to(check, port).unwrap();
        let parcel = tokio::select! {
            () = thread.refuse_for(Duration::MAX) => unreachable!("there is no end to it"),
            parcel = other.relay.receive() => parcel,
        };
        assert_eq!(parcel.strays().map(|stray| stray.contents.to_vec()).collect::<Vec<_>>(), [check]);
    }

    #[tokio::test]
    async fn between_two_lives_what_another_thread_has_handed_over_is_sent() {
        let (_rooms, _events, mut ends) = crate::room::connect(1);
        let mut parts = parts(2);
        let (mut other, _) = parts.remove(1);
        let (parts, port) = parts.remove(0);
        let mut thread = MediaThread::new(parts, ends.remove(0));
        let listener = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let destination = listener.local_addr().unwrap();
        other.spread.hand_all_to(0);
        other.spread.hand_over(&mut vec![Transmit { source: port, destination, contents: vec![7].into() }]);
        let mut received = [0; 10];
        tokio::select! {
            () = thread.refuse_for(Duration::MAX) => unreachable!("there is no end to it"),
            received = listener.recv_from(&mut received) => assert_eq!(received.unwrap(), (1, port)),
        }
    }
}
