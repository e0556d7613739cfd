use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rtc_rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;

use super::World;
use super::client::Received;
use super::layered::{LayersShown, Marks};
use super::offer::DEPENDENCIES;

const ROUND_TRIP: Duration = Duration::from_millis(100);
/// Packets that are asked for again.
const REACH: u64 = 200;

/// A subscriber that decodes what it can of a stream of layers on a way that loses, and asks for what it lacks.
pub(crate) struct LossyViewer {
    id: u64,
    packets: BTreeMap<u64, Received>,
    /// The frames that could be decoded, by whose they are and their numbers.
    decoded: BTreeSet<(u8, u16)>,
    asked: BTreeMap<u16, Instant>,
    key_asked: Instant,
    pub(crate) shown: Vec<LayersShown>,
}

impl LossyViewer {
    pub(crate) fn new(id: u64, now: Instant) -> Self {
        let (packets, asked) = (BTreeMap::new(), BTreeMap::new());
        Self { id, packets, decoded: BTreeSet::new(), asked, key_asked: now, shown: Vec::new() }
    }

    pub(crate) fn look(&mut self, world: &mut World) {
        let now = world.now;
        let client = world.client(self.id);
        for received in client.take("v0") {
            self.keep(received);
        }
        let starts: Vec<u64> = self.packets.keys().copied().collect();
        starts.into_iter().for_each(|first| self.decode(first));
        let ssrc = client.slot_ssrc("v0");
        self.asked.retain(|_, at| now - *at < ROUND_TRIP);
        let missing = self.missing();
        if !missing.is_empty() {
            client.ask_again(ssrc, &missing);
            self.asked.extend(missing.into_iter().map(|number| (number, now)));
        }
        let last = self.shown.last().map_or(self.key_asked, |shown| shown.at);
        if now - last > 3 * ROUND_TRIP && now - self.key_asked > 3 * ROUND_TRIP {
            self.key_asked = now;
            client.send_rtcp(vec![Box::new(PictureLossIndication { sender_ssrc: 1, media_ssrc: ssrc })]);
        }
    }

    fn keep(&mut self, received: Received) {
        let sequence = received.packet.header.sequence_number;
        let highest = self.packets.last_key_value().map_or(1 << 20 | u64::from(sequence), |(number, _)| *number);
        let ahead = sequence.wrapping_sub(u16::try_from(highest & 0xffff).unwrap());
        let number =
            if ahead < 1 << 15 { highest + u64::from(ahead) } else { highest - u64::from(ahead.wrapping_neg()) };
        if let Some(before) = self.packets.get(&number) {
            assert_eq!(before.packet.payload, received.packet.payload, "two packets under one number");
        }
        self.packets.insert(number, received);
        while self.packets.len() > 1_000 {
            self.packets.pop_first();
        }
    }

    /// Decodes the frame that begins with a packet, if all of it and all that it needs is there.
    fn decode(&mut self, first: u64) {
        let flag =
            |received: &Received, bit: u8| received.packet.header.get_extension(DEPENDENCIES).unwrap()[0] & bit != 0;
        let Some(begin) = self.packets.get(&first).filter(|packet| flag(packet, 0x80)) else {
            return;
        };
        let marks = Marks::read(&begin.packet.payload);
        if self.decoded.contains(&(marks.peer, marks.number)) {
            return;
        }
        let frame: Vec<&Received> = (first..).map_while(|number| self.packets.get(&number)).collect();
        let Some(end) = frame.iter().position(|packet| flag(packet, 0x40)) else {
            return;
        };
        if marks.references.iter().all(|number| self.decoded.contains(&(marks.peer, *number))) {
            self.decoded.insert((marks.peer, marks.number));
            if frame[end].packet.header.marker {
                let (at, spatial, temporal, peer) = (frame[end].at, marks.spatial, marks.temporal, marks.peer);
                self.shown.push(LayersShown { at, spatial, temporal, peer });
            }
        }
    }

    fn missing(&self) -> Vec<u16> {
        let highest = self.packets.last_key_value().map_or(0, |(number, _)| *number);
        let first = self.packets.first_key_value().map_or(0, |(number, _)| *number).max(highest.saturating_sub(REACH));
        let missing = (first..highest).filter(|number| !self.packets.contains_key(number));
        let missing = missing.map(|number| u16::try_from(number & 0xffff).unwrap());
        missing.filter(|number| !self.asked.contains_key(number)).collect()
    }

    /// Pictures a second from one moment to another.
    pub(crate) fn pace(&self, from: Instant, to: Instant) -> f64 {
        let count = self.shown.iter().filter(|shown| (from..to).contains(&shown.at)).count();
        f64::from(u32::try_from(count).unwrap()) / (to - from).as_secs_f64()
    }
}
