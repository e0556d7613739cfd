//! Mute, deafen, devices, volumes.

use dioxus::prelude::*;
use protocol::id::{ChannelId, UserId};
use protocol::voice::{PeerFlags, Source};

use super::super::{App, Tone};
use super::{Trouble, moment};
use crate::call::hearing::Hearing;
use crate::platform::{self, DeviceError, Sound};

impl App {
    pub(super) fn change_flags(self, change: impl FnOnce(&mut PeerFlags)) {
        let mut flags = self.voice.peek().flags();
        change(&mut flags);
        self.with_call(|call| call.set_flags(flags));
        let channel_id = self.voice.peek().channel_id();
        let peer_id = self.voice.peek().peer_id().unwrap_or_else(super::placeholder);
        if let Some(channel_id) = channel_id {
            self.show_seat(channel_id, peer_id, flags);
        }
        self.obey_restraint();
    }

    /// What is chosen is left like this for the next call.
    fn hear(self, change: impl FnOnce(Hearing) -> Hearing) -> Hearing {
        let was_muted = self.prefs.peek().is_muted;
        let flags = self.voice.peek().flags();
        let has_microphone = self.voice.peek().trouble.is_none();
        let hearing = change(Hearing::of(flags, has_microphone, was_muted));
        self.change_flags(|flags| *flags = hearing.apply(*flags));
        self.set_prefs(|prefs| {
            prefs.is_muted = hearing.is_muted;
            prefs.is_deafened = hearing.is_deafened;
        });
        if !hearing.says_nothing() && !platform::has_microphone() {
            self.start_microphone();
        }
        hearing
    }

    /// The press cannot lift what somebody else has decided, and says so.
    fn is_held_back(self, held: Option<&str>) -> bool {
        if let Some(why) = held {
            self.toast(Tone::Info, why);
        }
        held.is_some()
    }

    /// Who is silent for want of a microphone is shown as muted: the press asks for one.
    pub fn toggle_mute(self) {
        if self.is_held_back(self.held_microphone()) {
            return;
        }
        let lacks_microphone = self.voice.peek().trouble.is_some();
        let hearing = self.hear(|hearing| if lacks_microphone { Hearing::default() } else { hearing.toggle_mute() });
        self.sound(if hearing.is_muted { Sound::Mute } else { Sound::Unmute });
    }

    pub fn toggle_deafen(self) {
        if self.is_held_back(self.held_headphones()) {
            return;
        }
        let hearing = self.hear(Hearing::toggle_deafen);
        self.sound(if hearing.is_deafened { Sound::Deafen } else { Sound::Undeafen });
    }

    /// Opens the microphone and sends it; where there is none the user listens only.
    pub(super) fn start_microphone(mut self) {
        let is_stereo = self.is_in_music();
        let options = self.prefs.peek().microphone_options(is_stereo);
        let number = self.voice.write().openings.ask(Source::Microphone);
        self.spawn(async move {
            let opened = platform::open_microphone(options).await;
            if !self.voice.write().openings.handle_answer(Source::Microphone, number) {
                return;
            }
            match opened {
                Ok(microphone) => microphone.use_it(&self.inputs()),
                Err(error) => return self.microphone_failed(error),
            }
            self.voice.write().is_stereo = is_stereo;
            if self.voice.peek().is_in_call() {
                self.microphone_found();
                self.send(Source::Microphone).await;
            } else {
                self.open_or_shut_microphone();
            }
            // What it was asked for may be over by now.
            self.close_idle_microphone();
        });
    }

    /// Whether the user sits in a room for music.
    fn is_in_music(self) -> bool {
        let state = self.state.peek();
        let channel = self.voice.peek().channel_id().and_then(|channel_id| state.channel(channel_id));
        channel.is_some_and(|channel| channel.room.is_music())
    }

    /// Opens the microphone anew where the room asks for one channel more, or one less.
    pub(super) fn adapt_microphone(self) {
        let is_right = self.voice.peek().is_stereo == self.is_in_music();
        if platform::has_microphone() && !is_right {
            self.start_microphone();
        }
    }

    /// Who was silent for want of a microphone is heard again, unless they had chosen to be silent.
    fn microphone_found(mut self) {
        let trouble = self.voice.write().trouble.take();
        if trouble.is_none() {
            return self.open_or_shut_microphone();
        }
        let chosen = self.prefs.peek().hearing();
        let was_muted = self.voice.peek().flags().muted;
        self.change_flags(|flags| *flags = chosen.apply(*flags));
        if was_muted && !chosen.says_nothing() {
            self.sound(Sound::Unmute);
        }
    }

    fn microphone_failed(mut self, error: DeviceError) {
        if !self.voice.peek().is_in_call() {
            if self.voice.peek().is_testing {
                self.toast(Tone::Error, Trouble::Microphone(error).sentence());
            }
            return;
        }
        // Not the user's choice, so that it is not remembered as one.
        self.change_flags(|flags| flags.muted = true);
        self.voice.write().trouble = Some(Trouble::Microphone(error));
    }

    pub(super) async fn send(self, source: Source) {
        let connection = self.voice.peek().connection.as_ref().map(|(_, connection)| connection.clone());
        if let Some(connection) = connection {
            connection.send(source).await;
        }
    }

    pub(in super::super) fn microphone_lost(self) {
        if self.voice.peek().is_in_call() {
            platform::close_microphone();
            self.start_microphone();
        }
    }

    /// A device came or went; where one was missing it may be there now.
    pub(in super::super) fn devices_changed(self) {
        let is_missing = self.voice.peek().trouble == Some(Trouble::Microphone(DeviceError::Missing));
        if is_missing {
            self.start_microphone();
        }
    }

    /// Speaks into another microphone, or differently into the same.
    pub fn set_microphone(self, change: impl FnOnce(&mut super::super::Prefs)) {
        self.set_prefs(change);
        if self.voice.peek().is_in_call() && platform::has_microphone() {
            self.start_microphone();
        }
    }

    pub fn set_speaker(self, device: String) {
        self.set_prefs(|prefs| prefs.speaker = device);
        self.apply_speaker();
    }

    pub(super) fn apply_speaker(self) {
        let device = self.prefs.peek().speaker.clone();
        self.spawn(async move {
            // A browser that cannot choose plays through the default.
            let _ = platform::set_output(device).await;
        });
    }

    /// How loud a user is heard; per cent.
    pub fn set_volume(self, user_id: UserId, percent: u16) {
        self.set_prefs(|prefs| {
            if percent == 100 {
                prefs.volumes.remove(&user_id);
            } else {
                prefs.volumes.insert(user_id, percent.min(200));
            }
        });
        self.apply_volumes();
    }

    /// Who speaks in a channel has changed, or time has passed: a priority speaker lowers the others.
    pub(in super::super) fn duck(mut self, channel_id: ChannelId) {
        if self.voice.peek().channel_id() != Some(channel_id) {
            return;
        }
        let before = self.voice.peek().duck;
        let mut duck = before;
        {
            let state = self.state.peek();
            duck.hear(state.seats.is_talked_over(channel_id, state.my_id()), moment());
        }
        duck.handle_time(moment());
        // Others who speak are no news, and would draw the room anew.
        if duck != before {
            self.voice.write().duck = duck;
            self.apply_volumes();
        }
    }

    /// Speaks before all others, or like them.
    pub fn set_priority(self, is_on: bool) {
        self.change_flags(|flags| flags.priority = is_on);
    }

    /// Gives each audio slot the volume of whom it plays.
    pub(super) fn apply_volumes(self) {
        let voice = self.voice.peek();
        let Some((_, connection)) = &voice.connection else { return };
        let (state, prefs) = (self.state.peek(), self.prefs.peek());
        for (mid, shown) in &voice.slots {
            let percent = state.seats.user_of(shown.peer_id).map_or(100, |user| prefs.volume_of(user));
            let ducked = voice.duck.gain(state.seats.has_priority(shown.peer_id));
            connection.set_gain(mid, f32::from(percent) / 100.0 * ducked);
        }
    }
}

impl App {
    /// Measures the microphone, so that its level can be seen. In a call it is the call's, and muted is muted.
    pub fn start_microphone_test(mut self) {
        platform::resume_audio();
        self.voice.write().is_testing = true;
        if platform::has_microphone() {
            self.open_or_shut_microphone();
        } else {
            self.voice.write().is_opened_by_test = true;
            self.start_microphone();
        }
    }

    pub fn stop_microphone_test(mut self) {
        let is_testing = self.voice.peek().is_testing;
        if is_testing {
            self.voice.write().is_testing = false;
            self.open_or_shut_microphone();
            self.close_idle_microphone();
        }
    }

    /// Closes a microphone that nobody listens to any more: outside of a call, or one that a test of a muted user has
    /// opened.
    pub(super) fn close_idle_microphone(mut self) {
        if self.voice.peek().is_testing || !platform::has_microphone() {
            return;
        }
        let was_for_test = std::mem::take(&mut self.voice.write().is_opened_by_test);
        let is_idle = {
            let voice = self.voice.peek();
            !voice.is_in_call() || was_for_test && voice.flags().muted
        };
        if is_idle {
            platform::close_microphone();
            self.spawn(async move { self.send(Source::Microphone).await });
        }
    }
}
