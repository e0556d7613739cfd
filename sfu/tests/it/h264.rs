use std::time::Duration;

use bytes::Bytes;
use rtc_rtp::header::Extension;
use sfu::Source;

use crate::common::World;
use crate::common::client::{Client, assert_unbroken};
use crate::common::offer::{Layout, STREAM_ID, STREAM_IDS};

/// Sequence parameter sets of 160 by 96, 320 by 192 and 640 by 384 pixels.
const PARAMETERS: [&[u8]; 3] = [
    &[0x67, 0x42, 0xc0, 0x1f, 0xda, 0x0a, 0x36, 0x40],
    &[0x67, 0x42, 0xc0, 0x1f, 0xda, 0x05, 0x06, 0x64],
    &[0x67, 0x42, 0xc0, 0x1f, 0xda, 0x02, 0x80, 0xc6, 0x40],
];

/// A picture of each encoding in one packet, the encoding its last byte.
fn shoot(client: &mut Client, picture: u32) {
    for (layer, rid) in STREAM_IDS.iter().enumerate() {
        let mut header = client.header(Source::Camera, None);
        header.ssrc = client.identity.encoding_ssrc(Source::Camera, layer);
        header.timestamp = picture * 3_600;
        header.sequence_number = u16::try_from(picture).unwrap();
        header.marker = true;
        header.extensions.push(Extension { id: STREAM_ID, payload: Bytes::from_static(rid.as_bytes()) });
        let payload = if picture % 10 == 1 { key(layer) } else { vec![0x61, 0x9a, 0, u8::try_from(layer).unwrap()] };
        client.send(header, &payload);
    }
}

/// Parameter sets and an IDR slice (RFC 6184 section 5.7.1).
fn key(layer: usize) -> Vec<u8> {
    let parameters = PARAMETERS[layer];
    let mut payload = vec![0x78, 0, u8::try_from(parameters.len()).unwrap()];
    payload.extend(parameters);
    payload.extend([0, 4, 0x65, 0x88, 0, u8::try_from(layer).unwrap()]);
    payload
}

#[test]
fn each_gets_the_encoding_that_fits_its_size_from_a_key_frame_on() {
    let mut world = World::new(1);
    world.connect(&[1, 2, 3, 4], &Layout { video: "H264/90000", ..Layout::modern(1) });
    for (id, width) in [(2, 100), (3, 300), (4, 2_000)] {
        world.watch(id, &[("v0", 1, width)]);
    }
    for picture in 1..100 {
        shoot(world.client(1), picture);
        world.run(Duration::from_millis(40));
    }
    for (id, layer) in [(2, 0), (3, 1), (4, 2)] {
        let received = world.client(id).take("v0");
        assert_unbroken(&received);
        let begins = received.windows(2).map(|pair| (pair[0].packet.payload.last(), &pair[1].packet.payload));
        let mut changes = begins.filter(|(before, payload)| *before != payload.last());
        assert!(changes.all(|(_, payload)| payload[0] == 0x78), "an encoding begins with its parameter sets");
        assert_eq!(received.last().unwrap().packet.payload.last(), Some(&layer), "{id}");
    }
    assert_eq!(world.quality(4).unwrap().pictures[0].size, (640, 384));
}
