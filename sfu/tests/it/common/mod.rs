//! A virtual clock, a seeded lossy link, and clients.

pub(crate) mod arrivals;
pub(crate) mod camera;
pub(crate) mod client;
pub(crate) mod full;
pub(crate) mod layered;
pub(crate) mod lossy;
pub(crate) mod offer;
pub(crate) mod scalable;
pub(crate) mod screen;
pub(crate) mod viewer;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use client::Client;
use offer::Layout;
use sfu::{
    Answer, Certificate, Config, Datagram, Event, Grant, Join, Limits, Mid, Output, PeerId, PeerState, Quality, RoomId,
    Sfu, SfuId, SlotView, Source, Transmit, Wish,
};

pub(crate) const ROOM: RoomId = RoomId(1);
pub(crate) const TICK: Duration = Duration::from_millis(20);

pub(crate) fn server_address() -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 1], 8443))
}

#[expect(clippy::disallowed_methods, reason = "any instant will do as the virtual clock's first")]
pub(crate) fn first_instant() -> Instant {
    Instant::now()
}

/// A small seeded generator (SplitMix64).
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// Whose pictures one saw in a second: those that were wished for, and no others.
pub(crate) fn assert_sees(id: u64, seen: &[u64], expected: Option<u64>) {
    match expected {
        Some(peer) => assert!(seen.len() > 15 && seen.iter().all(|seen| *seen == peer), "{id}: {seen:?} of {peer}"),
        None => assert_eq!(seen, [0; 0], "{id} sees what it does not wish for, or may not"),
    }
}

/// What every datagram suffers, in both directions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    pub(crate) loss_percent: u64,
    pub(crate) delay: Duration,
    pub(crate) jitter: Duration,
    /// What its narrowest place carries, with a queue of [`LONGEST_WAIT`] before it.
    pub(crate) bits_per_second: Option<u64>,
}

const LONGEST_WAIT: Duration = Duration::from_millis(300);
/// Bytes of UDP and IP.
const HEADERS: u64 = 28;

impl Link {
    pub(crate) const CLEAN: Self =
        Self { loss_percent: 0, delay: Duration::from_millis(5), jitter: Duration::ZERO, bits_per_second: None };

    /// One of each kind, for plans to choose from.
    pub(crate) const SOME: [Self; 4] = [
        Self::CLEAN,
        Self { loss_percent: 8, delay: Duration::from_millis(30), ..Self::CLEAN },
        Self { bits_per_second: Some(400_000), delay: Duration::from_millis(20), ..Self::CLEAN },
        Self { delay: Duration::from_millis(40), jitter: Duration::from_millis(30), ..Self::CLEAN },
    ];
}

pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) sfu: Sfu,
    pub(crate) clients: BTreeMap<u64, Client>,
    pub(crate) events: Vec<Event>,
    pub(crate) link: Link,
    /// Of clients whose own is another.
    pub(crate) links: BTreeMap<u64, Link>,
    /// Bit/s of all that the server sends, with a queue of [`LONGEST_WAIT`].
    pub(crate) uplink: Option<u64>,
    pub(crate) chance: Chance,
    /// Every datagram that the server sent, for tests that forge.
    pub(crate) sent: Vec<Transmit>,
    pub(crate) record: bool,
    flights: BTreeMap<(Instant, u64), (SocketAddr, SocketAddr, Vec<u8>)>,
    count: u64,
    /// When the narrowest place of each way is free again, by its ends.
    free: BTreeMap<(SocketAddr, SocketAddr), Instant>,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        Self::with_limits(seed, Limits::default())
    }

    pub(crate) fn with_limits(seed: u64, limits: Limits) -> Self {
        let now = first_instant();
        let config = Config {
            id: SfuId::default(),
            addresses: vec![server_address()],
            certificate: Certificate::generate().unwrap(),
            limits,
        };
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        Self {
            now,
            sfu: Sfu::new(config, bytes, now),
            clients: BTreeMap::new(),
            events: Vec::new(),
            link: Link::CLEAN,
            links: BTreeMap::new(),
            uplink: None,
            chance: Chance(seed),
            sent: Vec::new(),
            record: false,
            flights: BTreeMap::new(),
            count: 0,
            free: BTreeMap::new(),
        }
    }

    /// Joins with everything granted and switched on.
    pub(crate) fn join(&mut self, id: u64, layout: &Layout) -> Answer {
        let state = PeerState { camera: true, screen: true, ..PeerState::default() };
        self.join_as(id, layout, (Grant::ALL, state))
    }

    pub(crate) fn join_as(&mut self, id: u64, layout: &Layout, (grant, state): (Grant, PeerState)) -> Answer {
        self.join_room(ROOM, (id, layout), (grant, state))
    }

    pub(crate) fn join_room(
        &mut self,
        room: RoomId,
        (id, layout): (u64, &Layout),
        (grant, state): (Grant, PeerState),
    ) -> Answer {
        let mut client = Client::new(self.now, id, layout);
        let join = Join {
            room,
            peer: PeerId(id),
            grant,
            state,
            audio_bitrate: 510_000,
            replaces: None,
            offer: &client.offer(),
            sources: &layout.sources(),
        };
        let answer = self.sfu.join(self.now, join).unwrap();
        client.accept(self.now, &answer);
        self.clients.insert(id, client);
        answer
    }

    /// Joins peers and waits until all are connected.
    pub(crate) fn connect(&mut self, ids: &[u64], layout: &Layout) {
        for id in ids {
            self.join(*id, layout);
        }
        self.run(Duration::from_millis(500));
        for id in ids {
            assert!(self.is_connected(*id), "{id} is not connected");
        }
    }

    pub(crate) fn is_connected(&self, id: u64) -> bool {
        self.count_events(|event| *event == Event::Connected { peer: PeerId(id) }) > 0
    }

    pub(crate) fn count_events(&self, is: impl Fn(&Event) -> bool) -> usize {
        self.events.iter().filter(|event| is(event)).count()
    }

    pub(crate) fn client(&mut self, id: u64) -> &mut Client {
        self.clients.get_mut(&id).unwrap()
    }

    /// What the slots of a peer show, by the last event.
    pub(crate) fn slots(&self, id: u64) -> Vec<SlotView> {
        for event in self.events.iter().rev() {
            if let Event::Slots { peer, slots } = event
                && *peer == PeerId(id)
            {
                return slots.clone();
            }
        }
        Vec::new()
    }

    /// The last event on the quality of a peer's media.
    pub(crate) fn quality(&self, id: u64) -> Option<Quality> {
        let mut told = None;
        for event in &self.events {
            if let Event::Quality { peer, quality } = event
                && *peer == PeerId(id)
            {
                told = Some(quality.clone());
            }
        }
        told
    }

    pub(crate) fn shows(&self, id: u64, mid: &str) -> Option<(u64, Source)> {
        let slots = self.slots(id);
        let slot = slots.iter().find(|slot| slot.mid == Mid::from(mid))?;
        slot.shows.map(|shown| (shown.peer.0, shown.source))
    }

    /// Wishes for cameras, each in a slot and at a width of a picture of four to three.
    pub(crate) fn watch(&mut self, id: u64, wishes: &[(&str, u64, u16)]) {
        let wishes = wishes.iter().map(|(mid, peer, width)| Wish {
            mid: Mid::from(*mid),
            peer: PeerId(*peer),
            source: Source::Camera,
            width: *width,
            height: width / 4 * 3,
            is_pinned: false,
        });
        self.sfu.set_wishes(self.now, PeerId(id), &wishes.collect::<Vec<_>>());
        self.settle();
    }

    /// Connects a publisher, 1, and subscribers who watch its camera at these widths in their first slot; answers with all.
    pub(crate) fn connect_viewers(&mut self, layout: &Layout, widths: &[u16]) -> Vec<u64> {
        let ids: Vec<u64> = (1..=1 + widths.len() as u64).collect();
        self.connect(&ids, layout);
        for (id, width) in ids[1..].iter().zip(widths) {
            self.watch(*id, &[("v0", 1, *width)]);
        }
        ids
    }

    /// Lets cameras send pictures in all their encodings, 25 a second.
    pub(crate) fn shoot(&mut self, ids: &[u64], duration: Duration) {
        let end = self.now + duration;
        while self.now < end {
            for id in ids {
                self.client(*id).send_picture(Source::Camera);
            }
            self.run(2 * TICK);
        }
    }

    /// Lets a camera send pictures in layers of one stream, 25 a second.
    pub(crate) fn shoot_layers(&mut self, id: u64, duration: Duration) {
        let end = self.now + duration;
        while self.now < end {
            self.client(id).send_layers(Source::Camera);
            self.run(2 * TICK);
        }
    }

    pub(crate) fn wish(&mut self, id: u64, wishes: &[(&str, u64, Source)]) {
        let wishes: Vec<Wish> = wishes
            .iter()
            .map(|(mid, peer, source)| Wish {
                mid: Mid::from(*mid),
                peer: PeerId(*peer),
                source: *source,
                width: 1280,
                height: 720,
                is_pinned: false,
            })
            .collect();
        self.sfu.set_wishes(self.now, PeerId(id), &wishes);
        self.settle();
    }

    pub(crate) fn set_state(&mut self, id: u64, state: PeerState) {
        self.sfu.set_state(self.now, PeerId(id), state);
        self.settle();
    }

    /// Lets microphones send at these levels (0 silent to 127 loud), a packet each 20 ms.
    pub(crate) fn talk(&mut self, talkers: &[(u64, u8)], duration: Duration) {
        let end = self.now + duration;
        while self.now < end {
            for (id, level) in talkers {
                let now = self.now;
                self.client(*id).send_sound(now, Source::Microphone, *level);
            }
            self.run(TICK);
        }
    }

    /// Lets cameras send a frame of two packets each 40 ms.
    pub(crate) fn film(&mut self, ids: &[u64], duration: Duration) {
        let end = self.now + duration;
        while self.now < end {
            for id in ids {
                let now = self.now;
                self.client(*id).send_frame(now, Source::Camera);
            }
            self.run(2 * TICK);
        }
    }

    /// Hands the server a datagram at once.
    pub(crate) fn inject(&mut self, source: SocketAddr, contents: &[u8]) {
        self.handle(source, contents);
        self.settle();
    }

    /// Hands the server a datagram, and leaves what it has to say.
    pub(crate) fn handle(&mut self, source: SocketAddr, contents: &[u8]) {
        let datagram = Datagram { source, destination: server_address(), arrived: self.now, contents };
        self.sfu.handle(self.now, datagram);
    }

    /// Once all have left, nothing is left of them.
    pub(crate) fn assert_empty(&mut self) {
        assert_eq!((self.sfu.peer_count(), self.sfu.fault_count()), (0, 0));
        self.settle();
        assert_eq!(self.sfu.poll_output(), Output::Timeout(None));
    }

    /// Lets the time pass.
    pub(crate) fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        loop {
            let next = self.settle();
            let next = next.filter(|next| *next <= end);
            let Some(next) = next else {
                break;
            };
            self.now = self.now.max(next);
            self.step();
        }
        self.now = end;
        self.step();
        self.settle();
    }

    fn step(&mut self) {
        self.sfu.handle_timeout(self.now);
        for client in self.clients.values_mut() {
            client.handle_timeout(self.now);
        }
        while let Some(((at, _), _)) = self.flights.first_key_value() {
            if *at > self.now {
                break;
            }
            let (_, (source, destination, contents)) = self.flights.pop_first().unwrap();
            if destination == server_address() {
                self.handle(source, &contents);
            } else {
                let mut clients = self.clients.values_mut();
                if let Some(client) = clients.find(|client| client.address == destination) {
                    client.handle(self.now, &contents);
                }
            }
        }
    }

    /// Takes all outputs; returns when something happens next.
    pub(crate) fn settle(&mut self) -> Option<Instant> {
        let timeout = loop {
            match self.sfu.poll_output() {
                Output::Transmit(transmit) => {
                    if self.record {
                        self.sent.push(transmit.clone());
                    }
                    let ends = (transmit.source, transmit.destination);
                    self.fly(ends, transmit.contents.to_vec());
                }
                Output::Event(event) => {
                    self.obey(&event);
                    self.events.push(event);
                }
                Output::Timeout(timeout) => break timeout,
            }
        };
        let mut datagrams = Vec::new();
        let mut next = timeout;
        for client in self.clients.values_mut() {
            let address = client.address;
            let out = client.take_outgoing();
            datagrams.extend(out.into_iter().map(|contents| (address, contents)));
            next = [next, client.next_timeout()].into_iter().flatten().min();
        }
        for (address, contents) in datagrams {
            self.fly((address, server_address()), contents);
        }
        let flight = self.flights.first_key_value().map(|((at, _), _)| *at);
        [next, flight].into_iter().flatten().min()
    }

    /// What is told to a publisher.
    fn obey(&mut self, event: &Event) {
        if let Event::Encodings { peer, source, wanted } = event
            && let Some(camera) = self.clients.get_mut(&peer.0).and_then(|client| client.cameras.get_mut(source))
        {
            camera.obey(wanted);
        }
    }

    fn fly(&mut self, (source, destination): (SocketAddr, SocketAddr), contents: Vec<u8>) {
        let client = if source == server_address() { destination } else { source };
        let of = |id: &u64| self.clients.get(id).is_some_and(|found| found.address == client);
        let link = self.links.iter().find(|(id, _)| of(id)).map_or(self.link, |(_, link)| *link);
        if self.chance.below(100) < link.loss_percent {
            return;
        }
        let shared = self.uplink.filter(|_| source == server_address()).map(|bits| ((source, source), bits));
        let own = link.bits_per_second.map(|bits| ((source, destination), bits));
        let mut at = self.now;
        for (ends, bits) in shared.into_iter().chain(own) {
            let free = self.free.entry(ends).or_insert(at);
            let begin = (*free).max(at);
            if begin - at > LONGEST_WAIT {
                return;
            }
            *free = begin + Duration::from_micros((contents.len() as u64 + HEADERS) * 8_000_000 / bits);
            at = *free;
        }
        let jitter = u64::try_from(link.jitter.as_micros()).unwrap();
        let extra = Duration::from_micros(self.chance.below(jitter + 1));
        self.count += 1;
        self.flights.insert((at + link.delay + extra, self.count), (source, destination, contents));
    }
}
