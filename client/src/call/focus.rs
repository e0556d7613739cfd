//! Which tile of a room is shown in large.

use protocol::voice::{Shown, Source};

/// What the user chose to see in large. Somebody's screen is large by itself until it is put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Focus {
    chosen: Option<Shown>,
    put_back: Option<Shown>,
}

/// A tile to choose from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    pub shown: Shown,
    pub is_mine: bool,
}

impl Focus {
    /// The tile in large, of those that there are; none: the grid.
    #[must_use]
    pub fn pick(&self, tiles: &[Candidate]) -> Option<Shown> {
        let chosen = self.chosen.filter(|chosen| tiles.iter().any(|tile| tile.shown == *chosen));
        let is_offered = |tile: &&Candidate| {
            tile.shown.source == Source::Screen && !tile.is_mine && self.put_back != Some(tile.shown)
        };
        chosen.or_else(|| tiles.iter().find(is_offered).map(|tile| tile.shown))
    }

    pub fn choose(&mut self, shown: Shown) {
        *self = Self { chosen: Some(shown), put_back: None };
    }

    /// Back to the grid.
    pub fn put_back(&mut self, shown: Shown) {
        *self = Self { chosen: None, put_back: Some(shown) };
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
        assert_eq!(focus.pick(&tiles), Some(tiles[0].shown));
        focus.put_back(tiles[0].shown);
        assert_eq!(focus.pick(&tiles), None);
    }

    #[test]
    fn ones_own_screen_stays_in_the_grid() {
        assert_eq!(Focus::default().pick(&[tile("1", Source::Screen, true)]), None);
    }

    #[test]
    fn what_was_chosen_goes_before_a_screen_while_it_is_there() {
        let [screen, face] = [tile("1", Source::Screen, false), tile("2", Source::Camera, false)];
        let mut focus = Focus::default();
        focus.choose(face.shown);
        assert_eq!(focus.pick(&[screen, face]), Some(face.shown));
        assert_eq!(focus.pick(&[screen]), Some(screen.shown));
    }
}
