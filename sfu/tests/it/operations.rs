use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sfu::{Event, Grant, MediaKind, PeerId, PeerState, Source};

use crate::common::client::{Received, mark};
use crate::common::offer::Layout;
use crate::common::{Chance, World};

/// What the test knows of a peer.
#[derive(Clone, Copy)]
struct Model {
    grant: Grant,
    state: PeerState,
    cut: bool,
}

const IDS: u64 = 6;
const OPERATIONS: usize = 1000;
const SOURCES: [Source; 4] = [Source::Microphone, Source::Camera, Source::Screen, Source::ScreenAudio];

fn layout() -> Layout {
    Layout::new(&SOURCES, 2, 2)
}

fn flags(chance: &mut Chance) -> (Grant, PeerState) {
    let mut flag = |percent| chance.below(100) < percent;
    let grant = Grant { audio: flag(80), video: flag(80), screen: flag(80), listen: flag(80) };
    let state =
        PeerState { muted: flag(30), deafened: flag(20), camera: flag(70), screen: flag(60), priority: flag(10) };
    (grant, state)
}

fn operate(world: &mut World, model: &mut BTreeMap<u64, Model>, chance: &mut Chance) {
    let id = 1 + chance.below(IDS);
    let operation = chance.below(10);
    let (grant, state) = flags(chance);
    let Some(known) = model.get_mut(&id) else {
        world.join_as(id, &layout(), (grant, state));
        let cut = false;
        model.insert(id, Model { grant, state, cut });
        return;
    };
    match operation {
        0 => {
            world.sfu.leave(world.now, PeerId(id));
            forget(world, model, id);
        }
        1 | 2 => {
            known.grant = grant;
            world.sfu.set_grant(world.now, PeerId(id), grant);
        }
        3 | 4 => {
            known.state = state;
            world.sfu.set_state(world.now, PeerId(id), state);
        }
        5 | 6 => {
            let wish = |mid, chance: &mut Chance| {
                let source = [Source::Camera, Source::Screen][usize::from(chance.below(2) == 0)];
                (mid, 1 + chance.below(IDS), source)
            };
            let wishes = [wish("v0", chance), wish("v1", chance)];
            let count = usize::try_from(chance.below(3)).unwrap();
            world.wish(id, &wishes[..count]);
        }
        7 => {
            let offer = world.client(id).restart();
            let answer = world.sfu.restart(PeerId(id), &offer).unwrap();
            let now = world.now;
            world.client(id).accept(now, &answer);
        }
        8 => {
            known.cut = !known.cut && chance.below(4) == 0;
            world.client(id).cut = known.cut;
        }
        _ => world.run(Duration::from_millis(200)),
    }
    world.settle();
}

/// Sends a little of everything from everybody, and lets it arrive.
fn traffic(world: &mut World, chance: &mut Chance) {
    // A client that is cut off sends nothing, so that what others receive has no gaps.
    let clients = world.clients.iter().filter(|(_, client)| !client.cut);
    for id in clients.map(|(id, _)| *id).collect::<Vec<_>>() {
        let now = world.now;
        let level = u8::try_from(chance.below(128)).unwrap();
        for source in SOURCES {
            match source.kind() {
                MediaKind::Audio => world.client(id).send_sound(now, source, level),
                MediaKind::Video => world.client(id).send_frame(now, source),
            }
        }
    }
    world.run(Duration::from_millis(20));
}

/// Whose a packet is, and of what.
fn origin(received: &Received) -> (u64, Source) {
    let packet = &received.packet;
    let publisher =
        if received.mid.starts_with('a') { u64::from(packet.header.csrc[0]) } else { u64::from(packet.payload[5]) };
    let source = SOURCES.into_iter().find(|source| packet.payload.last() == Some(&mark(*source)));
    (publisher, source.expect("all are marked"))
}

impl Model {
    fn publishes(&self, source: Source) -> bool {
        match source {
            Source::Microphone => self.grant.audio && !self.state.muted,
            Source::Camera => self.grant.video && self.state.camera,
            Source::Screen | Source::ScreenAudio => self.grant.screen && self.state.screen,
        }
    }
}

fn check(world: &mut World, model: &BTreeMap<u64, Model>, streams: &mut Streams) {
    let ids: Vec<u64> = world.clients.keys().copied().collect();
    for id in ids {
        let receiver = model[&id];
        for received in std::mem::take(&mut world.client(id).received) {
            let (publisher, source) = origin(&received);
            let known = model.get(&publisher).expect("a packet of one who has left");
            assert_ne!(publisher, id, "one's own packet");
            assert!(receiver.grant.listen);
            assert!(known.publishes(source), "{source:?} of {publisher}");
            if received.mid.starts_with('a') {
                assert!(!receiver.state.deafened);
            }
            streams.follow(id, &received);
        }
        if receiver.cut {
            streams.0.retain(|(receiver, _), _| *receiver != id);
        }
    }
}

/// The last sequence number of each stream, by the receiver's session and its slot.
#[derive(Default)]
struct Streams(BTreeMap<(u64, u32), u16>);

impl Streams {
    fn follow(&mut self, id: u64, received: &Received) {
        let header = &received.packet.header;
        let last = self.0.insert((id, header.ssrc), header.sequence_number);
        if let Some(last) = last {
            assert_eq!(header.sequence_number, last.wrapping_add(1), "{}", received.mid);
        }
    }
}

fn views_have_no_ghosts(world: &World, model: &BTreeMap<u64, Model>) {
    for id in model.keys().filter(|id| world.is_connected(**id)) {
        let shown: Vec<_> = world.slots(*id).into_iter().filter_map(|slot| slot.shows).collect();
        let audio: Vec<_> = shown
            .iter()
            .filter(|shown| shown.source.kind() == MediaKind::Audio)
            .map(|shown| (shown.peer, shown.source))
            .collect();
        assert_eq!(audio.iter().collect::<BTreeSet<_>>().len(), audio.len(), "shown twice");
        for shown in shown {
            assert!(model.contains_key(&shown.peer.0), "{id} is shown a ghost");
            assert_eq!(u64::from(shown.csrc), shown.peer.0);
        }
    }
}

#[test]
fn a_thousand_random_operations_break_no_rule() {
    for seed in [1, 2] {
        let mut world = World::new(seed);
        world.link.delay = Duration::from_millis(1);
        let mut model = BTreeMap::new();
        let mut streams = Streams::default();
        let mut chance = Chance(seed);
        let mut packets = 0;
        for _ in 0..OPERATIONS {
            // What is under way arrives before the rules change.
            world.run(Duration::from_millis(10));
            check(&mut world, &model, &mut streams);
            operate(&mut world, &mut model, &mut chance);
            for _ in 0..3 {
                traffic(&mut world, &mut chance);
            }
            packets += world.clients.values().map(|client| client.received.len()).sum::<usize>();
            check(&mut world, &model, &mut streams);
            views_have_no_ghosts(&world, &model);
            expire(&mut world, &mut model);
        }
        assert_eq!(world.sfu.fault_count(), 0);
        assert_eq!(world.sfu.peer_count(), model.len());
        assert!(packets > 10_000, "{packets}");
        for id in model.keys() {
            world.sfu.leave(world.now, PeerId(*id));
        }
        world.clients.clear();
        world.assert_empty();
    }
}

/// Forgets those whose lease ended.
fn expire(world: &mut World, model: &mut BTreeMap<u64, Model>) {
    let gone = world.events.extract_if(.., |event| matches!(event, Event::Gone { .. }));
    for event in gone.collect::<Vec<_>>() {
        if let Event::Gone { peer, .. } = event {
            forget(world, model, peer.0);
        }
    }
}

/// A peer that joins again is another one.
fn forget(world: &mut World, model: &mut BTreeMap<u64, Model>, id: u64) {
    model.remove(&id);
    world.clients.remove(&id);
    world
        .events
        .retain(|event| !matches!(event, Event::Connected { peer } | Event::Slots { peer, .. } if peer.0 == id));
}
