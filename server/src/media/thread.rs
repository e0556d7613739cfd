//! The media thread: one life after another.

use std::collections::BTreeSet;
use std::io;
use std::net::UdpSocket;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::sleep;
use std::time::{Duration, Instant};

use sfu::{Config, Event, GoneReason, PeerId, Sfu};
use tokio::runtime;
use tokio::sync::mpsc;
use turn::Stun;

use super::driver::Driver;
use super::outbox::Outbox;
use super::pace::Pace;
use super::socket::Socket;
use crate::room::{Command, Ends};

/// A life of this length owes nothing to the deaths before it.
const LONG_LIFE: Duration = Duration::from_secs(60);
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(16);

pub(super) struct MediaThread {
    socket: UdpSocket,
    config: Config,
    commands: mpsc::Receiver<Command>,
    outbox: Outbox,
    seated: BTreeSet<PeerId>,
}

impl MediaThread {
    pub(super) fn new(socket: UdpSocket, config: Config, ends: Ends) -> Self {
        let Ends { commands, events } = ends;
        Self { socket, config, commands, outbox: Outbox::new(events), seated: BTreeSet::new() }
    }

    /// Runs until nobody can send commands any more. A life that ends by our own fault, or the socket's, ends its
    /// sessions, whose clients join again, and is followed by another.
    pub(super) fn run(mut self) {
        let mut deaths = Deaths::default();
        while !self.commands.is_closed() || !self.commands.is_empty() {
            let born = Instant::now();
            match catch_unwind(AssertUnwindSafe(|| self.live())) {
                Ok(Ok(())) => return,
                Ok(Err(error)) => tracing::error!(%error, "the media thread starts anew"),
                Err(_) => tracing::error!("the media thread panicked, and starts anew"),
            }
            for peer in std::mem::take(&mut self.seated) {
                self.outbox.push(Event::Gone { peer, reason: GoneReason::Fault });
            }
            self.pause(deaths.note(born.elapsed()));
        }
    }

    fn live(&mut self) -> io::Result<()> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let mut seed = [0_u8; 32];
        getrandom::fill(&mut seed).map_err(|error| io::Error::other(error.to_string()))?;
        let now = Instant::now();
        let (sfu, stun) = (Sfu::new(self.config.clone(), seed, now), Stun::new(now));
        let socket = self.socket.try_clone()?;
        runtime.block_on(async {
            let socket = Socket::new(socket)?;
            let (outbox, seated) = (&mut self.outbox, &mut self.seated);
            Driver { sfu, stun, socket, outgoing: Vec::new(), pace: Pace::new(now), outbox, seated }
                .run(&mut self.commands)
                .await
        })
    }

    /// Between two lives: whoever asks for something is refused at once, and what is to be told is told.
    fn pause(&mut self, duration: Duration) {
        if duration.is_zero() {
            return;
        }
        match runtime::Builder::new_current_thread().enable_time().build() {
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
    use super::*;

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
        let (rooms, mut events, ends) = crate::room::connect();
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let certificate = sfu::Certificate::generate().unwrap();
        let config = Config { addresses: Vec::new(), certificate, limits: sfu::Limits::default() };
        let mut thread = MediaThread::new(socket, config, ends);
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
}
