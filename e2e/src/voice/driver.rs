//! Drives a connection with a socket and the clock.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use rtc::peer_connection::state::RTCPeerConnectionState;
use rtc::rtp::Packet;
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Interval, MissedTickBehavior, interval, sleep_until};

use super::connection::{Connection, Output, stamp};
use super::{Csrc, Heard, Lines, Talk};

/// How often a client that talks sends a packet.
const PACE: Duration = Duration::from_millis(20);
/// A record of DTLS (RFC 6347) with which the server says goodbye; `rtc` keeps it to itself.
const ALERT: u8 = 21;

/// What the stamps in payloads count from.
static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);

pub(super) enum Command {
    /// Whether all datagrams are lost.
    Cut(bool),
    /// Makes an offer that restarts ICE.
    Restart(oneshot::Sender<String>),
    Accept(String),
}

pub(super) struct Driver {
    socket: UdpSocket,
    connection: Connection,
    heard: watch::Sender<Heard>,
    pace: Option<Interval>,
    is_cut: bool,
    buffer: Vec<u8>,
}

impl Driver {
    /// A connection on a socket of its own, and its offer.
    pub(super) async fn new(lines: Lines) -> (Self, String) {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
        let address = socket.local_addr().expect("a bound socket");
        LazyLock::force(&EPOCH);
        let (connection, offer) = Connection::new(Instant::now(), address, lines);
        let pace = lines.talks.then(|| {
            let mut pace = interval(PACE);
            pace.set_missed_tick_behavior(MissedTickBehavior::Skip);
            pace
        });
        let heard = watch::Sender::new(Heard::default());
        (Self { socket, connection, heard, pace, is_cut: false, buffer: vec![0; 2_048] }, offer)
    }

    pub(super) fn heard(&self) -> watch::Receiver<Heard> {
        self.heard.subscribe()
    }

    pub(super) fn accept(&mut self, answer: &str) {
        self.connection.accept(Instant::now(), answer);
    }

    /// Goes on until the last who may give commands is gone.
    pub(super) async fn run(mut self, mut commands: mpsc::UnboundedReceiver<Command>) {
        let mut arrived = Instant::now();
        loop {
            self.flush(arrived);
            let deadline = self.connection.next_timeout(Instant::now());
            tokio::select! {
                ready = self.socket.readable() => {
                    ready.expect("a socket");
                    arrived = self.receive();
                }
                () = sleep_until(deadline.into()) => self.connection.handle_timeout(Instant::now()),
                () = tick(&mut self.pace), if self.heard.borrow().is_connected => self.talk(),
                command = commands.recv() => match command {
                    Some(command) => self.obey(command),
                    None => return,
                },
            }
        }
    }

    /// Takes one datagram, and answers with when it came.
    fn receive(&mut self) -> Instant {
        let received = self.socket.try_recv_from(&mut self.buffer);
        let now = Instant::now();
        match received {
            Ok((length, source)) if !self.is_cut => {
                let contents = &self.buffer[..length];
                self.connection.handle(now, source, contents);
                if contents.first() == Some(&ALERT) {
                    self.heard.send_modify(|heard| heard.is_closed = true);
                }
            }
            Ok(_) => {}
            // A port that is closed tells by ICMP.
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::ConnectionRefused) => {}
            Err(error) => panic!("the socket failed: {error}"),
        }
        now
    }

    fn talk(&mut self) {
        let now = Instant::now();
        let stamp = u64::try_from(now.duration_since(*EPOCH).as_nanos()).expect("a test lasts no centuries");
        self.connection.talk(now, stamp);
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Cut(is_cut) => self.is_cut = is_cut,
            Command::Restart(told) => drop(told.send(self.connection.restart(Instant::now()))),
            Command::Accept(answer) => self.accept(&answer),
        }
    }

    fn flush(&mut self, arrived: Instant) {
        while let Some(output) = self.connection.poll() {
            match output {
                Output::Transmit(destination, contents) => self.send(destination, &contents),
                Output::State(state) => {
                    let is_connected = state == RTCPeerConnectionState::Connected;
                    self.heard.send_modify(|heard| heard.is_connected |= is_connected);
                }
                Output::Sound(packet) => self.hear(arrived, &packet),
            }
        }
    }

    fn send(&self, destination: SocketAddr, contents: &[u8]) {
        if !self.is_cut {
            // What does not fit into the kernel's buffer is lost, as any datagram may be.
            let _ = self.socket.try_send_to(contents, destination);
        }
    }

    fn hear(&self, arrived: Instant, packet: &Packet) {
        let Some(csrc) = packet.header.csrc.first().copied().map(Csrc) else { return };
        let sent = stamp(packet).map(Duration::from_nanos);
        let delay = sent.and_then(|sent| arrived.duration_since(*EPOCH).checked_sub(sent));
        self.heard.send_modify(|heard| {
            let talk = heard.peers.entry(csrc).or_insert(Talk { packets: 0, last: arrived.into() });
            talk.packets += 1;
            talk.last = arrived.into();
            heard.delays.extend(delay.map(|delay| delay.as_secs_f64() * 1e3));
        });
    }
}

async fn tick(pace: &mut Option<Interval>) {
    match pace {
        Some(pace) => drop(pace.tick().await),
        None => std::future::pending().await,
    }
}
