use dioxus::prelude::*;
use protocol::channel::ChannelKind;
use protocol::id::{ChannelId, GuildId};
use protocol::permission::Permissions;
use protocol::request::guild::MemberPatch;
use protocol::voice::{Restraint, VoiceState};

use super::side::may;
use crate::app::{App, use_app};
use crate::text;
use crate::ui::{Action, Avatar, Glyph, Icon, Popover, Slider, Switch};

/// Somebody in a room, as lists show them.
#[derive(Clone, PartialEq)]
pub(super) struct Seated {
    pub(super) state: VoiceState,
    pub(super) name: String,
    pub(super) is_speaking: bool,
    pub(super) is_me: bool,
}

pub(super) fn seated(app: App, channel_id: ChannelId) -> Vec<Seated> {
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
    let VoiceState { flags, restraint, .. } = &seated.state;
    let words = [
        (seated.is_speaking, text::speaking()),
        (flags.priority, text::priority_speaker()),
        (restraint.server_deafened, text::server_deafened()),
        (restraint.server_muted, text::server_muted()),
        (flags.deafened && !restraint.server_deafened, text::deafened()),
        (flags.muted && !flags.deafened && !restraint.server_muted, text::muted()),
        (flags.camera, text::camera_on()),
        (flags.screen, text::screen_on()),
    ];
    words.iter().filter(|(holds, _)| *holds).map(|(_, word)| *word).collect::<Vec<_>>().join(", ")
}

/// The icons beside a name.
#[component]
pub(super) fn Flags(seated: Seated) -> Element {
    let VoiceState { flags, restraint, .. } = &seated.state;
    let is_restrained = restraint.server_muted || restraint.server_deafened;
    rsx! {
        span { class: "flags",
            if flags.priority {
                span { class: "flag-first", Icon { glyph: Glyph::Horn } }
            }
            if flags.screen {
                span { class: "flag-live", Icon { glyph: Glyph::Screen } }
            }
            if flags.camera {
                Icon { glyph: Glyph::Camera }
            }
            if is_restrained || flags.muted || flags.deafened {
                span { class: if is_restrained { "flag-off flag-held" } else { "flag-off" },
                    if seated.state.is_silent() && !flags.deafened {
                        Icon { glyph: Glyph::MicrophoneOff }
                    }
                    if seated.state.is_deaf() {
                        Icon { glyph: Glyph::HeadphonesOff }
                    }
                }
            }
        }
    }
}

/// Whether there is anything that one can do about somebody. About oneself there is for who may be a priority speaker.
pub(super) fn has_menu(app: App, seated: &Seated) -> bool {
    let is_here = app.voice.read().channel_id() == Some(seated.state.channel_id);
    !seated.is_me || is_here && may(app, seated.state.guild_id, Permissions::PRIORITY_SPEAKER)
}

/// Somebody below a voice channel in the list; a press opens what one can do about them.
#[component]
pub(super) fn SeatRow(seated: Seated) -> Element {
    let app = use_app();
    let mut is_open = use_signal(|| false);
    let words = flags_in_words(&seated);
    let user_id = seated.state.user_id;
    let has_menu = has_menu(app, &seated);
    rsx! {
        li { class: "seat", "data-speaking": seated.is_speaking,
            button {
                class: "seat-row",
                r#type: "button",
                "aria-label": if words.is_empty() { seated.name.clone() } else { format!("{}, {words}", seated.name) },
                "aria-expanded": has_menu.then_some(is_open()),
                "data-rove": "",
                tabindex: "-1",
                onclick: move |_| {
                    if has_menu {
                        is_open.toggle();
                    }
                },
                oncontextmenu: move |event| {
                    if has_menu {
                        event.prevent_default();
                        is_open.set(true);
                    }
                },
                Avatar { name: seated.name.clone(), seed: user_id.get(), class: "small", is_speaking: seated.is_speaking }
                span { class: "seat-name", "{seated.name}" }
                Flags { seated: seated.clone() }
            }
            if is_open() {
                PersonMenu { seated: seated.clone(), on_close: move |()| is_open.set(false) }
            }
        }
    }
}

/// The volume of somebody, and what one may do about them.
#[component]
pub(super) fn PersonMenu(seated: Seated, on_close: EventHandler<()>) -> Element {
    let app = use_app();
    let name = seated.name.clone();
    let user_id = seated.state.user_id;
    let percent = app.prefs.read().volume_of(user_id);
    let has_priority = seated.state.flags.priority;
    rsx! {
        Popover { id: "person-{user_id}", label: text::tile_menu(&name), class: "person-menu", on_close,
            if seated.is_me {
                Switch { label: text::speak_with_priority(), is_on: has_priority, on_change: move |is_on| app.set_priority(is_on) }
                p { class: "quiet", "{text::priority_hint()}" }
            } else {
                Slider {
                    label: text::volume_of(&name),
                    value: percent,
                    most: 200,
                    shown: text::volume_percent(&percent),
                    on_change: move |percent| app.set_volume(user_id, percent),
                }
                Restraints { state: seated.state.clone() }
                Removal { state: seated.state, on_close }
            }
        }
    }
}

/// To silence and deafen somebody.
#[component]
fn Restraints(state: VoiceState) -> Element {
    let app = use_app();
    let VoiceState { guild_id, user_id, restraint, .. } = state;
    let Restraint { server_muted, server_deafened } = restraint;
    let mute = MemberPatch { server_muted: Some(!server_muted), server_deafened: None };
    let deafen = MemberPatch { server_muted: None, server_deafened: Some(!server_deafened) };
    rsx! {
        if may(app, guild_id, Permissions::MUTE_MEMBERS) {
            Action {
                label: if server_muted { text::server_unmute() } else { text::server_mute() },
                glyph: if server_muted { Glyph::Microphone } else { Glyph::MicrophoneOff },
                on_press: move |()| app.restrain((guild_id, user_id), mute),
            }
        }
        if may(app, guild_id, Permissions::DEAFEN_MEMBERS) {
            Action {
                label: if server_deafened { text::server_undeafen() } else { text::server_deafen() },
                glyph: if server_deafened { Glyph::Headphones } else { Glyph::HeadphonesOff },
                on_press: move |()| app.restrain((guild_id, user_id), deafen),
            }
        }
    }
}

/// To send somebody elsewhere, or out.
#[component]
fn Removal(state: VoiceState, on_close: EventHandler<()>) -> Element {
    let app = use_app();
    let mut is_choosing = use_signal(|| false);
    let VoiceState { guild_id, channel_id, user_id, .. } = state;
    if !may(app, guild_id, Permissions::MOVE_MEMBERS) {
        return rsx! {};
    }
    rsx! {
        Action {
            label: text::move_to(),
            glyph: Glyph::Door,
            is_expanded: is_choosing(),
            on_press: move |()| is_choosing.toggle(),
        }
        if is_choosing() {
            Places { guild_id, channel_id, on_choose: move |to| {
                app.move_member((guild_id, user_id), to);
                on_close.call(());
            } }
        }
        Action {
            label: text::disconnect(),
            glyph: Glyph::Leave,
            is_danger: true,
            on_press: move |()| {
                app.disconnect_member((guild_id, user_id));
                on_close.call(());
            },
        }
    }
}

/// The other voice channels of a server.
#[component]
fn Places(guild_id: GuildId, channel_id: ChannelId, on_choose: EventHandler<ChannelId>) -> Element {
    let app = use_app();
    let rooms = use_memo(move || {
        let state = app.state.read();
        let tree = state.guilds.get(&guild_id).map(crate::state::Guild::tree).unwrap_or_default();
        let others = tree.flat().filter(|other| other.kind == ChannelKind::Voice && other.id != channel_id);
        others.map(|other| (other.id, other.name.clone())).collect::<Vec<_>>()
    });
    rsx! {
        if rooms.read().is_empty() {
            p { class: "quiet places-none", "{text::move_nowhere()}" }
        }
        ul { class: "places", "aria-label": text::move_to(),
            for (id , name) in rooms() {
                li { key: "{id}", Action { label: name, glyph: Glyph::Room, on_press: move |()| on_choose.call(id) } }
            }
        }
    }
}
