//! What happens outside of the page's controls.

use dioxus::prelude::*;
use futures_channel::mpsc::UnboundedReceiver;
use futures_util::StreamExt;

use super::{App, Entry, Overlay, Pane};
use crate::platform::{self, Input, KeyPress};
use crate::state::Route;

impl App {
    pub(super) async fn run(self, mut inputs: UnboundedReceiver<Input>) {
        while let Some(input) = inputs.next().await {
            self.handle(input);
        }
    }

    pub(super) fn handle(self, input: Input) {
        self.take(input);
        // A page that is not looked at has its timers held back, but still hears from its socket.
        self.tick_gateway();
    }

    fn take(self, input: Input) {
        match input {
            Input::SocketFrame { socket, text } => self.socket_frame(socket, &text),
            Input::SocketClosed { socket, code } => self.socket_closed(socket, code),
            Input::PathChanged => self.enter(Route::parse(&platform::path())),
            Input::Woken => {
                if *self.entry.peek() == Entry::SignedIn {
                    self.wake_gateway();
                    self.mark_current_read();
                }
            }
            Input::NetworkChanged => self.voice_network_changed(),
            Input::Key(press) => self.key(&press),
            Input::KeyUp(code) => {
                self.talk_key(&code, false);
            }
            Input::Blurred => self.keys_lost(),
            Input::InSight(is_in_sight) => self.page_in_sight(is_in_sight),
            Input::Link { connection, link } => self.voice_link(connection, link),
            Input::ScreenEnded => self.screen_ended(),
            Input::MicrophoneEnded => self.microphone_lost(),
            Input::CameraEnded => self.camera_ended(),
            Input::DevicesChanged => self.devices_changed(),
        }
    }

    /// Five times a second.
    pub(super) fn tick(mut self) {
        self.tick_gateway();
        self.tick_voice();
        let second = platform::ticks() / 1000;
        if *self.seconds.peek() != second {
            self.seconds.set(second);
            let now = platform::now();
            let has_typing = self.state.peek().typing.has_expired(now);
            if has_typing {
                self.state.write().typing.expire(now);
            }
        }
    }

    fn key(mut self, press: &KeyPress) {
        if *self.entry.peek() != Entry::SignedIn || press.is_handled {
            return;
        }
        let is_written = press.is_typing && press.key.chars().count() == 1;
        let is_repeat = press.key == "Repeat";
        if self.chosen_talk_key(&press.code) || !is_written && !is_repeat && self.talk_key(&press.code, true) {
            return;
        }
        if press.has_control && press.key == "k" {
            self.show(Overlay::Switcher);
            return;
        }
        if self.overlay.peek().is_some() || press.has_control || press.has_alt {
            return;
        }
        if press.key == "Escape" && press.has_shift {
            self.mark_guild_read();
            return;
        }
        if *self.pane.peek() != Pane::Content && press.key == "Escape" {
            self.pane.set(Pane::Content);
            return;
        }
        if press.is_typing {
            return;
        }
        let is_in_call = self.voice.peek().is_in_call();
        match press.key.as_str() {
            "?" => self.show(Overlay::Keys),
            "Escape" => self.escape(),
            "m" | "M" if is_in_call => self.toggle_mute(),
            "d" | "D" if is_in_call => self.toggle_deafen(),
            "v" | "V" if is_in_call => self.toggle_camera(),
            "s" | "S" if is_in_call => self.toggle_screen(),
            _ => {}
        }
    }

    fn escape(self) {
        let route = self.route.peek().clone();
        match route {
            Route::GuildSettings(guild_id, _) => self.go(Route::Guild(guild_id)),
            Route::Settings(_) => self.go(Route::Live),
            Route::Setup { .. }
            | Route::SignIn
            | Route::Invite { .. }
            | Route::Live
            | Route::Chats
            | Route::Servers
            | Route::You
            | Route::Guild(_)
            | Route::Channel(..) => {}
        }
    }
}
