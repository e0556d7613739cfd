use dioxus::prelude::*;
use protocol::id::GuildId;

use crate::app::{App, Overlay, Pane, use_app};
use crate::platform;
use crate::state::{Route, Unread};
use crate::text;
use crate::ui::{Avatar, Glyph, Icon, IconButton, Mark};

#[derive(Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) id: GuildId,
    pub(super) name: String,
    pub(super) is_unread: bool,
    pub(super) has_voice: bool,
}

pub(super) fn entries(app: App) -> Vec<Entry> {
    let state = app.state.read();
    let live: Vec<GuildId> = state.seats.channels().into_iter().map(|(guild, _)| guild).collect();
    let entry = |guild: &crate::state::Guild| Entry {
        id: guild.info.id,
        name: guild.info.name.clone(),
        is_unread: state.guild_unread(guild.info.id) == Unread::Yes,
        has_voice: live.contains(&guild.info.id),
    };
    state.guilds.values().map(entry).collect()
}

/// Goes to a server: on wide screens to the channel that was read last, on narrow ones to its list.
pub(super) fn open_guild(app: App, guild_id: GuildId) {
    let kept = platform::load(&format!("last-channel:{guild_id}")).and_then(|id| id.parse().ok());
    let channel = kept.filter(|id| app.state.peek().channel(*id).is_some_and(|channel| channel.guild_id == guild_id));
    match channel {
        Some(channel_id) if !platform::is_narrow() => app.go(Route::Channel(guild_id, channel_id)),
        Some(_) | None => app.go(Route::Guild(guild_id)),
    }
    app.open_channels();
}

/// What moves the focus in a list that stands upright.
pub(super) fn rove(id: &'static str) -> impl FnMut(Event<KeyboardData>) {
    move |event| {
        let step = match event.key().to_string().as_str() {
            "ArrowDown" => 1,
            "ArrowUp" => -1,
            "Home" => isize::MIN,
            "End" => isize::MAX,
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        platform::rove(id, step);
    }
}

/// The servers, at the edge.
#[component]
pub(super) fn Rail() -> Element {
    let mut app = use_app();
    let has_channels = (app.pane)() == Pane::Channels;
    let list = use_memo(move || entries(app));
    let here = (app.route)();
    let is_live = matches!(here, Route::Live);
    rsx! {
        nav { id: "rail", class: "rail", "aria-label": text::rail_label(), onkeydown: rove("rail"),
            IconButton {
                label: text::show_channels(),
                glyph: Glyph::Bars,
                class: "rail-channels",
                is_expanded: has_channels,
                on_press: move |()| app.pane.set(if has_channels { Pane::Content } else { Pane::Channels }),
            }
            button {
                class: "rail-home",
                r#type: "button",
                "aria-label": text::live(),
                "aria-current": is_live.then_some("page"),
                "data-tip": text::live(),
                "data-rove": "",
                onclick: move |_| app.go(Route::Live),
                Mark {}
            }
            div { class: "rail-line", "aria-hidden": "true" }
            for entry in list() {
                RailItem { key: "{entry.id}", is_here: here.guild() == Some(entry.id), entry }
            }
            IconButton {
                label: text::add_server(),
                glyph: Glyph::Plus,
                class: "rail-add",
                on_press: move |()| app.show(Overlay::NewGuild),
            }
        }
    }
}

#[component]
fn RailItem(entry: Entry, is_here: bool) -> Element {
    let app = use_app();
    let id = entry.id;
    let name = if entry.is_unread { format!("{}, {}", entry.name, text::unread()) } else { entry.name.clone() };
    rsx! {
        button {
            class: "rail-item",
            r#type: "button",
            "aria-label": "{name}",
            "aria-current": is_here.then_some("page"),
            "data-unread": entry.is_unread,
            "data-tip": "{entry.name}",
            "data-rove": "",
            tabindex: if is_here { "0" } else { "-1" },
            onclick: move |_| open_guild(app, id),
            Avatar { name: entry.name.clone(), seed: id.get(), class: "square" }
            if entry.has_voice {
                span { class: "rail-voice", "aria-hidden": "true", Icon { glyph: Glyph::Room } }
            }
        }
    }
}

/// The places at the bottom of a small screen.
#[component]
pub(super) fn Tabs() -> Element {
    let app = use_app();
    let here = (app.route)();
    let tabs = [
        (Route::Live, text::live(), Glyph::Live, matches!(here, Route::Live)),
        (Route::Chats, text::chats(), Glyph::Chats, matches!(here, Route::Chats)),
        (Route::Servers, text::servers(), Glyph::Servers, matches!(here, Route::Servers | Route::Guild(_))),
        (Route::You, text::you(), Glyph::Person, matches!(here, Route::You | Route::Settings(_))),
    ];
    rsx! {
        nav { class: "tabs", "aria-label": text::hubbub(),
            for (route , word , glyph , is_here) in tabs {
                button {
                    key: "{word}",
                    class: "tab",
                    r#type: "button",
                    "aria-current": is_here.then_some("page"),
                    onclick: move |_| app.go(route.clone()),
                    Icon { glyph }
                    span { "{word}" }
                }
            }
        }
    }
}
