//! Time and chance, as arguments of the parts that do nothing by themselves.

/// Milliseconds of a clock that never goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub u64);

impl Moment {
    #[must_use]
    pub fn after(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

/// Numbers that spread the attempts of many clients that lost the same server (xorshift64). Not for secrets.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Default for Chance {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Chance {
    #[must_use]
    pub fn new(seed: u64) -> Self {
        // Zero would be followed by nothing but zeros.
        Self(seed | 1)
    }

    /// A number from 0 to `most`.
    pub fn up_to(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % (most + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::Chance;

    #[test]
    fn numbers_differ_by_seed_and_stay_in_bounds() {
        let numbers = |seed| {
            let mut chance = Chance::new(seed);
            [(); 40].map(|()| chance.up_to(9))
        };
        assert_ne!(numbers(2 << 20), numbers(3 << 20));
        assert!((0..10).all(|number| numbers(0).contains(&number)));
        assert_eq!(Chance::new(7).up_to(0), 0);
    }
}
