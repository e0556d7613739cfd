//! A voice channel: its room, and the chat beside it.

mod grid;
mod tile;

use dioxus::prelude::*;
use protocol::id::ChannelId;

use super::chat::{ChannelHead, Chat};
use super::dock::Controls;
use super::person::seated;
use crate::app::use_app;
use crate::call::Phase;
use crate::text;
use crate::ui::{Avatar, Button, Empty, Glyph, IconButton, Kind};
use grid::Grid;

#[component]
pub(super) fn VoiceChannel(channel_id: ChannelId) -> Element {
    let app = use_app();
    let mut has_chat = use_signal(|| false);
    let is_in = use_memo(move || app.voice.read().channel_id() == Some(channel_id));
    rsx! {
        ChannelHead { channel_id, glyph: Glyph::Room,
            if is_in() {
                FollowButton {}
            }
            IconButton {
                label: if has_chat() { text::hide_chat() } else { text::show_chat() },
                glyph: Glyph::Chats,
                is_pressed: has_chat(),
                on_press: move |()| has_chat.toggle(),
            }
        }
        div { class: "room-place", "data-chat": has_chat(),
            section { class: "room-view", "aria-label": text::kind_voice(),
                if is_in() {
                    Inside { channel_id }
                } else {
                    Outside { channel_id }
                }
            }
            if has_chat() {
                Chat { channel_id }
            }
        }
    }
}

/// Whether whoever leads the conversation is shown in large.
#[component]
fn FollowButton() -> Element {
    let app = use_app();
    let follows = use_memo(move || app.voice.read().focus().follows());
    rsx! {
        IconButton {
            label: text::follow_speaker(),
            glyph: Glyph::Leader,
            is_pressed: follows(),
            on_press: move |()| app.follow_speaker(!follows()),
        }
    }
}

#[component]
fn Inside(channel_id: ChannelId) -> Element {
    let app = use_app();
    let phase = use_memo(move || app.voice.read().phase());
    rsx! {
        if matches!(phase(), Phase::Reconnecting | Phase::Rejoining) {
            p { class: "room-note", role: "status", "{text::network_doing()}" }
        }
        Grid { channel_id }
        div { class: "room-controls", Controls { id: "room" } }
    }
}

/// Before one has joined: who is there, and the way in.
#[component]
fn Outside(channel_id: ChannelId) -> Element {
    let app = use_app();
    let people = use_memo(move || seated(app, channel_id));
    let name =
        use_memo(move || app.state.read().channel(channel_id).map(|channel| channel.name.clone()).unwrap_or_default());
    let count = people.read().len();
    rsx! {
        if count == 0 {
            Empty { title: text::room_empty_title(), hint: text::room_empty_hint(), glyph: Glyph::Room,
                Button { label: text::start_talking(), kind: Kind::Primary, glyph: Glyph::Microphone, on_press: move |()| app.join_call(channel_id) }
            }
        } else {
            div { class: "lobby",
                ul { class: "lobby-people",
                    for person in people().into_iter().take(12) {
                        li { key: "{person.state.user_id}",
                            Avatar { name: person.name.clone(), seed: person.state.user_id.get(), class: "large", is_speaking: person.is_speaking }
                            span { "{person.name}" }
                        }
                    }
                }
                p { class: "quiet", "{text::in_room(count as u64)}" }
                Button {
                    label: text::join_channel(&name()),
                    kind: Kind::Primary,
                    glyph: Glyph::Microphone,
                    on_press: move |()| app.join_call(channel_id),
                }
            }
        }
    }
}
