use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::forward::Layer;
use crate::forward::descriptor::Reader;
use crate::forward::scalable::{L1T3, L2T3_KEY, L3T3, L3T3_KEY, LayerFrame, Mode, Scalable};

fn target(spatial: u8, temporal: u8) -> Target {
    Target { layer: Layer { encoding: 0, spatial }, temporal }
}

/// A subscriber, and what it was sent.
struct Subscriber {
    reader: Reader,
    selection: Option<Selection>,
    sends: Target,
    target: Target,
    /// Whether each frame that came was sent, by its number.
    seen: BTreeMap<u16, bool>,
}

impl Subscriber {
    fn new(target: Target) -> Self {
        Self { reader: Reader::default(), selection: None, sends: target, target, seen: BTreeMap::new() }
    }

    fn take(&mut self, frame: &LayerFrame, timestamp: u32) -> bool {
        let Some(read) = self.reader.read(&frame.descriptor(true, true).into()) else {
            return false;
        };
        if self.selection.is_none() && read.is_key {
            self.sends = self.target;
            self.selection = Some(Selection::begin(&read, timestamp, self.sends));
        }
        let Some(selection) = &mut self.selection else {
            return false;
        };
        let is_sent = selection.takes((&read, timestamp), &mut self.sends, Some(self.target));
        self.seen.insert(frame.number, is_sent);
        is_sent
    }

    fn is_cut_off(&self) -> bool {
        self.selection.is_some_and(|selection| selection.is_cut_off(self.sends, self.target))
    }
}

/// The spatial layers of so many pictures that are sent.
fn layers(subscriber: &mut Subscriber, camera: &mut Scalable, (from, count): (u32, u32)) -> Vec<Vec<(u8, u8)>> {
    let pictures = (from..from + count).map(|picture| {
        let frames = camera.shoot();
        let sent = frames.iter().filter(|frame| subscriber.take(frame, picture));
        sent.map(|frame| (frame.spatial, frame.temporal)).collect()
    });
    pictures.collect()
}

#[test]
fn in_key_pictures_all_layers_are_sent_and_else_the_highest_alone() {
    let (mut subscriber, mut camera) = (Subscriber::new(target(1, 2)), Scalable::new(L3T3_KEY, 9));
    let sent = layers(&mut subscriber, &mut camera, (0, 4));
    assert_eq!(sent, [vec![(0, 0), (1, 0)], vec![(1, 2)], vec![(1, 1)], vec![(1, 2)]]);
}

#[test]
fn where_each_picture_needs_the_lower_layers_they_are_sent() {
    let (mut subscriber, mut camera) = (Subscriber::new(target(1, 1)), Scalable::new(L3T3, 9));
    let sent = layers(&mut subscriber, &mut camera, (0, 4));
    assert_eq!(sent, [vec![(0, 0), (1, 0)], vec![], vec![(0, 1), (1, 1)], vec![]]);
}

#[test]
fn one_goes_down_at_once_where_the_lower_layers_were_sent() {
    let (mut subscriber, mut camera) = (Subscriber::new(target(2, 2)), Scalable::new(L3T3, 9));
    layers(&mut subscriber, &mut camera, (0, 2));
    subscriber.target = target(0, 0);
    assert!(!subscriber.is_cut_off());
    assert_eq!(layers(&mut subscriber, &mut camera, (2, 3)), [vec![], vec![], vec![(0, 0)]]);
}

#[test]
fn one_waits_for_a_key_picture_where_they_were_not_and_to_go_up() {
    for (mode, from, to) in [(L3T3_KEY, 2, 0), (L3T3_KEY, 0, 2), (L3T3, 0, 1)] {
        let (mut subscriber, mut camera) = (Subscriber::new(target(from, 2)), Scalable::new(mode, 9));
        layers(&mut subscriber, &mut camera, (0, 6));
        subscriber.target = target(to, 2);
        let sent = layers(&mut subscriber, &mut camera, (6, 8));
        assert!(subscriber.is_cut_off() && sent.iter().all(|sent| sent.last().unwrap().0 == from), "{sent:?}");
        camera.wants_key = true;
        let sent = layers(&mut subscriber, &mut camera, (14, 8));
        assert!(!subscriber.is_cut_off() && sent.iter().all(|sent| sent.last().unwrap().0 == to), "{sent:?}");
    }
}

#[test]
fn temporal_layers_go_at_once_and_come_with_a_frame_that_lets_them() {
    let (mut subscriber, mut camera) = (Subscriber::new(target(0, 2)), Scalable::new(L1T3, 9));
    layers(&mut subscriber, &mut camera, (0, 5));
    subscriber.target = target(0, 0);
    assert_eq!(layers(&mut subscriber, &mut camera, (5, 5)), [vec![], vec![], vec![], vec![(0, 0)], vec![]]);
    subscriber.target = target(0, 2);
    let sent = layers(&mut subscriber, &mut camera, (10, 4));
    assert_eq!(sent, [vec![(0, 1)], vec![(0, 2)], vec![(0, 0)], vec![(0, 2)]]);
}

#[test]
fn temporal_layers_come_back_in_whatever_layer_is_sent() {
    for (mode, spatial) in [(L1T3, 0), (L2T3_KEY, 0), (L2T3_KEY, 1), (L3T3_KEY, 1), (L3T3_KEY, 2), (L3T3, 2)] {
        let (mut subscriber, mut camera) = (Subscriber::new(target(spatial, 2)), Scalable::new(mode, 9));
        layers(&mut subscriber, &mut camera, (0, 5));
        subscriber.target = target(spatial, 0);
        let sent = layers(&mut subscriber, &mut camera, (5, 8));
        assert!(sent.iter().flatten().all(|(_, temporal)| *temporal == 0), "{mode:?}: {sent:?}");
        subscriber.target = target(spatial, 2);
        layers(&mut subscriber, &mut camera, (13, 4));
        let sent = layers(&mut subscriber, &mut camera, (17, 4));
        assert!(sent.iter().all(|picture| !picture.is_empty()), "{mode:?} {spatial}: {sent:?}");
        assert!(!subscriber.is_cut_off());
    }
}

#[test]
fn a_frame_that_comes_late_is_sent_as_it_would_have_been() {
    let (mut subscriber, mut camera) = (Subscriber::new(target(0, 2)), Scalable::new(L3T3, 9));
    layers(&mut subscriber, &mut camera, (0, 1));
    let late = camera.shoot();
    layers(&mut subscriber, &mut camera, (2, 3));
    assert!(subscriber.take(&late[0], 1) && !subscriber.take(&late[1], 1));
    assert!(subscriber.take(&late[0], 1));
}

proptest! {
    #[test]
    fn no_frame_is_sent_without_what_it_needs(
        mode in prop::sample::select(vec![L1T3, L2T3_KEY, L3T3_KEY, L3T3]),
        number in any::<u16>(),
        steps in prop::collection::vec((0..4_u8, 0..3_u8, 1..12_u32, any::<bool>(), 1..4_u8, prop::collection::vec(0..100_u8, 12)), 1..12),
    ) {
        model(mode, number, &steps)?;
    }
}

type Step = (u8, u8, u32, bool, u8, Vec<u8>);

/// Frames are lost, come late, or come in their turn; layers are switched on and off at the publisher, and wishes change.
fn model(mode: Mode, number: u16, steps: &[Step]) -> Result<(), TestCaseError> {
    let (mut subscriber, mut camera) = (Subscriber::new(target(0, 0)), Scalable::new(mode, number));
    let mut late: Vec<(LayerFrame, u32)> = Vec::new();
    let mut picture = 0;
    let mut sent = 0;
    for (spatial, temporal, pictures, wants_key, active, fates) in steps {
        subscriber.target = target((*spatial).min(mode.spatial - 1), *temporal);
        camera.wants_key |= wants_key | (*active).ne(&camera.active);
        camera.active = (*active).min(mode.spatial);
        for _ in 0..*pictures {
            picture += 1;
            for (frame, fate) in camera.shoot().into_iter().zip(fates.iter().cycle().skip(picture as usize)) {
                match fate {
                    0..4 => continue,
                    4..8 => late.push((frame, picture)),
                    _ => sent += u32::from(check(&mut subscriber, &frame, picture)?),
                }
            }
            if picture % 3 == 0 {
                for (frame, picture) in late.drain(..) {
                    check(&mut subscriber, &frame, picture)?;
                }
            }
        }
    }
    // The first key picture may be lost.
    prop_assert!(sent > 0 || steps.len() < 4 || subscriber.selection.is_none());
    Ok(())
}

/// What is sent needs nothing that came and was left out.
fn check(subscriber: &mut Subscriber, frame: &LayerFrame, picture: u32) -> Result<bool, TestCaseError> {
    let is_sent = subscriber.take(frame, picture);
    if is_sent {
        for reference in &frame.references {
            prop_assert_ne!(subscriber.seen.get(reference), Some(&false), "{} of {:?}", reference, frame);
        }
    }
    Ok(is_sent)
}
