//! A subscriber on one bad network after another, beside one on a good one, who must not notice. What is printed is what
//! docs/performance.md tells; what is asserted is the bar.

use std::time::{Duration, Instant};

use sfu::Event;

use crate::common::offer::Layout;
use crate::common::viewer::{Viewer, perform};
use crate::common::{Link, World};

/// A publisher, 1, with a camera and a voice, a subscriber on the link, 2, and one on a good one, 3; both look at it at its full
/// size.
struct Scene {
    world: World,
    viewers: [Viewer; 2],
}

impl Scene {
    fn new(seed: u64, link: Link) -> Self {
        let mut world = World::new(seed);
        world.connect(&[1, 2, 3], &Layout::modern(1));
        world.links.insert(2, link);
        for id in [2, 3] {
            world.watch(id, &[("v0", 1, 640)]);
        }
        let viewers = [2, 3].map(|id| Viewer::new((id, "v0"), world.now));
        Self { world, viewers }
    }

    fn run(&mut self, duration: Duration) {
        perform(&mut self.world, &mut self.viewers, duration);
    }

    /// What came of it from a moment to now.
    fn result(&self, from: Instant) -> Outcome {
        let [viewer, good] = &self.viewers;
        let now = self.world.now;
        let packets = (now - from).as_secs_f64() * 50.0;
        Outcome {
            pace: viewer.screen.pace(from, now),
            freeze: viewer.screen.longest_freeze(from, now),
            layer: viewer.screen.latest().map(|shown| shown.layer),
            lost_sound: 1.0 - viewer.heard.len() as f64 / packets,
            sound_gap: viewer.heard.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default(),
            good_freeze: good.screen.longest_freeze(from, now),
            good_layer: good.screen.latest().map(|shown| shown.layer),
        }
    }

    /// Forgets the sound that was counted so far.
    fn listen_from_now(&mut self) -> Instant {
        self.viewers.iter_mut().for_each(|viewer| viewer.heard.clear());
        self.world.now
    }
}

#[derive(Debug)]
struct Outcome {
    pace: f64,
    freeze: Duration,
    layer: Option<u8>,
    lost_sound: f64,
    /// The longest time between two packets of sound.
    sound_gap: Duration,
    good_freeze: Duration,
    good_layer: Option<u8>,
}

fn sweep(name: &str, link: Link) -> Outcome {
    let mut scene = Scene::new(7, link);
    scene.run(Duration::from_secs(5));
    let from = scene.listen_from_now();
    scene.run(Duration::from_secs(20));
    let outcome = scene.result(from);
    eprintln!("{name}: {outcome:?}");
    assert!(outcome.good_freeze < Duration::from_millis(200), "{:?}", outcome.good_freeze);
    assert_eq!(outcome.good_layer, Some(2));
    let gone = |event: &Event| matches!(event, Event::Gone { .. } | Event::Suspended { .. });
    assert_eq!(scene.world.count_events(gone), 0);
    outcome
}

fn lossy(loss_percent: u64) -> Link {
    Link { loss_percent, delay: Duration::from_millis(20), ..Link::CLEAN }
}

fn narrow(bits_per_second: u64) -> Link {
    Link { bits_per_second: Some(bits_per_second), delay: Duration::from_millis(20), ..Link::CLEAN }
}

#[test]
fn no_picture_freezes_for_a_second_at_five_percent_loss() {
    for loss in [0, 2, 5] {
        let outcome = sweep(&format!("{loss} % loss"), lossy(loss));
        assert!(outcome.freeze < Duration::from_secs(1), "{outcome:?}");
        assert_eq!(outcome.layer, Some(2), "{outcome:?}");
        assert!(outcome.pace > 23.0, "{outcome:?}");
    }
}

#[test]
fn pictures_go_on_at_ten_percent_loss_with_jitter_and_at_twenty() {
    let jittery = Link { delay: Duration::from_millis(30), jitter: Duration::from_millis(20), ..lossy(10) };
    let outcome = sweep("10 % loss, 40 ± 10 ms, reordered", jittery);
    assert!(outcome.freeze < Duration::from_secs(2) && outcome.pace > 15.0, "{outcome:?}");
    sweep("10 % loss", lossy(10));
    sweep("40 ± 10 ms, reordered", Link { loss_percent: 0, ..jittery });
    let outcome = sweep("20 % loss", lossy(20));
    assert!(outcome.pace > 3.0, "{outcome:?}");
}

#[test]
fn each_way_gets_what_it_carries_without_a_freeze() {
    let ways = [(300_000, 0..=1), (500_000, 1..=1), (800_000, 1..=2), (2_500_000, 2..=2), (5_000_000, 2..=2)];
    for (bits, layers) in ways {
        let outcome = sweep(&format!("{} kbit/s", bits / 1_000), narrow(bits));
        assert!(outcome.layer.is_some_and(|layer| layers.contains(&layer)), "{bits}: {outcome:?}");
        assert!(outcome.freeze < Duration::from_secs(1), "{bits}: {outcome:?}");
        assert!(outcome.lost_sound < 0.03, "{bits}: {outcome:?}");
        assert!(outcome.sound_gap < Duration::from_millis(200), "{bits}: {outcome:?}");
    }
}

#[test]
fn media_is_back_within_two_seconds_after_a_blackout_of_five() {
    let mut scene = Scene::new(9, narrow(3_000_000));
    scene.run(Duration::from_secs(5));
    scene.world.links.insert(2, lossy(100));
    scene.run(Duration::from_secs(5));
    scene.world.links.insert(2, narrow(3_000_000));
    let from = scene.listen_from_now();
    scene.run(Duration::from_secs(2));
    assert!(scene.viewers[0].heard.len() > 90, "{}", scene.viewers[0].heard.len());
    let first = scene.viewers[0].screen.shown.iter().find(|shown| shown.at > from);
    let recovered = first.map(|shown| shown.at - from);
    eprintln!("blackout: a picture {recovered:?} after its end");
    assert!(recovered.is_some_and(|after| after < Duration::from_secs(2)), "{recovered:?}");
    scene.run(Duration::from_secs(8));
    assert_eq!(scene.viewers[0].screen.latest().map(|shown| shown.layer), Some(2));
}

#[test]
fn a_way_that_becomes_narrow_in_the_midst_of_a_call_costs_pictures_and_speech_for_a_moment_only() {
    let mut scene = Scene::new(11, narrow(4_000_000));
    scene.run(Duration::from_secs(5));
    scene.world.links.insert(2, narrow(400_000));
    let from = scene.listen_from_now();
    scene.run(Duration::from_secs(4));
    let outcome = scene.result(from);
    eprintln!("the first four seconds on 400 kbit/s after 4 Mbit/s: {outcome:?}");
    assert!(outcome.freeze < Duration::from_millis(1_500) && outcome.lost_sound < 0.16, "{outcome:?}");
    let from = scene.listen_from_now();
    scene.run(Duration::from_secs(10));
    let outcome = scene.result(from);
    eprintln!("4 Mbit/s, then 400 kbit/s: {outcome:?}");
    assert!(outcome.lost_sound < 0.03 && outcome.freeze < Duration::from_secs(1), "{outcome:?}");
    scene.world.links.insert(2, narrow(4_000_000));
    scene.run(Duration::from_secs(10));
    assert_eq!(scene.viewers[0].screen.latest().map(|shown| shown.layer), Some(2));
}
