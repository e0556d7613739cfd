//! The edge that speaks UDP: a thread that drives the SFU, and answers STUN.

mod socket;

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::thread;
use std::time::Instant;

use sfu::{Certificate, Config, Datagram, Event, Join, Limits, Output, Sfu, Transmit};
use tokio::runtime;
use tokio::sync::mpsc;
use tokio::time::sleep_until;

use self::socket::Socket;
use crate::app::App;
use crate::domain::voice;
use crate::room::{Command, Ends};

/// Commands that are done before the socket gets its turn again.
const COMMANDS: usize = 32;
/// Events that wait for the rest of the server before those that only inform are dropped.
const WAITING_EVENTS: usize = 16_384;

/// Why media cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the media socket: {0}")]
    Socket(#[from] io::Error),
    #[error("the media certificate: {0}")]
    Certificate(#[from] sfu::CertificateError),
}

/// Starts the media thread; it ends when nobody can send it commands any more.
pub(crate) fn start(socket: UdpSocket, announced: Vec<SocketAddr>, ends: Ends) -> Result<(), Error> {
    let config = Config { addresses: announced, certificate: Certificate::generate()?, limits: Limits::default() };
    let mut seed = [0_u8; 32];
    getrandom::fill(&mut seed).map_err(|error| io::Error::other(error.to_string()))?;
    let runtime = runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let sfu = Sfu::new(config, seed, Instant::now());
    thread::Builder::new().name("media".into()).spawn(move || {
        let ended = runtime.block_on(async {
            let socket = Socket::new(socket)?;
            let (answers, waiting) = (Vec::new(), VecDeque::new());
            Driver { sfu, socket, answers, events: ends.events, waiting }.run(ends.commands).await
        });
        if let Err(error) = ended {
            tracing::error!(%error, "the media thread ended");
        }
    })?;
    Ok(())
}

/// Passes the events of the media thread on, in their order.
pub(crate) async fn pump(app: App, mut events: mpsc::Receiver<Event>) {
    while let Some(event) = events.recv().await {
        if let Err(error) = voice::handle(&app, event).await {
            tracing::warn!(%error, "an event of the media thread could not be passed on");
        }
    }
}

struct Driver {
    sfu: Sfu,
    socket: Socket,
    /// STUN's answers to the batch at hand.
    answers: Vec<Transmit>,
    events: mpsc::Sender<Event>,
    /// Events for which the way was full.
    waiting: VecDeque<Event>,
}

impl Driver {
    async fn run(mut self, mut commands: mpsc::Receiver<Command>) -> io::Result<()> {
        let mut batch = Vec::with_capacity(COMMANDS);
        loop {
            let deadline = self.flush();
            let timer = async {
                match deadline {
                    Some(at) => sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                readable = self.socket.readable() => {
                    readable?;
                    self.receive()?;
                }
                () = timer => self.sfu.handle_timeout(Instant::now()),
                count = commands.recv_many(&mut batch, COMMANDS) => {
                    if count == 0 {
                        return Ok(());
                    }
                    let now = Instant::now();
                    for command in batch.drain(..) {
                        self.obey(now, command);
                    }
                }
            }
        }
    }

    fn receive(&mut self) -> io::Result<()> {
        let now = Instant::now();
        let Self { sfu, socket, answers, .. } = self;
        socket.receive(|source, destination, contents| match turn::answer(source, contents) {
            Some(answer) => {
                answers.push(Transmit { source: destination, destination: source, contents: answer.into() })
            }
            None => sfu.handle(now, Datagram { source, destination, contents }),
        })?;
        for answer in answers.drain(..) {
            socket.send(&answer);
        }
        Ok(())
    }

    fn obey(&mut self, now: Instant, command: Command) {
        match command {
            Command::Join(entry, answered) => {
                let join = Join {
                    room: entry.room,
                    peer: entry.peer,
                    grant: entry.grant,
                    state: entry.state,
                    offer: &entry.offer,
                    sources: &entry.sources,
                };
                let answer = self.sfu.join(now, join);
                if answered.send(answer).is_err() {
                    self.sfu.leave(now, entry.peer);
                }
            }
            Command::Restart { peer, offer, answered } => drop(answered.send(self.sfu.restart(now, peer, &offer))),
            Command::Leave(peer) => self.sfu.leave(now, peer),
            Command::SetState(peer, state) => self.sfu.set_state(now, peer, state),
            Command::SetWishes(peer, wishes) => self.sfu.set_wishes(now, peer, &wishes),
        }
    }

    /// Sends what is to be sent, and answers with when the SFU wants the time told.
    fn flush(&mut self) -> Option<Instant> {
        loop {
            match self.sfu.poll_output() {
                Output::Transmit(transmit) => self.socket.send(&transmit),
                Output::Event(event) => self.waiting.push_back(event),
                Output::Timeout(at) => {
                    self.tell();
                    return at;
                }
            }
        }
    }

    fn tell(&mut self) {
        while let Some(event) = self.waiting.pop_front() {
            if let Err(error) = self.events.try_send(event) {
                self.waiting.push_front(error.into_inner());
                break;
            }
        }
        if self.waiting.len() > WAITING_EVENTS {
            self.waiting.retain(|event| !matches!(event, Event::Speakers { .. } | Event::Quality { .. }));
        }
    }
}
