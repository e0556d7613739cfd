//! Fuzz targets for every parser of foreign bytes. Each takes any bytes and must neither panic nor hang.
//!
//! `cargo +nightly fuzz run NAME --features libfuzzer` looks for new inputs; `tests/replay.rs` runs the committed ones.

mod client;
mod datagram;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Instant;

use ::client::markdown;
use protocol::gateway::{ClientFrame, ServerFrame};
use protocol::request::account::{RegisterBody, SetupBody, SignInBody};
use protocol::request::channel::{ChannelPatch, ChannelPlace, NewChannel, ReadBody};
use protocol::request::invite::InviteTerms;
use protocol::request::message::{MessageEdit, NewMessage};
use protocol::request::voice::{JoinBody, Wishes};
use protocol::voice::PeerFlags;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sfu::{Certificate, Config, Grant, Join, Limits, Mid, Output, PeerId, PeerState, RoomId, Sfu, SfuId, Source};
use turn::{Handled, Stun};

/// A target's name and what it does with bytes.
pub type Target = (&'static str, fn(&[u8]));

pub const TARGETS: &[Target] = &[
    ("body", body),
    ("datagram", datagram),
    ("descriptor", descriptor),
    ("gateway_frame", gateway_frame),
    ("markdown", markdown),
    ("name", name),
    ("offer", offer),
    ("stun", stun),
];

const CHROMIUM: &str = include_str!("../../sfu/tests/fixtures/chromium.sdp");

/// A body of a REST request: read, and if it can be read, written and read again to the same.
pub fn body(bytes: &[u8]) {
    round_trip::<SetupBody>(bytes);
    round_trip::<RegisterBody>(bytes);
    round_trip::<SignInBody>(bytes);
    round_trip::<NewChannel>(bytes);
    round_trip::<ChannelPatch>(bytes);
    round_trip::<Vec<ChannelPlace>>(bytes);
    round_trip::<ReadBody>(bytes);
    round_trip::<InviteTerms>(bytes);
    round_trip::<NewMessage>(bytes);
    round_trip::<MessageEdit>(bytes);
    round_trip::<JoinBody>(bytes);
    round_trip::<Wishes>(bytes);
    round_trip::<PeerFlags>(bytes);
}

/// A frame of the gateway, from either side.
pub fn gateway_frame(bytes: &[u8]) {
    round_trip::<ClientFrame>(bytes);
    // What this build does not know is read as `Unknown`, which cannot be written.
    let _ = serde_json::from_slice::<ServerFrame>(bytes);
}

fn round_trip<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(bytes: &[u8]) {
    let Ok(read) = serde_json::from_slice::<T>(bytes) else { return };
    let Ok(written) = serde_json::to_vec(&read) else { return };
    let again: T = serde_json::from_slice(&written).expect("what was written can be read");
    assert_eq!(again, read);
}

/// A message's text.
pub fn markdown(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = markdown::parse(&text);
    let _ = markdown::plain(&text);
}

/// Names and passwords.
pub fn name(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = protocol::name::username(&text);
    let _ = protocol::name::password(&text);
    for taken in [protocol::name::title(&text), protocol::name::topic(&text), protocol::name::content(&text)] {
        assert!(taken.is_err() || taken.is_ok_and(|taken| taken == taken.trim()));
    }
}

/// An SDP offer, as a join and as a restart of a session that is there.
pub fn offer(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let now = Instant::now();
    let mut sfu = sfu(now);
    let sources = BTreeMap::from([(Mid::from("0"), Source::Microphone), (Mid::from("1"), Source::Camera)]);
    let _ = sfu.join(now, join(PeerId(1), &text, &sources));
    admit(&mut sfu, now, PeerId(2));
    let _ = sfu.restart(PeerId(2), &text);
    drain(&mut sfu);
    assert_eq!(sfu.fault_count(), 0, "an offer made a library panic");
}

/// Datagrams to the media port of a room, also such as only a peer of it can make; see [`datagram::run`].
pub fn datagram(bytes: &[u8]) {
    datagram::run(bytes);
}

/// What a publisher's packets say of their frames; see [`datagram::describe`].
pub fn descriptor(bytes: &[u8]) {
    datagram::describe(bytes);
}

/// A STUN request to the media port.
pub fn stun(bytes: &[u8]) {
    let source: SocketAddr = ([192, 0, 2, 1], 54_321).into();
    let now = Instant::now();
    if let Handled::Answer(answer) = Stun::new(now).handle(now, source, bytes) {
        assert!(answer.len() <= turn::LONGEST_ANSWER);
    }
}

fn sfu(now: Instant) -> Sfu {
    static CERTIFICATE: OnceLock<Certificate> = OnceLock::new();
    let certificate = CERTIFICATE.get_or_init(|| Certificate::generate().expect("a certificate")).clone();
    let addresses = vec![([127, 0, 0, 1], 8443).into()];
    Sfu::new(Config { id: SfuId::default(), addresses, certificate, limits: Limits::default() }, [7; 32], now)
}

fn admit(sfu: &mut Sfu, now: Instant, peer: PeerId) {
    sfu.join(now, join(peer, CHROMIUM, &BTreeMap::new())).expect("Chromium's offer is answered");
    drain(sfu);
}

fn join<'a>(peer: PeerId, offer: &'a str, sources: &'a BTreeMap<Mid, Source>) -> Join<'a> {
    Join {
        room: RoomId(1),
        peer,
        grant: Grant::ALL,
        state: PeerState::default(),
        audio_bitrate: 64_000,
        replaces: None,
        offer,
        sources,
    }
}

fn drain(sfu: &mut Sfu) {
    while !matches!(sfu.poll_output(), Output::Timeout(_)) {}
}
