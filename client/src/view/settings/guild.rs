use dioxus::prelude::*;
use protocol::id::GuildId;
use protocol::name;
use protocol::permission::Permissions;

use super::super::entry::complaint;
use super::super::side::may;
use super::Page;
use super::channels::Channels;
use super::invites::Invites;
use crate::app::{Confirm, Overlay, Tone, sentence, use_app};
use crate::state::{GuildTab, Route};
use crate::text;
use crate::ui::{Button, Field, Form, Glyph, Kind};

#[component]
pub(in super::super) fn GuildSettings(guild_id: GuildId, tab: GuildTab) -> Element {
    let app = use_app();
    let name = use_memo(move || {
        app.state.read().guilds.get(&guild_id).map(|guild| guild.info.name.clone()).unwrap_or_default()
    });
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
                GuildTab::Overview => rsx! { Overview { guild_id, name: name() } },
                GuildTab::Channels => rsx! { Channels { guild_id } },
                GuildTab::Invites => rsx! { Invites { guild_id } },
            }
        }
    }
}

#[component]
fn Overview(guild_id: GuildId, name: String) -> Element {
    let app = use_app();
    let mut typed = use_signal(|| name.clone());
    let mut error = use_signal(String::new);
    let mut is_busy = use_signal(|| false);
    let is_owner = use_memo(move || may(app, guild_id, Permissions::MANAGE_GUILD));
    let submit = move |()| {
        let text = typed();
        let checked = match name::title(&text) {
            Ok(checked) => checked.to_owned(),
            Err(invalid) => return error.set(complaint(invalid)),
        };
        is_busy.set(true);
        spawn(async move {
            let answer = app.rename_guild(guild_id, checked).await;
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
