use std::collections::VecDeque;

/// What is asked for again does not reach further back.
const REMEMBERED: usize = 2048;

/// What was left out of a count on purpose, so that what follows moves up. The rest of the count is numbered by *places*,
/// which have no holes but those of what was lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Gaps {
    left_out: VecDeque<u64>,
    /// How many more were left out before those.
    forgotten: u64,
}

impl Gaps {
    /// Leaves out one that is above all that were placed or left out before.
    pub(crate) fn leave_out(&mut self, index: u64) {
        if self.left_out.len() >= REMEMBERED {
            self.left_out.pop_front();
            self.forgotten += 1;
        }
        self.left_out.push_back(index);
    }

    pub(crate) fn contains(&self, index: u64) -> bool {
        self.left_out.binary_search(&index).is_ok()
    }

    /// The place of one that was not left out; none if it is from too long ago.
    pub(crate) fn place(&self, index: u64) -> Option<u64> {
        let before = self.left_out.partition_point(|left_out| *left_out < index);
        let is_known = self.forgotten == 0 || before > 0;
        is_known.then(|| index.wrapping_sub(self.forgotten).wrapping_sub(before as u64))
    }

    /// The one that has a place; none if it is from too long ago.
    pub(crate) fn index(&self, place: u64) -> Option<u64> {
        let place_of_next = |(count, index): (u64, u64)| index.wrapping_sub(self.forgotten).wrapping_sub(count);
        let (mut low, mut high) = (0, self.left_out.len());
        while low < high {
            let middle = low.midpoint(high);
            if place_of_next((middle as u64, self.left_out[middle])) <= place {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let is_known = self.forgotten == 0 || low > 0;
        is_known.then(|| place.wrapping_add(self.forgotten).wrapping_add(low as u64))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn places_follow_on_each_other_and_lead_back(left_out in prop::collection::btree_set(10_u64..200, 0..80)) {
            let mut gaps = Gaps::default();
            left_out.iter().for_each(|index| gaps.leave_out(*index));
            let kept: Vec<u64> = (0..300).filter(|index| !left_out.contains(index)).collect();
            for (place, index) in (0..).zip(kept) {
                prop_assert!(!gaps.contains(index));
                prop_assert_eq!(gaps.place(index), Some(place));
                prop_assert_eq!(gaps.index(place), Some(index));
            }
            prop_assert!(left_out.iter().all(|index| gaps.contains(*index)));
        }
    }

    #[test]
    fn what_is_too_long_ago_is_not_guessed() {
        let mut gaps = Gaps::default();
        let odd: BTreeSet<u64> = (0..4 * REMEMBERED as u64).filter(|index| index % 2 == 1).collect();
        odd.iter().for_each(|index| gaps.leave_out(*index));
        assert_eq!(gaps.left_out.len(), REMEMBERED);
        assert_eq!((gaps.place(2), gaps.index(1)), (None, None));
        let last = 4 * REMEMBERED as u64;
        assert_eq!(gaps.place(last), Some(last / 2));
        assert_eq!(gaps.index(last / 2), Some(last));
    }
}
