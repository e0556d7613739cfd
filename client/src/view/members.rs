use dioxus::prelude::*;
use protocol::account::User;
use protocol::id::GuildId;

use super::rail::rove;
use crate::app::{Pane, use_app};
use crate::text;
use crate::ui::{Avatar, Glyph, Icon, IconButton};

#[derive(Clone, PartialEq)]
struct Row {
    user: User,
    is_online: bool,
    is_owner: bool,
    is_talking: bool,
}

/// Who is on a server.
#[component]
pub(super) fn Members(guild_id: GuildId) -> Element {
    let mut app = use_app();
    let rows = use_memo(move || {
        let state = app.state.read();
        let Some(guild) = state.guilds.get(&guild_id) else { return Vec::new() };
        let row = |id: &protocol::id::UserId| {
            Some(Row {
                user: state.users.get(id)?.clone(),
                is_online: state.online.contains(id),
                is_owner: guild.info.owner_id == *id,
                is_talking: state.seats.of(*id).is_some(),
            })
        };
        let mut rows: Vec<Row> = guild.members.keys().filter_map(row).collect();
        rows.sort_by_cached_key(|row| row.user.display_name.to_lowercase());
        rows
    });
    let part =
        |is_online: bool| rows.read().iter().filter(|row| row.is_online == is_online).cloned().collect::<Vec<_>>();
    let (online, offline) = (part(true), part(false));
    rsx! {
        aside { id: "members", class: "members", "aria-label": text::members_label(), onkeydown: rove("members"),
            header { class: "members-head",
                h2 { "{text::members_label()}" }
                IconButton { label: text::close(), glyph: Glyph::Close, on_press: move |()| app.pane.set(Pane::Content) }
            }
            Part { title: text::online_count(&online.len()), rows: online }
            Part { title: text::offline_count(&offline.len()), rows: offline }
        }
    }
}

#[component]
fn Part(title: String, rows: Vec<Row>) -> Element {
    if rows.is_empty() {
        return rsx! {};
    }
    rsx! {
        section {
            h3 { class: "part-title", "{title}" }
            ul {
                for (index , row) in rows.into_iter().enumerate() {
                    li {
                        key: "{row.user.id}",
                        class: "member",
                        "data-offline": !row.is_online,
                        "data-rove": "",
                        tabindex: if index == 0 { "0" } else { "-1" },
                        Avatar { name: row.user.display_name.clone(), seed: row.user.id.get(), class: "medium", is_online: row.is_online }
                        span { class: "member-name", title: "{row.user.username}", "{row.user.display_name}" }
                        if row.is_talking {
                            span { class: "member-note", title: text::in_a_call(), Icon { glyph: Glyph::Room } }
                        }
                        if row.is_owner {
                            span { class: "member-owner", "{text::owner()}" }
                        }
                        span { class: "visually-hidden", if row.is_online { "{text::online()}" } else { "{text::offline()}" } }
                    }
                }
            }
        }
    }
}
