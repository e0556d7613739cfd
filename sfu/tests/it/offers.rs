use std::collections::BTreeMap;

use proptest::prelude::*;
use sfu::{Answer, Grant, Join, JoinError, Limits, MediaKind, Mid, OfferError, PeerId, PeerState, Source};

use crate::common::offer::Layout;
use crate::common::{Chance, ROOM, World};

/// Taken from Chromium 156 and Firefox 140, with two of each kind published, two audio slots,
/// two video slots and a data channel.
const CHROMIUM: &str = include_str!("../fixtures/chromium.sdp");
const FIREFOX: &str = include_str!("../fixtures/firefox.sdp");

fn sources() -> BTreeMap<Mid, Source> {
    BTreeMap::from([
        (Mid::from("0"), Source::Microphone),
        (Mid::from("1"), Source::Camera),
        (Mid::from("2"), Source::Screen),
        (Mid::from("3"), Source::ScreenAudio),
    ])
}

fn answer(offer: &str, sources: &BTreeMap<Mid, Source>) -> Result<Answer, JoinError> {
    let mut world = World::new(1);
    let join = Join {
        room: ROOM,
        peer: PeerId(1),
        grant: Grant::ALL,
        state: PeerState::default(),
        audio_bitrate: 64_000,
        replaces: None,
        offer,
        sources,
    };
    world.sfu.join(world.now, join)
}

fn refused(offer: &str, sources: &BTreeMap<Mid, Source>) -> OfferError {
    match answer(offer, sources) {
        Err(JoinError::Offer(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn sections(sdp: &str) -> Vec<Vec<&str>> {
    let mut sections = vec![Vec::new()];
    for line in sdp.lines() {
        if line.starts_with("m=") {
            sections.push(Vec::new());
        }
        sections.last_mut().unwrap().push(line);
    }
    sections
}

#[test]
fn browsers_are_answered() {
    for (offer, microphone, camera) in [
        (CHROMIUM, "m=audio 9 UDP/TLS/RTP/SAVPF 63 111", "m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103"),
        (FIREFOX, "m=audio 9 UDP/TLS/RTP/SAVPF 109", "m=video 9 UDP/TLS/RTP/SAVPF 120 124"),
    ] {
        let answer = answer(offer, &sources()).unwrap();
        let kinds: Vec<_> = answer.slots.iter().map(|slot| slot.kind).collect();
        let (audio, video) = (MediaKind::Audio, MediaKind::Video);
        assert_eq!(kinds, [audio, audio, video, video]);
        let sections = sections(&answer.sdp);
        assert_eq!(sections.len(), 10);
        assert!(sections[0].contains(&"a=ice-lite"));
        assert!(sections[0].contains(&"a=group:BUNDLE 0 1 2 3 4 5 6 7"));
        assert_eq!(sections[1][0], microphone);
        assert_eq!(sections[2][0], camera);
        for section in &sections[1..5] {
            assert!(section.contains(&"a=recvonly"));
            assert!(section.contains(&"a=setup:passive"));
            assert!(section.contains(&"a=candidate:1 1 udp 2130706431 10.0.0.1 8443 typ host"));
            assert!(section.iter().any(|line| line.ends_with("sdes:mid")));
            assert!(section.iter().all(|line| !line.starts_with("a=ssrc")));
        }
        for (section, streams) in sections[5..9].iter().zip([1, 1, 2, 2]) {
            assert!(section.contains(&"a=sendonly"));
            let named = section.iter().filter(|line| line.starts_with("a=ssrc:"));
            assert_eq!(named.count(), 2 * streams);
            let groups = section.iter().filter(|line| line.starts_with("a=ssrc-group:FID "));
            assert_eq!(groups.count(), streams - 1);
        }
        assert!(sections[2].iter().any(|line| line.ends_with(" nack pli")));
        assert!(sections[9][0].starts_with("m=application 0 UDP/DTLS/SCTP"));
        assert!(sections[7].iter().any(|line| line.ends_with(" transport-cc")));
        assert!(sections[6].iter().all(|line| !line.contains("transport")));
        let words = ["red/90000", "telephone", "VP9", "AV1"];
        assert!(words.iter().all(|word| !answer.sdp.contains(word)));
    }
}

#[test]
fn a_publisher_and_a_slot_have_all_codecs_that_we_forward() {
    let answer = answer(CHROMIUM, &sources()).unwrap();
    let sections = sections(&answer.sdp);
    let codecs = |section: &[&str]| {
        let lines = section.iter().filter_map(|line| line.strip_prefix("a=rtpmap:"));
        lines.map(|line| line.split_once(' ').unwrap().1.to_owned()).collect::<Vec<_>>()
    };
    for section in [2, 7] {
        assert_eq!(codecs(&sections[section]), ["VP8/90000", "rtx/90000", "H264/90000", "rtx/90000"]);
    }
}

const DEPENDENCIES: &str = "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";

/// Chromium's offer with the dependency descriptor in its m-lines for pictures.
fn described() -> String {
    let parts = CHROMIUM.split_inclusive("m=video");
    let with =
        |part: &str| part.replacen("a=rtcp-mux\r\n", &format!("a=extmap:14 {DEPENDENCIES}\r\na=rtcp-mux\r\n"), 1);
    let parts: Vec<String> =
        parts.enumerate().map(|(index, part)| if index == 0 { part.to_owned() } else { with(part) }).collect();
    parts.concat()
}

#[test]
fn vp9_and_av1_are_taken_with_the_dependency_descriptor_in_both_forms_alone() {
    let codecs = |offer: &str| {
        let answer = answer(offer, &sources()).unwrap();
        let sections = sections(&answer.sdp);
        [2, 7].map(|section| {
            let lines = sections[section].iter().filter_map(|line| line.strip_prefix("a=rtpmap:"));
            let names = lines.filter_map(|line| line.split_once(' ')?.1.strip_suffix("/90000"));
            let names: Vec<String> = names.filter(|name| *name != "rtx").map(str::to_owned).collect();
            (names, sections[section].contains(&"a=extmap-allow-mixed"))
        })
    };
    let [publisher, slot] = codecs(&described());
    assert_eq!(publisher, (["VP8", "VP9", "AV1", "H264"].map(str::to_owned).to_vec(), true));
    assert_eq!(slot.0.len(), 4);
    let few = (["VP8", "H264"].map(str::to_owned).to_vec(), false);
    assert_eq!(codecs(&described().replace("a=extmap-allow-mixed\r\n", "")), [few.clone(), few]);
    let answer = answer(&described(), &sources()).unwrap();
    for section in [2, 7] {
        assert!(sections(&answer.sdp)[section].contains(&format!("a=extmap:14 {DEPENDENCIES}").as_str()));
    }
}

#[test]
fn the_encodings_of_a_camera_are_taken_in_their_order() {
    let simulcast = "a=rid:q send\r\na=rid:h send\r\na=rid:f send\r\na=rid:x send\r\n\
                     a=simulcast:send q;~h,x;f;x\r\na=mid:1\r\n";
    let offer = CHROMIUM.replacen("a=mid:1\r\n", simulcast, 1);
    let answer = answer(&offer, &sources()).unwrap();
    let camera = &sections(&answer.sdp)[2];
    assert!(camera.contains(&"a=simulcast:recv q;h;f"));
    let ids = camera.iter().filter_map(|line| line.strip_prefix("a=rid:"));
    assert_eq!(ids.collect::<Vec<_>>(), ["q recv", "h recv", "f recv"]);
    assert!(camera.iter().any(|line| line.ends_with("sdes:rtp-stream-id")));
}

#[test]
fn a_publisher_without_vp8_sends_h264() {
    let lines = CHROMIUM.lines().filter(|line| !line.contains("VP8"));
    let offer: String = lines.map(|line| format!("{line}\r\n")).collect();
    let answer = answer(&offer, &sources()).unwrap();
    assert!(sections(&answer.sdp)[2].iter().any(|line| line.contains("H264/90000")));
}

#[test]
fn every_offer_that_cannot_be_answered_is_refused_with_its_reason() {
    let none = BTreeMap::new();
    let without = |what: &str| {
        let lines = CHROMIUM.lines().filter(|line| !line.starts_with(what));
        lines.map(|line| format!("{line}\r\n")).collect::<String>()
    };
    assert_eq!(refused("", &none), OfferError::Syntax);
    assert_eq!(refused("hello", &none), OfferError::Syntax);
    assert_eq!(refused(&"a".repeat(100_000), &none), OfferError::TooLong(96 * 1024));
    assert_eq!(refused(&"m=\n".repeat(65), &none), OfferError::TooManySections);
    assert_eq!(refused("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n", &none), OfferError::Empty);
    assert_eq!(refused(&without("a=ice-pwd"), &none), OfferError::IceCredentials);
    assert_eq!(refused(&without("a=fingerprint"), &none), OfferError::Fingerprint);
    assert_eq!(refused(&CHROMIUM.replace("actpass", "passive"), &none), OfferError::Setup);
    assert_eq!(refused(&without("a=group"), &none), OfferError::Bundle);
    assert_eq!(refused(&without("a=rtcp-mux"), &none), OfferError::RtcpMux(Mid::from("0")));
    assert_eq!(refused(&without("a=mid"), &none), OfferError::Mid(String::new()));
    assert_eq!(refused(&CHROMIUM.replace("opus", "opium"), &none), OfferError::NoCodec(Mid::from("0")));
    let twice = CHROMIUM.replace("a=mid:1\r\n", "a=mid:0\r\n");
    assert_eq!(refused(&twice, &none), OfferError::Mid("0".to_owned()));
    for (mid, source) in
        [("77", Source::Camera), ("4", Source::Microphone), ("0", Source::Camera), ("8", Source::Camera)]
    {
        let wrong = BTreeMap::from([(Mid::from(mid), source)]);
        assert_eq!(refused(CHROMIUM, &wrong), OfferError::UnknownSource(Mid::from(mid)));
    }
    let double = BTreeMap::from([(Mid::from("1"), Source::Camera), (Mid::from("2"), Source::Camera)]);
    assert_eq!(refused(CHROMIUM, &double), OfferError::DuplicateSource);
}

#[test]
fn more_slots_than_the_limits_allow_are_refused_also_in_a_restart() {
    let limits = Limits { audio_slots: 2, video_slots: 3, ..Limits::default() };
    let mut world = World::with_limits(4, limits);
    world.connect(&[1], &Layout::new(&[Source::Microphone], 2, 3));
    let layout = |audio, video| Layout::new(&[Source::Microphone], audio, video);
    let cases = [(layout(3, 3), OfferError::TooManyAudioSlots(2)), (layout(2, 4), OfferError::TooManyVideoSlots(3))];
    for (layout, reason) in cases {
        world.client(1).layout = layout.clone();
        let offer = world.client(1).restart();
        let sources = layout.sources();
        let (grant, state) = (Grant::ALL, PeerState::default());
        let join = Join {
            room: ROOM,
            peer: PeerId(2),
            grant,
            state,
            audio_bitrate: 64_000,
            replaces: None,
            offer: &offer,
            sources: &sources,
        };
        assert_eq!(world.sfu.join(world.now, join), Err(JoinError::Offer(reason.clone())));
        if layout.audio_slots == 2 {
            assert_eq!(world.sfu.restart(PeerId(1), &offer), Err(JoinError::Offer(reason)));
        }
    }
    assert_eq!(world.sfu.peer_count(), 1);
}

#[test]
fn a_refused_join_leaves_nothing_behind() {
    let mut world = World::new(2);
    let sources = BTreeMap::new();
    let join = Join {
        room: ROOM,
        peer: PeerId(1),
        grant: Grant::ALL,
        state: PeerState::default(),
        audio_bitrate: 64_000,
        replaces: None,
        offer: "v=0",
        sources: &sources,
    };
    assert!(world.sfu.join(world.now, join).is_err());
    assert_eq!(world.sfu.peer_count(), 0);
    assert_eq!(world.sfu.poll_output(), sfu::Output::Timeout(None));
    world.connect(&[1], &Layout::voice(1));
}

#[test]
fn mutated_offers_do_no_harm() {
    let mut chance = Chance(3);
    let mut world = World::new(3);
    let sources = sources();
    let mut accepted = 0;
    for round in 0..600 {
        let mut bytes = [CHROMIUM, FIREFOX][round % 2].as_bytes().to_vec();
        for _ in 0..=chance.below(6) {
            let length = u64::try_from(bytes.len()).unwrap();
            let at = usize::try_from(chance.below(length)).unwrap();
            let until = bytes.len().min(at + usize::try_from(chance.below(40)).unwrap());
            match chance.below(4) {
                0 => bytes[at] = chance.next().to_be_bytes()[0],
                1 => drop(bytes.drain(at..until)),
                2 => bytes.extend_from_within(at..until),
                _ => bytes.insert(at, b"\n=: 9a"[usize::try_from(chance.below(6)).unwrap()]),
            }
        }
        let offer = String::from_utf8_lossy(&bytes);
        let join = Join {
            room: ROOM,
            peer: PeerId(1),
            grant: Grant::ALL,
            state: PeerState::default(),
            audio_bitrate: 64_000,
            replaces: None,
            offer: &offer,
            sources: &sources,
        };
        if world.sfu.join(world.now, join).is_ok() {
            accepted += 1;
            let _ = world.sfu.restart(PeerId(1), &offer);
            world.sfu.leave(world.now, PeerId(1));
        }
    }
    assert!(accepted > 30, "{accepted}");
}

proptest! {
    #[test]
    fn any_text_is_answered_or_refused(text: String) {
        prop_assert!(answer(&text, &BTreeMap::new()).is_err());
    }
}
