//! What a room's bitrate does to its microphones.

use std::time::Duration;

use sfu::{MUSIC_BITRATE, PeerId, Source};

use crate::common::World;
use crate::common::offer::Layout;

/// What an answer says of the microphone's Opus.
fn microphone(sdp: &str) -> &str {
    let section = sdp.split("m=").find(|section| section.contains("a=mid:mic")).unwrap();
    section.lines().find_map(|line| line.strip_prefix("a=fmtp:111 ")).unwrap()
}

/// The answer to another offer of the peer.
fn answer_anew(world: &mut World, id: u64) -> String {
    let offer = world.client(id).restart();
    let answer = world.sfu.restart(PeerId(id), &offer).unwrap();
    let now = world.now;
    world.client(id).accept(now, &answer);
    answer.sdp
}

#[test]
fn a_microphone_is_told_its_bitrate_and_music_comes_in_stereo_and_without_pauses() {
    let mut world = World::new(1);
    world.connect(&[1], &Layout::voice(1));
    for (bitrate, is_music) in [(8_000, false), (MUSIC_BITRATE - 1, false), (MUSIC_BITRATE, true), (510_000, true)] {
        world.sfu.set_audio_bitrate(world.now, PeerId(1), bitrate);
        let sdp = answer_anew(&mut world, 1);
        let told = microphone(&sdp);
        assert!(told.split(';').any(|parameter| parameter == format!("maxaveragebitrate={bitrate}")), "{told}");
        assert_eq!(told.contains("stereo=1;sprop-stereo=1"), is_music, "{told}");
        assert_eq!(!told.contains("usedtx=1"), is_music, "{told}");
        assert!(told.contains("useinbandfec=1"), "{told}");
    }
}

/// Packets of the first peer's microphone that reach the second, of those that come in five seconds at this rate.
fn heard(world: &mut World, bits: usize) -> usize {
    world.run(Duration::from_secs(2));
    world.client(2).received.clear();
    for _ in 0..250 {
        let header = world.client(1).header(Source::Microphone, Some(37));
        world.client(1).send(header, &vec![1; bits / 8 / 50]);
        world.run(Duration::from_millis(20));
    }
    world.client(2).take("a0").len()
}

#[test]
fn sound_far_above_the_rooms_bitrate_is_not_forwarded_and_a_change_applies_to_those_inside() {
    let mut world = World::new(2);
    world.connect(&[1, 2], &Layout::voice(1));
    world.talk(&[(1, 90)], Duration::from_millis(200));
    world.sfu.set_audio_bitrate(world.now, PeerId(1), 32_000);
    assert_eq!(heard(&mut world, 2 * 32_000), 250, "encoders overshoot");
    let flood = heard(&mut world, 400_000);
    // The burst of two seconds and the share of five.
    assert!((40..100).contains(&flood), "{flood}");
    world.sfu.set_audio_bitrate(world.now, PeerId(1), 256_000);
    assert_eq!(heard(&mut world, 400_000), 250);
    world.sfu.set_audio_bitrate(world.now, PeerId(1), 32_000);
    assert!(heard(&mut world, 400_000) < 100);
}
