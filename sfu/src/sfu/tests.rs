//! What a library's panic on one session's data leads to, and what is left of those who have gone.

use std::net::SocketAddr;

use rtc_srtp::config::Config as SrtpConfig;
use rtc_srtp::protection_profile::ProtectionProfile;
use rtc_stun::attributes::ATTR_USERNAME;
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::{BINDING_REQUEST, Message, Setter};

use super::*;
use crate::io::{GoneReason, Limits, SfuId};
use crate::peer::certificate::{Certificate, provider};
use crate::peer::guard::tests::fail_after;
use crate::peer::sdp::offer::OfferError;
use crate::peer::srtp::Srtp;
use crate::timer::start;

const OFFER: &str = include_str!("../../tests/fixtures/chromium.sdp");
/// A ClientHello, as far as it is looked at from outside.
fn hello() -> Vec<u8> {
    let record = [22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 60];
    let message = [1, 0, 0, 48, 0, 0, 0, 0, 0, 0, 0, 48, 254, 253];
    [&record[..], &message, &[0; 46]].concat()
}

/// An SFU with two peers, each admitted at an address of its own.
struct Room {
    now: Instant,
    sfu: Sfu,
}

fn address(peer: u64) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], u16::try_from(peer).unwrap()))
}

impl Room {
    fn new() -> Self {
        let now = start();
        let certificate = Certificate::generate().unwrap();
        let config = Config { id: SfuId::default(), addresses: Vec::new(), certificate, limits: Limits::default() };
        let mut room = Self { now, sfu: Sfu::new(config, [7; 32], now) };
        for peer in [1, 2] {
            room.join(peer).unwrap();
            let check = room.check(peer);
            assert!(room.is_answered(peer, &check));
        }
        room
    }

    fn join(&mut self, peer: u64) -> Result<Answer, JoinError> {
        let (grant, state, sources) = (Grant::ALL, PeerState::default(), BTreeMap::new());
        let join = Join {
            room: RoomId(1),
            peer: PeerId(peer),
            grant,
            state,
            audio_bitrate: 64_000,
            replaces: None,
            offer: OFFER,
            sources: &sources,
        };
        self.sfu.join(self.now, join)
    }

    fn check(&self, peer: u64) -> Vec<u8> {
        let ice = &self.sfu.peers[&PeerId(peer)].ice;
        let mut message = Message::new();
        message.typ = BINDING_REQUEST;
        message.new_transaction_id().unwrap();
        message.write_header();
        message.add(ATTR_USERNAME, format!("{}:{}", ice.local().ufrag, ice.remote_ufrag()).as_bytes());
        let password = ice.local().password.as_bytes();
        let integrity = MessageIntegrity::new_raw_integrity_with_provider(password, provider().crypto());
        integrity.add_to(&mut message).unwrap();
        message.raw
    }

    fn handle(&mut self, peer: u64, contents: &[u8]) -> Vec<Output> {
        let datagram = Datagram { source: address(peer), destination: address(8443), arrived: self.now, contents };
        self.sfu.handle(self.now, datagram);
        let outputs = std::iter::from_fn(|| Some(self.sfu.poll_output()));
        outputs.take_while(|output| !matches!(output, Output::Timeout(_))).collect()
    }

    fn is_answered(&mut self, peer: u64, check: &[u8]) -> bool {
        let outputs = self.handle(peer, check);
        matches!(&outputs[..], [Output::Transmit(answer)] if answer.destination == address(peer))
    }

    fn has_keys(&mut self, peer: u64) {
        let mut config = SrtpConfig { profile: ProtectionProfile::AeadAes128Gcm, ..SrtpConfig::default() };
        let material = vec![3; config.keying_material_len()];
        config.set_session_keys_from_keying_material(&material, false).unwrap();
        self.sfu.peers.get_mut(&PeerId(peer)).unwrap().srtp = Some(Srtp::new(config).unwrap());
    }
}

/// The first session ends and is told of; the second goes on.
fn ends_the_first_session_alone(mut room: Room, outputs: &[Output]) {
    let gone = Output::Event(Event::Gone { peer: PeerId(1), reason: GoneReason::Fault });
    assert!(outputs.contains(&gone), "{outputs:?}");
    assert_eq!((room.sfu.peer_count(), room.sfu.fault_count()), (1, 1));
    let check = room.check(2);
    assert!(room.is_answered(2, &check));
    assert_eq!(room.handle(1, &hello()), []);
}

#[test]
fn a_panic_in_a_handshake_ends_that_session_alone() {
    let mut room = Room::new();
    fail_after(0);
    let outputs = room.handle(1, &hello());
    ends_the_first_session_alone(room, &outputs);
}

#[test]
fn a_panic_over_a_media_packet_ends_that_session_alone() {
    for packet in [[0x80, 111, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1], [0x80, 201, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0]] {
        let mut room = Room::new();
        room.has_keys(1);
        fail_after(0);
        let outputs = room.handle(1, &packet);
        ends_the_first_session_alone(room, &outputs);
    }
}

#[test]
fn a_panic_over_what_is_not_yet_believed_ends_nothing() {
    let mut room = Room::new();
    let check = room.check(1);
    for sound_calls in [0, 1] {
        fail_after(sound_calls);
        assert_eq!(room.handle(1, &check), []);
    }
    fail_after(0);
    assert_eq!(room.join(3), Err(OfferError::Syntax.into()));
    assert!(room.is_answered(1, &check));
    assert_eq!(room.sfu.peer_count(), 2);
}

#[test]
fn nothing_is_left_of_those_who_have_gone() {
    let mut room = Room::new();
    let ufrag = OFFER.lines().find_map(|line| line.strip_prefix("a=ice-ufrag:")).unwrap();
    for restart in 0..6 {
        let offer = OFFER.replace(&format!("a=ice-ufrag:{ufrag}"), &format!("a=ice-ufrag:again{restart}"));
        room.sfu.restart(PeerId(1), &offer).unwrap();
        if restart % 2 == 0 {
            let check = room.check(1);
            room.handle(1, &check);
        }
    }
    assert!(!room.sfu.routes.is_empty());
    for peer in [1, 2] {
        room.sfu.leave(room.now, PeerId(peer));
    }
    let Sfu { rooms, peers, routes, timers, changed, uplink, .. } = &room.sfu;
    assert!(rooms.is_empty() && peers.is_empty() && routes.is_empty() && changed.is_empty());
    assert_eq!((timers.next(), uplink.taken(room.now)), (None, 0));
}
