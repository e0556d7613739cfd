use std::time::{Duration, Instant};

/// Answers in a second, to all strangers together. Nobody depends on them: a call's candidates are the server's own.
pub const MOST_ANSWERS: u32 = 1_000;

/// What is left of a second's answers.
pub(crate) struct Allowance {
    since: Instant,
    left: u32,
}

impl Allowance {
    pub(crate) fn new(now: Instant) -> Self {
        Self { since: now, left: MOST_ANSWERS }
    }

    pub(crate) fn take(&mut self, now: Instant) -> bool {
        if now.saturating_duration_since(self.since) >= Duration::from_secs(1) {
            *self = Self::new(now);
        }
        let left = self.left.checked_sub(1);
        self.left = left.unwrap_or(0);
        left.is_some()
    }
}
