//! Floods: what a stranger sends must cost us no memory, and those who are in a call nothing at all.

use std::net::SocketAddr;
use std::time::Duration;

use sfu::{Limits, Source};

use crate::common::offer::Layout;
use crate::common::{Chance, World, first_instant};

/// Datagrams of one flood. `HUBBUB_FLOOD` sets another number, for a measurement.
const DATAGRAMS: u64 = 20_000;
const PAGE: u64 = 4096;

pub(crate) fn datagrams() -> u64 {
    std::env::var("HUBBUB_FLOOD").map_or(DATAGRAMS, |text| text.parse().unwrap())
}

/// Resident memory in bytes, where the system tells.
pub(crate) fn resident() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(statm.split_whitespace().nth(1)?.parse::<u64>().ok()? * PAGE)
}

/// Sends a flood into a call, and returns by how much the memory grew over all but its first tenth.
fn flood(world: &mut World, mut datagram: impl FnMut(&mut Chance) -> (SocketAddr, Vec<u8>)) -> u64 {
    let mut chance = Chance(77);
    let mut before = None;
    let count = datagrams();
    let began = first_instant();
    for number in 0..count {
        if number == count / 10 {
            before = resident();
        }
        let (source, contents) = datagram(&mut chance);
        world.handle(source, &contents);
        if number % (count / 100) == 0 {
            let now = world.now;
            world.client(1).send_sound(now, Source::Microphone, 90);
            world.run(Duration::from_millis(20));
        }
    }
    let grown = resident().zip(before).map_or(0, |(after, before)| after.saturating_sub(before));
    println!("{count} datagrams in {:?}, resident memory grew by {grown} bytes", began.elapsed());
    grown
}

fn call() -> World {
    let mut world = World::new(1);
    world.connect(&[1, 2], &Layout::video(1));
    world.talk(&[(1, 90)], Duration::from_secs(1));
    world.client(2).received.clear();
    world
}

fn anywhere(chance: &mut Chance) -> SocketAddr {
    let [a, b, c, d, e, f, ..] = chance.next().to_be_bytes();
    SocketAddr::from(([a, b, c, d], u16::from_be_bytes([e, f])))
}

/// The flood took nothing from the call and left nothing behind.
fn is_unmoved(mut world: World, grown: u64) {
    assert_eq!(world.client(2).take("a0").len(), 100);
    assert_eq!((world.sfu.peer_count(), world.sfu.fault_count()), (2, 0));
    assert!(grown < 1 << 20, "{grown} bytes were kept");
}

#[test]
fn forged_ssrcs_from_a_peers_own_address_leave_nothing_behind() {
    let mut world = call();
    let address = world.client(1).address;
    let header = world.client(1).header(Source::Microphone, Some(90));
    let honest = world.client(1).seal(header, &[1; 60]).unwrap();
    world.client(1).tracks.get_mut(&Source::Microphone).unwrap().sequence -= 1;
    let grown = flood(&mut world, |chance| {
        let mut forged = honest.clone();
        forged[8..12].copy_from_slice(&chance.next().to_be_bytes()[..4]);
        // With a mid that is true, as RTCP, and as it comes.
        forged[1] = if chance.below(2) == 0 { forged[1] } else { 201 };
        (address, forged)
    });
    is_unmoved(world, grown);
}

#[test]
fn half_open_handshakes_from_anywhere_leave_nothing_behind() {
    let mut world = call();
    let hello = [
        &[22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 60][..],
        &[1, 0, 0, 48, 0, 0, 0, 0, 0, 0, 0, 48],
        &[254, 253][..],
        &[0; 46],
    ]
    .concat();
    let grown = flood(&mut world, |chance| (anywhere(chance), hello.clone()));
    is_unmoved(world, grown);
}

/// Without the fingerprint that shows a forgery at once.
fn unprinted(mut check: Vec<u8>) -> Vec<u8> {
    check.truncate(check.len() - 8);
    let length = u16::try_from(check.len() - 20).unwrap();
    check[2..4].copy_from_slice(&length.to_be_bytes());
    check
}

#[test]
fn checks_of_strangers_leave_nothing_behind() {
    let mut world = call();
    let known = unprinted(world.client(1).binding_request_with("a-guess-of-the-password-00", true));
    let ufrag = world.client(1).server.0.clone();
    let place = known.windows(ufrag.len()).position(|part| part == ufrag.as_bytes()).unwrap();
    let grown = flood(&mut world, |chance| {
        // Of a ufrag that there is, with a wrong password, and of ufrags that there are not.
        let mut check = known.clone();
        check[8..16].copy_from_slice(&chance.next().to_be_bytes());
        check[place] ^= u8::from(chance.below(8) > 0);
        (anywhere(chance), check)
    });
    is_unmoved(world, grown);
}

#[test]
fn a_member_who_publishes_without_measure_takes_no_more_than_a_share() {
    let mut world = World::with_limits(2, Limits { video_bitrate: 2_500_000, ..Limits::default() });
    world.connect(&[1, 2, 3], &Layout::video(1));
    world.wish(3, &[("v0", 1, Source::Camera)]);
    world.film(&[1], Duration::from_millis(200));
    world.client(3).received.clear();
    world.record = true;
    for _ in 0..50 {
        for _ in 0..400 {
            let header = world.client(1).header(Source::Camera, None);
            world.client(1).send(header, &[0x80; 1_100]);
        }
        world.talk(&[(2, 90)], Duration::from_millis(20));
        world.client(1).received.clear();
    }
    let sent = world.sent.iter().filter(|sent| sent.contents.len() > 1_100).count();
    // Of 20,000 in a second: the burst and the share of that second, 11 Mbit/s.
    assert!((2_000..3_200).contains(&sent), "{sent}");
    assert_eq!(world.client(3).take("a0").len(), 50, "another's sound suffers");
    // Once it is measured again, it is seen again.
    world.run(Duration::from_secs(2));
    world.client(3).received.clear();
    world.film(&[1], Duration::from_secs(1));
    assert!(world.client(3).take("v0").len() >= 40);
}
