use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::io::PeerId;

/// What is known of a subscriber's way for longer says nothing.
const FRESH: Duration = Duration::from_secs(1);
/// Ways that were full at times no further apart than this were so together.
const TOGETHER: Duration = Duration::from_millis(1_500);
/// What comes of a queue that stood before a limit was known.
const SETTLED: Duration = Duration::from_secs(1);
/// So many networks are seldom full together but by what they share, if so much of all that arrives, in percent, goes there, and
/// no more than so much to one of them.
const LEAST_NETWORKS: usize = 3;
const NEARLY_ALL: u64 = 90;
const MOST_TO_ONE: u64 = 60;
/// A way that carries less for each network is not measured, in bit/s: each is left as much.
pub(super) const LEAST_SHARE: u64 = 250_000;
/// Of what arrived when all was full, in percent: so much is sent on, and the queue empties.
const DRAIN: u64 = 90;
/// A limit that is met again soon after it has ended lasts twice as long the next time.
const SHORTEST: Duration = Duration::from_secs(20);
const LONGEST: Duration = Duration::from_secs(160);
/// What a limit that has ended grows by in a second, until it is so many times as high.
const GROWTH: f64 = 1.1;
const FORGOTTEN: f64 = 4.0;
/// There are many subscribers, and it need not be known at once.
const JUDGED_EVERY: Duration = Duration::from_millis(200);

/// How the way to a subscriber fares.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fullness {
    pub(crate) remote: IpAddr,
    /// When it was last full, and what arrived then, in bit/s.
    pub(crate) filled: Option<(Instant, u64)>,
    /// Bit/s of pictures that arrive now.
    pub(crate) arriving: u64,
}

impl Fullness {
    /// Those who share an address, or its first 48 bits, share a way to the Internet as well; none for those who need not
    /// cross it.
    fn network(&self) -> Option<u128> {
        match self.remote.to_canonical() {
            IpAddr::V4(ip) if ip.is_private() || ip.is_loopback() || ip.is_link_local() => None,
            IpAddr::V6(ip) if ip.is_unique_local() || ip.is_loopback() || ip.is_unicast_link_local() => None,
            IpAddr::V4(ip) => Some(ip.to_ipv6_mapped().to_bits()),
            IpAddr::V6(ip) => Some(ip.to_bits() >> 80),
        }
    }
}

/// What the way that all share carries, found by the ways of nearly all that is sent becoming full together: then what arrives
/// there in all is what it carries. Who tells untruths of his way counts by as much as he says arrives, and adds as much to what
/// is found.
#[derive(Default)]
pub(super) struct Measured {
    ways: BTreeMap<PeerId, (Instant, Fullness)>,
    judged: Option<Instant>,
    limit: Option<Limit>,
}

#[derive(Clone, Copy)]
struct Limit {
    bits_per_second: u64,
    begins: Instant,
    ends: Instant,
    lasts: Duration,
}

impl Limit {
    /// By how much it has grown since its end; none where it is forgotten.
    fn growth(&self, now: Instant) -> Option<f64> {
        let growth = GROWTH.powf(now.saturating_duration_since(self.ends).as_secs_f64());
        (growth < FORGOTTEN).then_some(growth)
    }
}

impl Measured {
    /// Takes what is known of the way to a subscriber.
    pub(super) fn note(&mut self, now: Instant, id: PeerId, way: Fullness) {
        self.ways.insert(id, (now, way));
        if self.judged.is_none_or(|judged| now.saturating_duration_since(judged) >= JUDGED_EVERY) {
            self.judged = Some(now);
            self.judge(now);
        }
    }

    /// A subscriber is gone; with the last of them what was found.
    pub(super) fn forget(&mut self, id: PeerId) {
        self.ways.remove(&id);
        if self.ways.is_empty() {
            self.limit = None;
        }
    }

    /// In bit/s of pictures to all; none where no limit is known.
    pub(super) fn limit(&self, now: Instant) -> Option<u64> {
        let limit = self.limit?;
        #[expect(clippy::cast_precision_loss, reason = "an estimate needs no more")]
        let grown = limit.bits_per_second as f64 * limit.growth(now)?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is far below")]
        let grown = grown as u64;
        Some(grown)
    }

    /// Whether the limit holds, so that there is nothing to be found by sending more.
    pub(super) fn holds(&self, now: Instant) -> bool {
        self.limit.is_some_and(|limit| now < limit.ends)
    }

    /// Whether a subscriber's way is known to carry no more because of what all share: it has not been full since by itself.
    pub(super) fn explains(&self, now: Instant, id: PeerId) -> bool {
        let Some(limit) = self.known(now) else {
            return false;
        };
        let filled = self.ways.get(&id).and_then(|(_, way)| way.filled);
        filled.is_some_and(|(at, _)| at + TOGETHER >= limit.begins && at <= limit.begins + SETTLED)
    }

    /// The limit, as long as it is not forgotten.
    fn known(&self, now: Instant) -> Option<Limit> {
        self.limit.filter(|limit| limit.growth(now).is_some())
    }

    fn judge(&mut self, now: Instant) {
        if self.holds(now) {
            return;
        }
        let is_within = |at: Instant, most: Duration| now.saturating_duration_since(at) <= most;
        let (mut networks, mut all) = (BTreeMap::<u128, u64>::new(), 0);
        for (_, way) in self.ways.values().filter(|(at, _)| is_within(*at, FRESH)) {
            let Some(network) = way.network() else { continue };
            let filled = way.filled.filter(|(at, _)| is_within(*at, TOGETHER));
            all += filled.map_or(way.arriving, |(_, arriving)| arriving);
            if let Some((_, arriving)) = filled {
                *networks.entry(network).or_default() += arriving;
            }
        }
        let full: u64 = networks.values().sum();
        let largest = networks.values().copied().max().unwrap_or(0);
        let is_shared =
            networks.len() >= LEAST_NETWORKS && full * 100 >= all * NEARLY_ALL && largest * 100 <= full * MOST_TO_ONE;
        let bits_per_second = all * DRAIN / 100;
        if !is_shared || bits_per_second < networks.len() as u64 * LEAST_SHARE {
            return;
        }
        let lasts = self.known(now).map_or(SHORTEST, |limit| (2 * limit.lasts).min(LONGEST));
        self.limit = Some(Limit { bits_per_second, begins: now, ends: now + lasts, lasts });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timer::start;

    const MEGABIT: u64 = 1_000_000;

    fn remote(number: u8) -> IpAddr {
        [192, 0, 2, number].into()
    }

    /// Notes so many ways of a megabit each, the first of them full now; each in a network of its own, or all in one.
    fn note(measured: &mut Measured, now: Instant, (count, full): (u8, u8), is_one_network: bool) {
        for number in 1..=count {
            let remote = remote(if is_one_network { 1 } else { number });
            let way = Fullness { remote, filled: (number <= full).then_some((now, MEGABIT)), arriving: MEGABIT };
            measured.note(now, PeerId(number.into()), way);
        }
        measured.judge(now);
    }

    fn limit_of((count, full): (u8, u8), is_one_network: bool) -> Option<u64> {
        let mut measured = Measured::default();
        note(&mut measured, start(), (count, full), is_one_network);
        measured.limit(start())
    }

    #[test]
    fn what_arrives_when_nearly_all_networks_are_full_together_is_all_that_the_way_carries() {
        assert_eq!(limit_of((4, 4), false), Some(4 * MEGABIT * 9 / 10));
        assert_eq!(limit_of((10, 9), false), Some(10 * MEGABIT * 9 / 10));
        for few in [(2, 2), (6, 5), (9, 2)] {
            assert_eq!(limit_of(few, false), None, "{few:?}");
        }
        assert_eq!(limit_of((6, 6), true), None, "it is the way of one network");
    }

    #[test]
    fn those_at_home_do_not_count() {
        let mut measured = Measured::default();
        let now = start();
        for (number, remote) in
            ["10.0.0.1", "192.168.1.2", "::ffff:172.16.0.3", "fd00::1", "fe80::1", "::1"].iter().enumerate()
        {
            let way = Fullness { remote: remote.parse().unwrap(), filled: Some((now, MEGABIT)), arriving: MEGABIT };
            assert_eq!(way.network(), None, "{remote}");
            measured.note(now, PeerId(number as u64), way);
        }
        measured.judge(now);
        assert_eq!(measured.limit(now), None);
    }

    /// The limit that so many find who say that all is full, and that so much arrives, beside one honest subscriber.
    fn lied(liars: &[IpAddr], told: u64) -> Option<u64> {
        let (now, mut measured) = (start(), Measured::default());
        measured.note(now, PeerId(99), Fullness { remote: remote(99), filled: None, arriving: MEGABIT });
        for (id, remote) in (1..).zip(liars) {
            measured.note(now, PeerId(id), Fullness { remote: *remote, filled: Some((now, told)), arriving: told });
        }
        measured.judge(now);
        measured.limit(now)
    }

    #[test]
    fn who_tells_untruths_takes_nothing_from_others() {
        let three = [1, 2, 3].map(remote);
        for told in [0, MEGABIT, 2 * MEGABIT] {
            assert_eq!(lied(&three, told), None);
        }
        assert!(lied(&three, 3 * MEGABIT).is_some_and(|limit| limit >= 9 * MEGABIT));
        assert!(lied(&three, 100 * MEGABIT).is_some_and(|limit| limit >= 9 * MEGABIT));
        let one_house = ["2001:db8:1:1::1", "2001:db8:1:2::1", "2001:db8:1:ff::1"].map(|ip| ip.parse().unwrap());
        assert_eq!(lied(&one_house, 100 * MEGABIT), None);
    }

    #[test]
    fn few_bits_and_one_crowded_network_are_no_common_way() {
        let now = start();
        for (told, is_found) in [([MEGABIT; 3], true), ([100_000; 3], false), ([8 * MEGABIT, MEGABIT, MEGABIT], false)]
        {
            let mut measured = Measured::default();
            for (number, told) in (1..).zip(told) {
                let way = Fullness { remote: remote(number), filled: Some((now, told)), arriving: told };
                measured.note(now, PeerId(number.into()), way);
            }
            measured.judge(now);
            assert_eq!(measured.limit(now).is_some(), is_found, "{told:?}");
            (1..=3).for_each(|id| measured.forget(PeerId(id)));
            assert_eq!(measured.limit(now), None, "all are gone");
        }
    }

    #[test]
    fn ways_that_were_full_one_after_another_or_are_gone_say_nothing() {
        let (begin, mut measured) = (start(), Measured::default());
        for number in 1..=6 {
            let now = begin + TOGETHER * u32::from(number);
            let way = Fullness { remote: remote(number), filled: Some((now, MEGABIT)), arriving: MEGABIT };
            measured.note(now, PeerId(number.into()), way);
        }
        assert_eq!(measured.limit(begin + 6 * TOGETHER), None);
        let mut measured = Measured::default();
        for number in 1..=3 {
            let way = Fullness { remote: remote(number), filled: Some((begin, MEGABIT)), arriving: MEGABIT };
            measured.note(begin, PeerId(number.into()), way);
        }
        measured.forget(PeerId(3));
        measured.judge(begin);
        assert_eq!(measured.limit(begin), None);
    }

    #[test]
    fn a_way_that_is_full_by_itself_is_not_explained_by_what_all_share() {
        let (begin, mut measured) = (start(), Measured::default());
        note(&mut measured, begin, (10, 9), false);
        let is_explained = |measured: &Measured| [1, 10].map(|id| measured.explains(begin + 2 * SETTLED, PeerId(id)));
        assert_eq!(is_explained(&measured), [true, false]);
        let later = begin + 2 * SETTLED;
        let way = Fullness { remote: remote(1), filled: Some((later, MEGABIT)), arriving: MEGABIT };
        measured.note(later, PeerId(1), way);
        assert_eq!(is_explained(&measured), [false, false]);
        assert!(!measured.explains(begin + LONGEST, PeerId(2)), "it is forgotten");
    }

    #[test]
    fn a_limit_ends_grows_and_is_forgotten_and_lasts_longer_when_it_is_met_again() {
        let (begin, mut measured) = (start(), Measured::default());
        note(&mut measured, begin, (3, 3), false);
        let at = |measured: &Measured, seconds| measured.limit(begin + Duration::from_secs(seconds));
        let first = 3 * MEGABIT * 9 / 10;
        assert_eq!(at(&measured, 20), Some(first));
        assert!(measured.holds(begin) && !measured.holds(begin + SHORTEST));
        assert_eq!(at(&measured, 21), Some(first * 11 / 10));
        assert_eq!(at(&measured, 40), None);
        let again = begin + Duration::from_secs(22);
        note(&mut measured, again, (3, 3), false);
        assert_eq!(at(&measured, 22 + 40), Some(first));
        assert_eq!(measured.limit.map(|limit| limit.lasts), Some(2 * SHORTEST));
        note(&mut measured, again + LONGEST, (3, 3), false);
        assert_eq!(measured.limit.map(|limit| limit.lasts), Some(SHORTEST), "the one before was forgotten");
    }

    #[test]
    fn while_it_holds_a_limit_stays() {
        let (begin, mut measured) = (start(), Measured::default());
        note(&mut measured, begin, (3, 3), false);
        let limit = measured.limit(begin);
        for seconds in 0..20 {
            let now = begin + Duration::from_secs(seconds);
            for number in 1..=3 {
                let way = Fullness { remote: remote(number), filled: Some((now, 1)), arriving: 1 };
                measured.note(now, PeerId(number.into()), way);
            }
        }
        assert_eq!((measured.limit(begin), measured.limit.map(|limit| limit.lasts)), (limit, Some(SHORTEST)));
    }
}
