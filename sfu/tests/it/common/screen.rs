use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::client::Received;

/// What a decoder of VP8 makes of a slot's packets: it asks of them what libvpx and a browser's reference finder do.
#[derive(Default)]
pub(crate) struct Screen {
    packets: BTreeMap<u64, Received>,
    highest: u64,
    /// The last packet of the newest picture that was shown.
    shown_to: Option<u64>,
    picture: Option<u16>,
    timestamp: Option<u32>,
    pub(crate) shown: Vec<Shown>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) at: Instant,
    pub(crate) layer: u8,
    pub(crate) temporal: u8,
    pub(crate) is_key: bool,
    /// Whose it is.
    pub(crate) peer: u8,
}

impl Screen {
    /// Takes what came, and shows each picture that is whole, and that follows on the one before or needs none.
    pub(crate) fn watch(&mut self, received: Vec<Received>) {
        for packet in received {
            let sequence = packet.packet.header.sequence_number;
            if self.packets.is_empty() && self.shown_to.is_none() {
                self.highest = 1 << 20 | u64::from(sequence);
            }
            let ahead = sequence.wrapping_sub(u16::try_from(self.highest & 0xffff).unwrap());
            let number = if ahead < 1 << 15 {
                self.highest + u64::from(ahead)
            } else {
                self.highest - u64::from(ahead.wrapping_neg())
            };
            self.highest = self.highest.max(number);
            let before = self.packets.insert(number, packet);
            if let Some(before) = before {
                let again = &self.packets[&number];
                assert_eq!(before.packet.payload, again.packet.payload, "two packets under one number");
            }
            self.show();
        }
    }

    fn show(&mut self) {
        loop {
            let next = self.shown_to.map(|to| to + 1).filter(|next| self.try_show(*next));
            let key = || {
                let after = self.shown_to.map_or(0, |to| to + 1);
                let keys = self.packets.range(after..).filter(|(_, packet)| is_key(&packet.packet.payload));
                keys.map(|(number, _)| *number).collect::<Vec<_>>()
            };
            if next.is_none() && !key().into_iter().any(|number| self.try_show(number)) {
                return;
            }
        }
    }

    /// Shows the picture that begins with this packet, if it is whole.
    fn try_show(&mut self, first: u64) -> bool {
        let mut last = first;
        loop {
            match self.packets.get(&last) {
                None => return false,
                // The end of the last one came too late for its stream: a key frame goes on.
                Some(packet) if last > first && packet.packet.payload[0] & 0x10 != 0 => return false,
                Some(packet) if packet.packet.header.marker => break,
                Some(_) => last += 1,
            }
        }
        let Received { at, packet, .. } = &self.packets[&last];
        let begin = &self.packets[&first].packet.payload;
        assert_eq!(begin[0] & 0x10, 0x10, "a picture begins with its first packet");
        let picture = u16::from_be_bytes([begin[2], begin[3]]) & 0x7fff;
        let (timestamp, key) = (packet.header.timestamp, is_key(begin));
        if let Some(before) = self.picture {
            let step = picture.wrapping_sub(before) & 0x7fff;
            assert!(step == 1 || key, "picture {picture} after {before}");
        }
        if let Some(before) = self.timestamp {
            let step = timestamp.wrapping_sub(before);
            assert!(step > 0 && step < 1 << 31, "the time goes on by {step}");
        }
        (self.picture, self.timestamp, self.shown_to) = (Some(picture), Some(timestamp), Some(last));
        let [.., peer, layer] = begin[..] else { unreachable!("a picture has marks") };
        self.shown.push(Shown { at: *at, layer, temporal: begin[5] >> 6, is_key: key, peer });
        true
    }

    /// The longest time without a new picture from one moment to another.
    pub(crate) fn longest_freeze(&self, from: Instant, to: Instant) -> Duration {
        let within = self.shown.iter().map(|shown| shown.at).filter(|at| (from..=to).contains(at));
        let times: Vec<Instant> = std::iter::once(from).chain(within).chain(std::iter::once(to)).collect();
        times.windows(2).map(|pair| pair[1].saturating_duration_since(pair[0])).max().unwrap()
    }

    /// Pictures a second from one moment to another.
    pub(crate) fn pace(&self, from: Instant, to: Instant) -> f64 {
        let count = self.shown.iter().filter(|shown| (from..to).contains(&shown.at)).count();
        f64::from(u32::try_from(count).unwrap()) / (to - from).as_secs_f64()
    }

    /// What was shown last.
    pub(crate) fn latest(&self) -> Option<Shown> {
        self.shown.last().copied()
    }

    /// The numbers of packets that are missing before the newest, as far as pictures wait for them.
    pub(crate) fn missing(&self) -> Vec<u16> {
        let first = self.shown_to.map_or(self.highest, |to| to + 1);
        let missing = (first..self.highest).filter(|number| !self.packets.contains_key(number));
        missing.map(|number| u16::try_from(number & 0xffff).unwrap()).collect()
    }
}

fn is_key(payload: &[u8]) -> bool {
    payload[0] & 0x10 != 0 && payload[6] & 1 == 0
}
