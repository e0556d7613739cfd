//! Time and ids, the only place that reads the machine's clocks.

use std::sync::Mutex;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use protocol::id::{ID_EPOCH_MS, ID_SEQUENCE_BITS};
use protocol::time::Timestamp;

/// The present, in milliseconds since the Unix epoch.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// The present by the clock that nobody sets, for what lasts a while.
pub(crate) fn instant() -> Instant {
    Instant::now()
}

/// Makes ids that ascend whatever the clock does.
pub(crate) struct Ids {
    last: Mutex<i64>,
}

impl Ids {
    /// Ids greater than `floor`, the greatest that was made in an earlier life.
    pub(crate) fn above(floor: i64) -> Self {
        Self { last: Mutex::new(floor) }
    }

    pub(crate) fn next<T: TryFrom<i64>>(&self) -> T {
        let value = self.next_at(now());
        T::try_from(value).unwrap_or_else(|_| panic!("{value} is positive and below 2^63"))
    }

    fn next_at(&self, now: Timestamp) -> i64 {
        let since_epoch = (now.0 - ID_EPOCH_MS).max(1);
        let mut last = self.last.lock().expect("nothing panics while holding this lock");
        *last = (since_epoch << ID_SEQUENCE_BITS).max(*last + 1);
        *last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_ascend_when_the_clock_goes_back() {
        let ids = Ids::above(0);
        let first = ids.next_at(Timestamp(ID_EPOCH_MS + 5_000));
        let second = ids.next_at(Timestamp(ID_EPOCH_MS + 1_000));
        assert!(second > first);
    }

    #[test]
    fn ids_ascend_after_a_restart_before_the_last_one() {
        let last = Ids::above(0).next_at(Timestamp(ID_EPOCH_MS + 5_000));
        assert!(Ids::above(last).next_at(Timestamp(ID_EPOCH_MS)) > last);
    }
}
