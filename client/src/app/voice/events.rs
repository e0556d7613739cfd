//! What the browser and the server say of the call.

use dioxus::prelude::*;
use protocol::event::{VoiceEnded, VoiceQuality};
use protocol::id::{ChannelId, UserId};
use protocol::voice::{PeerFlags, Source, VoiceEnd};

use super::super::{App, Tone};
use super::{moment, placeholder};
use crate::call::Link;
use crate::call::duck::Duck;
use crate::call::focus::Focus;
use crate::platform::{self, LinkState, Sound};
use crate::text;

impl App {
    pub(in super::super) fn voice_link(self, connection: u32, link: LinkState) {
        let is_current = self.voice.peek().connection.as_ref().is_some_and(|(number, _)| *number == connection);
        if is_current {
            let link = match link {
                LinkState::Up => Link::Up,
                LinkState::Shaky => Link::Shaky,
                LinkState::Down => Link::Down,
            };
            self.with_call(|call| call.handle_link(connection, link, moment()));
        }
    }

    pub(in super::super) fn voice_network_changed(self) {
        if self.voice.peek().is_in_call() {
            self.with_call(|call| call.handle_network_changed(moment()));
        }
    }

    pub(in super::super) fn voice_ended(self, ended: VoiceEnded) {
        let VoiceEnded { channel_id, peer_id, reason, moved_to } = ended;
        let is_own = self.voice.peek().peer_id() == Some(peer_id);
        match moved_to.filter(|to| is_own && reason == VoiceEnd::Moved && *to != channel_id) {
            Some(to) => self.follow(channel_id, to),
            None => self.with_call(|call| call.handle_ended(peer_id, reason, moment())),
        }
    }

    /// Somebody has moved the user, who goes on in the other room as they were in this one. A screen was shared with the
    /// people of this one.
    fn follow(mut self, from: ChannelId, to: ChannelId) {
        platform::close_screen();
        {
            let mut voice = self.voice.write();
            voice.openings.cancel(Source::Screen);
            voice.focus = Focus::default();
            voice.duck = Duck::default();
        }
        self.show_seat(to, placeholder(), PeerFlags { screen: false, ..self.voice.peek().flags() });
        self.with_call(|call| call.follow(to, moment()));
        self.adapt_microphone();
        self.obey_restraint();
        self.sound(Sound::Join);
        if self.route.peek().channel() == Some(from) {
            self.go_to_channel(to);
        }
        let name = self.state.peek().channel(to).map(|channel| channel.name.clone()).unwrap_or_default();
        self.toast(Tone::Info, text::call_moved(&name));
    }

    pub(in super::super) fn voice_quality(mut self, measured: VoiceQuality) {
        if self.voice.peek().peer_id() == Some(measured.peer_id) {
            self.voice.write().measured.quality = Some(measured.quality);
            self.tend_playback(measured.peer_id);
        }
    }

    /// A snapshot came: is the user's seat in it?
    pub(in super::super) fn voice_snapshot(self) {
        let Some(channel_id) = self.voice.peek().channel_id() else { return };
        let (peer_id, is_visible) = {
            let state = self.state.peek();
            let seat = state.my_id().and_then(|me| state.seats.of(me)).map(|seat| seat.peer_id);
            (seat, state.channel(channel_id).is_some())
        };
        if peer_id.is_none() && is_visible {
            self.show_seat(channel_id, placeholder(), self.voice.peek().flags());
        }
        self.with_call(|call| call.handle_snapshot(peer_id, is_visible, moment()));
    }

    /// Somebody came to or went from a channel: heard by those who sit there.
    pub(in super::super) fn seat_changed(self, (channel_id, user_id): (ChannelId, UserId), sound: Sound) {
        let is_other = self.state.peek().my_id() != Some(user_id);
        if is_other && self.voice.peek().channel_id() == Some(channel_id) {
            self.sound(sound);
            self.announce(user_id, sound);
        }
    }

    fn announce(mut self, user_id: UserId, sound: Sound) {
        if !self.prefs.peek().announces_joins {
            return;
        }
        let name = self.state.peek().users.get(&user_id).map(|user| user.display_name.clone());
        if let Some(name) = name {
            let news = &mut self.voice.write().news;
            news.number += 1;
            news.sentence = if sound == Sound::Join { text::joins_you(&name) } else { text::leaves_you(&name) };
        }
    }
}
