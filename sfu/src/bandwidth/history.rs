use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Fared;
use crate::forward::arrivals::Arrivals;
use crate::forward::low_half;

/// Packets of which nothing was heard are forgotten beyond these.
const KEPT: usize = 8_192;
/// What is sent is measured over so long.
const WINDOW: Duration = Duration::from_millis(400);

/// What is newly known of packets.
pub(super) struct Told {
    /// Those that have arrived, in the order of their sending.
    pub(super) fared: Vec<Fared>,
    /// How many are missing.
    pub(super) lost: u32,
    /// How many of those that have arrived were told of as missing before: others overtook them.
    pub(super) late: u32,
}

/// What was sent on a connection, until it is known how it fared.
#[derive(Default)]
pub(super) struct History {
    /// Of the first of those that are kept, counted on over the wraps of the 16 bits that are sent.
    first: u64,
    packets: VecDeque<Sent>,
    /// Told of as arrived or lost up to here.
    told: u64,
}

#[derive(Clone, Copy)]
struct Sent {
    at: Instant,
    bytes: usize,
    probe: Option<u32>,
    fate: Fate,
}

/// What the client has told of a packet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Unknown,
    Missing,
    Arrived,
}

impl History {
    pub(super) fn next_number(&self) -> u16 {
        low_half(self.next())
    }

    fn next(&self) -> u64 {
        self.first + self.packets.len() as u64
    }

    pub(super) fn sent(&mut self, at: Instant, (bytes, probe): (usize, Option<u32>)) {
        if self.packets.len() >= KEPT {
            self.packets.pop_front();
            self.first += 1;
        }
        self.packets.push_back(Sent { at, bytes, probe, fate: Fate::Unknown });
    }

    /// What was sent of late, in bit/s.
    pub(super) fn rate(&self, now: Instant) -> f64 {
        let recent = self.packets.iter().rev().take_while(|sent| now.saturating_duration_since(sent.at) <= WINDOW);
        let bytes: usize = recent.map(|sent| sent.bytes).sum();
        f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) * 8.0 / WINDOW.as_secs_f64()
    }

    /// When the first packet was sent of which nothing was heard.
    pub(super) fn waits_since(&self) -> Option<Instant> {
        let index = usize::try_from(self.told.max(self.first) - self.first).ok()?;
        self.packets.get(index).map(|sent| sent.at)
    }

    /// How the packets fared of which the client tells.
    pub(super) fn take(&mut self, arrivals: &Arrivals) -> Told {
        let mut told = Told { fared: Vec::new(), lost: 0, late: 0 };
        let next = self.next();
        let back = low_half(next).wrapping_sub(arrivals.first);
        let Some(first) = next.checked_sub(u64::from(back)).filter(|_| back > 0) else {
            return told;
        };
        for (number, arrived) in (first..next).zip(&arrivals.times) {
            let index = number.checked_sub(self.first).and_then(|index| usize::try_from(index).ok());
            let Some(sent) = index.and_then(|index| self.packets.get_mut(index)) else {
                continue;
            };
            match arrived {
                Some(arrived) if sent.fate != Fate::Arrived => {
                    told.late += u32::from(sent.fate == Fate::Missing);
                    sent.fate = Fate::Arrived;
                    told.fared.push(Fared { sent: sent.at, arrived: *arrived, bytes: sent.bytes, probe: sent.probe });
                }
                None if sent.fate == Fate::Unknown => {
                    told.lost += 1;
                    sent.fate = Fate::Missing;
                }
                Some(_) | None => {}
            }
        }
        self.told = self.told.max((first + arrivals.times.len() as u64).min(next));
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timer::start;

    #[test]
    fn each_packet_is_told_of_once_over_the_wrap_of_numbers() {
        let now = start();
        let mut history = History::default();
        let mut total = (0, 0, 0);
        for round in 0_u64..20_000 {
            let first = history.next_number();
            for _ in 0..5 {
                history.sent(now, (100, None));
            }
            let at = Some(Duration::from_millis(round));
            let arrivals = Arrivals { first, times: vec![at, None, at, at, at] };
            let Told { fared, lost, late } = history.take(&arrivals);
            total = (total.0 + fared.len(), total.1 + lost, total.2 + late);
            assert_eq!(history.take(&arrivals).fared.len(), 0);
        }
        assert_eq!(total, (80_000, 20_000, 0));
        assert_eq!(history.waits_since(), None);
    }

    #[test]
    fn what_was_never_sent_is_not_believed() {
        let now = start();
        let mut history = History::default();
        history.sent(now, (100, None));
        let times = vec![Some(Duration::ZERO); 3];
        for first in [1, 500, 65_000] {
            assert_eq!(history.take(&Arrivals { first, times: times.clone() }).fared.len(), 0);
        }
        assert_eq!(history.take(&Arrivals { first: 0, times }).fared.len(), 1);
        assert_eq!(history.waits_since(), None);
    }

    #[test]
    fn what_was_overtaken_is_told_of_as_missing_and_then_as_late() {
        let mut history = History::default();
        (0..3).for_each(|_| history.sent(start(), (100, None)));
        let at = Some(Duration::ZERO);
        let first = history.take(&Arrivals { first: 0, times: vec![at, None, at] });
        assert_eq!((first.fared.len(), first.lost, first.late), (2, 1, 0));
        let second = history.take(&Arrivals { first: 1, times: vec![at] });
        assert_eq!((second.fared.len(), second.lost, second.late), (1, 0, 1));
    }

    #[test]
    fn what_is_told_of_in_a_message_that_was_overtaken_was_never_missing() {
        let mut history = History::default();
        (0..4).for_each(|_| history.sent(start(), (100, None)));
        let at = Some(Duration::ZERO);
        let later = history.take(&Arrivals { first: 2, times: vec![at, at] });
        assert_eq!((later.fared.len(), later.lost, later.late), (2, 0, 0));
        let earlier = history.take(&Arrivals { first: 0, times: vec![at, None] });
        assert_eq!((earlier.fared.len(), earlier.lost, earlier.late), (1, 1, 0));
    }
}
