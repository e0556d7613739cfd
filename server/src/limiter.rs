//! How often somebody may fail, or do, a thing in a window of time.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// Counts events per key in windows of time.
pub(crate) struct Limiter<K> {
    most: u32,
    window: Duration,
    counts: Mutex<HashMap<K, Count>>,
}

struct Count {
    since: Instant,
    events: u32,
}

/// How long to wait for the next window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wait(pub(crate) Duration);

/// Keys kept at most; beyond it the whole table is swept of windows that are over, and then new keys go uncounted.
const KEYS: usize = 100_000;

impl<K: Eq + Hash> Limiter<K> {
    pub(crate) fn new(most: u32, window: Duration) -> Self {
        Self { most, window, counts: Mutex::default() }
    }

    /// Refuses a key that has used up its events.
    pub(crate) fn check(&self, key: &K, now: Instant) -> Result<(), Wait> {
        self.room(self.lock().get(key), now)
    }

    /// Counts one event, whether or not there is room for it.
    pub(crate) fn count(&self, key: K, now: Instant) {
        self.add(&mut self.lock(), key, now);
    }

    /// Counts one event if there is room for it.
    pub(crate) fn admit(&self, key: K, now: Instant) -> Result<(), Wait> {
        let mut counts = self.lock();
        self.room(counts.get(&key), now)?;
        self.add(&mut counts, key, now);
        Ok(())
    }

    /// Takes back an event that was counted too early.
    pub(crate) fn forgive(&self, key: &K) {
        if let Some(count) = self.lock().get_mut(key) {
            count.events = count.events.saturating_sub(1);
        }
    }

    /// Forgets windows that are over.
    pub(crate) fn sweep(&self, now: Instant) {
        self.lock().retain(|_, count| count.since + self.window > now);
    }

    fn room(&self, count: Option<&Count>, now: Instant) -> Result<(), Wait> {
        let Some(count) = count.filter(|count| count.events >= self.most) else { return Ok(()) };
        let left = (count.since + self.window).saturating_duration_since(now);
        if left.is_zero() { Ok(()) } else { Err(Wait(left)) }
    }

    fn add(&self, counts: &mut HashMap<K, Count>, key: K, now: Instant) {
        if counts.len() >= KEYS && !counts.contains_key(&key) {
            counts.retain(|_, count| count.since + self.window > now);
            if counts.len() >= KEYS {
                return;
            }
        }
        let count = counts.entry(key).or_insert(Count { since: now, events: 0 });
        if count.since + self.window <= now {
            *count = Count { since: now, events: 0 };
        }
        count.events = count.events.saturating_add(1);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Count>> {
        self.counts.lock().expect("nothing panics while holding this lock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn the_limit_holds_within_the_window_and_per_key() {
        let (limiter, start) = (Limiter::new(2, ms(1_000)), Instant::now());
        assert_eq!(limiter.admit("a", start), Ok(()));
        assert_eq!(limiter.admit("a", start + ms(400)), Ok(()));
        assert_eq!(limiter.admit("a", start + ms(400)), Err(Wait(ms(600))));
        assert_eq!(limiter.admit("b", start + ms(400)), Ok(()));
        assert_eq!(limiter.admit("a", start + ms(1_000)), Ok(()));
    }

    #[test]
    fn what_was_forgiven_does_not_count_and_what_is_over_is_forgotten() {
        let (limiter, start) = (Limiter::new(1, ms(1_000)), Instant::now());
        assert_eq!(limiter.admit("a", start), Ok(()));
        limiter.forgive(&"a");
        assert_eq!(limiter.admit("a", start + ms(10)), Ok(()));
        limiter.sweep(start + ms(999));
        assert_eq!(limiter.admit("a", start + ms(999)), Err(Wait(ms(1))));
        limiter.sweep(start + ms(1_000));
        assert!(limiter.lock().is_empty());
    }

    #[test]
    fn of_many_at_once_as_many_come_through_as_may() {
        let limiter = Limiter::new(10, ms(1_000));
        let now = Instant::now();
        let admitted = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..64).map(|_| scope.spawn(|| limiter.admit("a", now).is_ok())).collect();
            tries.into_iter().filter_map(|one| one.join().ok()).filter(|admitted| *admitted).count()
        });
        assert_eq!(admitted, 10);
    }
}
