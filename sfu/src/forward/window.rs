/// Packets that may come late: more than a jitter buffer waits for.
const REACH: u64 = 128;

/// Which packets of a stream have come: each is forwarded once, whatever the cipher's own window makes of jumps, for the
/// numbers of what goes out follow from its own, and no number may be given to two packets (RFC 7714 section 8).
#[derive(Default)]
pub(super) struct Window {
    /// Sequence numbers counted on over their wraps.
    highest: Option<u64>,
    /// A bit for each of the last, from the highest on.
    seen: u128,
}

impl Window {
    /// Takes note of a packet. Answers whether it is new, and not too old to tell.
    pub(super) fn admits(&mut self, index: u64) -> bool {
        let highest = self.highest.unwrap_or(index);
        if index >= highest {
            let is_new = self.highest != Some(index);
            let passed = u32::try_from(index - highest).unwrap_or(u32::MAX);
            self.seen = self.seen.checked_shl(passed).unwrap_or(0) | 1;
            self.highest = Some(index);
            return is_new;
        }
        let age = highest - index;
        let bit = if age < REACH { 1 << age } else { 0 };
        let is_new = bit != 0 && self.seen & bit == 0;
        self.seen |= bit;
        is_new
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_comes_late_is_admitted_once_and_what_is_too_old_never() {
        let mut window = Window::default();
        let admitted = [1_000, 1_002, 1_001, 1_001, 1_000, 1_129, 1_001, 1_003].map(|index| window.admits(index));
        assert_eq!(admitted, [true, true, true, false, false, true, false, true]);
    }

    proptest! {
        #[test]
        fn nothing_is_admitted_twice_whatever_the_jumps(steps in prop::collection::vec((0_u64..5, 0_u64..0x1_0000), 0..200)) {
            let (mut window, mut seen) = (Window::default(), BTreeSet::new());
            for (wraps, number) in steps {
                let index = wraps << 16 | number;
                if window.admits(index) {
                    prop_assert!(seen.insert(index));
                }
            }
        }
    }
}
