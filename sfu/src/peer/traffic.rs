use std::time::Instant;

/// Bytes of RTP packets in both directions since a time.
#[derive(Clone, Copy, Default)]
pub(crate) struct Traffic {
    since: Option<Instant>,
    up: usize,
    down: usize,
}

impl Traffic {
    /// What it was in bit/s, up and down; from now on it is counted anew.
    pub(crate) fn take(&mut self, now: Instant) -> (u32, u32) {
        let before = std::mem::replace(self, Self { since: Some(now), ..Self::default() });
        let ms = before.since.map_or(0, |since| now.saturating_duration_since(since).as_millis());
        let rate = |bytes: usize| (bytes as u128 * 8_000).checked_div(ms).unwrap_or(0);
        (u32::try_from(rate(before.up)).unwrap_or(u32::MAX), u32::try_from(rate(before.down)).unwrap_or(u32::MAX))
    }

    /// Counts from now on, unless it does already.
    pub(crate) fn begin(&mut self, now: Instant) {
        self.since.get_or_insert(now);
    }

    pub(super) fn note_up(&mut self, bytes: usize) {
        self.up += bytes;
    }

    pub(super) fn note_down(&mut self, bytes: usize) {
        self.down += bytes;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::timer::start;

    #[test]
    fn rates_are_of_the_time_since_they_were_last_taken() {
        let (begin, second) = (start(), Duration::from_secs(1));
        let mut traffic = Traffic::default();
        assert_eq!(traffic.take(begin), (0, 0));
        traffic.begin(begin + second);
        traffic.note_up(1_000);
        traffic.note_down(4_000);
        assert_eq!(traffic.take(begin + 2 * second), (4_000, 16_000));
        assert_eq!(traffic.take(begin + 2 * second), (0, 0), "no time has passed");
    }
}
