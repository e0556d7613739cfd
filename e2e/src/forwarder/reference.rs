//! A minimal forwarder on str0m: one thread, one socket, `recvmmsg` and `sendmmsg`, and nothing that it could leave out.

use std::collections::{BTreeMap, HashMap};
use std::io::IoSlice;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token, Waker};
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, sendmmsg};
use str0m::change::SdpOffer;
use str0m::media::{Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{RtpPacket, RtpWrite, Ssrc};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};

use super::{Entry, answer, requests};
use crate::load::socket::{Buffers, Socket};

/// How often the sessions' timers are looked at.
const TICK: Duration = Duration::from_millis(10);
/// Datagrams in one `sendmmsg`.
const BATCH: usize = 64;
const DATAGRAM: Token = Token(0);
const REQUEST: Token = Token(1);

pub(super) fn run() {
    let mut poll = Poll::new().expect("the system has polls");
    let mut socket = Socket::bind().expect("a free port");
    poll.registry().register(&mut socket.socket, DATAGRAM, Interest::READABLE).expect("a socket can be waited for");
    let waker = Waker::new(poll.registry(), REQUEST).expect("a thread can be woken");
    let (sender, entries) = channel();
    requests(move |entry| {
        sender.send(entry).expect("entries are awaited");
        waker.wake().expect("a thread can be woken");
    });
    let sink = Sink::new(socket);
    let mut forwarder = Forwarder { sink, sessions: Vec::new(), rooms: BTreeMap::new(), addresses: HashMap::new() };
    let mut events = Events::with_capacity(8);
    let mut buffers = Buffers::default();
    let mut ticked = Instant::now();
    loop {
        poll.poll(&mut events, Some(TICK)).expect("sockets can be waited for");
        for event in &events {
            match event.token() {
                DATAGRAM => forwarder.receive(&mut buffers),
                _ => forwarder.admit(&entries),
            }
        }
        let now = Instant::now();
        if now >= ticked + TICK {
            ticked = now;
            forwarder.tick(now);
        }
    }
}

struct Session {
    rtc: Rtc,
    room: u64,
    /// Which of the room's publishers it is.
    publishes: Option<usize>,
    is_connected: bool,
    deadline: Instant,
    slots: Vec<Slot>,
}

struct Slot {
    mid: Mid,
    stream: Option<(Ssrc, Pt)>,
    sequence: u64,
}

struct Forwarder {
    sink: Sink,
    sessions: Vec<Session>,
    rooms: BTreeMap<u64, Room>,
    addresses: HashMap<SocketAddr, usize>,
}

#[derive(Default)]
struct Room {
    publishers: usize,
    subscribers: Vec<usize>,
}

impl Forwarder {
    fn admit(&mut self, entries: &Receiver<Entry>) {
        for entry in entries.try_iter() {
            let now = Instant::now();
            let config = RtcConfig::new().set_rtp_mode(true).set_ice_lite(true).set_stats_interval(None);
            let config = config.clear_codecs().enable_opus(true, false).enable_vp8(true);
            let mut rtc = config.build(now);
            let address = self.sink.socket.address();
            rtc.add_local_candidate(Candidate::host(address, "udp").expect("an address of this machine"));
            let offer = SdpOffer::from_sdp_string(&entry.offer).expect("an offer");
            let mids = entry.offer.lines().filter_map(|line| line.strip_prefix("a=mid:"));
            let mids: Vec<Mid> = mids.filter(|mid| entry.own.as_deref() != Some(mid)).map(Mid::from).collect();
            let sdp = rtc.sdp_api().accept_offer(offer).expect("an offer that can be answered").to_sdp_string();
            let index = self.sessions.len();
            let room = self.rooms.entry(entry.room).or_default();
            let publishes = entry.own.map(|_| room.publishers);
            room.publishers += usize::from(publishes.is_some());
            if !mids.is_empty() {
                room.subscribers.push(index);
            }
            let slots = mids.into_iter().map(|mid| Slot { mid, stream: None, sequence: 0 }).collect();
            let session = Session { rtc, room: entry.room, publishes, is_connected: false, deadline: now, slots };
            self.sessions.push(session);
            answer(&sdp);
        }
    }

    fn receive(&mut self, buffers: &mut Buffers) {
        loop {
            let now = Instant::now();
            let mut received = Vec::new();
            let more = self.sink.socket.receive(buffers, |source, contents| received.push((source, contents.to_vec())));
            for (source, contents) in received {
                self.take(now, source, &contents);
            }
            self.sink.flush();
            if !more {
                return;
            }
        }
    }

    fn take(&mut self, now: Instant, source: SocketAddr, contents: &[u8]) {
        let Ok(contents) = contents.try_into() else { return };
        let destination = self.sink.socket.address();
        let input = Input::Receive(now, Receive { proto: Protocol::Udp, source, destination, contents });
        let known = self.addresses.get(&source).copied();
        let index = known.or_else(|| self.sessions.iter().rposition(|session| session.rtc.accepts(&input)));
        let Some(index) = index else { return };
        if known.is_none() {
            self.addresses.insert(source, index);
        }
        let session = &mut self.sessions[index];
        if session.rtc.handle_input(input).is_err() {
            return;
        }
        let packets = session.drive(&mut self.sink);
        let (Some(publisher), Some(room)) = (session.publishes, self.rooms.get(&session.room)) else { return };
        // Nobody hears themselves.
        let slot = |other: &Session| match other.publishes {
            Some(own) if own == publisher => None,
            Some(own) if own < publisher => Some(publisher - 1),
            Some(_) | None => Some(publisher),
        };
        for packet in packets {
            for subscriber in &room.subscribers {
                let other = &mut self.sessions[*subscriber];
                if let Some(slot) = slot(other) {
                    other.send(now, slot, &packet);
                    other.drive(&mut self.sink);
                }
            }
        }
    }

    fn tick(&mut self, now: Instant) {
        for session in self.sessions.iter_mut().filter(|session| session.deadline <= now) {
            let _ = session.rtc.handle_input(Input::Timeout(now));
            session.drive(&mut self.sink);
        }
        self.sink.flush();
    }
}

impl Session {
    fn send(&mut self, now: Instant, slot: usize, packet: &RtpPacket) {
        let Some(slot) = self.slots.get_mut(slot).filter(|_| self.is_connected) else { return };
        if slot.stream.is_none() {
            let ssrc = self.rtc.direct_api().stream_tx_by_mid(slot.mid, None).map(|stream| stream.ssrc());
            let payload_type = self.rtc.media(slot.mid).and_then(|media| media.remote_pts().first().copied());
            slot.stream = ssrc.zip(payload_type);
        }
        let Some((ssrc, payload_type)) = slot.stream else { return };
        slot.sequence += 1;
        let written =
            RtpWrite::new(payload_type, slot.sequence.into(), packet.header.timestamp, now, packet.payload.clone());
        if let Some(stream) = self.rtc.direct_api().stream_tx(&ssrc) {
            stream.write_rtp(written.marker(packet.header.marker));
        }
    }

    /// Sends what is to be sent; answers with what was received.
    fn drive(&mut self, sink: &mut Sink) -> Vec<RtpPacket> {
        let mut packets = Vec::new();
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Transmit(transmit)) => sink.push(transmit.destination, &transmit.contents),
                Ok(Output::Event(Event::RtpPacket(packet))) => packets.push(packet),
                Ok(Output::Event(Event::Connected)) => self.is_connected = true,
                Ok(Output::Event(_)) => {}
                Ok(Output::Timeout(at)) => {
                    self.deadline = at;
                    return packets;
                }
                Err(_) => {
                    self.is_connected = false;
                    self.deadline = Instant::now() + 1_000 * TICK;
                    return packets;
                }
            }
        }
    }
}

/// What is to be sent, until there is a batch of it.
struct Sink {
    socket: Socket,
    headers: MultiHeaders<SockaddrStorage>,
    destinations: Vec<Option<SockaddrStorage>>,
    contents: Vec<Vec<u8>>,
}

impl Sink {
    fn new(socket: Socket) -> Self {
        let headers = MultiHeaders::preallocate(BATCH, None);
        Self { socket, headers, destinations: Vec::new(), contents: vec![Vec::new(); BATCH] }
    }

    fn push(&mut self, destination: SocketAddr, contents: &[u8]) {
        let buffer = &mut self.contents[self.destinations.len()];
        buffer.clear();
        buffer.extend_from_slice(contents);
        self.destinations.push(Some(destination.into()));
        if self.destinations.len() == BATCH {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let count = self.destinations.len();
        let slices: Vec<_> = self.contents[..count].iter().map(|contents| [IoSlice::new(contents)]).collect();
        let mut sent = 0;
        while sent < count {
            let (slices, destinations) = (&slices[sent..], &self.destinations[sent..]);
            let socket = self.socket.socket.as_raw_fd();
            let done = sendmmsg(socket, &mut self.headers, slices, destinations, [], MsgFlags::empty());
            // What does not go out is lost, and counted as such.
            sent += done.map_or(1, |done| done.count().max(1));
        }
        self.destinations.clear();
    }
}
