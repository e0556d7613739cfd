//! The shell around the gateway's connection.

use std::collections::BTreeSet;

use dioxus::prelude::*;
use protocol::error::ErrorCode;
use protocol::event::{Event, Ready};
use protocol::gateway::ServerFrame;
use protocol::id::ChannelId;
use protocol::request::gateway::CreateGatewayTicket;

use super::{App, Tone};
use crate::net::gateway::{Gateway, Link, Step};
use crate::net::{self};
use crate::platform::{self, Socket, Sound};
use crate::state::{Effect, Route};
use crate::time::Moment;
use crate::{markdown, text};

/// Messages are heard this often at most, in ticks.
const SOUND_MS: u64 = 1_000;

/// What talks to the server in the background.
pub(super) struct Wire {
    gateway: Gateway,
    socket: Option<Socket>,
    socket_number: u32,
    /// Channels whose outbox is being sent.
    pub(super) sending: BTreeSet<ChannelId>,
    /// When the others were last told that the user types, in ticks.
    pub(super) typed_at: u64,
    /// What an earlier page has left to be sent has been taken up.
    pub(super) is_restored: bool,
    /// When a message was last heard, in ticks.
    sounded_at: Option<u64>,
}

impl Wire {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            gateway: Gateway::new(seed),
            socket: None,
            socket_number: 0,
            sending: BTreeSet::new(),
            typed_at: 0,
            is_restored: false,
            sounded_at: None,
        }
    }

    /// Many messages that come at once are heard as one.
    fn may_sound(&mut self, now: u64) -> bool {
        let is_due = self.sounded_at.is_none_or(|last| now.saturating_sub(last) >= SOUND_MS);
        if is_due {
            self.sounded_at = Some(now);
        }
        is_due
    }
}

fn moment() -> Moment {
    Moment(platform::ticks())
}

impl App {
    fn with_gateway(mut self, act: impl FnOnce(&mut Gateway)) {
        act(&mut self.wire.write().gateway);
        while let Some(step) = { self.wire.write().gateway.poll_step() } {
            self.take_step(step);
        }
    }

    pub(super) fn start_gateway(self) {
        self.with_gateway(|gateway| gateway.start(moment()));
    }

    pub(super) fn stop_gateway(self) {
        self.with_gateway(Gateway::stop);
    }

    pub(super) fn wake_gateway(self) {
        self.with_gateway(|gateway| gateway.wake(moment()));
    }

    pub(super) fn tick_gateway(self) {
        let is_due = self.wire.peek().gateway.deadline().is_some_and(|deadline| deadline <= moment());
        if is_due {
            self.with_gateway(|gateway| gateway.handle_time(moment()));
        }
    }

    pub(super) fn socket_closed(self, socket: u32, code: u16) {
        if self.wire.peek().socket_number == socket {
            self.with_gateway(|gateway| gateway.handle_closed(code, moment()));
        }
    }

    pub(super) fn socket_frame(self, socket: u32, text: &str) {
        if self.wire.peek().socket_number != socket {
            return;
        }
        // A frame that this build cannot read is from a newer server; the others still are good.
        if let Ok(frame) = serde_json::from_str::<ServerFrame>(text) {
            self.with_gateway(|gateway| gateway.handle_frame(frame, moment()));
        }
    }

    fn take_step(mut self, step: Step) {
        match step {
            Step::OpenSocket => {
                let inputs = self.inputs();
                let mut wire = self.wire.write();
                wire.socket_number += 1;
                wire.socket = Socket::open("/gateway", wire.socket_number, inputs);
            }
            Step::CloseSocket => {
                let mut wire = self.wire.write();
                wire.socket_number += 1;
                wire.socket = None;
            }
            Step::FetchTicket(number) => self.fetch_ticket(number),
            Step::Send(frame) => {
                if let (Some(socket), Ok(text)) = (&self.wire.read().socket, serde_json::to_string(&frame)) {
                    socket.send(&text);
                }
            }
            Step::Start(ready) => self.start_from(*ready),
            Step::Apply(event) => self.apply(*event),
            Step::Show(link) => self.show_link(link),
            Step::SignedOut => self.signed_out(),
            Step::Refused(body) => self.toast(Tone::Error, body.message),
        }
    }

    fn fetch_ticket(self, number: u32) {
        self.spawn(async move {
            match net::send(CreateGatewayTicket { body: () }).await {
                Ok(answer) => self.with_gateway(|gateway| gateway.handle_ticket(number, Some(answer.ticket), moment())),
                Err(failure) if failure.code() == Some(ErrorCode::Unauthorized) => {
                    self.with_gateway(Gateway::handle_signed_out);
                }
                Err(_) => self.with_gateway(|gateway| gateway.handle_ticket(number, None, moment())),
            }
        });
    }

    pub(super) fn show_link(mut self, link: Link) {
        let is_new = *self.link.peek() != link;
        if is_new {
            self.link.set(link);
        }
        if link == Link::Live {
            if is_new {
                // A socket is lost with its network.
                self.voice_network_changed();
            }
            self.load_missing();
            self.flush_outboxes();
        } else {
            self.state.write().seats.hush_all();
        }
    }

    /// A snapshot has come: what is on screen may be old. Another window may have signed somebody else in.
    pub(super) fn start_from(mut self, ready: Ready) {
        let is_other = self.state.peek().my_id().is_some_and(|me| me != ready.user.user.id);
        if is_other {
            self.forget_user();
        }
        self.state.write().start(ready);
        self.restore_outboxes();
        let route = self.route.peek().clone();
        if let Some(channel_id) = route.channel() {
            self.open_channel(channel_id);
        }
        self.voice_snapshot();
    }

    pub(super) fn apply(mut self, event: Event) {
        if let Event::VoiceSlots(slots) = event {
            return self.voice_slots(slots);
        }
        if let Event::VoiceEncodings(encodings) = event {
            return self.voice_encodings(&encodings);
        }
        if let Event::VoiceCodecs(codecs) = event {
            return self.voice_codecs(codecs);
        }
        if let Event::VoiceQuality(quality) = event {
            return self.voice_quality(quality);
        }
        if let Event::VoiceEnded(ended) = event {
            return self.voice_ended(ended);
        }
        let effect = self.state.write().apply(event, platform::now());
        if let Some(effect) = effect {
            self.handle_effect(effect);
        }
    }

    fn handle_effect(self, effect: Effect) {
        match effect {
            Effect::MessageArrived(message) => self.message_arrived(&message),
            Effect::SeatTaken { channel_id, user_id } => self.seat_changed((channel_id, user_id), Sound::Join),
            Effect::SeatLeft { channel_id, user_id } => self.seat_changed((channel_id, user_id), Sound::Leave),
            Effect::BitrateChanged(channel_id) => self.bitrate_changed(channel_id),
            Effect::Spoken(channel_id) => self.duck(channel_id),
            Effect::Restrained => self.obey_restraint(),
            Effect::GuildGone(guild_id) => {
                let is_here = self.route.peek().guild() == Some(guild_id);
                if is_here {
                    self.replace(Route::Live);
                }
            }
            Effect::ChannelGone(channel_id) => {
                let route = self.route.peek().clone();
                if let Route::Channel(guild_id, here) = route
                    && here == channel_id
                {
                    self.replace(Route::Guild(guild_id));
                }
            }
        }
    }

    fn message_arrived(mut self, message: &protocol::message::Message) {
        let plain = markdown::plain(&message.content);
        if self.route.peek().channel() == Some(message.channel_id) {
            self.heard.set(Some((message.id, text::heard_message(&message.author.display_name, &plain))));
        }
        if platform::is_visible() {
            return;
        }
        let now = platform::ticks();
        if self.wire.write().may_sound(now) {
            self.sound(Sound::Message);
        }
        let channel =
            self.state.peek().channel(message.channel_id).map(|channel| channel.name.clone()).unwrap_or_default();
        let title = text::notification_title(&message.author.display_name, &channel);
        let body: String = plain.chars().take(160).collect();
        platform::notify(&title, &body, &message.channel_id.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_messages_at_once_are_heard_as_one() {
        let mut wire = Wire::new(7);
        let heard = [0, 1, 500, 999, 1_000, 1_400, 2_000].map(|now| wire.may_sound(now));
        assert_eq!(heard, [true, false, false, false, true, false, true]);
    }
}
