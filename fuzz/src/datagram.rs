//! The media port, as strangers and as a peer in a room reach it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rtc_stun::attributes::AttrType;
use rtc_stun::message::MessageType;
use sfu::{Datagram, Event, Grant, Join, Mid, Output, PeerId, PeerState, RoomId, Sfu, Source, Wish};

use crate::client::{self, Client, SERVER};

const TALKER: PeerId = PeerId(1);
const LISTENER: PeerId = PeerId(2);
/// A peer whose media never comes.
const STRANGER: PeerId = PeerId(3);
const STEP: Duration = Duration::from_millis(20);
/// A peer that is heard of less than this long ago is not suspended.
const LEASE: Duration = Duration::from_secs(8);

/// A room of two connected peers and one that only joined, and what comes to it: records of a kind (one byte), a
/// length (two) and contents.
///
/// | kind | contents |
/// |---|---|
/// | 0 | a datagram from an address that is no peer's |
/// | 1 | a datagram from the talking peer's address |
/// | 2 | type and attributes of a STUN message, which is signed with the peer's password |
/// | 3 | what is encrypted as the talking peer's RTP |
/// | 4 | what is encrypted as the talking peer's RTCP |
/// | 5 | the same, of the listening peer; the word 7 stands for the SSRC of its slot |
/// | 6 | a change of the peer's state, a wish, or time that passes |
pub(crate) fn run(bytes: &[u8]) {
    let room = play(bytes);
    assert!(!room.lost_listener, "what one peer sends has ended another");
    assert_eq!(room.sfu.fault_count(), 0, "a datagram made a library panic");
}

/// A room in which the talking peer sends VP9, and what its packets say of their frames: a length (one byte) and a
/// dependency descriptor for each.
pub(crate) fn describe(bytes: &[u8]) {
    let room = play_layers(bytes);
    assert_eq!(room.sfu.fault_count(), 0, "a descriptor made a library panic");
}

fn play_layers(bytes: &[u8]) -> Room {
    let mut room = Room::new();
    let mut rest = bytes;
    let mut number = 0;
    while let Some((length, after)) = rest.split_first() {
        let (descriptor, after) = after.split_at(usize::from(*length).min(after.len()));
        number += 1;
        room.take(3, &client::layered_packet(number, descriptor));
        rest = after;
    }
    room
}

fn play(bytes: &[u8]) -> Room {
    let mut room = Room::new();
    let mut rest = bytes;
    while let Some(([kind, high, low], after)) = rest.split_first_chunk::<3>() {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(after.len());
        let (contents, after) = after.split_at(length);
        room.take(kind % 7, contents);
        rest = after;
    }
    room
}

struct Room {
    now: Instant,
    since: Instant,
    sfu: Sfu,
    talker: Client,
    listener: Client,
    port: u16,
    lost_listener: bool,
    /// SRTP and SRTCP that was sent to each of the connected peers.
    sent: BTreeMap<SocketAddr, usize>,
}

impl Room {
    fn new() -> Self {
        let now = Instant::now();
        let (talker, listener) = (Client::new(4_001), Client::new(4_002));
        let sfu = crate::sfu(now);
        let mut room =
            Self { now, since: now, sfu, talker, listener, port: 1_000, lost_listener: false, sent: BTreeMap::new() };
        let sdp = client::offer();
        for peer in [TALKER, LISTENER, STRANGER] {
            let sources = BTreeMap::from([(Mid::from("0"), Source::Microphone), (Mid::from("1"), Source::Camera)]);
            let state = PeerState { camera: true, ..PeerState::default() };
            let join = Join {
                room: RoomId(1),
                peer,
                grant: Grant::ALL,
                state,
                audio_bitrate: 64_000,
                replaces: None,
                offer: &sdp,
                sources: &sources,
            };
            let answer = room.sfu.join(now, join).expect("the offer is sound");
            match peer {
                TALKER => room.talker.accept(&answer.sdp),
                LISTENER => room.listener.accept(&answer.sdp),
                _ => {}
            }
        }
        for client in [&mut room.talker, &mut room.listener] {
            connect(&mut room.sfu, client, now);
        }
        room.sfu.set_wishes(now, LISTENER, &[wish(360)]);
        room.settle();
        room
    }

    fn take(&mut self, kind: u8, contents: &[u8]) {
        let talker = self.talker.address;
        match kind {
            0 => {
                let source = SocketAddr::new(SERVER.ip(), self.port);
                self.port = 1_000 + (self.port + 1) % 3;
                let _ = turn::Stun::new(self.now).handle(self.now, source, contents);
                self.deliver(source, contents);
            }
            1 => self.deliver(talker, contents),
            2 => {
                let datagram = signed(&mut self.talker, contents);
                self.deliver(talker, &datagram);
            }
            3 => {
                if let Some(sealed) = self.talker.seal_rtp(contents) {
                    self.deliver(talker, &sealed);
                }
            }
            4 => {
                if let Some(sealed) = self.talker.seal_rtcp(contents) {
                    self.deliver(talker, &sealed);
                }
            }
            5 => {
                let listener = self.listener.address;
                let compound = naming(self.listener.slot, contents);
                if let Some(sealed) = self.listener.seal_rtcp(&compound) {
                    self.deliver(listener, &sealed);
                }
            }
            _ => self.change(contents),
        }
        self.now += STEP;
        self.sfu.handle_timeout(self.now);
        self.settle();
    }

    fn change(&mut self, contents: &[u8]) {
        let [what, value, ..] = *contents else { return };
        match what % 3 {
            0 => {
                let [muted, deafened, camera, screen] = [1, 2, 4, 8].map(|bit| value & bit != 0);
                self.sfu.set_state(
                    self.now,
                    TALKER,
                    PeerState { muted, deafened, camera, screen, ..PeerState::default() },
                );
            }
            1 => self.sfu.set_wishes(self.now, LISTENER, &[wish(value.into())]),
            _ => self.now += Duration::from_millis(u64::from(value) * 10),
        }
    }

    fn deliver(&mut self, source: SocketAddr, contents: &[u8]) {
        self.sfu.handle(self.now, Datagram { source, destination: SERVER, arrived: self.now, contents });
        self.settle();
    }

    fn settle(&mut self) {
        loop {
            match self.sfu.poll_output() {
                Output::Timeout(_) => return,
                Output::Event(Event::Gone { peer: LISTENER, .. }) => {
                    self.lost_listener |= self.now - self.since < LEASE;
                }
                Output::Transmit(transmit) if transmit.contents[0] >= 128 => {
                    *self.sent.entry(transmit.destination).or_default() += 1;
                }
                Output::Event(_) | Output::Transmit(_) => {}
            }
        }
    }
}

fn wish(size: u16) -> Wish {
    Wish {
        mid: Mid::from(client::VIDEO_SLOT),
        peer: TALKER,
        source: Source::Camera,
        width: size,
        height: size,
        is_pinned: false,
    }
}

/// The handshake, without loss and without time passing.
fn connect(sfu: &mut Sfu, client: &mut Client, now: Instant) {
    let mut datagrams = vec![client.check()];
    client.dial(now);
    datagrams.extend(client.take_outgoing());
    while !datagrams.is_empty() {
        for contents in datagrams.drain(..) {
            let source = client.address;
            sfu.handle(now, Datagram { source, destination: SERVER, arrived: now, contents: &contents });
        }
        loop {
            match sfu.poll_output() {
                Output::Transmit(transmit) => client.handle(now, &transmit.contents),
                Output::Event(_) => {}
                Output::Timeout(_) => break,
            }
        }
        datagrams = client.take_outgoing();
    }
    assert!(client.is_connected(), "the handshake is done");
}

fn naming(ssrc: u32, contents: &[u8]) -> Vec<u8> {
    let mut compound = contents.to_vec();
    for word in compound.chunks_exact_mut(4).filter(|word| **word == 7_u32.to_be_bytes()) {
        word.copy_from_slice(&ssrc.to_be_bytes());
    }
    compound
}

/// Two bytes of type, then attributes: two bytes of type, one of length, and the value.
fn signed(client: &mut Client, contents: &[u8]) -> Vec<u8> {
    let (kind, mut rest) = contents.split_first_chunk::<2>().unwrap_or((&[0, 1], &[]));
    let mut message = MessageType::default();
    message.read_value(u16::from_be_bytes(*kind));
    let mut attributes = Vec::new();
    while let Some(([high, low, length], after)) = rest.split_first_chunk::<3>() {
        let (value, after) = after.split_at(usize::from(*length).min(after.len()));
        attributes.push((AttrType(u16::from_be_bytes([*high, *low])), value));
        rest = after;
    }
    client.stun(message, &attributes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corpus_reaches_what_lies_behind_encryption() {
        let talk = play(include_bytes!("../corpus/datagram/talk"));
        assert_eq!(
            talk.sent.get(&talk.listener.address),
            Some(&12),
            "all but one packet are forwarded, which was muted"
        );
        let film = play(include_bytes!("../corpus/datagram/film"));
        assert!(film.sent[&film.listener.address] >= 8, "frames are forwarded");
        let layers = play_layers(include_bytes!("../corpus/descriptor/layers"));
        assert!(layers.sent[&layers.listener.address] >= 8, "layers are forwarded");
        let feedback = play(include_bytes!("../corpus/datagram/feedback"));
        assert!(feedback.sent.contains_key(&feedback.talker.address), "the publisher is asked for a key frame");
    }
}
