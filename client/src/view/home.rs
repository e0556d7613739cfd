use dioxus::prelude::*;
use protocol::channel::{Channel, ChannelKind};
use protocol::id::ChannelId;

use super::person::{Flags, Seated, seated};
use super::rail::{entries, open_guild};
use crate::app::{App, Overlay, use_app};
use crate::state::{Route, Unread, UserTab};
use crate::text;
use crate::ui::{Avatar, Button, Empty, Glyph, Icon, Kind};

/// A voice channel on the home screen.
#[derive(Clone, PartialEq)]
struct Room {
    channel: Channel,
    guild: String,
    people: Vec<Seated>,
    is_in: bool,
}

fn rooms(app: App, is_live: bool) -> Vec<Room> {
    let here = app.voice.read().channel_id();
    let state = app.state.read();
    let mut list = Vec::new();
    for guild in state.guilds.values() {
        let tree = guild.tree();
        for channel in tree.flat().filter(|channel| channel.kind == ChannelKind::Voice) {
            let people = seated(app, channel.id);
            if people.is_empty() != is_live {
                let is_in = here == Some(channel.id);
                list.push(Room { channel: channel.clone(), guild: guild.info.name.clone(), people, is_in });
            }
        }
    }
    list.sort_by_key(|room| std::cmp::Reverse(room.people.len()));
    list
}

/// Rooms with people in them, over all servers.
#[component]
pub(super) fn Live() -> Element {
    let app = use_app();
    let live = use_memo(move || rooms(app, true));
    let quiet = use_memo(move || rooms(app, false));
    let has_servers = use_memo(move || !app.state.read().guilds.is_empty());
    rsx! {
        div { class: "page",
            header { class: "page-head",
                h1 { "{text::live_title()}" }
            }
            if !has_servers() {
                Empty { title: text::live_no_servers_title(), hint: text::live_no_servers_hint(), glyph: Glyph::Servers,
                    Button { label: text::create_server(), kind: Kind::Primary, on_press: move |()| app.show(Overlay::NewGuild) }
                }
            } else if live.read().is_empty() {
                Empty { title: text::live_empty_title(), hint: text::live_empty_hint(), glyph: Glyph::Live }
            }
            div { class: "cards",
                for room in live() {
                    LiveCard { key: "{room.channel.id}", room }
                }
            }
            if !quiet.read().is_empty() {
                h2 { class: "page-part", "{text::live_quiet_rooms()}" }
                div { class: "quiet-rooms",
                    for room in quiet() {
                        QuietRoom { key: "{room.channel.id}", room }
                    }
                }
            }
        }
    }
}

fn join(app: App, channel_id: ChannelId) {
    app.join_call(channel_id);
    app.go_to_channel(channel_id);
}

#[component]
fn LiveCard(room: Room) -> Element {
    let app = use_app();
    let channel_id = room.channel.id;
    let shared =
        room.people.iter().find(|person| person.state.flags.screen).map(|person| text::sharing_screen(&person.name));
    let more = room.people.len().saturating_sub(6);
    rsx! {
        article { class: "card", "data-in": room.is_in, "aria-label": text::open_room(&room.channel.name),
            header {
                Icon { glyph: Glyph::Room }
                h2 { "{room.channel.name}" }
                span { class: "quiet", "{room.guild}" }
            }
            ul { class: "card-people",
                for person in room.people.iter().take(6).cloned() {
                    li { key: "{person.state.user_id}", "data-speaking": person.is_speaking,
                        Avatar { name: person.name.clone(), seed: person.state.user_id.get(), is_speaking: person.is_speaking }
                        span { class: "card-name", "{person.name}" }
                        Flags { seated: person.clone() }
                    }
                }
            }
            if more > 0 {
                p { class: "quiet", "{text::and_more(&more)}" }
            }
            if let Some(shared) = shared {
                p { class: "card-shared", Icon { glyph: Glyph::Screen } "{shared}" }
            }
            if room.is_in {
                Button { label: text::joined(), glyph: Glyph::Check, on_press: move |()| app.go_to_channel(channel_id) }
            } else {
                Button { label: text::join(), kind: Kind::Primary, glyph: Glyph::Microphone, on_press: move |()| join(app, channel_id) }
            }
        }
    }
}

#[component]
fn QuietRoom(room: Room) -> Element {
    let app = use_app();
    let channel_id = room.channel.id;
    rsx! {
        button { class: "quiet-room", r#type: "button", onclick: move |_| join(app, channel_id),
            Icon { glyph: Glyph::Room }
            span { class: "quiet-room-name", "{room.channel.name}" }
            span { class: "quiet", "{room.guild}" }
            span { class: "quiet-room-do", "{text::start_talking()}" }
        }
    }
}

/// Text channels over all servers, those with news first.
#[component]
pub(super) fn Chats() -> Element {
    let app = use_app();
    let list = use_memo(move || {
        let state = app.state.read();
        let mut list: Vec<(Channel, String, bool)> = Vec::new();
        for guild in state.guilds.values() {
            let channels = guild.channels.values().filter(|channel| channel.kind == ChannelKind::Text);
            list.extend(
                channels
                    .map(|channel| (channel.clone(), guild.info.name.clone(), state.unread(channel) == Unread::Yes)),
            );
        }
        list.sort_by_key(|(channel, _, is_unread)| std::cmp::Reverse((*is_unread, channel.last_message_id)));
        list
    });
    rsx! {
        div { class: "page",
            header { class: "page-head", h1 { "{text::chats_title()}" } }
            if list.read().is_empty() {
                Empty { title: text::chats_empty(), glyph: Glyph::Chats }
            }
            ul { class: "rows",
                for (channel , guild , is_unread) in list() {
                    li { key: "{channel.id}",
                        button {
                            class: "row",
                            r#type: "button",
                            "data-unread": is_unread,
                            onclick: move |_| app.go_to_channel(channel.id),
                            Icon { glyph: Glyph::Hash }
                            span { class: "row-name", "{channel.name}" }
                            span { class: "quiet", "{guild}" }
                            if is_unread {
                                span { class: "visually-hidden", "{text::unread()}" }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The servers, on a small screen.
#[component]
pub(super) fn Servers() -> Element {
    let app = use_app();
    let list = use_memo(move || entries(app));
    rsx! {
        div { class: "page",
            header { class: "page-head", h1 { "{text::servers()}" } }
            ul { class: "rows",
                for entry in list() {
                    li { key: "{entry.id}",
                        button {
                            class: "row",
                            r#type: "button",
                            "data-unread": entry.is_unread,
                            onclick: move |_| open_guild(app, entry.id),
                            Avatar { name: entry.name.clone(), seed: entry.id.get(), class: "square" }
                            span { class: "row-name", "{entry.name}" }
                            if entry.has_voice {
                                Icon { glyph: Glyph::Room }
                            }
                        }
                    }
                }
            }
            Button { label: text::add_server(), glyph: Glyph::Plus, on_press: move |()| app.show(Overlay::NewGuild) }
        }
    }
}

/// The account, on a small screen.
#[component]
pub(super) fn You() -> Element {
    let app = use_app();
    let me = use_memo(move || app.state.read().me.clone());
    rsx! {
        div { class: "page",
            if let Some(me) = me() {
                header { class: "you",
                    Avatar { name: me.user.display_name.clone(), seed: me.user.id.get(), class: "large" }
                    div {
                        h1 { "{me.user.display_name}" }
                        p { class: "quiet", "{me.user.username}" }
                    }
                }
            }
            ul { class: "rows",
                for tab in UserTab::ALL {
                    li { key: "{tab:?}",
                        button { class: "row", r#type: "button", onclick: move |_| app.go(Route::Settings(tab)),
                            Icon { glyph: super::settings::tab_glyph(tab) }
                            span { class: "row-name", "{super::settings::tab_name(tab)}" }
                        }
                    }
                }
            }
        }
    }
}
