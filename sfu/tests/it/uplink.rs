//! What leaves the instance in all: by the operator's account, or as it is measured.

use std::time::{Duration, Instant};

use sfu::Limitation;

use crate::common::offer::Layout;
use crate::common::viewer::{Viewer, perform};
use crate::common::{Link, World};

/// A publisher, 1, with a camera and a voice, and those who look at it at its full size.
struct Crowd {
    world: World,
    viewers: Vec<Viewer>,
}

impl Crowd {
    fn new(seed: u64, viewers: usize) -> Self {
        let mut world = World::new(seed);
        let ids = world.connect_viewers(&Layout::modern(1), &vec![640; viewers]);
        let viewers = ids[1..].iter().map(|id| Viewer::new((*id, "v0"), world.now)).collect();
        Self { world, viewers }
    }

    fn run(&mut self, duration: Duration) {
        perform(&mut self.world, &mut self.viewers, duration);
    }

    /// How many have their pictures held back for what.
    fn count(&self, limitation: Limitation) -> usize {
        let told = |viewer: &&Viewer| self.world.quality(viewer.id).unwrap().pictures[0].limitation == limitation;
        self.viewers.iter().filter(|viewer| self.world.quality(viewer.id).is_some()).filter(told).count()
    }

    /// The longest that anybody waited for the next packet of sound since a moment, and how much of it was lost at most.
    fn sound_since(&self, from: Instant) -> (Duration, f64) {
        let packets = (self.world.now - from).as_secs_f64() * 50.0;
        let of = |viewer: &Viewer| {
            let heard: Vec<_> = viewer.heard.iter().copied().filter(|at| *at >= from).collect();
            let gap = heard.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(Duration::MAX);
            (gap, 1.0 - heard.len() as f64 / packets)
        };
        let all: Vec<_> = self.viewers.iter().map(of).collect();
        let lost = all.iter().map(|(_, lost)| *lost).fold(0.0, f64::max);
        (all.iter().map(|(gap, _)| *gap).max().unwrap(), lost)
    }
}

#[test]
fn a_way_that_all_share_is_measured_and_those_who_get_less_are_told_why() {
    // Five cameras of 1.4 Mbit/s, and sound, through 3 Mbit/s.
    let mut crowd = Crowd::new(1, 5);
    crowd.run(Duration::from_secs(5));
    assert_eq!(crowd.count(Limitation::None), 5);
    crowd.world.uplink = Some(3_000_000);
    let from = crowd.world.now;
    crowd.run(Duration::from_secs(8));
    let (_, lost) = crowd.sound_since(from);
    assert!(lost < 0.02, "{lost} of the sound was lost");
    assert_eq!(crowd.count(Limitation::Uplink), 5);
    let from = crowd.world.now;
    crowd.run(Duration::from_secs(40));
    let (gap, lost) = crowd.sound_since(from);
    assert!(gap < Duration::from_millis(100) && lost < 0.001, "{gap:?} and {lost}");
    for viewer in &crowd.viewers {
        let (pace, freeze) =
            (viewer.screen.pace(from, crowd.world.now), viewer.screen.longest_freeze(from, crowd.world.now));
        assert!(pace > 24.0 && freeze < Duration::from_millis(200), "{pace} pictures a second, {freeze:?}");
    }
    assert_eq!(crowd.count(Limitation::Uplink), 5);
    // The limit ends, grows, and is not met again.
    crowd.world.uplink = None;
    crowd.run(Duration::from_secs(60));
    assert_eq!(crowd.count(Limitation::None), 5);
}

#[test]
fn narrow_ways_of_their_own_are_no_limit_for_all() {
    let mut crowd = Crowd::new(3, 5);
    for (id, kilobits) in (2..).zip([350, 500, 700, 900, 1_200]) {
        crowd.world.links.insert(id, Link { bits_per_second: Some(kilobits * 1_000), ..Link::CLEAN });
    }
    for _ in 0..30 {
        crowd.run(Duration::from_secs(1));
        assert_eq!(crowd.count(Limitation::Uplink), 0);
    }
    assert_eq!(crowd.count(Limitation::Bandwidth), 5);
}

#[test]
fn one_narrow_way_among_many_is_no_limit_for_all() {
    let mut crowd = Crowd::new(2, 5);
    crowd.world.links.insert(2, Link { bits_per_second: Some(600_000), ..Link::CLEAN });
    crowd.run(Duration::from_secs(15));
    let told = [Limitation::Bandwidth, Limitation::Uplink, Limitation::None].map(|limitation| crowd.count(limitation));
    assert_eq!(told, [1, 0, 4]);
}

#[test]
fn what_the_instance_may_send_is_shared_and_those_who_get_less_are_told_why() {
    let mut world = World::new(6);
    world.sfu.set_uplink(Some(800_000));
    world.connect_viewers(&Layout::modern(2), &[640, 640, 100]);
    let sent_in = |world: &mut World| -> usize {
        world.shoot(&[1], Duration::from_secs(8));
        let lengths =
            [2, 3, 4].map(|id| world.client(id).take("v0").iter().map(|packet| packet.packet.payload.len()).sum());
        let lengths: [usize; 3] = lengths;
        lengths.iter().sum()
    };
    // Eight seconds of eight bits a byte.
    let sent = sent_in(&mut world);
    assert!(sent < 800_000, "{sent} bit/s");
    let told = |world: &World| [2, 3, 4].map(|id| world.quality(id).unwrap().pictures[0].limitation);
    assert_eq!(told(&world), [Limitation::Uplink, Limitation::Uplink, Limitation::None]);
    assert!((200_000..=800_000).contains(&world.sfu.uplink_taken(world.now)));
    world.sfu.set_uplink(Some(400_000));
    world.shoot(&[1], Duration::from_secs(1));
    let _ = world.client(2).take("v0");
    let less = sent_in(&mut world);
    assert!(less < 450_000, "{less} bit/s");
    world.sfu.set_uplink(None);
    sent_in(&mut world);
    assert_eq!(told(&world), [Limitation::None; 3]);
}

#[test]
fn speech_goes_before_pictures_where_the_operator_sets_a_limit() {
    let mut crowd = Crowd::new(7, 5);
    crowd.run(Duration::from_secs(5));
    // Less than the lowest encoding for each, beside their sound.
    crowd.world.sfu.set_uplink(Some(500_000));
    crowd.run(Duration::from_secs(3));
    let from = crowd.world.now;
    crowd.run(Duration::from_secs(10));
    let (gap, lost) = crowd.sound_since(from);
    assert!(gap < Duration::from_millis(60) && lost < 0.001, "{gap:?} and {lost}");
    assert_eq!(crowd.count(Limitation::Uplink), 5);
    assert!(crowd.world.sfu.uplink_taken(crowd.world.now) <= 500_000);
}
