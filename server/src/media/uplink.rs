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
    /// Tells the others what leaves this thread, in bit/s; answers with what may. What nobody takes is offered to each in equal parts,
    /// so that threads that see it at the same time do not all take it.
    pub(super) fn share(&self, taken: u64) -> Option<u64> {
        let limit = self.limit?;
        self.taken[self.own].store(taken, Ordering::Relaxed);
        let threads = self.taken.len() as u64;
        let total: u64 = self.taken.iter().map(|taken| taken.load(Ordering::Relaxed)).sum();
        let others = total.saturating_sub(taken);
        let more = taken.saturating_add(limit.saturating_sub(total) / threads);
        Some(more.min(limit.saturating_sub(others)).max(limit / threads))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each takes after some rounds, in which all read what the others take and then take as much as they may of what they want.
    fn settled(limit: u64, wanted: [u64; 3]) -> [u64; 3] {
        let parts: Vec<_> = divide(Some(limit), 3).collect();
        let mut taken = [0; 3];
        for _ in 0..40 {
            let _ = [0, 1, 2].map(|thread: usize| parts[thread].share(taken[thread]));
            let shares = [0, 1, 2].map(|thread: usize| parts[thread].share(taken[thread]).unwrap());
            taken = [0, 1, 2].map(|thread: usize| wanted[thread].min(shares[thread]));
            assert!(taken.iter().sum::<u64>() <= limit, "{taken:?}");
        }
        taken
    }

    #[test]
    fn each_is_sure_of_an_equal_part_and_has_what_the_others_leave() {
        assert_eq!(settled(900, [1_000; 3]), [300; 3]);
        assert_eq!(settled(900, [100, 0, 200]), [100, 0, 200]);
        let [busy, idle, other] = settled(900, [1_000, 0, 1_000]);
        assert!(busy.abs_diff(450) < 3 && other.abs_diff(450) < 3 && idle == 0, "{busy} and {other}");
        let [busy, _, few] = settled(900, [1_000, 0, 100]);
        assert!(busy > 795 && few == 100, "{busy}");
    }

    #[test]
    fn without_a_limit_everything_may_leave() {
        assert!(divide(None, 2).all(|part| part.share(1_000).is_none()));
    }
}
