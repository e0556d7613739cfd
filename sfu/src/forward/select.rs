use super::Layer;
use super::descriptor::{Frame, Indication, MOST_SPATIAL, REACH, References};
use super::payload::{HIGHEST_TEMPORAL, Picture};

/// An encoding or layers of it, with temporal layers up to one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Target {
    pub(crate) layer: Layer,
    pub(crate) temporal: u8,
}

/// Which frames of a stream with layers a subscriber is sent: none whose references it was not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Selection {
    /// The newest frame.
    latest: u64,
    /// A bit for each frame of the latest, from the lowest on, that was decided on, and that was left out. One that is not
    /// decided on is on its way.
    decided: u64,
    left_out: u64,
    /// A bit for each spatial layer all of whose pictures were sent that later ones rely on.
    intact: u8,
    /// The RTP time of the picture for which it was last decided which layers are sent.
    picture: u32,
    /// The first frame of that picture, and what was sent of those before.
    since: u64,
    before: Target,
    /// No frame has come of that picture that is part of what is sent.
    is_open: bool,
}

impl Selection {
    /// Begins with a key frame: nothing before it is sent.
    pub(crate) fn begin(frame: &Frame, timestamp: u32, sends: Target) -> Self {
        Self {
            latest: frame.number,
            decided: u64::MAX << 1,
            left_out: u64::MAX << 1,
            intact: u8::MAX,
            picture: timestamp,
            since: frame.number,
            before: sends,
            is_open: false,
        }
    }

    /// Whether a packet's frame is sent. Before the first of a picture, what is sent may become what is to be.
    pub(crate) fn takes(
        &mut self,
        (frame, timestamp): (&Frame, u32),
        sends: &mut Target,
        target: Option<Target>,
    ) -> bool {
        if frame.number > self.latest {
            let passed = u32::try_from(frame.number - self.latest).unwrap_or(u32::MAX);
            self.decided = self.decided.checked_shl(passed).unwrap_or(0);
            self.left_out = self.left_out.checked_shl(passed).unwrap_or(0);
            self.latest = frame.number;
            self.intact = self.intact(frame);
            let begins = timestamp != self.picture;
            if begins {
                (self.picture, self.is_open) = (timestamp, true);
            }
            if self.is_open {
                (self.since, self.before) = (frame.number, *sends);
                match target {
                    Some(target) if begins => self.follow(frame, sends, target),
                    // Where pictures do not need the lower layers, the first frame is none of those that are sent.
                    Some(target) => self.take_up(frame, sends, target),
                    None => {}
                }
                self.is_open = frame.indication(sends.layer.spatial, HIGHEST_TEMPORAL) == Indication::NotPresent;
            }
        }
        self.decide(frame, self.sent_of(frame, *sends))
    }

    /// Whether no way leads from what is sent to what is to be but by a key frame.
    pub(crate) fn is_cut_off(&self, sends: Target, target: Target) -> bool {
        let (sent, wanted) = (sends.layer.spatial, target.layer.spatial);
        wanted > sent || (wanted < sent && self.intact >> wanted & 1 == 0)
    }

    /// Whether a packet ends its picture for this subscriber: what is above is not sent.
    pub(crate) fn ends_picture(&self, frame: &Frame, sends: Target) -> bool {
        frame.ends && frame.spatial >= self.sent_of(frame, sends).layer.spatial
    }

    /// Whether a frame was sent, or is to be when it comes.
    pub(crate) fn has_sent(&self, frame: &Frame) -> bool {
        match self.bit(frame.number) {
            Some(bit) => self.is_sent(bit),
            None => false,
        }
    }

    fn decide(&mut self, frame: &Frame, sends: Target) -> bool {
        let Some(bit) = self.bit(frame.number) else {
            return false;
        };
        if self.decided & bit == 0 {
            self.decided |= bit;
            let is_part = frame.indication(sends.layer.spatial, sends.temporal) != Indication::NotPresent;
            if !is_part || !self.has_references(frame) {
                self.left_out |= bit;
            }
        }
        self.left_out & bit == 0
    }

    /// Goes over where all that follows can be decoded: at once to what is a part of what was sent, else at a frame that
    /// says so and needs nothing that was left out.
    fn follow(&self, frame: &Frame, sends: &mut Target, target: Target) {
        let begins = frame.is_key || frame.indication(target.layer.spatial, target.temporal) == Indication::Switch;
        let is_same = target.layer.spatial == sends.layer.spatial;
        let can_begin = if is_same { self.has_references(frame) } else { self.was_sent_all(frame) };
        if begins && (frame.is_key || can_begin) {
            *sends = target;
            return;
        }
        // What of it can be had at once.
        let spatial = target.layer.spatial.min(sends.layer.spatial);
        if self.intact >> spatial & 1 == 1 {
            sends.layer.spatial = spatial;
        }
        sends.temporal = sends.temporal.min(target.temporal);
        self.take_up(frame, sends, target);
    }

    /// Takes up higher temporal layers where a frame says so and needs nothing that was left out.
    fn take_up(&self, frame: &Frame, sends: &mut Target, target: Target) {
        let (spatial, higher) = (sends.layer.spatial, sends.temporal + 1..=target.temporal);
        let says = |temporal: u8| frame.indication(spatial, temporal);
        let switched = higher.clone().rev().find(|temporal| says(*temporal) == Indication::Switch);
        // Of a picture in several layers only the highest says so: those below are as it is.
        let is_below = frame.spatial < spatial && higher.contains(&frame.temporal);
        let begun = (is_below && says(frame.temporal) == Indication::Required).then_some(frame.temporal);
        if self.has_references(frame)
            && let Some(temporal) = switched.or(begun)
        {
            sends.temporal = temporal;
        }
    }

    /// For each spatial layer whether its last picture that later ones rely on was sent.
    fn intact(&self, frame: &Frame) -> u8 {
        let reaches = |spatial: &u8| {
            let ago = u64::from(frame.previous[usize::from(*spatial)]);
            let bit = frame.number.checked_sub(ago).and_then(|number| self.bit(number));
            ago == 0 || bit.is_some_and(|bit| self.is_sent(bit))
        };
        (0..MOST_SPATIAL).filter(reaches).fold(0, |all, spatial| all | 1 << spatial)
    }

    fn has_references(&self, frame: &Frame) -> bool {
        let References { near, .. } = frame.references;
        let Some(age) = self.latest.checked_sub(frame.number).and_then(|age| u32::try_from(age).ok()) else {
            return false;
        };
        let before = self.left_out.checked_shr(age + 1).unwrap_or(0);
        before & near == 0
    }

    /// Whether all that a frame needs was sent, and not lost on its way to us.
    fn was_sent_all(&self, frame: &Frame) -> bool {
        let age = self.latest.checked_sub(frame.number).and_then(|age| u32::try_from(age).ok());
        let sent = age.and_then(|age| (self.decided & !self.left_out).checked_shr(age + 1)).unwrap_or(0);
        sent & frame.references.near == frame.references.near
    }

    fn is_sent(&self, bit: u64) -> bool {
        self.decided & !self.left_out & bit != 0
    }

    /// What was sent when this frame's picture came.
    fn sent_of(&self, frame: &Frame, sends: Target) -> Target {
        if frame.number < self.since { self.before } else { sends }
    }

    /// A frame's bit; none if it is from too long ago.
    fn bit(&self, number: u64) -> Option<u64> {
        let age = self.latest.checked_sub(number)?;
        (age < u64::from(REACH)).then(|| 1 << age)
    }
}

impl Target {
    /// Temporal layers go between two pictures, and come with one that needs nothing of what was left out.
    pub(super) fn follow(&mut self, target: Self, picture: &Picture) {
        let takes_up = picture.synchronises && (self.temporal + 1..=target.temporal).contains(&picture.temporal);
        if picture.is_key || target.temporal < self.temporal {
            self.temporal = target.temporal;
        } else if takes_up {
            self.temporal = picture.temporal;
        }
    }
}

#[cfg(test)]
mod tests;
