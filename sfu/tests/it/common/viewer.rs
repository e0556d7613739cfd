use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rtc_rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;

use sfu::Source;

use super::screen::Screen;
use super::{TICK, World};

const ROUND_TRIP: Duration = Duration::from_millis(100);

/// A subscriber that looks at a camera, and asks for what it lacks as browsers do.
pub(crate) struct Viewer {
    pub(crate) id: u64,
    mid: &'static str,
    pub(crate) screen: Screen,
    asked: BTreeMap<u16, Instant>,
    /// When packets of sound came in the first slot.
    pub(crate) heard: Vec<Instant>,
    /// Their sequence numbers: one that comes again is the same to the byte, and SRTP drops it.
    sounds: BTreeSet<u16>,
    key_asked: Instant,
}

/// Lets a publisher, 1, send a camera and a voice for a while, and all of these look at it.
pub(crate) fn perform(world: &mut World, viewers: &mut [Viewer], duration: Duration) {
    let end = world.now + duration;
    while world.now < end {
        world.client(1).send_picture(Source::Camera);
        for _ in 0..2 {
            let now = world.now;
            world.client(1).send_sound(now, Source::Microphone, 90);
            world.run(TICK);
        }
        for viewer in &mut *viewers {
            viewer.look(world);
        }
    }
}

impl Viewer {
    pub(crate) fn new((id, mid): (u64, &'static str), now: Instant) -> Self {
        Self {
            id,
            mid,
            screen: Screen::default(),
            asked: BTreeMap::new(),
            heard: Vec::new(),
            sounds: BTreeSet::new(),
            key_asked: now,
        }
    }

    pub(crate) fn mid(&self) -> &'static str {
        self.mid
    }

    /// Takes what came, and asks for what did not.
    pub(crate) fn look(&mut self, world: &mut World) {
        let now = world.now;
        let client = world.client(self.id);
        self.screen.watch(client.take(self.mid));
        for received in client.take("a0") {
            if self.sounds.insert(received.packet.header.sequence_number) {
                self.heard.push(received.at);
            }
        }
        if !client.is_ready() {
            return;
        }
        let ssrc = client.slot_ssrc(self.mid);
        self.asked.retain(|_, at| now - *at < ROUND_TRIP);
        let missing: Vec<u16> =
            self.screen.missing().into_iter().filter(|number| !self.asked.contains_key(number)).collect();
        if (1..100).contains(&missing.len()) {
            client.ask_again(ssrc, &missing);
            self.asked.extend(missing.into_iter().map(|number| (number, now)));
        }
        let last = self.screen.latest().map_or(self.key_asked, |shown| shown.at);
        if now - last > 3 * ROUND_TRIP && now - self.key_asked > 3 * ROUND_TRIP {
            self.key_asked = now;
            client.send_rtcp(vec![Box::new(PictureLossIndication { sender_ssrc: 1, media_ssrc: ssrc })]);
        }
    }
}
