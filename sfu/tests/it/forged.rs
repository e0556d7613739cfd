use std::net::SocketAddr;
use std::time::Duration;

use rtc_rtp::header::{EXTENSION_PROFILE_TWO_BYTE, Extension};
use sfu::{Event, GoneReason, PeerId, Source};

use crate::common::World;
use crate::common::offer::Layout;

fn stranger() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 66], 6666))
}

#[test]
fn a_check_with_a_wrong_password_is_ignored() {
    let mut world = World::new(1);
    world.connect(&[1, 2], &Layout::voice(1));
    world.record = true;
    let forged = world.client(1).binding_request_with("not-the-password-at-all-00", true);
    world.inject(stranger(), &forged);
    assert!(world.sent.is_empty());
    world.talk(&[(2, 90)], Duration::from_millis(200));
    assert!(world.sent.iter().all(|sent| sent.destination != stranger()));
}

#[test]
fn attributes_after_the_integrity_are_not_believed() {
    let mut world = World::new(2);
    world.connect(&[1, 2], &Layout::voice(1));
    let mut check = world.client(1).binding_request(false);
    // The fingerprint becomes a USE-CANDIDATE that anyone may append.
    let end = check.len() - 8;
    check.truncate(end);
    check.extend_from_slice(&[0, 0x25, 0, 0]);
    let length = u16::try_from(check.len() - 20).unwrap();
    check[2..4].copy_from_slice(&length.to_be_bytes());
    world.inject(stranger(), &check);
    world.record = true;
    world.talk(&[(2, 90)], Duration::from_millis(200));
    assert!(world.sent.iter().all(|sent| sent.destination != stranger()));
}

#[test]
fn media_from_an_unchecked_address_is_ignored() {
    let mut world = World::new(3);
    world.connect(&[1, 2], &Layout::voice(1));
    let header = world.client(1).header(Source::Microphone, Some(90));
    let packet = world.client(1).seal(header, &[1; 60]).unwrap();
    world.inject(stranger(), &packet);
    world.run(Duration::from_millis(50));
    assert!(world.client(2).received.is_empty());
    let address = world.client(1).address;
    world.inject(address, &packet);
    world.run(Duration::from_millis(50));
    assert_eq!(world.client(2).received.len(), 1);
    world.inject(address, &packet);
    world.run(Duration::from_millis(50));
    assert_eq!(world.client(2).received.len(), 1, "a replay was forwarded");
}

#[test]
fn forged_packets_disturb_no_stream_and_renew_no_lease() {
    let mut world = World::new(4);
    world.connect(&[1, 2], &Layout::voice(1));
    let address = world.client(1).address;
    let header = world.client(1).header(Source::Microphone, Some(90));
    let honest = world.client(1).seal(header, &[1; 60]).unwrap();
    // The right SSRC with all manner of sequence numbers, before the first honest packet.
    for sequence in (0..=u16::MAX).step_by(97) {
        let mut forged = honest.clone();
        forged[2..4].copy_from_slice(&sequence.to_be_bytes());
        let last = forged.len() - 1;
        forged[last] ^= 1;
        world.inject(address, &forged);
    }
    // Unknown SSRCs, with a true mid and without.
    for ssrc in 0..2000_u32 {
        let mut forged = honest.clone();
        forged[8..12].copy_from_slice(&ssrc.to_be_bytes());
        world.inject(address, &forged);
        forged[1] = 200;
        world.inject(address, &forged);
    }
    world.inject(address, &honest);
    world.talk(&[(1, 90)], Duration::from_millis(200));
    assert_eq!(world.client(2).take("a0").len(), 11);

    world.client(1).cut = true;
    for _ in 0..12 {
        let mut forged = honest.clone();
        forged[20] ^= 1;
        world.inject(address, &forged);
        world.run(Duration::from_secs(1));
    }
    let suspended = Event::Suspended { peer: PeerId(1) };
    assert_eq!(world.count_events(|event| *event == suspended), 1);
}

#[test]
fn a_check_that_was_overheard_redirects_nothing() {
    let mut world = World::new(10);
    world.connect(&[1, 2], &Layout::voice(1));
    let address = world.client(1).address;
    let check = world.client(1).binding_request(true);
    world.inject(address, &check);
    world.record = true;
    world.inject(stranger(), &check);
    world.talk(&[(2, 90)], Duration::from_millis(200));
    assert!(world.sent.iter().all(|sent| sent.destination != stranger()));
    assert_eq!(world.client(1).take("a0").len(), 10);
    // The client itself is answered again: its answer may be lost.
    world.sent.clear();
    world.inject(address, &check);
    assert_eq!(world.sent.len(), 1);
}

#[test]
fn a_check_that_is_repeated_renews_no_lease() {
    let mut world = World::new(11);
    world.connect(&[1, 2], &Layout::voice(1));
    let address = world.client(1).address;
    let check = world.client(1).binding_request(true);
    world.client(1).cut = true;
    for _ in 0..12 {
        world.inject(address, &check);
        world.run(Duration::from_secs(1));
    }
    let suspended = Event::Suspended { peer: PeerId(1) };
    assert_eq!(world.count_events(|event| *event == suspended), 1);
}

#[test]
fn a_peer_cannot_take_over_the_address_of_another() {
    let mut world = World::new(5);
    world.connect(&[1, 2, 3], &Layout::voice(2));
    let victim = world.client(2).address;
    let check = world.client(1).binding_request(true);
    world.inject(victim, &check);
    world.talk(&[(2, 90)], Duration::from_millis(200));
    assert_eq!(world.client(3).take("a0").len(), 10);
}

#[test]
fn plain_alerts_end_no_handshake() {
    let mut world = World::new(6);
    world.join(1, &Layout::voice(1));
    let address = world.client(1).address;
    for _ in 0..50 {
        world.run(Duration::from_millis(2));
        world.inject(address, &[21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 40]);
    }
    world.run(Duration::from_millis(500));
    assert!(world.is_connected(1));
    let close = [21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 1, 0];
    world.inject(address, &close);
    assert_eq!(world.sfu.peer_count(), 1);
}

#[test]
fn a_client_with_another_certificate_is_refused() {
    let mut world = World::new(7);
    let layout = Layout::voice(1);
    let impostor = crate::common::client::Client::new(world.now, 9, &layout);
    world.join(1, &layout);
    // It knows the ICE credentials, but the offer named another certificate.
    let address = world.client(1).address;
    let server = world.client(1).server.clone();
    let identity = std::mem::take(&mut world.client(1).identity.ufrag);
    let now = world.now;
    let honest = std::mem::replace(world.client(1), impostor);
    drop(honest);
    let client = world.client(1);
    (client.address, client.server) = (address, server);
    client.identity.ufrag = identity;
    client.dial(now);
    world.run(Duration::from_secs(1));
    let gone = Event::Gone { peer: PeerId(1), reason: GoneReason::WrongCertificate };
    assert_eq!(world.count_events(|event| *event == gone), 1);
}

#[test]
fn a_flood_of_tiny_fragments_is_cut_off() {
    let mut world = World::new(8);
    world.join(1, &Layout::voice(1));
    world.clients.get_mut(&1).unwrap().muzzle = true;
    world.run(Duration::from_millis(100));
    let address = world.client(1).address;
    // A message of 16 kB in pieces of one byte: reassembled recursively, it would end the process.
    for offset in 0..16_000_u32 {
        let [_, a, b, c] = offset.to_be_bytes();
        let mut record = vec![22, 254, 253, 0, 0, 0, 0, 0, 0, b, c, 0, 13];
        record.extend_from_slice(&[1, 0, 0x3e, 0x80, 0, 0, a, b, c, 0, 0, 1, 0]);
        world.inject(address, &record);
    }
    assert_eq!(world.sfu.fault_count(), 0);
}

#[test]
fn forged_records_end_no_association_and_repeat_no_flight_for_ever() {
    let mut world = World::new(9);
    world.connect(&[1, 2], &Layout::voice(1));
    let address = world.client(1).address;
    world.record = true;
    for number in 0..200_u8 {
        let sealed_alert = [&[21, 254, 253, 0, 1, 0, 0, 0, 0, 1, number, 0, 26][..], &[number; 26]].concat();
        let finished = [&[22, 254, 253, 0, 1, 0, 0, 0, 0, 1, number, 0, 48][..], &[number; 48]].concat();
        world.inject(address, &sealed_alert);
        world.inject(address, &finished);
        world.run(Duration::from_millis(60));
    }
    let flights = world.sent.iter().filter(|sent| sent.destination == address && sent.contents[0] == 22).count();
    assert!(flights <= 2 * 16, "{flights} datagrams");
    assert_eq!((world.sfu.peer_count(), world.sfu.fault_count()), (2, 0));
    world.talk(&[(1, 90)], Duration::from_millis(200));
    assert_eq!(world.client(2).take("a0").len(), 10);
}

#[test]
fn a_publisher_names_no_other_speaker_and_passes_no_extension_on() {
    let mut world = World::new(12);
    world.connect(&[1, 2, 3], &Layout::voice(2));
    for extensions_of_two_bytes in [false, true] {
        let mut header = world.client(1).header(Source::Microphone, Some(90));
        header.csrc = vec![3; 15];
        header.extensions.push(Extension { id: 14, payload: vec![9; 16].into() });
        if extensions_of_two_bytes {
            header.extension_profile = EXTENSION_PROFILE_TWO_BYTE;
            header.extensions.push(Extension { id: 200, payload: vec![9; 200].into() });
        }
        world.client(1).send(header, &[7; 60]);
        world.run(Duration::from_millis(20));
        let received = world.client(2).take("a0");
        let [received] = &received[..] else { panic!("{} packets", received.len()) };
        assert_eq!(received.packet.header.csrc, [1]);
        assert_eq!(&received.packet.payload[..], [7; 60]);
        let ids: Vec<_> = received.packet.header.extensions.iter().map(|extension| extension.id).collect();
        assert_eq!(ids, [1, 3], "the level, and when we sent it");
    }
}
