//! Which tile of a room is shown in large.

use protocol::id::PeerId;
use protocol::voice::{Shown, Source};

/// What the user chose to see in large. Somebody's screen is large by itself until it is put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Focus {
    chosen: Option<Shown>,
    put_back: Option<Shown>,
    /// Whoever leads the conversation is shown in large, while nothing else is.
    follows: bool,
}

/// A tile to choose from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    pub shown: Shown,
    pub is_mine: bool,
}

impl Focus {
    /// The tile in large, of those that there are; none: the grid. `leads` leads the conversation.
    #[must_use]
    pub fn pick(&self, tiles: &[Candidate], leads: Option<PeerId>) -> Option<Shown> {
        let chosen = self.chosen.filter(|chosen| tiles.iter().any(|tile| tile.shown == *chosen));
        let is_offered = |tile: &&Candidate| {
            tile.shown.source == Source::Screen && !tile.is_mine && self.put_back != Some(tile.shown)
        };
        let is_followed = |tile: &&Candidate| {
            let Shown { peer_id, source } = tile.shown;
            self.follows && source == Source::Camera && !tile.is_mine && Some(peer_id) == leads
        };
        let large = tiles.iter().find(is_offered).or_else(|| tiles.iter().find(is_followed));
        chosen.or_else(|| large.map(|tile| tile.shown))
    }

    /// What the user has chosen, whether or not it is there.
    #[must_use]
    pub fn chosen(&self) -> Option<Shown> {
        self.chosen
    }

    pub fn choose(&mut self, shown: Shown) {
        *self = Self { chosen: Some(shown), put_back: None, ..*self };
    }

    /// Back to the grid.
    pub fn put_back(&mut self, shown: Shown) {
        *self = Self { chosen: None, put_back: Some(shown), follows: false };
    }

    /// Whether whoever leads the conversation is shown in large.
    #[must_use]
    pub fn follows(&self) -> bool {
        self.follows
    }

    /// Shows whoever leads the conversation in large, in place of what was chosen, or no longer does.
    pub fn follow(&mut self, follows: bool) {
        *self = Self { chosen: None, follows, ..*self };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tile(peer: &str, source: Source, is_mine: bool) -> Candidate {
        Candidate { shown: Shown { peer_id: peer.parse().unwrap(), source }, is_mine }
    }

    #[test]
    fn a_shared_screen_is_large_until_it_is_put_back() {
        let tiles = [tile("1", Source::Screen, false), tile("1", Source::Camera, false)];
        let mut focus = Focus::default();
        assert_eq!(focus.pick(&tiles, None), Some(tiles[0].shown));
        focus.put_back(tiles[0].shown);
        assert_eq!(focus.pick(&tiles, None), None);
    }

    #[test]
    fn ones_own_screen_stays_in_the_grid() {
        assert_eq!(Focus::default().pick(&[tile("1", Source::Screen, true)], None), None);
    }

    #[test]
    fn what_was_chosen_goes_before_a_screen_while_it_is_there() {
        let [screen, face] = [tile("1", Source::Screen, false), tile("2", Source::Camera, false)];
        let mut focus = Focus::default();
        focus.choose(face.shown);
        assert_eq!(focus.pick(&[screen, face], None), Some(face.shown));
        assert_eq!(focus.pick(&[screen], None), Some(screen.shown));
    }

    #[test]
    fn who_leads_is_followed_unless_something_else_is_large() {
        let [ada, bob, screen] = [("1", Source::Camera), ("2", Source::Camera), ("2", Source::Screen)]
            .map(|(peer, source)| tile(peer, source, false));
        let [first, second] = [ada, bob].map(|tile| Some(tile.shown.peer_id));
        let mut focus = Focus::default();
        assert_eq!(focus.pick(&[ada, bob], second), None);
        focus.follow(true);
        assert_eq!(focus.pick(&[ada, bob], second), Some(bob.shown));
        assert_eq!(focus.pick(&[ada, bob], first), Some(ada.shown));
        assert_eq!(focus.pick(&[ada, bob, screen], first), Some(screen.shown));
        assert_eq!(focus.pick(&[Candidate { is_mine: true, ..ada }, bob], first), None, "not oneself");
        focus.choose(ada.shown);
        assert_eq!(focus.pick(&[ada, bob], second), Some(ada.shown));
        focus.follow(true);
        focus.put_back(bob.shown);
        assert_eq!(focus.pick(&[ada, bob], second), None, "back to the grid ends it");
    }
}
