//! Ours: the media threads as the server runs them.

use std::collections::BTreeMap;
use std::net::UdpSocket;

use server::media;
use server::room::{self, Rooms};
use sfu::{Grant, MediaKind, Mid, PeerId, PeerState, RoomId, Source, Wish};
use tokio::runtime::Builder;
use tokio::sync::mpsc;

use super::{Entry, answer, requests};

/// In bit/s. As much as a room can have: packets come faster than those of speech, and none may be dropped for it.
const BITRATE: u32 = 510_000;

pub(super) fn run(threads: usize) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(serve(threads));
}

async fn serve(threads: usize) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    socket.set_nonblocking(true).expect("a socket that does not wait");
    let address = socket.local_addr().expect("a bound socket has an address");
    let (rooms, mut events, ends) = room::connect(threads);
    media::start(socket, media::Way { announced: vec![address], uplink: None }, ends).expect("media starts");
    tokio::spawn(async move { while events.recv().await.is_some() {} });
    let (sender, mut entries) = mpsc::unbounded_channel();
    requests(move |entry| sender.send(entry).expect("entries are awaited"));
    let mut cameras = BTreeMap::<u64, Vec<PeerId>>::new();
    while let Some(entry) = entries.recv().await {
        let cameras = cameras.entry(entry.room).or_default();
        join(&rooms, entry, cameras).await;
    }
}

async fn join(rooms: &Rooms, entry: Entry, cameras: &mut Vec<PeerId>) {
    let peer = PeerId(entry.peer);
    let source = if entry.is_video { Source::Camera } else { Source::Microphone };
    let own = entry.own.map(|mid| (Mid::from(mid.as_str()), source));
    let is_camera = own.is_some() && entry.is_video;
    let entry = room::Entry {
        room: RoomId(entry.room),
        peer,
        grant: Grant::ALL,
        state: PeerState { camera: true, ..PeerState::default() },
        audio_bitrate: BITRATE,
        replaces: None,
        offer: entry.offer,
        sources: own.into_iter().collect(),
    };
    let joined = rooms.join(entry).await.expect("media runs").expect("a seat");
    let slots = joined.slots.into_iter().filter(|slot| slot.kind == MediaKind::Video);
    let wish = |(mid, peer)| Wish { mid, peer, source: Source::Camera, width: 1_280, height: 720, is_pinned: false };
    let wishes: Vec<_> = slots.map(|slot| slot.mid).zip(cameras.iter().copied()).map(wish).collect();
    if !wishes.is_empty() {
        rooms.set_wishes(peer, wishes).await.expect("media runs");
    }
    if is_camera {
        cameras.push(peer);
    }
    answer(&joined.sdp);
}
