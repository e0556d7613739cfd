//! The part of a timeline that is drawn: it slides over what is loaded in steps that each fit into a frame.

use std::ops::Range;

use protocol::id::MessageId;

use super::{Direction, Timeline};

/// Messages that are drawn at the end of a timeline.
const FEW: usize = 60;
/// Messages that are drawn at most while scrolling.
const MOST: usize = 120;
/// Messages that one step brings in.
const STEP: usize = 8;
/// Where fewer messages than these are loaded beyond the window, the next page is due.
const DUE: usize = 40;

/// From one message to another, both included; none: the end of the timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    from: Option<MessageId>,
    to: Option<MessageId>,
}

impl Window {
    /// The indices of what is drawn.
    #[must_use]
    pub fn bounds(self, timeline: &Timeline) -> Range<usize> {
        let end = self.to.map_or(timeline.len(), |to| timeline.index_after(to));
        let start = self.from.map_or(end.saturating_sub(FEW), |from| timeline.index_of(from));
        // What it stood on has been replaced.
        if start >= end { timeline.len().saturating_sub(FEW)..timeline.len() } else { start..end }
    }

    /// Whether it reaches the newest message that is loaded.
    #[must_use]
    pub fn is_at_end(self, timeline: &Timeline) -> bool {
        self.bounds(timeline).end == timeline.len()
    }

    /// Whether little is loaded beyond it.
    #[must_use]
    pub fn is_page_due(self, direction: Direction, timeline: &Timeline) -> bool {
        let Range { start, end } = self.bounds(timeline);
        match direction {
            Direction::Older => start < DUE,
            Direction::Newer => timeline.len() - end < DUE,
        }
    }

    /// While the end is looked at, what lies far above is drawn no longer.
    #[must_use]
    pub fn at_end(self, timeline: &Timeline) -> Self {
        if self.bounds(timeline).len() > MOST { Self::default() } else { self }
    }

    /// A step further; none where nothing more is loaded.
    #[must_use]
    pub fn step(self, direction: Direction, timeline: &Timeline) -> Option<Self> {
        let Range { start, end } = self.bounds(timeline);
        let (start, end) = match direction {
            Direction::Older if start == 0 => return None,
            Direction::Newer if end == timeline.len() => return None,
            Direction::Older => (start.saturating_sub(STEP), end.min(start.saturating_sub(STEP) + MOST)),
            Direction::Newer => {
                let end = (end + STEP).min(timeline.len());
                (start.max(end.saturating_sub(MOST)), end)
            }
        };
        let to = if end == timeline.len() { None } else { timeline.id_at(end - 1) };
        Some(Self { from: timeline.id_at(start), to })
    }
}

#[cfg(test)]
mod tests {
    use protocol::account::User;
    use protocol::id::{ChannelId, UserId};
    use protocol::message::{History, Message};

    use super::*;

    fn id(number: usize) -> MessageId {
        MessageId::try_from(i64::try_from(number).unwrap() + 1).unwrap()
    }
    fn timeline(numbers: Range<usize>) -> Timeline {
        let author = User { id: UserId::try_from(1).unwrap(), username: "a".into(), display_name: "A".into() };
        let message = |number| Message {
            id: id(number),
            channel_id: ChannelId::try_from(1).unwrap(),
            author: author.clone(),
            content: String::new(),
            edited_at: None,
            nonce: None,
        };
        let mut timeline = Timeline::default();
        let epoch = timeline.ask_newest();
        let messages = numbers.map(message).collect();
        timeline.load_newest(epoch, History { messages, has_before: true, has_after: false });
        timeline
    }

    #[test]
    fn it_begins_with_the_newest() {
        assert_eq!(Window::default().bounds(&timeline(0..400)), 340..400);
        assert_eq!(Window::default().bounds(&timeline(0..7)), 0..7);
        assert_eq!(Window::default().bounds(&Timeline::default()), 0..0);
    }

    #[test]
    fn it_reaches_both_ends_in_small_steps_and_never_holds_too_much() {
        let timeline = timeline(0..400);
        let mut window = Window::default();
        for (direction, goal) in [(Direction::Older, 0), (Direction::Newer, 400)] {
            while let Some(next) = window.step(direction, &timeline) {
                let (before, after) = (window.bounds(&timeline), next.bounds(&timeline));
                assert!(after.len() <= MOST && before.start.abs_diff(after.start) <= STEP);
                window = next;
            }
            let bounds = window.bounds(&timeline);
            assert!(bounds.start == goal || bounds.end == goal);
        }
        assert!(window.is_at_end(&timeline));
    }

    #[test]
    fn a_long_stay_at_the_end_does_not_pile_up() {
        let window = Window { from: Some(id(300)), to: None };
        assert_eq!(window.at_end(&timeline(200..400)), window);
        assert_eq!(window.at_end(&timeline(200..500)), Window::default());
    }

    #[test]
    fn pages_before_and_after_do_not_move_it() {
        let window = Window { from: Some(id(210)), to: Some(id(250)) };
        assert_eq!(window.bounds(&timeline(200..400)), 10..51);
        assert_eq!(window.bounds(&timeline(100..400)), 110..151);
        assert!(window.is_page_due(Direction::Older, &timeline(200..400)));
        assert!(!window.is_page_due(Direction::Older, &timeline(100..400)));
    }

    #[test]
    fn what_was_replaced_under_it_is_shown_from_its_end() {
        let window = Window { from: Some(id(1)), to: Some(id(9)) };
        assert_eq!(window.bounds(&timeline(900..1_000)), 40..100);
    }
}
