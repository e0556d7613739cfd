use dioxus::prelude::*;
use protocol::channel::ChannelKind;
use protocol::guild::{AFK_TIMEOUTS_S, Afk};
use protocol::id::GuildId;
use protocol::name;
use protocol::permission::Permissions;
use protocol::request::guild::GuildPatch;

use super::super::entry::complaint;
use super::super::side::may;
use super::Page;
use super::channels::Channels;
use super::invites::Invites;
use crate::app::{Confirm, Overlay, Tone, sentence, use_app};
use crate::state::{GuildTab, Route};
use crate::text;
use crate::ui::{Button, Field, Form, Glyph, Kind, Select};

#[component]
pub(in super::super) fn GuildSettings(guild_id: GuildId, tab: GuildTab) -> Element {
    let app = use_app();
    let name = use_memo(move || {
        app.state.read().guilds.get(&guild_id).map(|guild| guild.info.name.clone()).unwrap_or_default()
    });
    let afk = use_memo(move || app.state.read().guilds.get(&guild_id).map(|guild| guild.info.afk).unwrap_or_default());
    let word = |each| match each {
        GuildTab::Overview => (text::overview(), Glyph::Gear),
        GuildTab::Channels => (text::channels(), Glyph::Hash),
        GuildTab::Invites => (text::invites(), Glyph::Link),
    };
    let tabs = GuildTab::ALL.map(|each| (word(each).0, word(each).1, each == tab)).into();
    rsx! {
        Page {
            title: name(),
            tabs,
            on_tab: move |index: usize| app.go(Route::GuildSettings(guild_id, GuildTab::ALL[index])),
            on_close: move |()| app.go(Route::Guild(guild_id)),
            match tab {
                GuildTab::Overview => rsx! { Overview { guild_id, name: name(), afk: afk() } },
                GuildTab::Channels => rsx! { Channels { guild_id } },
                GuildTab::Invites => rsx! { Invites { guild_id } },
            }
        }
    }
}

#[component]
fn Overview(guild_id: GuildId, name: String, afk: Afk) -> Element {
    let app = use_app();
    let mut typed = use_signal(|| name.clone());
    let mut away = use_signal(|| afk);
    let mut error = use_signal(String::new);
    let mut is_busy = use_signal(|| false);
    let is_owner = use_memo(move || may(app, guild_id, Permissions::MANAGE_GUILD));
    let submit = move |()| {
        let text = typed();
        let checked = match name::title(&text) {
            Ok(checked) => checked.to_owned(),
            Err(invalid) => return error.set(complaint(invalid)),
        };
        let Afk { afk_channel_id, afk_timeout_s } = away();
        let patch = GuildPatch {
            name: Some(checked),
            afk_channel_id: Some(afk_channel_id),
            afk_timeout_s: Some(afk_timeout_s),
        };
        is_busy.set(true);
        spawn(async move {
            let answer = app.update_guild(guild_id, patch).await;
            is_busy.set(false);
            match answer {
                Ok(()) => {
                    error.set(String::new());
                    app.toast(Tone::Info, text::saved());
                }
                Err(failure) => error.set(sentence(&failure)),
            }
        });
    };
    rsx! {
        Form { is_busy, on_submit: submit,
            Field {
                id: "guild-name",
                label: text::server_name(),
                value: typed(),
                error: error(),
                on_input: move |text| typed.set(text),
            }
            Away { guild_id, afk: away(), on_change: move |afk| away.set(afk) }
            Button { label: text::save(), kind: Kind::Primary, is_submit: true, is_busy: is_busy() }
        }
        if is_owner() {
            div { class: "danger-zone",
                Button {
                    label: text::delete_server(),
                    kind: Kind::Danger,
                    glyph: Glyph::Trash,
                    on_press: move |()| app.show(Overlay::Confirm(Confirm::DeleteGuild(guild_id))),
                }
            }
        }
    }
}

/// Where those go who do nothing in a voice channel, and after how long.
#[component]
fn Away(guild_id: GuildId, afk: Afk, on_change: EventHandler<Afk>) -> Element {
    let app = use_app();
    let rooms = use_memo(move || {
        let state = app.state.read();
        let tree = state.guilds.get(&guild_id).map(crate::state::Guild::tree).unwrap_or_default();
        let rooms = tree.flat().filter(|channel| channel.kind == ChannelKind::Voice);
        let mut list = vec![(String::new(), text::afk_nowhere().to_owned())];
        list.extend(rooms.map(|channel| (channel.id.to_string(), channel.name.clone())));
        list
    });
    let times = AFK_TIMEOUTS_S.map(|seconds| (seconds.to_string(), text::afk_minutes(u64::from(seconds / 60))));
    rsx! {
        Select {
            id: "afk-channel",
            label: text::afk_channel(),
            value: afk.afk_channel_id.map(|id| id.to_string()).unwrap_or_default(),
            options: rooms(),
            on_choose: move |id: String| on_change.call(Afk { afk_channel_id: id.parse().ok(), ..afk }),
        }
        if afk.afk_channel_id.is_some() {
            Select {
                id: "afk-timeout",
                label: text::afk_timeout(),
                value: afk.afk_timeout_s.to_string(),
                options: times.to_vec(),
                on_choose: move |seconds: String| {
                    if let Ok(afk_timeout_s) = seconds.parse() {
                        on_change.call(Afk { afk_timeout_s, ..afk });
                    }
                },
            }
            p { class: "quiet", "{text::afk_hint()}" }
        }
    }
}
