//! Calls in which anything may happen, in any order; a plan that fails is kept beside this file and tried first.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use sfu::{Event, Grant, PeerId, PeerState, Source};

use crate::common::offer::Layout;
use crate::common::viewer::Viewer;
use crate::common::{Link, World, assert_sees};

const IDS: std::ops::RangeInclusive<u64> = 1..=4;
const SLOTS: [&str; 2] = ["v0", "v1"];
const EARS: [&str; 2] = ["a0", "a1"];
/// What was sent before somebody was muted has come by then.
const ON_ITS_WAY: Duration = Duration::from_millis(600);
const WIDTHS: [u16; 3] = [120, 320, 1_000];

#[derive(Clone, Debug)]
enum Step {
    Join(u64),
    Leave(u64),
    /// Wishes for others, each in a slot.
    Watch(u64, Vec<(u64, usize)>),
    /// Its browser begins to send an encoding, or stops.
    Encode(u64, usize, bool),
    Grant(u64, bool, bool),
    Camera(u64, bool),
    Mute(u64, bool),
    Link(u64, usize),
    Restart(u64),
    Pass,
}

fn step() -> impl Strategy<Value = Step> {
    let id = || IDS;
    prop_oneof![
        3 => id().prop_map(Step::Join),
        1 => id().prop_map(Step::Leave),
        6 => (id(), prop::collection::vec((id(), 0..WIDTHS.len()), 0..=SLOTS.len())).prop_map(|(id, wishes)| Step::Watch(id, wishes)),
        2 => (id(), 0..3_usize, any::<bool>()).prop_map(|(id, layer, is_on)| Step::Encode(id, layer, is_on)),
        1 => (id(), any::<bool>(), any::<bool>()).prop_map(|(id, video, listen)| Step::Grant(id, video, listen)),
        1 => (id(), any::<bool>()).prop_map(|(id, is_on)| Step::Camera(id, is_on)),
        2 => (id(), any::<bool>()).prop_map(|(id, is_muted)| Step::Mute(id, is_muted)),
        2 => (id(), 0..Link::SOME.len()).prop_map(|(id, link)| Step::Link(id, link)),
        1 => id().prop_map(Step::Restart),
        4 => Just(Step::Pass),
    ]
}

/// What is known of a peer.
#[derive(Clone, Copy)]
struct Known {
    grant: Grant,
    has_camera: bool,
    muted: Option<Instant>,
}

struct Call {
    world: World,
    known: BTreeMap<u64, Known>,
    /// Whom each wishes to see in its slots.
    wishes: BTreeMap<u64, Vec<Option<u64>>>,
    viewers: Vec<Viewer>,
    /// Who was heard by whom of late.
    heard: BTreeSet<(u64, u64)>,
}

impl Call {
    fn take(&mut self, step: &Step) {
        match step {
            Step::Join(id) if !self.known.contains_key(id) => self.join(*id),
            Step::Leave(id) if self.known.contains_key(id) => self.leave(*id),
            Step::Watch(id, wishes) if self.known.contains_key(id) => self.watch(*id, wishes),
            Step::Encode(id, layer, is_on) if self.known.contains_key(id) => {
                if let Some(camera) = self.world.client(*id).cameras.get_mut(&Source::Camera) {
                    camera.set(*layer, *is_on);
                }
            }
            Step::Grant(id, video, listen) => {
                if let Some(known) = self.known.get_mut(id) {
                    known.grant = Grant { video: *video, listen: *listen, ..Grant::ALL };
                    self.world.sfu.set_grant(self.world.now, PeerId(*id), known.grant);
                }
            }
            Step::Camera(id, is_on) => {
                if let Some(known) = self.known.get_mut(id) {
                    known.has_camera = *is_on;
                    self.tell_state(*id);
                }
            }
            Step::Mute(id, is_muted) => {
                if let Some(known) = self.known.get_mut(id) {
                    known.muted = is_muted.then(|| known.muted.unwrap_or(self.world.now));
                    self.tell_state(*id);
                }
            }
            Step::Link(id, link) => {
                self.world.links.insert(*id, Link::SOME[*link]);
            }
            Step::Restart(id) if self.known.contains_key(id) => {
                let offer = self.world.client(*id).restart();
                let answer = self.world.sfu.restart(PeerId(*id), &offer).unwrap();
                let now = self.world.now;
                self.world.client(*id).accept(now, &answer);
            }
            Step::Join(_) | Step::Leave(_) | Step::Watch(..) | Step::Encode(..) | Step::Restart(_) | Step::Pass => {}
        }
        self.world.settle();
    }

    fn tell_state(&mut self, id: u64) {
        let Known { has_camera, muted, .. } = self.known[&id];
        let state = PeerState { camera: has_camera, muted: muted.is_some(), ..PeerState::default() };
        self.world.set_state(id, state);
    }

    fn join(&mut self, id: u64) {
        self.world.join(id, &Layout::modern(SLOTS.len()));
        self.known.insert(id, Known { grant: Grant::ALL, has_camera: true, muted: None });
        self.viewers.extend(SLOTS.map(|mid| Viewer::new((id, mid), self.world.now)));
    }

    fn leave(&mut self, id: u64) {
        self.world.sfu.leave(self.world.now, PeerId(id));
        self.world.settle();
        self.world.clients.remove(&id);
        self.known.remove(&id);
        self.wishes.remove(&id);
        // Who comes back is another peer.
        for wish in self.wishes.values_mut().flatten() {
            *wish = wish.filter(|peer| *peer != id);
        }
        self.viewers.retain(|viewer| viewer.id != id);
        self.world.events.retain(|event| *event != Event::Connected { peer: PeerId(id) });
    }

    fn watch(&mut self, id: u64, wishes: &[(u64, usize)]) {
        let named: Vec<_> =
            SLOTS.iter().zip(wishes).map(|(mid, (peer, width))| (*mid, *peer, WIDTHS[*width])).collect();
        self.world.watch(id, &named);
        self.wishes.insert(id, wishes.iter().map(|(peer, _)| Some(*peer)).collect());
    }

    /// Lets all send for a while, and looks at what comes: every screen holds its stream to the rules of its decoder.
    fn run(&mut self, duration: Duration) {
        let end = self.world.now + duration;
        while self.world.now < end {
            let ids: Vec<u64> = self.known.keys().copied().collect();
            for id in &ids {
                let now = self.world.now;
                self.world.client(*id).send_sound(now, Source::Microphone, 90);
            }
            self.world.shoot(&ids, Duration::from_millis(40));
            ids.iter().for_each(|id| self.listen(*id));
            for viewer in &mut self.viewers {
                let before = viewer.screen.shown.len();
                viewer.look(&mut self.world);
                for shown in &viewer.screen.shown[before..] {
                    assert_ne!(u64::from(shown.peer), viewer.id, "one's own picture");
                }
            }
        }
    }

    /// Nobody hears one who is muted, nor themselves.
    fn listen(&mut self, id: u64) {
        let client = self.world.client(id);
        for received in EARS.into_iter().flat_map(|mid| client.take(mid)) {
            let speaker = u64::from(received.packet.header.csrc[0]);
            assert_ne!(speaker, id, "one's own voice");
            let muted = self.known.get(&speaker).and_then(|known| known.muted);
            assert!(muted.is_none_or(|muted| received.at < muted + ON_ITS_WAY), "{id} hears {speaker}, who is muted");
            self.heard.insert((id, speaker));
        }
    }

    /// Once all networks are good again, everybody sees whom they wish to see, and nobody else.
    fn all_is_well(&mut self) {
        for id in IDS {
            self.world.links.insert(id, Link::CLEAN);
            if let Some(client) = self.world.clients.get_mut(&id)
                && let Some(camera) = client.cameras.get_mut(&Source::Camera)
            {
                (0..3).for_each(|layer| camera.set(layer, true));
            }
        }
        self.run(Duration::from_secs(6));
        let from = self.world.now;
        self.heard.clear();
        self.run(Duration::from_secs(1));
        let here = |id: &u64| self.world.is_connected(*id);
        for id in self.known.iter().filter(|(id, known)| known.grant.listen && here(id)).map(|(id, _)| id) {
            let speaks = |(other, known): &(&u64, &Known)| *other != id && known.muted.is_none() && here(other);
            let others: BTreeSet<u64> = self.known.iter().filter(speaks).map(|(other, _)| *other).collect();
            let heard = self.heard.iter().filter(|(by, _)| by == id).count();
            assert_eq!(heard, others.len().min(EARS.len()), "{id} hears {:?}", self.heard);
        }
        for viewer in &self.viewers {
            let index = SLOTS.iter().position(|mid| *mid == viewer.mid()).unwrap();
            let wish = self.wishes.get(&viewer.id).and_then(|wishes| *wishes.get(index)?);
            let listens = self.known[&viewer.id].grant.listen && self.world.is_connected(viewer.id);
            let sends = |id: &u64| {
                let known = self.known.get(id).filter(|_| self.world.is_connected(*id));
                *id != viewer.id && known.is_some_and(|known| known.grant.video && known.has_camera)
            };
            let expected = wish.filter(|wish| listens && sends(wish));
            let seen: Vec<u64> =
                viewer.screen.shown.iter().filter(|shown| shown.at > from).map(|shown| shown.peer.into()).collect();
            assert_sees(viewer.id, &seen, expected);
        }
    }

    /// When all have left, nothing is left of them.
    fn end(mut self) {
        for id in self.known.keys().copied().collect::<Vec<_>>() {
            self.leave(id);
        }
        self.world.assert_empty();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_streams_are_whole_and_grants_are_kept(
        steps in prop::collection::vec(step(), 1..40),
        seed in any::<u64>(),
    ) {
        let (known, wishes, viewers) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        let mut call = Call { world: World::new(seed), known, wishes, viewers, heard: BTreeSet::new() };
        for id in [1, 2] {
            call.take(&Step::Join(id));
        }
        call.run(Duration::from_millis(400));
        for step in &steps {
            call.take(step);
            call.run(Duration::from_millis(160));
        }
        call.all_is_well();
        call.end();
    }
}
