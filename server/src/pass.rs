//! Who was moved to which voice channel, and so comes in although it is full.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use protocol::id::{ChannelId, UserId};

/// How long one who was moved may take to come, reconnecting and all.
const VALID: Duration = Duration::from_secs(30);

#[derive(Default)]
pub(crate) struct Passes {
    by_user: Mutex<BTreeMap<UserId, (ChannelId, Instant)>>,
}

impl Passes {
    /// Lets a user into a channel for a while, and no longer into one of before.
    pub(crate) fn give(&self, user: UserId, channel: ChannelId, now: Instant) {
        self.lock().insert(user, (channel, now));
    }

    pub(crate) fn holds(&self, user: UserId, channel: ChannelId, now: Instant) -> bool {
        self.lock().get(&user).is_some_and(|(to, at)| *to == channel && is_valid(*at, now))
    }

    /// Forgets what is no longer valid.
    pub(crate) fn sweep(&self, now: Instant) {
        self.lock().retain(|_, (_, at)| is_valid(*at, now));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<UserId, (ChannelId, Instant)>> {
        self.by_user.lock().expect("nothing panics while holding this lock")
    }
}

fn is_valid(given: Instant, now: Instant) -> bool {
    now.saturating_duration_since(given) < VALID
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn a_pass_holds_for_one_channel_and_a_while() {
        let passes = Passes::default();
        let (user, here, there) = ("1".parse().unwrap(), "2".parse().unwrap(), "3".parse().unwrap());
        let now = clock::instant();
        passes.give(user, here, now);
        assert!(passes.holds(user, here, now + VALID / 2));
        assert!(!passes.holds(user, there, now));
        assert!(!passes.holds(user, here, now + VALID));
        passes.give(user, there, now);
        assert!(!passes.holds(user, here, now) && passes.holds(user, there, now));
        passes.sweep(now + VALID);
        assert!(passes.lock().is_empty());
    }
}
