//! How often somebody may fail, or do, a thing in a window of time.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Mutex;

use protocol::time::Timestamp;

/// Counts events per key in windows of time.
pub(crate) struct Limiter<K> {
    most: u32,
    window_ms: i64,
    counts: Mutex<HashMap<K, Count>>,
}

struct Count {
    since: Timestamp,
    events: u32,
}

/// Keys kept at most; beyond it the whole table is swept of windows that are over, and then new keys go uncounted.
const KEYS: usize = 100_000;

impl<K: Eq + Hash> Limiter<K> {
    pub(crate) fn new(most: u32, window_ms: i64) -> Self {
        Self { most, window_ms, counts: Mutex::default() }
    }

    /// Milliseconds to wait where the key has used up its events.
    pub(crate) fn check(&self, key: &K, now: Timestamp) -> Result<(), u64> {
        let counts = self.counts.lock().expect("nothing panics while holding this lock");
        match counts.get(key) {
            Some(count) if count.events >= self.most => match count.since.0 + self.window_ms - now.0 {
                left if left > 0 => Err(left.unsigned_abs()),
                _ => Ok(()),
            },
            Some(_) | None => Ok(()),
        }
    }

    /// Counts one event.
    pub(crate) fn count(&self, key: K, now: Timestamp) {
        let mut counts = self.counts.lock().expect("nothing panics while holding this lock");
        if counts.len() >= KEYS && !counts.contains_key(&key) {
            counts.retain(|_, count| count.since.0 + self.window_ms > now.0);
            if counts.len() >= KEYS {
                return;
            }
        }
        let count = counts.entry(key).or_insert(Count { since: now, events: 0 });
        if count.since.0 + self.window_ms <= now.0 {
            *count = Count { since: now, events: 0 };
        }
        count.events = count.events.saturating_add(1);
    }

    /// Takes back an event that was counted too early.
    pub(crate) fn forgive(&self, key: &K) {
        if let Some(count) = self.counts.lock().expect("nothing panics while holding this lock").get_mut(key) {
            count.events = count.events.saturating_sub(1);
        }
    }

    /// Forgets windows that are over.
    pub(crate) fn sweep(&self, now: Timestamp) {
        let mut counts = self.counts.lock().expect("nothing panics while holding this lock");
        counts.retain(|_, count| count.since.0 + self.window_ms > now.0);
    }

    /// Counts one event if there is room for it; otherwise milliseconds to wait.
    pub(crate) fn admit(&self, key: K, now: Timestamp) -> Result<(), u64> {
        self.check(&key, now)?;
        self.count(key, now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_holds_within_the_window_and_per_key() {
        let limiter = Limiter::new(2, 1_000);
        assert_eq!(limiter.admit("a", Timestamp(0)), Ok(()));
        assert_eq!(limiter.admit("a", Timestamp(400)), Ok(()));
        assert_eq!(limiter.admit("a", Timestamp(400)), Err(600));
        assert_eq!(limiter.admit("b", Timestamp(400)), Ok(()));
        assert_eq!(limiter.admit("a", Timestamp(1_000)), Ok(()));
    }

    #[test]
    fn what_was_forgiven_does_not_count_and_what_is_over_is_forgotten() {
        let limiter = Limiter::new(1, 1_000);
        assert_eq!(limiter.admit("a", Timestamp(0)), Ok(()));
        limiter.forgive(&"a");
        assert_eq!(limiter.admit("a", Timestamp(10)), Ok(()));
        limiter.sweep(Timestamp(999));
        assert_eq!(limiter.admit("a", Timestamp(999)), Err(1));
        limiter.sweep(Timestamp(1_000));
        assert!(limiter.counts.lock().unwrap().is_empty());
    }

    #[test]
    fn a_clock_that_goes_back_locks_nobody_out_for_longer_than_it_went() {
        let limiter = Limiter::new(1, 1_000);
        limiter.count("a", Timestamp(10_000));
        assert_eq!(limiter.check(&"a", Timestamp(9_000)), Err(2_000));
    }
}
