//! Several media threads, each on a port of its own here, so that a test says which of them a datagram reaches.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use aws_lc_rs::hmac;

use super::*;

/// A ClientHello with all that the SFU asks for, in hexadecimal.
const CLIENT_HELLO: &str = include_str!("client_hello.hex");
const BINDING_SUCCESS: [u8; 2] = [1, 1];
const HANDSHAKE: u8 = 22;

struct Threads {
    rooms: Rooms,
    events: Events,
    ports: Vec<SocketAddr>,
}

impl Threads {
    fn start(count: usize) -> Self {
        Self::working(count, || Duration::ZERO)
    }

    /// Threads that believe that they have worked for so long.
    fn working(count: usize, clock: fn() -> Duration) -> Self {
        let (rooms, events, ends) = room::connect(count);
        let sockets: Vec<_> = (0..count).map(|_| socket()).collect();
        let ports = sockets.iter().map(|socket| socket.local_addr().unwrap()).collect();
        start_on(sockets, Way::default(), (ends, clock)).unwrap();
        Self { rooms, events, ports }
    }

    /// The first peer of a room; rooms take turns on the threads.
    async fn guest(&self, number: u64) -> Guest {
        let answer = join(&self.rooms, number, number).await.unwrap().unwrap();
        let line = |name| answer.sdp.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
        Guest { ufrag: line("a=ice-ufrag:"), password: line("a=ice-pwd:"), checks: 0 }
    }
}

/// What a client knows of its session.
struct Guest {
    ufrag: String,
    password: String,
    checks: u64,
}

impl Guest {
    /// An authentic check (RFC 8445 section 7.2.4).
    fn check(&mut self) -> Vec<u8> {
        self.checks += 1;
        let theirs = OFFER.lines().find_map(|line| line.strip_prefix("a=ice-ufrag:")).unwrap();
        let username = format!("{}:{theirs}", self.ufrag);
        let mut attributes = vec![0, 6, 0, u8::try_from(username.len()).unwrap()];
        attributes.extend_from_slice(username.as_bytes());
        attributes.resize(attributes.len().next_multiple_of(4), 0);
        let length = u8::try_from(attributes.len() + 24).unwrap();
        let mut message = vec![0, 1, 0, length, 0x21, 0x12, 0xa4, 0x42];
        message.extend_from_slice(&[0; 4]);
        message.extend_from_slice(&self.checks.to_be_bytes());
        message.append(&mut attributes);
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, self.password.as_bytes());
        let code = hmac::sign(&key, &message);
        message.extend_from_slice(&[0, 8, 0, 20]);
        message.extend_from_slice(code.as_ref());
        message
    }
}

fn client_hello() -> Vec<u8> {
    let digits: Vec<_> = CLIENT_HELLO.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// A client's socket.
struct Line(UdpSocket);

impl Line {
    fn new() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(SOON)).unwrap();
        Self(socket)
    }

    /// Sends to a port and waits for what an answer begins with to come from another.
    fn exchange(&self, to: SocketAddr, contents: &[u8], (from, begin): (SocketAddr, &[u8])) {
        self.0.send_to(contents, to).unwrap();
        let mut answer = [0; 2_000];
        loop {
            let (length, source) = self.0.recv_from(&mut answer).expect("an answer comes soon");
            if source == from && answer[..length].starts_with(begin) {
                return;
            }
        }
    }
}

#[tokio::test]
async fn a_peer_is_served_by_its_thread_whichever_its_datagrams_reach() {
    let threads = Threads::start(3);
    for number in 0..3 {
        let mut guest = threads.guest(number as u64 + 1).await;
        let own = threads.ports[number];
        for port in &threads.ports {
            let line = Line::new();
            line.exchange(*port, &guest.check(), (own, &BINDING_SUCCESS));
            line.exchange(*port, &client_hello(), (own, &[HANDSHAKE]));
        }
    }
}

#[tokio::test]
async fn who_forges_an_address_cuts_off_nobody_who_uses_it() {
    let threads = Threads::start(3);
    let mut guests = [threads.guest(1).await, threads.guest(2).await, threads.guest(3).await];
    let port = threads.ports[0];
    // The victim's peer is on the thread that its datagrams reach, or on another, and so is the forger's.
    for (victim, forger) in [(0, 1), (1, 0), (1, 2)] {
        for is_first in [true, false] {
            let line = Line::new();
            let mut turns = [victim, forger];
            if !is_first {
                turns.reverse();
            }
            for turn in turns {
                line.exchange(port, &guests[turn].check(), (threads.ports[turn], &BINDING_SUCCESS));
            }
            line.exchange(port, &client_hello(), (threads.ports[victim], &[HANDSHAKE]));
        }
    }
}

#[tokio::test]
async fn who_names_a_thread_that_does_not_know_him_gets_nothing_and_leaves_nothing() {
    let threads = Threads::start(2);
    let mut guest = threads.guest(1).await;
    let line = Line::new();
    let mut forged = guest.check();
    *forged.last_mut().unwrap() ^= 1;
    line.0.send_to(&forged, threads.ports[1]).unwrap();
    line.0.send_to(&client_hello(), threads.ports[1]).unwrap();
    // The first that is answered is the first that is authentic.
    line.0.send_to(&guest.check(), threads.ports[1]).unwrap();
    let mut answer = [0; 100];
    let (_, source) = line.0.recv_from(&mut answer).unwrap();
    assert_eq!((source, &answer[..2]), (threads.ports[0], &BINDING_SUCCESS[..]));
}

#[tokio::test]
async fn the_death_of_a_thread_is_not_noticed_in_the_rooms_of_another() {
    let mut threads = Threads::start(2);
    let (_, mut survivor) = (threads.guest(1).await, threads.guest(2).await);
    let line = Line::new();
    line.exchange(threads.ports[0], &survivor.check(), (threads.ports[1], &BINDING_SUCCESS));
    threads.rooms.send(0, Command::Panic).await.unwrap();
    assert_eq!(threads.events.recv().await, Some(Event::Gone { peer: PeerId(1), reason: GoneReason::Fault }));
    // What is known of addresses outlives it.
    line.exchange(threads.ports[0], &client_hello(), (threads.ports[1], &[HANDSHAKE]));
    threads.rooms.send(0, Command::Panic).await.unwrap();
    assert!(threads.rooms.check().await.is_err(), "a thread is between two lives");
    line.exchange(threads.ports[0], &survivor.check(), (threads.ports[1], &BINDING_SUCCESS));
    assert_eq!(threads.events.try_recv(), None);
    assert_eq!(join(&threads.rooms, 2, 2).await.unwrap(), Err(JoinError::AlreadyJoined));
}

/// The first of the threads works without a pause, the others not at all.
fn first_is_busy() -> Duration {
    static BEGIN: OnceLock<Instant> = OnceLock::new();
    let is_first = std::thread::current().name() == Some("media-0");
    if is_first { BEGIN.get_or_init(Instant::now).elapsed() } else { Duration::ZERO }
}

#[tokio::test]
async fn a_busy_thread_has_another_send_for_it_and_serves_its_peers_as_before() {
    let threads = Threads::working(2, first_is_busy);
    let mut guest = threads.guest(1).await;
    let begin = Instant::now();
    let lines: Vec<_> = (0..32).map(|_| Line::new()).collect();
    let mut senders = BTreeSet::new();
    while senders.len() < 2 {
        assert!(begin.elapsed() < SOON, "nothing was handed over");
        for line in &lines {
            line.0.send_to(&guest.check(), threads.ports[0]).unwrap();
            let mut answer = [0; 100];
            let (_, source) = line.0.recv_from(&mut answer).expect("an answer comes soon");
            assert_eq!(answer[..2], BINDING_SUCCESS);
            senders.insert(source);
        }
    }
    assert_eq!(senders, threads.ports.iter().copied().collect());
}
