//! What the instance may send in all, which its media threads share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// For so long one thread after another may have more than the rest: what every subscriber gets is chosen anew meanwhile.
const TURN: Duration = Duration::from_millis(500);

/// One thread's part: an equal one is its own, and it may have what the others leave.
pub(super) struct Uplink {
    own: usize,
    /// In bit/s; none where everything may leave.
    limit: Option<u64>,
    /// What leaves each thread, in bit/s, as they tell each other.
    taken: Arc<[AtomicU64]>,
    /// When turns began.
    epoch: Instant,
}

/// The parts of so many threads.
pub(super) fn divide(now: Instant, limit: Option<u64>, threads: usize) -> impl Iterator<Item = Uplink> {
    let taken: Arc<[AtomicU64]> = (0..threads).map(|_| AtomicU64::new(0)).collect();
    (0..threads).map(move |own| Uplink { own, limit, taken: Arc::clone(&taken), epoch: now })
}

impl Uplink {
    /// Tells the others what leaves this thread, in bit/s; answers with what may. Of what nobody takes each is offered a part, and
    /// the one whose turn it is most of it, so that threads that see it at the same time do not all take it, and yet a step fits
    /// that a part would not carry.
    pub(super) fn share(&self, now: Instant, taken: u64) -> Option<u64> {
        let limit = self.limit?;
        self.taken[self.own].store(taken, Ordering::Relaxed);
        let threads = self.taken.len() as u64;
        let others = self.taken.iter().enumerate().filter(|(thread, _)| *thread != self.own);
        let left = limit.saturating_sub(others.map(|(_, taken)| taken.load(Ordering::Relaxed)).sum());
        let free = left.saturating_sub(taken);
        let turn = now.saturating_duration_since(self.epoch).as_millis() / TURN.as_millis() % u128::from(threads);
        let more = if turn == self.own as u128 { free - free / 4 } else { 0 };
        Some((taken + free / 4 / threads + more).min(left).max(limit / threads))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each takes after half a minute, in which all read what the others take and then take as much as they may of what they
    /// want, in steps of so much.
    fn settled(limit: u64, wanted: [u64; 3], step: u64) -> [u64; 3] {
        let begin = Instant::now();
        let parts: Vec<_> = divide(begin, Some(limit), 3).collect();
        let mut taken = [0; 3];
        for round in 0..120 {
            let now = begin + round * TURN / 2;
            let each = [0_usize, 1, 2];
            each.iter().for_each(|thread| _ = parts[*thread].share(now, taken[*thread]));
            let shares = each.map(|thread| parts[thread].share(now, taken[thread]).unwrap());
            taken = each.map(|thread| wanted[thread].min(shares[thread]) / step * step);
            // In the beginning each may take its own part, whatever another has taken.
            assert!(round < 4 || taken.iter().sum::<u64>() <= limit, "{taken:?}");
        }
        taken
    }

    #[test]
    fn each_is_sure_of_an_equal_part_and_has_what_the_others_leave() {
        assert_eq!(settled(900, [1_000; 3], 1), [300; 3]);
        assert_eq!(settled(900, [100, 0, 200], 1), [100, 0, 200]);
        let [busy, idle, other] = settled(900, [1_000, 0, 1_000], 1);
        assert!(busy + other > 895 && busy.min(other) >= 300 && idle == 0, "{busy} and {other}");
        assert_eq!(settled(900, [1_000, 0, 0], 100), [800, 0, 0], "less than a step and a third is left");
        assert_eq!(settled(900, [1_000, 0, 100], 100), [700, 0, 100]);
    }

    #[test]
    fn who_begins_to_send_gets_its_part_at_once() {
        let now = Instant::now();
        let parts: Vec<_> = divide(now, Some(900), 3).collect();
        parts[0].share(now, 900);
        assert_eq!(parts[1].share(now, 0), Some(300));
        parts[1].share(now, 300);
        assert_eq!(parts[0].share(now, 900), Some(600), "it gives back");
    }

    #[test]
    fn without_a_limit_everything_may_leave() {
        assert!(divide(Instant::now(), None, 2).all(|part| part.share(Instant::now(), 1_000).is_none()));
    }
}
