//! One client of a forwarder: publishes on one line and receives on others.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::media::{Direction, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{ExtensionValues, RtpPacket, RtpWrite};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};

use super::sample;
use super::socket::{Buffers, Socket};

/// Until a client that waits for nothing is looked at again.
const IDLE: Duration = Duration::from_secs(3_600);
/// RFC 6464: speech at 20 dB below overload.
const LEVEL: i8 = -20;

/// What a client sends and takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lines {
    pub(crate) kind: MediaKind,
    pub(crate) publishes: bool,
    pub(crate) slots: usize,
    pub(crate) ears: Ears,
}

/// What a client does with the packets that come. The less it does, the less the load costs beside what is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ears {
    /// Decrypts them.
    Open,
    /// Counts them.
    Count,
    /// Counts a sample, and has the kernel drop the rest.
    Sample,
}

impl Ears {
    /// Of so many packets, one counts.
    fn every(self) -> u16 {
        match self {
            Self::Open | Self::Count => 1,
            Self::Sample => sample::EVERY,
        }
    }
}

/// How a received stream fared.
#[derive(Debug, Clone, Copy)]
struct Stream {
    first: u64,
    last: u64,
    received: u64,
}

impl Stream {
    /// How many are missing of every so many.
    fn lost(self, every: u64) -> u64 {
        ((self.last + every - self.first) / every).saturating_sub(self.received)
    }
}

/// Counted over all streams; of a sample, as many as it stands for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Count {
    pub(crate) received: u64,
    pub(crate) lost: u64,
}

pub(crate) struct Client {
    pub(super) socket: Socket,
    pub(super) deadline: Instant,
    rtc: Rtc,
    lines: Lines,
    own: Option<Mid>,
    pending: Option<SdpPendingOffer>,
    is_connected: bool,
    sequence: u64,
    streams: BTreeMap<u32, Stream>,
    /// In milliseconds.
    delays: Vec<f64>,
    outgoing: Vec<u8>,
}

impl Client {
    pub(super) fn new(now: Instant, lines: Lines) -> (Self, String) {
        let socket = Socket::bind().expect("a free port");
        if lines.ears == Ears::Sample {
            sample::attach(&socket.socket);
        }
        let config = RtcConfig::new().set_rtp_mode(true).set_stats_interval(None);
        let config = config.clear_codecs().enable_opus(true, false).enable_vp8(true);
        let mut rtc = config.build(now);
        let candidate = Candidate::host(socket.address(), "udp").expect("an address of this machine");
        rtc.add_local_candidate(candidate);
        let mut changes = rtc.sdp_api();
        let mut line = |direction| changes.add_media(lines.kind, direction, None, None, None);
        let own = lines.publishes.then(|| line(Direction::SendOnly));
        for _ in 0..lines.slots {
            line(Direction::RecvOnly);
        }
        let (offer, pending) = changes.apply().expect("there is a line");
        let client = Self {
            socket,
            deadline: now,
            rtc,
            lines,
            own,
            pending: Some(pending),
            is_connected: false,
            sequence: 0,
            streams: BTreeMap::new(),
            delays: Vec::new(),
            outgoing: Vec::new(),
        };
        (client, without_feedback(&offer.to_sdp_string()))
    }

    pub(super) fn accept(&mut self, now: Instant, answer: &str) {
        let answer = SdpAnswer::from_sdp_string(answer).expect("an answer");
        let pending = self.pending.take().expect("an offer is answered once");
        self.rtc.sdp_api().accept_answer(pending, answer).expect("an answer to the offer");
        self.tick(now);
    }

    /// The line that it publishes on.
    pub(super) fn own(&self) -> Option<Mid> {
        self.own
    }

    pub(super) fn is_connected(&self) -> bool {
        self.is_connected
    }

    /// Whether a packet of another has come.
    pub(super) fn has_heard(&self) -> bool {
        !self.streams.is_empty()
    }

    /// What came since this was asked last.
    pub(super) fn take_count(&mut self) -> Count {
        let mut count = Count::default();
        let every = u64::from(self.lines.ears.every());
        for stream in self.streams.values_mut() {
            count.received += every * stream.received;
            count.lost += every * stream.lost(every);
            *stream = Stream { first: stream.last + every, last: stream.last, received: 0 };
        }
        count
    }

    pub(super) fn take_delays(&mut self) -> Vec<f64> {
        std::mem::take(&mut self.delays)
    }

    pub(super) fn receive(&mut self, epoch: Instant, buffers: &mut Buffers) {
        loop {
            let mut kept = Vec::new();
            let (streams, ears) = (&mut self.streams, self.lines.ears);
            let more = self.socket.receive(buffers, |source, contents| {
                if let Some((ssrc, sequence)) = rtp(contents) {
                    note(streams, ssrc, (sequence, ears.every()));
                    if ears != Ears::Open {
                        return;
                    }
                }
                kept.push((source, contents.to_vec()));
            });
            for (source, contents) in kept {
                self.take(epoch, source, &contents);
            }
            if !more {
                return;
            }
        }
    }

    fn take(&mut self, epoch: Instant, source: SocketAddr, contents: &[u8]) {
        let Ok(contents) = contents.try_into() else { return };
        let destination = self.socket.address();
        let receive = Receive { proto: Protocol::Udp, source, destination, contents };
        let _ = self.rtc.handle_input(Input::Receive(Instant::now(), receive));
        self.drive(Some(epoch));
    }

    pub(super) fn tick(&mut self, now: Instant) {
        let _ = self.rtc.handle_input(Input::Timeout(now));
        self.drive(None);
    }

    /// Sends so many packets of so many bytes at once.
    pub(super) fn send(&mut self, epoch: Instant, (count, bytes): (u32, usize)) {
        let Some(own) = self.own.filter(|_| self.is_connected) else { return };
        let now = Instant::now();
        let Some(payload_type) = self.rtc.media(own).and_then(|media| media.remote_pts().first().copied()) else {
            return;
        };
        for _ in 0..count {
            let mut payload = vec![0; bytes];
            let at = match self.lines.kind {
                MediaKind::Audio => 0,
                // A VP8 descriptor, and the tag of a key frame.
                MediaKind::Video => {
                    payload[0] = 0x10;
                    2
                }
            };
            let sent = u64::try_from(now.duration_since(epoch).as_nanos()).expect("a bench is shorter");
            if let Some(place) = payload.get_mut(at..at + 8) {
                place.copy_from_slice(&sent.to_be_bytes());
            }
            let time = u32::try_from(self.sequence * 960 % (1 << 32)).expect("32 bits");
            let level =
                ExtensionValues { audio_level: Some(LEVEL), voice_activity: Some(true), ..ExtensionValues::default() };
            let packet = RtpWrite::new(payload_type, self.sequence.into(), time, now, payload);
            let packet = packet.marker(true).ext_vals(level);
            self.sequence += 1;
            if let Some(stream) = self.rtc.direct_api().stream_tx_by_mid(own, None) {
                stream.write_rtp(packet);
            }
        }
        self.tick(now);
    }

    fn drive(&mut self, epoch: Option<Instant>) {
        let mut to = None;
        let mut segment = 0;
        self.outgoing.clear();
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Transmit(transmit)) => {
                    let fits = to == Some(transmit.destination) && transmit.contents.len() == segment;
                    if !fits {
                        flush(&self.socket, (to, segment), &mut self.outgoing);
                        (to, segment) = (Some(transmit.destination), transmit.contents.len());
                    }
                    self.outgoing.extend_from_slice(&transmit.contents);
                }
                Ok(Output::Event(Event::Connected)) => self.is_connected = true,
                Ok(Output::Event(Event::RtpPacket(packet))) => {
                    if let Some(epoch) = epoch {
                        self.delays.extend(delay(epoch, self.lines.kind, &packet));
                    }
                }
                Ok(Output::Event(_)) => {}
                Ok(Output::Timeout(at)) => {
                    self.deadline = at;
                    break;
                }
                Err(_) => {
                    self.deadline = Instant::now() + IDLE;
                    break;
                }
            }
        }
        flush(&self.socket, (to, segment), &mut self.outgoing);
    }
}

fn flush(socket: &Socket, (to, segment): (Option<SocketAddr>, usize), contents: &mut Vec<u8>) {
    if let Some(to) = to {
        socket.send(to, contents, (contents.len() > segment).then_some(segment));
    }
    contents.clear();
}

/// The SSRC and the sequence number of a datagram, if it is RTP (RFC 7983, RFC 5761).
fn rtp(contents: &[u8]) -> Option<(u32, u16)> {
    let head: &[u8; 12] = contents.first_chunk()?;
    let is_rtp = (128..192).contains(&head[0]) && !(64..96).contains(&(head[1] & 0x7f));
    is_rtp.then(|| (u32::from_be_bytes([head[8], head[9], head[10], head[11]]), u16::from_be_bytes([head[2], head[3]])))
}

fn note(streams: &mut BTreeMap<u32, Stream>, ssrc: u32, (sequence, every): (u16, u16)) {
    let begin = u64::from(sequence) + (1 << 16);
    let stream = streams.entry(ssrc).or_insert(Stream { first: begin, last: begin - u64::from(every), received: 0 });
    let ahead = i64::from(sequence.wrapping_sub(low_half(stream.last)).cast_signed());
    stream.last = stream.last.max(stream.last.saturating_add_signed(ahead));
    stream.received += 1;
}

fn low_half(number: u64) -> u16 {
    u16::try_from(number & 0xffff).expect("16 bits")
}

fn delay(epoch: Instant, kind: MediaKind, packet: &RtpPacket) -> Option<f64> {
    let at = match kind {
        MediaKind::Audio => 0,
        MediaKind::Video => 2,
    };
    let sent = packet.payload.get(at..at + 8)?.try_into().ok()?;
    let sent = Duration::from_nanos(u64::from_be_bytes(sent));
    Some(epoch.elapsed().checked_sub(sent)?.as_secs_f64() * 1_000.0)
}

/// An offer that promises to tell nothing of how packets fare: what is measured here is the forwarding, by forwarders of which
/// one would adapt to the load's own delays.
fn without_feedback(offer: &str) -> String {
    let is_promise =
        |line: &str| ["transport-cc", "transport-wide-cc", "goog-remb"].iter().any(|word| line.contains(word));
    offer.lines().filter(|line| !is_promise(line)).map(|line| format!("{line}\r\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_between_the_first_and_the_last_is_lost() {
        let mut streams = BTreeMap::new();
        for sequence in [65_533, 65_534, 0, 65_535, 3] {
            note(&mut streams, 7, (sequence, 1));
        }
        assert_eq!((streams[&7].lost(1), streams[&7].received), (2, 5));
    }

    #[test]
    fn of_a_sample_what_is_missing_in_the_sample_is_lost() {
        let mut streams = BTreeMap::new();
        for sequence in [65_504, 65_520, 0, 48, 32, 96] {
            note(&mut streams, 7, (sequence, 16));
        }
        assert_eq!((streams[&7].lost(16), streams[&7].received), (3, 6));
    }
}
