//! What the slots show, and what is wished of them.

use dioxus::prelude::*;
use protocol::event::{VoiceCodecs, VoiceEncodings, VoiceSlots};
use protocol::id::PeerId;
use protocol::request::voice::{Playback, ReportPlayback, SetVoiceWishes, Wishes};
use protocol::voice::{Shown, Source};

use super::super::App;
use super::{moment, told};
use crate::call::codec::{self, CameraCodec};
use crate::call::wishes::{self, Sight};
use crate::net;
use crate::platform::{self, Connection};

/// Sizes change in bursts; the server is told when they have settled for so long, in ticks.
const SETTLE_MS: u64 = 120;
/// Pictures of a page that is out of sight for so long are not sent any more, in ticks: whoever looks elsewhere for a moment finds them moving.
const HIDDEN_MS: u64 = 3_000;
/// Sound and pictures that are no further apart are in step.
const HEARD_MS: u16 = 15;
/// Sound that takes longer leaves its pictures behind.
const LONGEST_HOLD_MS: u16 = 400;

impl App {
    pub(in super::super) fn voice_slots(mut self, event: VoiceSlots) {
        // Before the answer to the join has been read, its connection has no id here yet.
        let is_other = self.voice.peek().peer_id().is_some_and(|peer_id| peer_id != event.peer_id);
        if is_other {
            return;
        }
        {
            let mut voice = self.voice.write();
            if voice.slots_of.replace(event.peer_id) != Some(event.peer_id) {
                voice.slots.clear();
            }
            for slot in event.slots {
                match slot.shows {
                    Some(shows) => voice.slots.insert(slot.mid, shows),
                    None => voice.slots.remove(&slot.mid),
                };
            }
        }
        self.apply_volumes();
    }

    /// What nobody wants is not sent, and not even encoded.
    pub(in super::super) fn voice_encodings(self, event: &VoiceEncodings) {
        let voice = self.voice.peek();
        if let Some((_, connection)) = voice.connection.as_ref().filter(|_| voice.peer_id() == Some(event.peer_id)) {
            connection.set_wanted(event.source, &event.wanted);
        }
    }

    /// What is sent is something that everybody in the room can see.
    pub(in super::super) fn voice_codecs(mut self, event: VoiceCodecs) {
        let is_other = self.voice.peek().peer_id().is_some_and(|peer_id| peer_id != event.peer_id);
        if !is_other {
            self.voice.write().codecs = event.codecs;
            self.apply_codecs();
        }
    }

    /// Sends the camera in another codec, where everybody takes it.
    pub fn set_camera_codec(self, chosen: CameraCodec) {
        self.set_prefs(|prefs| prefs.camera_codec = chosen);
        self.apply_codecs();
    }

    fn apply_codecs(self) {
        let (voice, chosen) = (self.voice.peek(), self.prefs.peek().camera_codec);
        if let Some((_, connection)) = &voice.connection {
            for source in [Source::Camera, Source::Screen] {
                connection.set_codec(source, codec::choose(source, chosen, &voice.codecs));
            }
        }
    }

    /// A picture is on screen at this size.
    pub fn see(mut self, sight: Sight) {
        let is_new = self.pictures.peek().sights.get(&sight.shows) != Some(&sight);
        if is_new {
            let mut pictures = self.pictures.write();
            pictures.sights.insert(sight.shows, sight);
            pictures.due = Some(platform::ticks() + SETTLE_MS);
        }
    }

    /// A picture is no longer on screen.
    pub fn unsee(mut self, shown: Shown) {
        let mut pictures = self.pictures.write();
        if pictures.sights.remove(&shown).is_some() {
            pictures.due = Some(platform::ticks() + SETTLE_MS);
        }
    }

    /// The page came in sight, or is out of it.
    pub(in super::super) fn page_in_sight(mut self, is_in_sight: bool) {
        let mut pictures = self.pictures.write();
        pictures.is_hidden = !is_in_sight;
        pictures.due = Some(platform::ticks() + if is_in_sight { 0 } else { HIDDEN_MS });
    }

    /// Shows a slot's picture in a video element.
    pub fn attach(self, id: &str, shown: Shown) {
        let voice = self.voice.peek();
        match (&voice.connection, voice.slot_of(shown)) {
            (Some((_, connection)), Some(mid)) => connection.attach(id, &mid),
            _ => platform::attach_nothing(id),
        }
    }

    /// Shows one tile in large, or no longer.
    pub fn set_focus(mut self, shown: Shown, is_large: bool) {
        {
            let focus = &mut self.voice.write().focus;
            if is_large {
                focus.choose(shown);
            } else {
                focus.put_back(shown);
            }
        }
        self.pictures.write().due.get_or_insert(platform::ticks() + SETTLE_MS);
    }

    /// Shows whoever leads the conversation in large, or no longer.
    pub fn follow_speaker(mut self, follows: bool) {
        self.voice.write().focus.follow(follows);
        self.pictures.write().due.get_or_insert(platform::ticks() + SETTLE_MS);
    }

    /// Keeps pictures in step with sound, and counts how often they stood still: for the user, and for those who run the
    /// server.
    pub(super) fn tend_playback(self, peer_id: PeerId) {
        let connection = self.voice.peek().connection.as_ref().map(|(_, connection)| connection.clone());
        let Some(connection) = connection else { return };
        self.spawn(async move {
            let Some(played) = connection.played().await else { return };
            if self.voice.peek().peer_id() != Some(peer_id) {
                return;
            }
            if let Some(ms) = played.sound_delay_ms {
                self.hold_pictures(&connection, ms.min(LONGEST_HOLD_MS));
            }
            if let Some(freezes) = played.freezes {
                self.tell_freezes(peer_id, freezes).await;
            }
        });
    }

    /// The browser plays each slot by itself and sound takes longer: pictures are to wait for it.
    fn hold_pictures(mut self, connection: &Connection, ms: u16) {
        if self.voice.peek().measured.held_ms.abs_diff(ms) > HEARD_MS {
            self.voice.write().measured.held_ms = ms;
            connection.hold_pictures(ms);
        }
    }

    async fn tell_freezes(mut self, peer_id: PeerId, freezes: u32) {
        if self.voice.peek().measured.freezes != Some(freezes) {
            self.voice.write().measured.freezes = Some(freezes);
            // What is not told now is part of what is told next.
            let _ = net::send(ReportPlayback { peer_id, body: Playback { freezes } }).await;
        }
    }

    /// Tells the server what is on screen, when that has settled, or when telling it has failed and is due again.
    pub(super) fn tick_pictures(mut self) {
        let now = moment();
        let is_due = {
            let pictures = self.pictures.peek();
            let again = pictures.wished.deadline();
            pictures.due.is_some_and(|due| due <= now.0) || again.is_some_and(|again| again <= now)
        };
        if !is_due {
            return;
        }
        self.pictures.write().due = None;
        if let Some(request) = self.wishes() {
            self.spawn(async move {
                let peer_id = request.peer_id;
                let answer = net::send(request).await;
                if self.voice.peek().peer_id() == Some(peer_id) {
                    let mut pictures = self.pictures.write();
                    pictures.wished.handle_told(told(&answer), moment());
                    // What has changed while it was on its way is told next.
                    pictures.due.get_or_insert(platform::ticks());
                }
            });
        }
    }

    /// What to tell the server now, if anything.
    fn wishes(mut self) -> Option<SetVoiceWishes> {
        let voice = self.voice.peek();
        let peer_id = voice.peer_id()?;
        let mut pictures = self.pictures.write();
        let sights: Vec<Sight> = pictures.sights.values().copied().filter(|_| !pictures.is_hidden).collect();
        let video = wishes::assign(&pictures.slots, &voice.slots, (&sights, voice.focus.chosen()));
        let video = pictures.wished.send(video, Some(moment()))?;
        Some(SetVoiceWishes { peer_id, body: Wishes { video } })
    }
}
