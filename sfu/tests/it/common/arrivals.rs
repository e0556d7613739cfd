use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const INTERVAL: Duration = Duration::from_millis(50);

/// Tells of the packets that are counted over the whole connection, each as lost or by when it arrived
/// (draft-holmer-rmcat-transport-wide-cc-extensions-01). Every packet has a chunk of its own.
#[derive(Default)]
pub(crate) struct Arrivals {
    begin: Option<Instant>,
    arrived: BTreeMap<u64, Instant>,
    next: Option<u64>,
    due: Option<Instant>,
    count: u8,
}

impl Arrivals {
    pub(crate) fn note(&mut self, now: Instant, number: u16) {
        self.begin.get_or_insert(now);
        let highest = self.arrived.last_key_value().map(|(number, _)| *number).or(self.next).unwrap_or(1 << 20);
        let highest =
            if self.next.is_none() && self.arrived.is_empty() { 1 << 20 | u64::from(number) } else { highest };
        let ahead = number.wrapping_sub(u16::try_from(highest & 0xffff).unwrap());
        let number =
            if ahead < 1 << 15 { highest + u64::from(ahead) } else { highest - u64::from(ahead.wrapping_neg()) };
        self.arrived.insert(number, now);
        self.due.get_or_insert(now + INTERVAL);
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.due
    }

    pub(crate) fn take_due(&mut self, now: Instant) -> Option<Vec<u8>> {
        self.due.filter(|due| *due <= now)?;
        self.due = None;
        let arrived = std::mem::take(&mut self.arrived);
        let last = *arrived.last_key_value()?.0;
        let first = self.next.unwrap_or(last).min(*arrived.first_key_value()?.0);
        self.next = Some(last + 1);
        self.count = self.count.wrapping_add(1);
        let ticks = |at: Instant| i64::try_from((at - self.begin.unwrap()).as_micros() / 250).unwrap();
        let reference = ticks(*arrived.first_key_value()?.1) / 256;
        let mut before = reference * 256;
        let (mut chunks, mut deltas) = (Vec::new(), Vec::new());
        for number in first..=last {
            let status: u16 = if arrived.contains_key(&number) { 2 } else { 0 };
            chunks.extend((status << 13 | 1).to_be_bytes());
            if let Some(at) = arrived.get(&number) {
                deltas.extend(i16::try_from(ticks(*at) - before).unwrap().to_be_bytes());
                before = ticks(*at);
            }
        }
        let [.., high, low] = first.to_be_bytes();
        let [.., a, b, c] = reference.to_be_bytes();
        let mut packet = vec![0x8f, 205, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, high, low];
        packet.extend(u16::try_from(last - first + 1).unwrap().to_be_bytes());
        packet.extend([a, b, c, self.count]);
        packet.extend(chunks);
        packet.extend(deltas);
        packet.resize(packet.len().next_multiple_of(4), 0);
        let words = u16::try_from(packet.len() / 4 - 1).unwrap();
        packet[2..4].copy_from_slice(&words.to_be_bytes());
        Some(packet)
    }
}
