//! Events that the rest of the server has not taken yet.

use std::collections::BTreeMap;

use sfu::{Event, PeerId, RoomId, Source};

/// Events that wait before those that only inform are dropped, and nobody more is let in.
const FULL: usize = 4_096;

/// Events in their order, what is overtaken left out: a peer has at most one waiting event of each subject, and none
/// but its end once it is gone. So at most seven wait for each peer that was let in, and one for each room.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    events: BTreeMap<u64, Event>,
    places: BTreeMap<Subject, u64>,
    next: u64,
}

/// What an event tells of; a later one on the same makes an earlier one needless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Arrival(PeerId),
    /// Whether the peer's media flows, or has ended.
    Presence(PeerId),
    Slots(PeerId),
    Encodings(PeerId, Source),
    Codecs(PeerId),
    Quality(PeerId),
    Speakers(RoomId),
}

impl Subject {
    fn of(event: &Event) -> Self {
        match event {
            Event::Connected { peer } => Self::Arrival(*peer),
            Event::Suspended { peer } | Event::Resumed { peer } | Event::Gone { peer, .. } => Self::Presence(*peer),
            Event::Slots { peer, .. } => Self::Slots(*peer),
            Event::Encodings { peer, source, .. } => Self::Encodings(*peer, *source),
            Event::Codecs { peer, .. } => Self::Codecs(*peer),
            Event::Quality { peer, .. } => Self::Quality(*peer),
            Event::Speakers { room, .. } => Self::Speakers(*room),
        }
    }

    /// Whether it may be dropped: the next one, which soon comes by itself, says as much.
    fn only_informs(self) -> bool {
        match self {
            Self::Quality(_) | Self::Speakers(_) => true,
            Self::Arrival(_) | Self::Presence(_) | Self::Slots(_) | Self::Encodings(..) | Self::Codecs(_) => false,
        }
    }
}

impl Backlog {
    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.events.len() >= FULL
    }

    /// Puts an event in the place of the one that it overtakes, or at the end.
    pub(super) fn push(&mut self, event: Event) {
        let subject = Subject::of(&event);
        if let Event::Gone { peer, .. } = &event {
            let pictures = [Source::Camera, Source::Screen].map(|source| Subject::Encodings(*peer, source));
            let others =
                [Subject::Arrival(*peer), Subject::Slots(*peer), Subject::Codecs(*peer), Subject::Quality(*peer)];
            for moot in others.into_iter().chain(pictures) {
                self.remove(moot);
            }
        }
        if self.is_full() && subject.only_informs() {
            self.remove(subject);
            return;
        }
        let next = self.next;
        let place = *self.places.entry(subject).or_insert(next);
        self.next += u64::from(place == next);
        self.events.insert(place, event);
    }

    pub(super) fn pop(&mut self) -> Option<Event> {
        let (_, event) = self.events.pop_first()?;
        self.places.remove(&Subject::of(&event));
        Some(event)
    }

    fn remove(&mut self, subject: Subject) {
        if let Some(place) = self.places.remove(&subject) {
            self.events.remove(&place);
        }
    }
}

#[cfg(test)]
mod tests {
    use sfu::{GoneReason, Mid, Quality, SlotView};

    use super::*;

    fn slots(peer: u64, mid: &str) -> Event {
        Event::Slots { peer: PeerId(peer), slots: vec![SlotView { mid: Mid::from(mid), shows: None }] }
    }

    fn suspended(peer: u64) -> Event {
        Event::Suspended { peer: PeerId(peer) }
    }

    fn resumed(peer: u64) -> Event {
        Event::Resumed { peer: PeerId(peer) }
    }

    fn gone(peer: u64) -> Event {
        Event::Gone { peer: PeerId(peer), reason: GoneReason::LeaseExpired }
    }

    fn quality(peer: u64) -> Event {
        Event::Quality { peer: PeerId(peer), quality: Quality::default() }
    }

    fn drained(mut backlog: Backlog) -> Vec<Event> {
        std::iter::from_fn(|| backlog.pop()).collect()
    }

    fn filled(events: impl IntoIterator<Item = Event>) -> Backlog {
        let mut backlog = Backlog::default();
        events.into_iter().for_each(|event| backlog.push(event));
        backlog
    }

    #[test]
    fn events_keep_their_order_and_the_newest_of_a_subject_its_place() {
        let backlog = filled([slots(1, "old"), suspended(2), slots(1, "new"), quality(1), resumed(2)]);
        assert_eq!(drained(backlog), [slots(1, "new"), resumed(2), quality(1)]);
    }

    #[test]
    fn an_end_makes_moot_what_waits_of_a_peer_and_is_kept() {
        let backlog =
            filled([Event::Connected { peer: PeerId(1) }, slots(1, "a"), suspended(1), slots(2, "a"), gone(1)]);
        assert_eq!(drained(backlog), [gone(1), slots(2, "a")]);
    }

    #[test]
    fn what_is_taken_out_does_not_overtake_what_comes_later() {
        let mut backlog = filled([slots(1, "a")]);
        assert_eq!(backlog.pop(), Some(slots(1, "a")));
        backlog.push(suspended(1));
        backlog.push(slots(1, "b"));
        assert_eq!(drained(backlog), [suspended(1), slots(1, "b")]);
    }

    #[test]
    fn a_full_backlog_drops_what_only_informs_and_nothing_else() {
        let mut backlog = filled((0..FULL as u64).map(|peer| slots(peer, "a")));
        assert!(backlog.is_full());
        for peer in 0..100 {
            backlog.push(quality(peer));
            backlog.push(Event::Speakers { room: RoomId(peer), speakers: Vec::new(), dominant: None });
            backlog.push(suspended(peer));
            backlog.push(slots(peer, "b"));
        }
        for peer in 100..200 {
            backlog.push(gone(peer));
        }
        let events = drained(backlog);
        assert_eq!(events.len(), FULL + 100);
        let count = |wanted: &dyn Fn(&Event) -> bool| events.iter().filter(|event| wanted(event)).count();
        assert_eq!(count(&|event| matches!(event, Event::Suspended { .. })), 100);
        assert_eq!(count(&|event| matches!(event, Event::Gone { .. })), 100);
        assert_eq!(events[99], slots(99, "b"));
    }

    #[test]
    fn a_backlog_is_bounded_by_its_peers_however_long_it_waits() {
        let mut backlog = Backlog::default();
        for round in 0..10_000 {
            let peer = round % 10;
            for event in [Event::Connected { peer: PeerId(peer) }, suspended(peer), slots(peer, "a"), quality(peer)] {
                backlog.push(event);
            }
        }
        assert_eq!(backlog.events.len(), 40);
        assert_eq!(backlog.places.len(), 40);
    }
}
