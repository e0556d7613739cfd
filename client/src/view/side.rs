use dioxus::prelude::*;
use protocol::channel::{Channel, ChannelKind};
use protocol::id::{ChannelId, GuildId};
use protocol::permission::Permissions;

use super::person::{SeatRow, seated};
use super::rail::rove;
use crate::app::{App, Confirm, Overlay, use_app};
use crate::state::{Branch, GuildTab, Route, Tree, Unread};
use crate::text;
use crate::ui::{Glyph, Icon, IconButton, Menu, MenuItem, Skeleton};

/// The channels of the server on screen, or what is live.
#[component]
pub(super) fn Side() -> Element {
    let app = use_app();
    let guild_id = use_memo(move || app.route.read().guild());
    let is_known = use_memo(move || guild_id().is_some_and(|id| app.state.read().guilds.contains_key(&id)));
    let has_snapshot = use_memo(move || app.state.read().session_id.is_some());
    rsx! {
        nav { class: "side", "aria-label": text::channels_label(),
            match guild_id() {
                _ if !has_snapshot() => rsx! { Skeleton { label: text::loading(), rows: 6 } },
                Some(guild_id) if is_known() => rsx! { GuildSide { key: "{guild_id}", guild_id } },
                Some(_) | None => rsx! { HomeSide {} },
            }
        }
    }
}

#[component]
fn HomeSide() -> Element {
    let app = use_app();
    let here = (app.route)();
    let places = [
        (Route::Live, text::live(), Glyph::Live),
        (Route::Chats, text::chats(), Glyph::Chats),
        (Route::Settings(crate::state::UserTab::Account), text::settings(), Glyph::Gear),
    ];
    rsx! {
        header { class: "side-head", h2 { "{text::hubbub()}" } }
        button { class: "side-search", r#type: "button", onclick: move |_| app.show(Overlay::Switcher),
            Icon { glyph: Glyph::Search }
            span { "{text::open_switcher()}" }
            kbd { "Ctrl K" }
        }
        div { id: "places", class: "side-list", onkeydown: rove("places"),
            for (route , word , glyph) in places {
                button {
                    key: "{word}",
                    class: "channel",
                    r#type: "button",
                    "aria-current": (here == route).then_some("page"),
                    "data-rove": "",
                    onclick: move |_| app.go(route.clone()),
                    Icon { glyph }
                    span { class: "channel-name", "{word}" }
                }
            }
        }
    }
}

#[component]
fn GuildSide(guild_id: GuildId) -> Element {
    let app = use_app();
    let tree =
        use_memo(move || app.state.read().guilds.get(&guild_id).map(crate::state::Guild::tree).unwrap_or_default());
    let may_manage = use_memo(move || may(app, guild_id, Permissions::MANAGE_CHANNELS));
    let stop = use_memo(move || tab_stop(&tree.read(), app.route.read().channel()));
    let Tree { branches } = tree();
    rsx! {
        GuildHead { guild_id }
        div { id: "channels", class: "side-list", onkeydown: rove("channels"),
            for branch in branches {
                BranchList { key: "{branch_key(&branch)}", guild_id, branch, may_manage: may_manage(), stop: stop() }
            }
        }
    }
}

/// The row that Tab reaches: the open channel's, or else the first.
fn tab_stop(tree: &Tree, here: Option<ChannelId>) -> Option<ChannelId> {
    let rows = || tree.flat().map(|channel| channel.id);
    rows().find(|id| Some(*id) == here).or_else(|| rows().next())
}

fn branch_key(branch: &Branch) -> i64 {
    branch.category.as_ref().map_or(0, |category| category.id.get())
}

/// Whether the user has a permission in a server.
pub(super) fn may(app: App, guild_id: GuildId, permission: Permissions) -> bool {
    let state = app.state.read();
    let me = state.my_id();
    state.guilds.get(&guild_id).is_some_and(|guild| guild.permissions(me).contains(permission))
}

#[component]
fn GuildHead(guild_id: GuildId) -> Element {
    let app = use_app();
    let mut is_open = use_signal(|| false);
    let name = use_memo(move || {
        app.state.read().guilds.get(&guild_id).map(|guild| guild.info.name.clone()).unwrap_or_default()
    });
    let is_owner = use_memo(move || may(app, guild_id, Permissions::MANAGE_GUILD));
    let mut then = move |act: Callback<()>| {
        is_open.set(false);
        act.call(());
    };
    let invite = use_callback(move |()| app.show(Overlay::Invite(guild_id)));
    let settings = use_callback(move |()| app.go(Route::GuildSettings(guild_id, GuildTab::Overview)));
    let create = use_callback(move |()| app.show(Overlay::NewChannel { guild_id, parent_id: None }));
    let read = use_callback(move |()| app.mark_guild_read());
    let leave = use_callback(move |()| app.show(Overlay::Confirm(Confirm::LeaveGuild(guild_id))));
    rsx! {
        header { class: "side-head",
            button {
                class: "icon-button narrow-only",
                r#type: "button",
                "aria-label": text::back(),
                onclick: move |_| app.go(Route::Servers),
                Icon { glyph: Glyph::Left }
            }
            h2 { title: "{name}", "{name}" }
            IconButton { label: text::invite_people(), glyph: Glyph::Link, on_press: move |()| invite.call(()) }
            IconButton {
                label: text::server_menu(),
                glyph: Glyph::More,
                is_expanded: is_open(),
                on_press: move |()| is_open.toggle(),
            }
            if is_open() {
                Menu { id: "server-menu", label: text::server_menu(), on_close: move |()| is_open.set(false),
                    MenuItem { label: text::invite_people(), glyph: Glyph::Link, on_press: move |()| then(invite) }
                    MenuItem { label: text::keys_read(), glyph: Glyph::Check, on_press: move |()| then(read) }
                    if is_owner() {
                        MenuItem { label: text::create_channel(), glyph: Glyph::Plus, on_press: move |()| then(create) }
                        MenuItem { label: text::server_settings(), glyph: Glyph::Gear, on_press: move |()| then(settings) }
                    } else {
                        MenuItem { label: text::leave_server(), glyph: Glyph::Door, is_danger: true, on_press: move |()| then(leave) }
                    }
                }
            }
        }
    }
}

#[component]
fn BranchList(guild_id: GuildId, branch: Branch, may_manage: bool, stop: Option<ChannelId>) -> Element {
    let app = use_app();
    let mut is_folded = use_signal(|| false);
    let parent_id = branch.category.as_ref().map(|category| category.id);
    rsx! {
        if let Some(category) = branch.category {
            div { class: "category",
                button {
                    class: "category-name",
                    r#type: "button",
                    "aria-expanded": !is_folded(),
                    "data-rove": "",
                    tabindex: if stop == parent_id { "0" } else { "-1" },
                    onclick: move |_| is_folded.toggle(),
                    Icon { glyph: Glyph::Down }
                    span { "{category.name}" }
                }
                if may_manage {
                    IconButton {
                        label: text::create_channel_in(&category.name),
                        glyph: Glyph::Plus,
                        on_press: move |()| app.show(Overlay::NewChannel { guild_id, parent_id }),
                    }
                }
            }
        }
        ul { class: "channels", "data-folded": is_folded(),
            for channel in branch.channels {
                ChannelRow { key: "{channel.id}", is_folded: is_folded(), is_stop: stop == Some(channel.id), channel }
            }
        }
    }
}

#[component]
fn ChannelRow(channel: Channel, is_folded: bool, is_stop: bool) -> Element {
    match channel.kind {
        ChannelKind::Text => rsx! { TextRow { channel, is_folded, is_stop } },
        ChannelKind::Voice => rsx! { VoiceRow { channel, is_stop } },
        ChannelKind::Category | ChannelKind::Unknown => rsx! {},
    }
}

fn use_is_unread(app: App, channel_id: ChannelId) -> Memo<bool> {
    use_memo(move || {
        let state = app.state.read();
        state.channel(channel_id).is_some_and(|channel| state.unread(channel) == Unread::Yes)
    })
}

fn use_is_here(app: App, channel_id: ChannelId) -> Memo<bool> {
    use_memo(move || app.route.read().channel() == Some(channel_id))
}

#[component]
fn TextRow(channel: Channel, is_folded: bool, is_stop: bool) -> Element {
    let app = use_app();
    let (guild_id, channel_id) = (channel.guild_id, channel.id);
    let is_unread = use_is_unread(app, channel_id);
    let is_here = use_is_here(app, channel_id);
    let label = text::open_channel(&channel.name);
    // What is folded away still shows while it is open or unread.
    if is_folded && !is_unread() && !is_here() {
        return rsx! {};
    }
    rsx! {
        li {
            button {
                class: "channel",
                r#type: "button",
                "aria-label": if is_unread() { format!("{label}, {}", text::unread()) } else { label },
                "aria-current": is_here().then_some("page"),
                "data-unread": is_unread(),
                "data-rove": "",
                tabindex: if is_stop { "0" } else { "-1" },
                onclick: move |_| app.go(Route::Channel(guild_id, channel_id)),
                Icon { glyph: Glyph::Hash }
                span { class: "channel-name", "{channel.name}" }
            }
        }
    }
}

#[component]
fn VoiceRow(channel: Channel, is_stop: bool) -> Element {
    let app = use_app();
    let (guild_id, channel_id) = (channel.guild_id, channel.id);
    let people = use_memo(move || seated(app, channel_id));
    let is_unread = use_is_unread(app, channel_id);
    let is_here = use_is_here(app, channel_id);
    let is_in = use_memo(move || app.voice.read().channel_id() == Some(channel_id));
    let count = people.read().len();
    let limit = channel.room.user_limit;
    let sat = if limit > 0 { text::in_room_of(&count, &limit) } else { text::in_room(count as u64) };
    let shown = if limit > 0 { format!("{count}/{limit}") } else { count.to_string() };
    rsx! {
        li { class: "room", "data-live": count > 0,
            button {
                class: "channel",
                r#type: "button",
                "aria-label": "{text::open_room(&channel.name)}, {sat}",
                "aria-current": is_here().then_some("page"),
                "data-unread": is_unread(),
                "data-rove": "",
                tabindex: if is_stop { "0" } else { "-1" },
                onclick: move |_| {
                    app.go(Route::Channel(guild_id, channel_id));
                    app.join_call(channel_id);
                },
                Icon { glyph: Glyph::Room }
                span { class: "channel-name", "{channel.name}" }
                if count == 0 {
                    span { class: "channel-invite", "data-text": text::channel_empty_voice() }
                }
                if count > 0 || limit > 0 {
                    span { class: "channel-count", "data-text": "{shown}" }
                }
            }
            if count > 0 {
                ul { class: "seats", "data-in": is_in(),
                    for person in people() {
                        SeatRow { key: "{person.state.user_id}", seated: person }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(id: i64, kind: ChannelKind) -> Channel {
        let json = serde_json::json!({"id": id.to_string(), "guild_id": "1", "name": "room", "topic": "", "kind": kind, "parent_id": null, "position": 0, "last_message_id": null});
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn tab_reaches_the_open_channel_or_the_first_row() {
        let lonely = Branch { category: None, channels: Vec::new() };
        let category = Branch {
            category: Some(channel(7, ChannelKind::Category)),
            channels: vec![channel(8, ChannelKind::Text), channel(9, ChannelKind::Voice)],
        };
        let tree = Tree { branches: vec![lonely, category] };
        let id = |number: i64| ChannelId::try_from(number).ok();
        assert_eq!(tab_stop(&tree, id(9)), id(9));
        assert_eq!(tab_stop(&tree, None), id(7));
        assert_eq!(tab_stop(&tree, id(5)), id(7), "open is a channel of another server");
        assert_eq!(tab_stop(&Tree::default(), None), None);
    }
}
