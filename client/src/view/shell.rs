use dioxus::prelude::*;

use super::banner::Banner;
use super::chat::TextChannel;
use super::dock::Dock;
use super::home::{Chats, Live, Servers, You};
use super::members::Members;
use super::overlay::Overlays;
use super::rail::{Rail, Tabs};
use super::room::VoiceChannel;
use super::settings::{GuildSettings, UserSettings};
use super::side::Side;
use crate::app::{App, Pane, use_app};
use crate::platform;
use crate::state::{Route, State};
use crate::text;
use crate::ui::{Button, Empty, Glyph, Skeleton};
use protocol::channel::ChannelKind;
use protocol::id::{ChannelId, GuildId};

/// What a place is, for the style sheet: on small screens each shows one pane.
fn view_name(route: &Route) -> &'static str {
    match route {
        Route::Setup { .. } | Route::SignIn | Route::Invite { .. } | Route::Live => "live",
        Route::Chats => "chats",
        Route::Servers => "servers",
        Route::You => "you",
        Route::Guild(_) => "guild",
        Route::Channel(..) => "channel",
        Route::GuildSettings(..) | Route::Settings(_) => "settings",
    }
}

/// The client for somebody who is signed in.
#[component]
pub(super) fn Shell() -> Element {
    let mut app = use_app();
    let route = (app.route)();
    let view = view_name(&route);
    let has_members = matches!(route, Route::Channel(..)) && app.prefs.read().shows_members;
    let pane = match (app.pane)() {
        Pane::Content => "content",
        Pane::Channels => "channels",
        Pane::Members => "members",
    };
    use_title(app);
    rsx! {
        div { class: "app", "data-view": view, "data-pane": pane, "data-call": app.voice.read().is_in_call(), "data-members": has_members,
            a { class: "skip", href: "#content", "{text::skip_to_content()}" }
            Rail {}
            div { class: "side-column",
                Side {}
                Dock {}
            }
            div { class: "pane-catch", "aria-hidden": "true", onclick: move |_| app.pane.set(Pane::Content) }
            main { id: "content", class: "content", tabindex: "-1", "aria-label": text::main_label(),
                Banner {}
                Content { route: route.clone() }
            }
            if let Route::Channel(guild_id, _) = route {
                if has_members || pane == "members" {
                    Members { guild_id }
                }
            }
            Tabs {}
        }
        Overlays {}
    }
}

/// Where one is, and how much is unread, in the window's title.
fn use_title(app: App) {
    let title = use_memo(move || {
        let state = app.state.read();
        let place = app.route.read().channel().and_then(|id| state.channel(id)).map(|channel| channel.name.clone());
        let unread = state.guilds.keys().filter(|id| state.guild_unread(**id) == crate::state::Unread::Yes).count();
        let mark = if unread > 0 { "• " } else { "" };
        match place {
            Some(name) => format!("{mark}{name} – {}", text::hubbub()),
            None => format!("{mark}{}", text::hubbub()),
        }
    });
    use_effect(move || platform::set_title(&title()));
}

#[component]
fn Content(route: Route) -> Element {
    let app = use_app();
    let has_snapshot = use_memo(move || app.state.read().session_id.is_some());
    if !has_snapshot() {
        return rsx! { Skeleton { label: text::loading(), rows: 8, class: "wide" } };
    }
    let screen = match route {
        Route::Setup { .. } | Route::SignIn | Route::Invite { .. } | Route::Live => rsx! { Live {} },
        Route::Chats => rsx! { Chats {} },
        Route::Servers => rsx! { Servers {} },
        Route::You => rsx! { You {} },
        Route::Guild(guild_id) => rsx! { GuildHome { key: "{guild_id}", guild_id } },
        Route::Channel(guild_id, channel_id) => rsx! { Channel { key: "{channel_id}", guild_id, channel_id } },
        Route::GuildSettings(guild_id, tab) => rsx! { GuildSettings { key: "{guild_id}", guild_id, tab } },
        Route::Settings(tab) => rsx! { UserSettings { tab } },
    };
    // A key counts only among the children of something.
    rsx! { {screen} }
}

/// A server without a channel chosen. On wide screens its first channel is shown instead.
#[component]
fn GuildHome(guild_id: GuildId) -> Element {
    let app = use_app();
    let landing = use_memo(move || app.state.read().guilds.get(&guild_id).map(crate::state::Guild::landing));
    use_effect(move || {
        if let Some(Some(channel_id)) = landing()
            && !platform::is_narrow()
        {
            app.replace(Route::Channel(guild_id, channel_id));
        }
    });
    match landing() {
        None => rsx! { Missing {} },
        Some(None) => rsx! { Empty { title: text::no_channels(), glyph: Glyph::Hash } },
        Some(Some(_)) => rsx! {},
    }
}

fn kind_of(state: &State, guild_id: GuildId, channel_id: ChannelId) -> Option<ChannelKind> {
    Some(state.guilds.get(&guild_id)?.channels.get(&channel_id)?.kind)
}

#[component]
fn Channel(guild_id: GuildId, channel_id: ChannelId) -> Element {
    let app = use_app();
    let kind = use_memo(move || kind_of(&app.state.read(), guild_id, channel_id));
    match kind() {
        Some(ChannelKind::Text) => rsx! { TextChannel { channel_id } },
        Some(ChannelKind::Voice) => rsx! { VoiceChannel { channel_id } },
        Some(ChannelKind::Category | ChannelKind::Unknown) | None => rsx! { Missing {} },
    }
}

/// Nothing is at this place.
#[component]
fn Missing() -> Element {
    let app = use_app();
    rsx! {
        Empty { title: text::error_not_found(), hint: text::error_not_found_hint(), glyph: Glyph::Search,
            Button { label: text::go_home(), on_press: move |()| app.go(Route::Live) }
        }
    }
}
