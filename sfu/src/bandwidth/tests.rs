use std::collections::VecDeque;

use super::*;
use crate::timer::start;

const PACKET: usize = 1_000;

/// A way with a queue before its narrowest place.
struct Way {
    bits_per_second: u64,
    delay: Duration,
    /// Of the queue, beyond which packets are lost.
    longest_wait: Duration,
    /// Every so many packets one is lost.
    loses: usize,
    free: Instant,
    count: usize,
}

impl Way {
    fn new(now: Instant, bits_per_second: u64) -> Self {
        let (delay, longest_wait) = (Duration::from_millis(20), Duration::from_millis(300));
        Self { bits_per_second, delay, longest_wait, loses: usize::MAX, free: now, count: 0 }
    }

    fn carry(&mut self, now: Instant, bytes: usize) -> Option<Instant> {
        self.count += 1;
        let begin = self.free.max(now);
        if begin.saturating_duration_since(now) > self.longest_wait || self.count.is_multiple_of(self.loses) {
            return None;
        }
        self.free = begin + Duration::from_micros(bytes as u64 * 8_000_000 / self.bits_per_second);
        Some(self.free + self.delay)
    }
}

/// A sender that follows the estimate up to a rate, and a receiver that tells of arrivals each 50 ms.
struct Link {
    begin: Instant,
    now: Instant,
    way: Way,
    bandwidth: Bandwidth,
    most: u64,
    told: VecDeque<(Instant, u16, Option<Instant>)>,
    debt: u64,
    /// The longest time that a packet took.
    slowest: Duration,
}

impl Link {
    fn new(bits_per_second: u64, most: u64) -> Self {
        let now = start();
        let way = Way::new(now, bits_per_second);
        let bandwidth = Bandwidth::new(true);
        Self { begin: now, now, way, bandwidth, most, told: VecDeque::new(), debt: 0, slowest: Duration::ZERO }
    }

    fn send(&mut self, bytes: usize, is_probe: bool) {
        let number = self.bandwidth.next_number();
        if is_probe {
            self.bandwidth.sent_probe(self.now, bytes);
        } else {
            self.bandwidth.sent(self.now, bytes);
        }
        let arrived = self.way.carry(self.now, bytes);
        let took = arrived.map(|at| at.saturating_duration_since(self.now));
        self.slowest = self.slowest.max(took.unwrap_or_default());
        self.told.push_back((self.now, number, arrived));
    }

    fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        let mut feedback = self.now + Duration::from_millis(50);
        while self.now < end {
            self.now += Duration::from_millis(1);
            let rate = u64::from(self.bandwidth.estimate()).min(self.most);
            self.debt += rate / 1_000;
            while self.debt >= PACKET as u64 * 8 {
                self.debt -= PACKET as u64 * 8;
                self.send(PACKET, false);
            }
            self.bandwidth.probe(self.now, self.most);
            while let Some((bytes, _)) = self.bandwidth.due_padding(self.now) {
                if bytes == 0 {
                    break;
                }
                (0..bytes.div_ceil(300)).for_each(|_| self.send(300, true));
            }
            self.bandwidth.check(self.now);
            if self.now >= feedback {
                feedback += Duration::from_millis(50);
                self.tell();
            }
        }
    }

    /// What has arrived by now, after the time that the feedback takes; what was lost is told with what comes after.
    fn tell(&mut self) {
        let heard = self.now - Duration::from_millis(20);
        let last = self.told.iter().rposition(|(_, _, arrived)| arrived.is_some_and(|at| at <= heard));
        let Some(last) = last else { return };
        let part: Vec<_> = self.told.drain(..=last).collect();
        let times = part.iter().map(|(_, _, arrived)| Some((*arrived)?.saturating_duration_since(self.begin)));
        let arrivals = Arrivals { first: part[0].1, times: times.collect() };
        self.bandwidth.handle(self.now, &arrivals);
    }

    fn estimate(&self) -> u64 {
        u64::from(self.bandwidth.estimate())
    }
}

#[test]
fn a_wide_way_is_found_within_a_second() {
    let mut link = Link::new(20_000_000, 4_000_000);
    link.run(Duration::from_secs(1));
    assert!(link.estimate() >= 4_000_000, "{}", link.estimate());
    assert!(link.slowest < Duration::from_millis(60), "{:?}", link.slowest);
}

#[test]
fn a_narrow_way_is_filled_and_not_flooded() {
    for bits in [300_000, 1_000_000, 2_500_000] {
        let mut link = Link::new(bits, 10_000_000);
        link.run(Duration::from_secs(5));
        link.slowest = Duration::ZERO;
        let mut sum = 0;
        for _ in 0..100 {
            link.run(Duration::from_millis(200));
            sum += link.estimate();
        }
        let mean = sum / 100;
        assert!((bits * 65 / 100..bits * 115 / 100).contains(&mean), "{mean} of {bits}");
        assert!(link.slowest < Duration::from_millis(400), "{:?} at {bits}", link.slowest);
    }
}

#[test]
fn a_way_that_becomes_narrow_is_noticed_within_two_seconds() {
    let mut link = Link::new(5_000_000, 3_000_000);
    link.run(Duration::from_secs(5));
    assert!(link.estimate() >= 2_900_000, "{}", link.estimate());
    link.way.bits_per_second = 800_000;
    link.run(Duration::from_secs(2));
    assert!(link.estimate() < 1_000_000, "{}", link.estimate());
    link.way.bits_per_second = 5_000_000;
    link.run(Duration::from_secs(10));
    assert!(link.estimate() >= 2_500_000, "{}", link.estimate());
}

#[test]
fn a_little_loss_that_goes_by_itself_costs_little() {
    let mut link = Link::new(5_000_000, 2_000_000);
    link.way.loses = 20;
    link.run(Duration::from_secs(10));
    assert!(link.estimate() > 1_800_000, "{}", link.estimate());
}

#[test]
fn loss_that_is_the_same_however_little_is_sent_is_lived_with() {
    let mut link = Link::new(20_000_000, 2_000_000);
    link.way.loses = 6;
    link.run(Duration::from_secs(20));
    assert!(link.estimate() > 1_000_000, "{}", link.estimate());
}

#[test]
fn a_queue_that_is_too_short_to_show_is_heeded_by_its_loss() {
    let mut link = Link::new(1_000_000, 4_000_000);
    link.way.longest_wait = Duration::from_millis(5);
    link.run(Duration::from_secs(10));
    assert!(link.estimate() < 1_600_000, "{}", link.estimate());
}

#[test]
fn a_way_that_is_cut_is_not_kept_full() {
    let mut link = Link::new(5_000_000, 2_000_000);
    link.run(Duration::from_secs(3));
    link.way.loses = 1;
    link.run(Duration::from_secs(5));
    assert!(link.estimate() <= 200_000, "{}", link.estimate());
    link.way.loses = usize::MAX;
    link.run(Duration::from_secs(3));
    assert!(link.estimate() > 1_000_000, "{}", link.estimate());
}

#[test]
fn a_client_that_only_tells_its_own_estimate_is_believed() {
    let mut bandwidth = Bandwidth::new(false);
    assert_eq!(bandwidth.estimate(), MOST);
    bandwidth.handle_told(400_000);
    assert_eq!(bandwidth.estimate(), 400_000);
    bandwidth.handle_told(1);
    assert_eq!(bandwidth.estimate(), LEAST);
}
