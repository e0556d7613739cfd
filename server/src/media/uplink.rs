//! What the instance may send in all, which its media threads share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// One thread's part: an equal one is its own, and it may have what the others leave.
pub(super) struct Uplink {
    own: usize,
    /// In bit/s; none where everything may leave.
    limit: Option<u64>,
    /// What leaves each thread, in bit/s, as they tell each other.
    taken: Arc<[AtomicU64]>,
}

/// The parts of so many threads.
pub(super) fn divide(limit: Option<u64>, threads: usize) -> impl Iterator<Item = Uplink> {
    let taken: Arc<[AtomicU64]> = (0..threads).map(|_| AtomicU64::new(0)).collect();
    (0..threads).map(move |own| Uplink { own, limit, taken: Arc::clone(&taken) })
}

impl Uplink {
    /// Tells the others what leaves this thread, in bit/s; answers with what may.
    pub(super) fn share(&self, taken: u64) -> Option<u64> {
        let limit = self.limit?;
        self.taken[self.own].store(taken, Ordering::Relaxed);
        let others = self.taken.iter().enumerate().filter(|(thread, _)| *thread != self.own);
        let others: u64 = others.map(|(_, taken)| taken.load(Ordering::Relaxed)).sum();
        Some(limit.saturating_sub(others).max(limit / self.taken.len() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_sure_of_an_equal_part_and_has_what_the_others_leave() {
        let parts: Vec<_> = divide(Some(900), 3).collect();
        assert_eq!(parts[0].share(900), Some(900));
        assert_eq!(parts[1].share(0), Some(300));
        assert_eq!(parts[1].share(200), Some(300));
        assert_eq!(parts[0].share(700), Some(700));
        assert_eq!(parts[0].share(0), Some(700));
        assert_eq!(parts[2].share(0), Some(700));
    }

    #[test]
    fn without_a_limit_everything_may_leave() {
        assert!(divide(None, 2).all(|part| part.share(1_000).is_none()));
    }
}
