//! Calls of those who send layers of one stream, in which anything may happen, in any order; a plan that fails is kept beside
//! this file and tried first.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use sfu::{Grant, PeerId, PeerState, Source};

use crate::common::lossy::LossyViewer;
use crate::common::offer::Layout;
use crate::common::scalable::{L1T3, L2T3_KEY, L3T3, L3T3_KEY, Mode, Scalable};
use crate::common::{Link, World, assert_sees};

const IDS: std::ops::RangeInclusive<u64> = 1..=3;
const WIDTHS: [u16; 3] = [120, 320, 1_000];
const MODES: [Mode; 4] = [L3T3_KEY, L3T3, L2T3_KEY, L1T3];

#[derive(Clone, Debug)]
enum Step {
    Watch(u64, u64, usize),
    /// Its browser sends so many of its layers.
    Layers(u64, u8),
    /// Its browser begins anew, with other layers.
    Mode(u64, usize),
    KeyFrame(u64),
    Grant(u64, bool, bool),
    Camera(u64, bool),
    Link(u64, usize),
    Pass,
}

fn step() -> impl Strategy<Value = Step> {
    let id = || IDS;
    prop_oneof![
        5 => (id(), id(), 0..WIDTHS.len()).prop_map(|(id, peer, width)| Step::Watch(id, peer, width)),
        2 => (id(), 1..=3_u8).prop_map(|(id, layers)| Step::Layers(id, layers)),
        1 => (id(), 0..MODES.len()).prop_map(|(id, mode)| Step::Mode(id, mode)),
        1 => id().prop_map(Step::KeyFrame),
        1 => (id(), any::<bool>(), any::<bool>()).prop_map(|(id, video, listen)| Step::Grant(id, video, listen)),
        1 => (id(), any::<bool>()).prop_map(|(id, is_on)| Step::Camera(id, is_on)),
        2 => (id(), 0..Link::SOME.len()).prop_map(|(id, link)| Step::Link(id, link)),
        4 => Just(Step::Pass),
    ]
}

struct Call {
    world: World,
    viewers: BTreeMap<u64, LossyViewer>,
    wishes: BTreeMap<u64, u64>,
}

impl Call {
    fn begin(seed: u64) -> Self {
        let mut world = World::new(seed);
        world.connect(&IDS.collect::<Vec<_>>(), &Layout::layered(1));
        let mut viewers = BTreeMap::new();
        for id in IDS {
            let number = u16::try_from(id).unwrap().wrapping_mul(30_000);
            world.client(id).layered.insert(Source::Camera, Scalable::new(L3T3_KEY, number));
            viewers.insert(id, LossyViewer::new(id, world.now));
        }
        Self { world, viewers, wishes: BTreeMap::new() }
    }

    fn camera(&mut self, id: u64) -> &mut Scalable {
        self.world.client(id).layered.get_mut(&Source::Camera).unwrap()
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Watch(id, peer, width) => {
                self.world.watch(id, &[("v0", peer, WIDTHS[width])]);
                self.wishes.insert(id, peer);
            }
            Step::Layers(id, layers) => {
                let camera = self.camera(id);
                camera.wants_key |= layers != camera.active;
                camera.active = layers.min(camera.mode.spatial);
            }
            Step::Mode(id, mode) => {
                let camera = self.camera(id);
                *camera = Scalable::new(MODES[mode], camera.number);
            }
            Step::KeyFrame(id) => self.camera(id).wants_key = true,
            Step::Grant(id, video, listen) => {
                let grant = Grant { video, listen, ..Grant::ALL };
                self.world.sfu.set_grant(self.world.now, PeerId(id), grant);
            }
            Step::Camera(id, camera) => self.world.set_state(id, PeerState { camera, ..PeerState::default() }),
            Step::Link(id, link) => _ = self.world.links.insert(id, Link::SOME[link]),
            Step::Pass => {}
        }
        self.world.settle();
    }

    /// Lets all send for a while, and looks at what comes: every viewer holds its stream to the rules of its decoder.
    fn run(&mut self, duration: Duration) {
        let end = self.world.now + duration;
        while self.world.now < end {
            for id in IDS {
                self.world.client(id).send_layers(Source::Camera);
            }
            self.world.run(Duration::from_millis(40));
            for viewer in self.viewers.values_mut() {
                viewer.look(&mut self.world);
            }
        }
    }

    /// Once everything is good again and allowed, everybody sees whom they wish to see, and nobody else.
    fn all_is_well(&mut self) {
        for id in IDS {
            self.take(&Step::Link(id, 0));
            self.take(&Step::Grant(id, true, true));
            self.take(&Step::Camera(id, true));
            self.take(&Step::Layers(id, 3));
        }
        self.run(Duration::from_secs(6));
        let from = self.world.now;
        self.run(Duration::from_secs(1));
        for (id, viewer) in &self.viewers {
            let seen: Vec<u64> =
                viewer.shown.iter().filter(|shown| shown.at > from).map(|shown| shown.peer.into()).collect();
            assert_sees(*id, &seen, self.wishes.get(id).copied().filter(|wish| wish != id));
        }
    }

    /// When all have left, nothing is left of them.
    fn end(mut self) {
        for id in IDS {
            self.world.sfu.leave(self.world.now, PeerId(id));
        }
        self.world.assert_empty();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_pictures_go_on_and_nobody_sees_another_than_wished_for(
        steps in prop::collection::vec(step(), 1..40),
        seed in any::<u64>(),
    ) {
        let mut call = Call::begin(seed);
        call.run(Duration::from_millis(400));
        for step in &steps {
            call.take(step);
            call.run(Duration::from_millis(160));
        }
        call.all_is_well();
        call.end();
    }
}
