//! The media threads as the rest of the server and a stranger on the network meet it.

mod several;

use std::collections::BTreeMap;

use sfu::{Answer, Event, GoneReason, Grant, JoinError, PeerId, PeerState, RoomId};

use super::*;
use crate::room::{self, Command, Ended, Entry, Events, Rooms};

const OFFER: &str = include_str!("../../../sfu/tests/fixtures/chromium.sdp");
/// A STUN Binding request without attributes.
const BINDING_REQUEST: &[u8] = b"\x00\x01\x00\x00\x21\x12\xa4\x42twelve bytes";
/// How long a test waits for what must come at once.
const SOON: Duration = Duration::from_secs(10);

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    socket
}

fn started(socket: UdpSocket, threads: usize) -> (Rooms, Events) {
    let (rooms, events, ends) = room::connect(threads);
    start(socket, Way::default(), ends).unwrap();
    (rooms, events)
}

async fn join(rooms: &Rooms, room: u64, peer: u64) -> Result<Result<Answer, JoinError>, Ended> {
    let entry = Entry {
        room: RoomId(room),
        peer: PeerId(peer),
        grant: Grant::ALL,
        state: PeerState::default(),
        audio_bitrate: 64_000,
        replaces: None,
        offer: OFFER.to_owned(),
        sources: BTreeMap::new(),
    };
    rooms.join(entry).await
}

/// Whether the media port answers a stranger from this address.
fn is_answered(stranger: &UdpSocket, port: SocketAddr) -> bool {
    stranger.set_read_timeout(Some(SOON)).unwrap();
    stranger.send_to(BINDING_REQUEST, port).unwrap();
    let mut answer = [0; 100];
    let length = stranger.recv(&mut answer).unwrap();
    answer[..length].windows(12).any(|id| id == b"twelve bytes")
}

#[tokio::test]
async fn a_panic_ends_every_seat_and_the_thread_starts_anew_on_the_same_socket() {
    let socket = socket();
    let port = socket.local_addr().unwrap();
    let (rooms, mut events) = started(socket, 1);
    for peer in [1, 2, 3] {
        join(&rooms, 7, peer).await.unwrap().unwrap();
    }
    rooms.leave(PeerId(2)).await.unwrap();
    rooms.send(0, Command::Panic).await.unwrap();
    for peer in [1, 3].map(PeerId) {
        assert_eq!(events.recv().await, Some(Event::Gone { peer, reason: GoneReason::Fault }));
    }
    rooms.check().await.unwrap();
    join(&rooms, 7, 1).await.unwrap().unwrap();
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    assert!(is_answered(&stranger, port));
}

#[tokio::test]
async fn a_datagram_to_a_closed_port_does_not_end_a_call() {
    let socket = socket();
    let port = socket.local_addr().unwrap();
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = stranger.local_addr().unwrap();
    drop(stranger);
    // Only a connected socket is told of it: ECONNREFUSED at the next call.
    socket.connect(address).unwrap();
    socket.send(b"anybody there?").unwrap();
    let (rooms, mut events) = started(socket, 1);
    join(&rooms, 7, 1).await.unwrap().unwrap();
    assert!(is_answered(&UdpSocket::bind(address).unwrap(), port));
    rooms.check().await.unwrap();
    assert!(events.try_recv().is_none(), "the call ended");
}

#[tokio::test]
async fn a_room_takes_as_many_peers_as_the_protocol_says() {
    let (rooms, _events) = started(socket(), 2);
    let most = u64::try_from(limits::ROOM_PEERS).unwrap();
    for peer in 1..=most {
        join(&rooms, 7, peer).await.unwrap().unwrap();
    }
    assert_eq!(join(&rooms, 7, most + 1).await.unwrap(), Err(JoinError::RoomFull));
    join(&rooms, 8, most + 1).await.unwrap().unwrap();
    rooms.leave(PeerId(1)).await.unwrap();
    join(&rooms, 7, most + 2).await.unwrap().unwrap();
}
