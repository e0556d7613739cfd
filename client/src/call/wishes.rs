//! Which video slot should show what.

use std::collections::BTreeMap;

use protocol::voice::{Mid, Shown, Wish};

/// A picture on screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    pub shows: Shown,
    /// In device pixels.
    pub width: u16,
    pub height: u16,
}

/// Assigns the sights to the slots. A picture that stays keeps its slot, so that nothing flickers; where slots are too
/// few, what the user has chosen and the largest pictures win.
#[must_use]
pub fn assign(slots: &[Mid], current: &BTreeMap<Mid, Shown>, (sights, pinned): (&[Sight], Option<Shown>)) -> Vec<Wish> {
    let mut wanted: Vec<Sight> = sights.to_vec();
    wanted.sort_by_key(|sight| {
        let area = u32::from(sight.width) * u32::from(sight.height);
        (Some(sight.shows) != pinned, std::cmp::Reverse(area), sight.shows)
    });
    wanted.dedup_by_key(|sight| sight.shows);
    wanted.truncate(slots.len());
    let mut free: Vec<&Mid> = slots.iter().collect();
    let mut wishes = Vec::with_capacity(wanted.len());
    let mut moved = Vec::new();
    for sight in wanted {
        match free.iter().position(|mid| current.get(*mid) == Some(&sight.shows)) {
            Some(index) => wishes.push(wish(free.remove(index), (sight, pinned))),
            None => moved.push(sight),
        }
    }
    wishes.extend(free.into_iter().zip(moved).map(|(mid, sight)| wish(mid, (sight, pinned))));
    wishes.sort_by(|a, b| a.mid.cmp(&b.mid));
    wishes
}

fn wish(mid: &Mid, (sight, pinned): (Sight, Option<Shown>)) -> Wish {
    let Sight { shows, width, height } = sight;
    Wish {
        mid: mid.clone(),
        peer_id: shows.peer_id,
        source: shows.source,
        width,
        height,
        pinned: pinned == Some(shows),
    }
}

#[cfg(test)]
mod tests {
    use protocol::id::PeerId;
    use protocol::voice::Source;

    use super::*;

    fn sight(peer: i64, width: u16) -> Sight {
        let peer_id = PeerId::try_from(peer).unwrap();
        Sight { shows: Shown { peer_id, source: Source::Camera }, width, height: 100 }
    }
    fn mids(names: &[&str]) -> Vec<Mid> {
        names.iter().map(|name| Mid((*name).into())).collect()
    }

    #[test]
    fn a_picture_that_stays_keeps_its_slot() {
        let slots = mids(&["8", "9"]);
        let current = BTreeMap::from([(Mid("9".into()), sight(1, 0).shows)]);
        let wishes = assign(&slots, &current, (&[sight(1, 100), sight(2, 500)], None));
        let pairs: Vec<_> = wishes.iter().map(|wish| (wish.mid.0.as_str(), wish.peer_id.get())).collect();
        assert_eq!(pairs, [("8", 2), ("9", 1)]);
    }

    #[test]
    fn the_largest_pictures_win_where_slots_are_few() {
        let wishes = assign(&mids(&["8"]), &BTreeMap::new(), (&[sight(1, 100), sight(2, 500)], None));
        assert_eq!(wishes.len(), 1);
        assert_eq!(wishes[0].peer_id.get(), 2);
    }

    #[test]
    fn what_was_chosen_has_a_slot_before_what_is_larger_and_says_so() {
        let (small, large) = (sight(1, 100), sight(2, 500));
        let wishes = assign(&mids(&["8"]), &BTreeMap::new(), (&[small, large], Some(small.shows)));
        assert_eq!((wishes[0].peer_id, wishes[0].pinned), (small.shows.peer_id, true));
        let wishes = assign(&mids(&["8", "9"]), &BTreeMap::new(), (&[small, large], Some(small.shows)));
        assert_eq!(wishes.iter().filter(|wish| wish.pinned).count(), 1);
    }
}
