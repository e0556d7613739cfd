//! A load of many clients on one forwarder, all on one thread and one core.

mod client;
mod sample;
pub(crate) mod socket;

use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::Pid;

use crate::bench::Samples;
use crate::forwarder::{Entry, Forwarder, Make};
use client::Client;
pub(crate) use client::{Count, Ears, Lines};
use socket::Buffers;

/// How often the clients' timers are looked at.
const TICK: Duration = Duration::from_millis(5);
/// How long clients may take to connect, all together.
const PATIENCE: Duration = Duration::from_secs(30);
/// The core of a forwarder that has one for itself, and that of the load.
pub(crate) const CORES: [usize; 2] = [0, 1];

/// What each publisher sends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pattern {
    /// From one burst of a publisher to the next. The publishers take turns within it.
    pub(crate) interval: Duration,
    /// Packets in a burst.
    pub(crate) burst: u32,
    /// Bytes of a packet's payload.
    pub(crate) bytes: usize,
}

pub(crate) struct Load {
    forwarder: Forwarder,
    clients: Vec<Client>,
    epoch: Instant,
    poll: Poll,
    events: Events,
    buffers: Buffers,
    ticked: Instant,
}

/// What became of what was sent in a while.
pub(crate) struct Outcome {
    pub(crate) count: Count,
    pub(crate) delays: Samples,
    /// CPU time that the forwarder took, in seconds.
    pub(crate) cpu: f64,
    /// CPU time that the busiest of its threads took, in seconds.
    pub(crate) busiest: f64,
    /// Times that the forwarder went to sleep, and was woken.
    pub(crate) wakeups: u64,
    pub(crate) elapsed: Duration,
}

impl Outcome {
    /// CPU time of a forwarded packet in microseconds.
    pub(crate) fn us_per_packet(&self) -> f64 {
        self.cpu * 1e6 / self.count.received as f64
    }

    /// Thousands of packets a second that came.
    pub(crate) fn kpps(&self) -> f64 {
        self.count.received as f64 / self.elapsed.as_secs_f64() / 1_000.0
    }

    /// Thousands of packets a second at which its busiest thread would have no time left.
    pub(crate) fn full_kpps(&self) -> f64 {
        self.count.received as f64 / self.busiest / 1_000.0
    }

    /// The share of a core that its busiest thread used.
    pub(crate) fn busiest(&self) -> f64 {
        self.busiest / self.elapsed.as_secs_f64()
    }

    /// The share of packets that never came.
    pub(crate) fn loss(&self) -> f64 {
        self.count.lost as f64 / (self.count.lost + self.count.received) as f64
    }

    /// The share of one core that the forwarder used.
    pub(crate) fn busy(&self) -> f64 {
        self.cpu / self.elapsed.as_secs_f64()
    }
}

impl Load {
    /// Starts a forwarder, and takes the thread to the core of the load, unless they share all cores.
    pub(crate) fn new(make: Make) -> Self {
        let forwarder = Forwarder::start(make);
        if make.is_on_one_core() {
            pin(CORES[1]);
        } else {
            unpin();
        }
        allow_many_sockets();
        let now = Instant::now();
        Self {
            forwarder,
            clients: Vec::new(),
            epoch: now,
            poll: Poll::new().expect("the system has polls"),
            events: Events::with_capacity(1_024),
            buffers: Buffers::default(),
            ticked: now,
        }
    }

    pub(crate) fn forwarder(&self) -> &Forwarder {
        &self.forwarder
    }

    pub(crate) fn join(&mut self, room: u64, lines: Lines) {
        let client = Client::new(Instant::now(), lines);
        self.admit(room, lines, client);
    }

    fn admit(&mut self, room: u64, lines: Lines, (mut client, offer): (Client, String)) {
        let own = client.own().map(|mid| mid.to_string());
        let peer = 1 + self.clients.len() as u64;
        let answer = self.forwarder.join(&Entry { room, peer, own, is_video: lines.kind.is_video(), offer });
        let token = Token(self.clients.len());
        let socket = &mut client.socket.socket;
        self.poll.registry().register(socket, token, Interest::READABLE).expect("a socket can be waited for");
        client.accept(Instant::now(), &answer);
        self.clients.push(client);
    }

    /// Waits until all that have joined are connected.
    pub(crate) fn connect(&mut self) {
        let begun = Instant::now();
        while !self.clients.iter().all(Client::is_connected) {
            assert!(begun.elapsed() < PATIENCE, "not all clients were connected within {PATIENCE:?}");
            self.work(Instant::now() + TICK);
        }
    }

    /// Has many join while those who are there send, and waits until all of them hear something; answers with the time that
    /// took.
    pub(crate) fn join_at_once(&mut self, (room, lines): (u64, Lines), count: usize, pattern: Pattern) -> Duration {
        let clients: Vec<_> = (0..count).map(|_| Client::new(Instant::now(), lines)).collect();
        let first = self.clients.len();
        let begun = Instant::now();
        for client in clients {
            self.admit(room, lines, client);
        }
        while !self.clients[first..].iter().all(Client::has_heard) {
            assert!(begun.elapsed() < PATIENCE, "not all clients heard something within {PATIENCE:?}");
            for publisher in self.clients[..first].iter_mut().filter(|client| client.own().is_some()) {
                publisher.send(self.epoch, (pattern.burst, pattern.bytes));
            }
            let next = Instant::now() + pattern.interval;
            while Instant::now() < next && !self.clients[first..].iter().all(Client::has_heard) {
                self.work(next);
            }
        }
        begun.elapsed()
    }

    /// Sends by a pattern for a while.
    pub(crate) fn send_for(&mut self, duration: Duration, pattern: Pattern) -> Outcome {
        let publishers: Vec<usize> =
            (0..self.clients.len()).filter(|index| self.clients[*index].own().is_some()).collect();
        let step = pattern.interval / u32::try_from(publishers.len().max(1)).expect("few publishers");
        self.take_outcome();
        let begun = Instant::now();
        let (cpu, wakeups) = (self.forwarder.cpu_by_thread(), self.forwarder.wakeups());
        let mut due = begun;
        for publisher in publishers.iter().cycle() {
            if begun.elapsed() >= duration {
                break;
            }
            while due > Instant::now() {
                self.work(due);
            }
            self.clients[*publisher].send(self.epoch, (pattern.burst, pattern.bytes));
            due += step;
        }
        let elapsed = begun.elapsed();
        // What is on its way counts, too.
        let settled = Instant::now() + 4 * TICK;
        while Instant::now() < settled {
            self.work(settled);
        }
        let (count, delays) = self.take_outcome();
        let times = self.forwarder.cpu_by_thread().into_iter();
        let times: Vec<_> = times.map(|(thread, after)| after - cpu.get(&thread).copied().unwrap_or(0.0)).collect();
        let (busiest, wakeups) = (times.iter().copied().fold(0.0, f64::max), self.forwarder.wakeups() - wakeups);
        Outcome { count, delays, cpu: times.iter().sum(), busiest, wakeups, elapsed }
    }

    fn take_outcome(&mut self) -> (Count, Samples) {
        let mut total = Count::default();
        let mut delays = Samples::default();
        for client in &mut self.clients {
            let count = client.take_count();
            total.received += count.received;
            total.lost += count.lost;
            client.take_delays().into_iter().for_each(|delay| delays.push(delay));
        }
        (total, delays)
    }

    /// Receives, and does what is due, until a time at the latest.
    fn work(&mut self, until: Instant) {
        let next = (self.ticked + TICK).min(until);
        let wait = next.saturating_duration_since(Instant::now());
        self.poll.poll(&mut self.events, Some(wait)).expect("sockets can be waited for");
        for event in &self.events {
            self.clients[event.token().0].receive(self.epoch, &mut self.buffers);
        }
        let now = Instant::now();
        if now >= self.ticked + TICK {
            self.ticked = now;
            for client in self.clients.iter_mut().filter(|client| client.deadline <= now) {
                client.tick(now);
            }
        }
    }
}

/// Each client has a socket of its own.
fn allow_many_sockets() {
    if let Ok((_, most)) = getrlimit(Resource::RLIMIT_NOFILE) {
        // Where it is forbidden, a bench with many clients says that it has no more sockets.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, most, most);
    }
}

/// Lets the thread run on any core.
pub(crate) fn unpin() {
    let mut set = CpuSet::new();
    for core in 0..CpuSet::count() {
        // As many as a set holds; the system takes those that there are.
        let _ = set.set(core);
    }
    let _ = sched_setaffinity(Pid::from_raw(0), &set);
}

/// Keeps the thread on one core, if there is more than one.
pub(crate) fn pin(core: usize) {
    let cores = available_parallelism().map_or(1, usize::from);
    let mut set = CpuSet::new();
    if cores > 1 && set.set(core).is_ok() {
        // Where it is forbidden the figures are only less steady.
        let _ = sched_setaffinity(Pid::from_raw(0), &set);
    }
}
