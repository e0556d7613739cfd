use std::time::Duration;

use sfu::{Event, GoneReason, Join, JoinError, Limits, PeerId, PeerState, Source};

use crate::common::client::assert_unbroken;
use crate::common::offer::Layout;
use crate::common::screen::Screen;
use crate::common::{ROOM, TICK, World};

#[test]
fn leaving_frees_slots_and_seat() {
    let mut world = World::new(1);
    world.connect(&[1, 2], &Layout::video(1));
    world.wish(2, &[("v0", 1, Source::Camera)]);
    world.film(&[1], Duration::from_millis(200));
    world.talk(&[(1, 90)], Duration::from_millis(200));
    assert!(world.shows(2, "v0").is_some());
    world.sfu.leave(world.now, PeerId(1));
    world.settle();
    world.run(Duration::from_millis(10));
    assert!(world.client(1).closed);
    assert_eq!(world.shows(2, "v0"), None);
    assert_eq!(world.shows(2, "a0"), None);
    assert_eq!(world.sfu.peer_count(), 1);
    world.run(Duration::from_millis(50));
    let before = world.client(2).received.len();
    world.film(&[1], Duration::from_millis(200));
    assert_eq!(world.client(2).received.len(), before);
    world.clients.remove(&1);
    world.connect(&[1], &Layout::video(1));
    world.talk(&[(1, 90)], Duration::from_millis(200));
    assert!(world.client(2).received.len() > before);
}

#[test]
fn a_client_that_closes_is_gone_at_once() {
    let mut world = World::new(2);
    world.connect(&[1, 2], &Layout::voice(1));
    let now = world.now;
    world.client(1).close(now);
    world.run(Duration::from_millis(50));
    let gone = Event::Gone { peer: PeerId(1), reason: GoneReason::Closed };
    assert_eq!(world.count_events(|event| *event == gone), 1);
}

#[test]
fn an_empty_sfu_has_no_timer() {
    let mut world = World::new(3);
    world.connect(&[1, 2], &Layout::video(1));
    world.film(&[1, 2], Duration::from_millis(200));
    world.talk(&[(1, 90)], Duration::from_millis(200));
    for id in [1, 2] {
        world.sfu.leave(world.now, PeerId(id));
    }
    world.clients.clear();
    world.settle();
    assert_eq!(world.sfu.poll_output(), sfu::Output::Timeout(None));
}

#[test]
fn a_peer_joins_once_and_a_room_has_its_limit() {
    let limits = Limits { peers_per_room: 2, ..Limits::default() };
    let mut world = World::with_limits(4, limits);
    let layout = Layout::voice(1);
    world.connect(&[1, 2], &layout);
    let client = crate::common::client::Client::new(world.now, 3, &layout);
    let mut join = Join {
        room: ROOM,
        peer: PeerId(2),
        grant: sfu::Grant::ALL,
        state: PeerState::default(),
        audio_bitrate: 64_000,
        replaces: None,
        offer: &client.offer(),
        sources: &layout.sources(),
    };
    let refused = world.sfu.join(world.now, join);
    assert_eq!(refused, Err(JoinError::AlreadyJoined));
    join.peer = PeerId(3);
    assert_eq!(world.sfu.join(world.now, join), Err(JoinError::RoomFull));
    join.replaces = Some(PeerId(9));
    assert_eq!(world.sfu.join(world.now, join), Err(JoinError::RoomFull), "nobody leaves for it");
    join.replaces = Some(PeerId(1));
    assert!(world.sfu.join(world.now, join).is_ok());
    let refused = world.sfu.restart(PeerId(9), "");
    assert_eq!(refused, Err(JoinError::UnknownPeer));
}

#[test]
fn who_comes_back_goes_on_in_the_slots_of_those_who_heard_and_saw_it() {
    let mut world = World::new(5);
    let layout = Layout::modern(1);
    world.connect_viewers(&layout, &[640]);
    let perform = |world: &mut World, id| {
        for _ in 0..25 {
            world.talk(&[(id, 90)], TICK);
            world.client(id).send_picture(Source::Camera);
            world.talk(&[(id, 90)], TICK);
        }
    };
    perform(&mut world, 1);
    world.sfu.leave(world.now, PeerId(1));
    world.run(Duration::from_secs(1));
    world.clients.remove(&1);
    world.connect(&[3], &layout);
    world.client(3).tracks.entry(Source::Microphone).or_default().timestamp = 3_000_000_000;
    world.watch(2, &[("v0", 3, 640)]);
    perform(&mut world, 3);
    for (mid, rate) in [("a0", 48), ("v0", 90)] {
        let received = world.client(2).take(mid);
        assert_unbroken(&received);
        let change = received.windows(2).find(|pair| pair[0].at + Duration::from_secs(1) < pair[1].at).unwrap();
        let ticks = change[1].packet.header.timestamp.wrapping_sub(change[0].packet.header.timestamp);
        let told = Duration::from_millis(u64::from(ticks / rate));
        let passed = change[1].at - change[0].at;
        assert!(told.abs_diff(passed) < TICK, "{told:?} for {passed:?}");
        if mid == "v0" {
            let mut screen = Screen::default();
            screen.watch(received);
            assert_eq!(screen.latest().map(|shown| shown.peer), Some(3));
        }
    }
}
