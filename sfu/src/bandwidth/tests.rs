use std::collections::VecDeque;

use super::trend::Usage;
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
    /// Each packet takes up to so much longer.
    jitter: Duration,
    /// What a shaper lets through at once after a pause, in time.
    burst: Duration,
    free: Instant,
    count: usize,
}

impl Way {
    fn new(now: Instant, bits_per_second: u64) -> Self {
        let (delay, longest_wait) = (Duration::from_millis(20), Duration::from_millis(300));
        let [jitter, burst] = [Duration::ZERO; 2];
        Self { bits_per_second, delay, longest_wait, loses: usize::MAX, jitter, burst, free: now, count: 0 }
    }

    fn carry(&mut self, now: Instant, bytes: usize) -> Option<Instant> {
        self.count += 1;
        let begin = self.free.max(now - self.burst);
        if begin.saturating_duration_since(now) > self.longest_wait || self.count.is_multiple_of(self.loses) {
            return None;
        }
        self.free = begin + Duration::from_micros(bytes as u64 * 8_000_000 / self.bits_per_second);
        // As good as by chance.
        let share = u32::try_from(self.count * 7_919 % 1_009).unwrap();
        Some(self.free.max(now) + self.delay + self.jitter * share / 1_009)
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

    fn send(&mut self, bytes: usize) {
        let number = self.bandwidth.next_number();
        self.bandwidth.sent(self.now, bytes);
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
                self.send(PACKET);
            }
            self.bandwidth.probe(self.now, self.most);
            while let Some((bytes, _)) = self.bandwidth.due_padding(self.now) {
                if bytes == 0 {
                    break;
                }
                (0..bytes.div_ceil(300)).for_each(|_| self.send(300));
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
fn packets_that_come_unevenly_are_no_queue() {
    let mut link = Link::new(20_000_000, 1_500_000);
    link.run(Duration::from_secs(5));
    link.way.jitter = Duration::from_millis(100);
    let mut estimates = Vec::new();
    for _ in 0..150 {
        link.run(Duration::from_millis(200));
        estimates.push(link.estimate());
    }
    estimates.sort_unstable();
    assert!(estimates[15] > 700_000 && estimates[75] > 1_000_000, "{estimates:?}");
}

#[test]
fn a_way_that_becomes_longer_is_not_full() {
    let mut link = Link::new(20_000_000, 1_500_000);
    link.run(Duration::from_secs(5));
    link.way.delay = Duration::from_millis(220);
    link.run(Duration::from_secs(10));
    assert!(link.estimate() > 1_400_000, "{}", link.estimate());
}

#[test]
fn the_burst_that_a_shaper_lets_through_is_not_taken_for_what_it_carries() {
    let mut link = Link::new(500_000, 3_000_000);
    link.way.burst = Duration::from_millis(64);
    link.run(Duration::from_secs(10));
    let (mut sum, mut most) = (0, 0);
    for _ in 0..150 {
        link.run(Duration::from_millis(200));
        sum += link.estimate();
        most = most.max(link.estimate());
    }
    assert!((325_000..575_000).contains(&(sum / 150)), "{}", sum / 150);
    assert!(most < 1_000_000, "{most}");
}

/// When probes begin within a minute on a way that carries all of them, and whether what they show is refuted.
fn pauses(is_refuted: bool) -> Vec<Duration> {
    let mut now = start();
    let mut prober = Prober::default();
    let (mut begun, mut id) = (Vec::new(), 0);
    while now < start() + Duration::from_secs(60) {
        if prober.begin(now, (500_000, 3_000_000), true) {
            begun.push(now);
            id += 1;
        }
        while let Some((bytes, next)) = prober.due(now) {
            for _ in 0..bytes.div_ceil(300) {
                prober.sent(now, 300);
                let arrived = now.saturating_duration_since(start());
                prober.arrived(&Fared { sent: now, arrived, bytes: 300, probe: Some(id) });
            }
            if next > now {
                break;
            }
        }
        if prober.conclude(now, now).is_some_and(|reached| reached > 1_000_000.0) && is_refuted {
            prober.refute();
        }
        now += Duration::from_millis(5);
    }
    begun.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[test]
fn a_probe_that_was_refuted_is_not_repeated_soon() {
    let seconds: Vec<_> = pauses(true).iter().map(Duration::as_secs).collect();
    assert_eq!(seconds, [1, 2, 4, 8, 16, 16]);
    assert!(pauses(false).iter().all(|pause| *pause < Duration::from_millis(300)));
}

#[test]
fn a_probe_that_nobody_goes_on_with_ends_by_itself() {
    let now = start();
    let mut prober = Prober::default();
    assert!(prober.begin(now, (500_000, 3_000_000), false));
    assert_eq!(prober.sent(now, 1_000), Some(1));
    let later = now + Duration::from_secs(5);
    assert_eq!(prober.sent(later, 1_000), None);
    assert_eq!(prober.due(later), None);
    assert!(prober.begin(later, (500_000, 3_000_000), false));
}

#[test]
fn a_growing_delay_where_little_is_sent_costs_little() {
    let now = start();
    let arrive = |control: &mut RateControl, sending: f64| {
        (0..20).for_each(|index| control.acknowledged(Duration::from_millis(15 * index), 500));
        control.note_sending(sending);
        control.adapt(now, (Usage::Over, Duration::from_millis(50)));
    };
    // Some 280 kbit/s arrive.
    let mut little = RateControl::new(3_000_000);
    arrive(&mut little, 280_000.0);
    assert!(little.estimate() > 2_500_000, "{}", little.estimate());
    let mut held_back = RateControl::new(3_000_000);
    arrive(&mut held_back, 400_000.0);
    assert!(held_back.estimate() < 300_000, "{}", held_back.estimate());
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
