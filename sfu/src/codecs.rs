use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::io::VideoCodec;

/// One who comes and goes changes what everybody sends once, and not twice.
const SETTLED: Duration = Duration::from_secs(10);

/// Which codecs those in a room are told that all of them take.
pub(crate) struct Codecs {
    told: BTreeSet<VideoCodec>,
    /// Those that are not told, but that all have taken since then without interruption.
    returning: BTreeMap<VideoCodec, Instant>,
}

impl Default for Codecs {
    /// Where nobody is, there is nobody who does not take one.
    fn default() -> Self {
        Self { told: BTreeSet::from(VideoCodec::ALL), returning: BTreeMap::new() }
    }
}

impl Codecs {
    /// In our order of preference.
    pub(crate) fn told(&self) -> Vec<VideoCodec> {
        self.told.iter().copied().collect()
    }

    /// When [`Self::take_up`] has something to do.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.returning.values().min().map(|since| *since + SETTLED)
    }

    /// Gives up at once what not all take. Answers whether that changes what is told.
    pub(crate) fn give_up(&mut self, taken: &BTreeSet<VideoCodec>) -> bool {
        let before = self.told.len();
        self.told.retain(|codec| taken.contains(codec));
        self.returning.retain(|codec, _| taken.contains(codec));
        self.told.len() < before
    }

    /// All take these from now on: those that are not told wait for it to last.
    pub(crate) fn wait_for(&mut self, now: Instant, taken: &BTreeSet<VideoCodec>) {
        for codec in taken.difference(&self.told) {
            self.returning.entry(*codec).or_insert(now);
        }
    }

    /// Takes up what all have taken for long enough. Answers whether that changes what is told.
    pub(crate) fn take_up(&mut self, now: Instant) -> bool {
        let before = self.told.len();
        let settled = self.returning.extract_if(.., |_, since| *since + SETTLED <= now);
        self.told.extend(settled.map(|(codec, _)| codec));
        self.told.len() > before
    }
}

#[cfg(test)]
mod tests {
    use VideoCodec::{Av1, H264, Vp8, Vp9};

    use super::*;
    use crate::timer::start;

    #[test]
    fn each_codec_waits_for_its_own_time() {
        let (begin, second) = (start(), Duration::from_secs(1));
        let mut codecs = Codecs::default();
        assert!(codecs.give_up(&BTreeSet::from([Vp8])));
        assert_eq!((codecs.told(), codecs.next()), (vec![Vp8], None));
        codecs.wait_for(begin, &BTreeSet::from([Vp8, Vp9]));
        codecs.wait_for(begin + second, &BTreeSet::from([Vp8, Vp9, Av1]));
        assert_eq!(codecs.next(), Some(begin + SETTLED));
        assert!(!codecs.take_up(begin + SETTLED - second) && codecs.take_up(begin + SETTLED));
        assert_eq!((codecs.told(), codecs.next()), (vec![Vp8, Vp9], Some(begin + SETTLED + second)));
        assert!(codecs.take_up(begin + SETTLED + second));
        assert_eq!((codecs.told(), codecs.next()), (vec![Vp8, Vp9, Av1], None));
    }

    #[test]
    fn what_somebody_does_not_take_meanwhile_waits_anew() {
        let begin = start();
        let mut codecs = Codecs::default();
        codecs.give_up(&BTreeSet::from([Vp8]));
        codecs.wait_for(begin, &BTreeSet::from([Vp8, Vp9, H264]));
        assert!(!codecs.give_up(&BTreeSet::from([Vp8, H264])), "nothing of it was told");
        codecs.wait_for(begin + SETTLED / 2, &BTreeSet::from([Vp8, Vp9, H264]));
        assert!(codecs.take_up(begin + SETTLED));
        assert_eq!(codecs.told(), [Vp8, H264]);
        assert_eq!(codecs.next(), Some(begin + SETTLED / 2 + SETTLED));
    }
}
