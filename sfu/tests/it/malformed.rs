use std::time::Duration;

use proptest::prelude::*;
use sfu::Source;

use crate::common::client::assert_unbroken;
use crate::common::offer::Layout;
use crate::common::{Chance, World, server_address};
use crate::flood::{datagrams, resident};

/// One datagram of each kind that a client sends, taken from a running session.
fn honest(world: &mut World) -> Vec<Vec<u8>> {
    let check = world.client(1).binding_request(true);
    let header = world.client(1).header(Source::Microphone, Some(90));
    let sound = world.client(1).seal(header, &[1; 60]).unwrap();
    let header = world.client(1).header(Source::Camera, None);
    let picture = world.client(1).seal(header, &[0x90, 0x80, 0x80, 1, 0, 0, 0]);
    let report = rtc_rtcp::receiver_report::ReceiverReport::default();
    let report = world.client(1).seal_rtcp(vec![Box::new(report)]);
    let hello = [
        &[22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 60][..],
        &[1, 0, 0, 48, 0, 0, 0, 0, 0, 0, 0, 48],
        &[254, 253][..],
        &[0; 46],
    ]
    .concat();
    let finished = [&[22, 254, 253, 0, 1, 0, 0, 0, 0, 0, 0, 0, 48][..], &[5; 48]].concat();
    vec![check, sound, picture.unwrap(), report, hello, finished]
}

fn mutate(chance: &mut Chance, datagram: &mut Vec<u8>) {
    for _ in 0..=chance.below(4) {
        let length = u64::try_from(datagram.len()).unwrap();
        let at = usize::try_from(chance.below(length.max(1))).unwrap();
        let byte = chance.next().to_be_bytes()[0];
        match chance.below(6) {
            0 => datagram.truncate(at.max(1)),
            1 => datagram.insert(at, byte),
            2 => datagram.extend_from_slice(&datagram.clone()),
            3 if datagram.len() > 1 => {
                datagram.remove(at);
            }
            _ => {
                if let Some(target) = datagram.get_mut(at) {
                    *target = byte;
                }
            }
        }
    }
}

/// While they come in, a call goes on, and no packet of it is lost.
#[test]
fn mutated_datagrams_do_no_harm() {
    let mut world = World::new(1);
    world.connect(&[1, 2], &Layout::modern(1));
    world.watch(2, &[("v0", 1, 640)]);
    world.shoot(&[1], Duration::from_millis(400));
    // A third peer whose handshake is under way.
    world.join(3, &Layout::voice(1));
    world.client(3).muzzle = true;
    world.run(Duration::from_millis(50));
    let honest = honest(&mut world);
    let addresses = [1, 3].map(|id| world.client(id).address);
    let mut chance = Chance(9);
    world.client(2).received.clear();
    let count = datagrams();
    let before = resident();
    for round in 0..count {
        let mut datagram = honest[usize::try_from(round).unwrap() % honest.len()].clone();
        mutate(&mut chance, &mut datagram);
        // All kinds come from both.
        let kinds = u64::try_from(honest.len()).unwrap();
        world.inject(addresses[usize::from(round / kinds % 2 == 0)], &datagram);
        if round % (count / 100) == 0 {
            world.shoot(&[1], Duration::from_millis(40));
            world.talk(&[(1, 90)], Duration::from_millis(20));
        }
    }
    let grown = resident().zip(before).map_or(0, |(after, before)| after.saturating_sub(before));
    println!("{count} mutated datagrams, resident memory grew by {grown} bytes");
    assert_eq!(world.sfu.fault_count(), 0);
    world.run(Duration::from_millis(100));
    assert!(world.client(2).take("a0").len() >= 100);
    assert_unbroken(&world.client(2).take("v0"));
}

/// A client that went mad: what it seals is authentic and means nothing.
#[test]
fn authentic_nonsense_does_no_harm() {
    let mut world = World::new(2);
    world.connect(&[1, 2], &Layout::video(1));
    world.wish(2, &[("v0", 1, Source::Camera)]);
    world.film(&[1], Duration::from_millis(200));
    let mut chance = Chance(10);
    for _ in 0..3000 {
        let length = usize::try_from(chance.below(80)).unwrap();
        let bytes: Vec<u8> = (0..length).map(|_| chance.next().to_be_bytes()[0]).collect();
        let source = [Source::Camera, Source::Microphone][length % 2];
        let mut header = world.client(1).header(source, Some(90));
        header.payload_type ^= u8::from(chance.below(8) == 0);
        header.padding = chance.below(8) == 0;
        let sealed = world.client(1).seal(header, &bytes).unwrap();
        let address = world.client(1).address;
        world.inject(address, &sealed);
        let mut compound = vec![0x80 | bytes.first().map_or(0, |byte| byte & 0x3f)];
        compound.extend_from_slice(&[192 + u8::try_from(chance.below(32)).unwrap(), 0]);
        compound.push(u8::try_from(length / 4).unwrap());
        compound.extend_from_slice(&7_u32.to_be_bytes());
        compound.extend_from_slice(&bytes);
        if let Some(sealed) = world.client(1).seal_raw_rtcp(&compound) {
            world.inject(address, &sealed);
        }
        world.run(Duration::from_micros(100));
    }
    assert_eq!(world.sfu.fault_count(), 0);
    world.run(Duration::from_secs(1));
    world.client(2).received.clear();
    world.film(&[1], Duration::from_millis(200));
    assert!(!world.client(2).take("v0").is_empty());
}

/// SCTP whose chunks claim to be longer than they are, which libraries have panicked on: nobody reads what a data channel carries.
#[test]
fn what_data_channels_carry_is_not_read() {
    let mut world = World::new(4);
    world.connect(&[1, 2], &Layout::voice(1));
    let (abort, error) = (6, 9);
    for kind in [abort, error] {
        let header = [0x13, 0x88, 0x13, 0x88, 0, 0, 0, 0, 0, 0, 0, 0];
        let chunk = [kind, 0, 0, 8, 0, 1, 0xff, 0xff];
        for length in 0..=20 {
            let now = world.now;
            world.client(1).send_data(now, &[&header[..], &chunk].concat()[..length]);
            world.talk(&[(1, 90)], Duration::from_millis(20));
        }
    }
    world.run(Duration::from_millis(100));
    assert_eq!(world.client(2).take("a0").len(), 42);
    assert_eq!((world.sfu.fault_count(), world.client(1).closed), (0, false));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_do_no_harm(datagrams: Vec<Vec<u8>>) {
        let mut world = World::new(3);
        world.join(1, &Layout::voice(1));
        world.run(Duration::from_millis(30));
        let address = world.client(1).address;
        for datagram in datagrams {
            world.inject(address, &datagram);
            world.inject(server_address(), &datagram);
        }
        world.run(Duration::from_millis(500));
        prop_assert!(world.is_connected(1));
    }
}
