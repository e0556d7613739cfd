use dioxus::prelude::*;
use protocol::id::UserId;
use protocol::voice::VoiceState;

use crate::app::{App, use_app};
use crate::text;
use crate::ui::{Avatar, Glyph, Icon, Popover, Slider};

/// Somebody in a room, as lists show them.
#[derive(Clone, PartialEq)]
pub(super) struct Seated {
    pub(super) state: VoiceState,
    pub(super) name: String,
    pub(super) is_speaking: bool,
    pub(super) is_me: bool,
}

pub(super) fn seated(app: App, channel_id: protocol::id::ChannelId) -> Vec<Seated> {
    let state = app.state.read();
    let me = state.my_id();
    let seats = state.seats.in_channel(channel_id).into_iter();
    let seated = seats.map(|seat| Seated {
        state: seat.clone(),
        name: state.name(seat.user_id).to_owned(),
        is_speaking: state.seats.is_speaking(seat),
        is_me: me == Some(seat.user_id),
    });
    seated.collect()
}

/// What the icons beside a name say, in words.
pub(super) fn flags_in_words(seated: &Seated) -> String {
    let flags = seated.state.flags;
    let words = [
        (seated.is_speaking, text::speaking()),
        (flags.deafened, text::deafened()),
        (flags.muted && !flags.deafened, text::muted()),
        (flags.camera, text::camera_on()),
        (flags.screen, text::screen_on()),
    ];
    words.iter().filter(|(holds, _)| *holds).map(|(_, word)| *word).collect::<Vec<_>>().join(", ")
}

/// The icons beside a name.
#[component]
pub(super) fn Flags(seated: Seated) -> Element {
    let flags = seated.state.flags;
    rsx! {
        span { class: "flags",
            if flags.screen {
                span { class: "flag-live", Icon { glyph: Glyph::Screen } }
            }
            if flags.camera {
                Icon { glyph: Glyph::Camera }
            }
            if flags.deafened {
                span { class: "flag-off", Icon { glyph: Glyph::HeadphonesOff } }
            } else if flags.muted {
                span { class: "flag-off", Icon { glyph: Glyph::MicrophoneOff } }
            }
        }
    }
}

/// Somebody below a voice channel in the list; a press opens their volume.
#[component]
pub(super) fn SeatRow(seated: Seated) -> Element {
    let mut is_open = use_signal(|| false);
    let words = flags_in_words(&seated);
    let user_id = seated.state.user_id;
    let is_me = seated.is_me;
    rsx! {
        li { class: "seat", "data-speaking": seated.is_speaking,
            button {
                class: "seat-row",
                r#type: "button",
                "aria-label": if words.is_empty() { seated.name.clone() } else { format!("{}, {words}", seated.name) },
                "aria-expanded": if is_me { None } else { Some(is_open()) },
                "data-rove": "",
                tabindex: "-1",
                onclick: move |_| {
                    if !is_me {
                        is_open.toggle();
                    }
                },
                Avatar { name: seated.name.clone(), seed: user_id.get(), class: "small", is_speaking: seated.is_speaking }
                span { class: "seat-name", "{seated.name}" }
                Flags { seated: seated.clone() }
            }
            if is_open() {
                PersonMenu { user_id, name: seated.name.clone(), on_close: move |()| is_open.set(false) }
            }
        }
    }
}

/// The volume of somebody.
#[component]
pub(super) fn PersonMenu(user_id: UserId, name: String, on_close: EventHandler<()>) -> Element {
    let app = use_app();
    let percent = app.prefs.read().volume_of(user_id);
    rsx! {
        Popover { id: "person-{user_id}", label: text::tile_menu(&name), class: "person-menu", on_close,
            Slider {
                label: text::volume_of(&name),
                value: percent,
                most: 200,
                shown: text::volume_percent(&percent),
                on_change: move |percent| app.set_volume(user_id, percent),
            }
        }
    }
}
