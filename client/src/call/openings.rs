//! The devices and screens that the browser is asking the user for. What it gives counts only while it is still wanted.

use std::collections::BTreeMap;

use protocol::voice::Source;

#[derive(Debug, Default)]
pub struct Openings {
    last: u32,
    /// The newest question about each.
    open: BTreeMap<Source, u32>,
}

impl Openings {
    /// Asks, in place of what was asked before; answers with what to give back with the answer.
    pub fn ask(&mut self, source: Source) -> u32 {
        self.last += 1;
        self.open.insert(source, self.last);
        self.last
    }

    /// Answers whether there was anything to cancel.
    pub fn cancel(&mut self, source: Source) -> bool {
        self.open.remove(&source).is_some()
    }

    /// An answer has come; says whether it is still wanted.
    pub fn handle_answer(&mut self, source: Source, number: u32) -> bool {
        let is_wanted = self.open.get(&source) == Some(&number);
        if is_wanted {
            self.open.remove(&source);
        }
        is_wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_question_counts_and_each_once() {
        let mut openings = Openings::default();
        let (first, screen) = (openings.ask(Source::Camera), openings.ask(Source::Screen));
        let second = openings.ask(Source::Camera);
        assert!(!openings.handle_answer(Source::Camera, first));
        assert!(openings.handle_answer(Source::Camera, second));
        assert!(!openings.handle_answer(Source::Camera, second));
        assert!(openings.handle_answer(Source::Screen, screen));
    }

    #[test]
    fn what_was_cancelled_is_not_wanted() {
        let mut openings = Openings::default();
        let cancelled = openings.ask(Source::Camera);
        assert!(openings.cancel(Source::Camera) && !openings.cancel(Source::Camera));
        assert!(!openings.handle_answer(Source::Camera, cancelled));
    }
}
