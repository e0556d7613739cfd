use dioxus::prelude::*;
use protocol::channel::ChannelKind;

use super::super::rail::open_guild;
use crate::app::{App, Overlay, use_app};
use crate::state::{Route, State, UserTab};
use crate::text;
use crate::ui::{Dialog, Glyph, Icon};

const MOST: usize = 12;

#[derive(Clone, PartialEq)]
enum Goal {
    Place(Route),
    Guild(protocol::id::GuildId),
    Join(protocol::id::ChannelId),
    NewGuild,
    Keys,
}

#[derive(Clone, PartialEq)]
struct Hit {
    name: String,
    detail: String,
    glyph: Glyph,
    goal: Goal,
}

/// How well a name fits what was typed; less is better. The letters have to come in order.
fn fit(name: &str, typed: &str) -> Option<usize> {
    let name = name.to_lowercase();
    if let Some(at) = name.find(typed) {
        return Some(at);
    }
    let mut rest = name.chars();
    typed.chars().all(|wanted| rest.any(|c| c == wanted)).then_some(100 + name.len())
}

fn all(state: &State) -> Vec<Hit> {
    let mut hits = Vec::new();
    for guild in state.guilds.values() {
        for channel in guild.tree().flat() {
            let (glyph, goal) = match channel.kind {
                ChannelKind::Text => (Glyph::Hash, Goal::Place(Route::Channel(guild.info.id, channel.id))),
                ChannelKind::Voice => (Glyph::Room, Goal::Join(channel.id)),
                ChannelKind::Category | ChannelKind::Unknown => continue,
            };
            hits.push(Hit { name: channel.name.clone(), detail: guild.info.name.clone(), glyph, goal });
        }
        let (name, goal) = (guild.info.name.clone(), Goal::Guild(guild.info.id));
        hits.push(Hit { name, detail: text::switcher_server().to_owned(), glyph: Glyph::Servers, goal });
    }
    let mut act = |name: &str, glyph, goal| {
        hits.push(Hit { name: name.to_owned(), detail: text::switcher_action().to_owned(), glyph, goal });
    };
    act(text::live(), Glyph::Live, Goal::Place(Route::Live));
    for tab in UserTab::ALL {
        act(super::super::settings::tab_name(tab), Glyph::Gear, Goal::Place(Route::Settings(tab)));
    }
    act(text::add_server(), Glyph::Plus, Goal::NewGuild);
    act(text::keys_title(), Glyph::Bars, Goal::Keys);
    for user in state.users.values() {
        let room = state.seats.of(user.id).map(|seat| Goal::Join(seat.channel_id));
        if let Some(goal) = room {
            let detail = text::in_a_call().to_owned();
            hits.push(Hit { name: user.display_name.clone(), detail, glyph: Glyph::Person, goal });
        }
    }
    hits
}

fn search(state: &State, typed: &str) -> Vec<Hit> {
    let typed = typed.trim().to_lowercase();
    let mut found: Vec<(usize, Hit)> =
        all(state).into_iter().filter_map(|hit| Some((fit(&hit.name, &typed)?, hit))).collect();
    found.sort_by_key(|(fit, _)| *fit);
    found.into_iter().map(|(_, hit)| hit).take(MOST).collect()
}

fn reach(app: App, goal: Goal) {
    app.hide_overlay();
    match goal {
        Goal::Place(route) => app.go(route),
        Goal::Guild(guild_id) => open_guild(app, guild_id),
        Goal::Join(channel_id) => app.go_to_channel(channel_id),
        Goal::NewGuild => app.show(Overlay::NewGuild),
        Goal::Keys => app.show(Overlay::Keys),
    }
}

/// Finds people, channels and actions by a few letters.
#[component]
pub(super) fn Switcher() -> Element {
    let app = use_app();
    let mut typed = use_signal(String::new);
    let mut chosen = use_signal(|| 0_usize);
    let hits = use_memo(move || search(&app.state.read(), &typed.read()));
    use_effect(move || crate::platform::reveal(&format!("hit-{chosen}")));
    let on_key = move |event: Event<KeyboardData>| {
        let last = hits.peek().len().saturating_sub(1);
        match event.key().to_string().as_str() {
            "ArrowDown" => chosen.set((chosen() + 1).min(last)),
            "ArrowUp" => chosen.set(chosen().saturating_sub(1)),
            "Enter" => {
                let hit = hits.peek().get(chosen()).cloned();
                if let Some(hit) = hit {
                    reach(app, hit.goal);
                }
            }
            _ => return,
        }
        event.prevent_default();
    };
    rsx! {
        Dialog {
            id: "switcher",
            title: text::open_switcher(),
            close_label: text::close(),
            class: "switcher",
            has_no_header: true,
            on_close: move |()| app.hide_overlay(),
            div { class: "switcher-box",
                Icon { glyph: Glyph::Search }
                input {
                    id: "switcher-input",
                    role: "combobox",
                    "aria-expanded": "true",
                    "aria-controls": "switcher-list",
                    "aria-activedescendant": "hit-{chosen}",
                    "aria-label": text::open_switcher(),
                    placeholder: text::switcher_placeholder(),
                    autocomplete: "off",
                    spellcheck: "false",
                    value: "{typed}",
                    onmounted: |_| crate::platform::focus("switcher-input"),
                    oninput: move |event| {
                        typed.set(event.value());
                        chosen.set(0);
                    },
                    onkeydown: on_key,
                }
            }
            ul { id: "switcher-list", class: "switcher-list", role: "listbox", "aria-label": text::open_switcher(),
                for (index , hit) in hits().into_iter().enumerate() {
                    HitRow { key: "{index}", index, is_chosen: index == chosen(), hit }
                }
            }
            if hits.read().is_empty() {
                p { class: "quiet switcher-none", role: "status", "{text::switcher_empty()}" }
            }
        }
    }
}

#[component]
fn HitRow(index: usize, is_chosen: bool, hit: Hit) -> Element {
    let app = use_app();
    let goal = hit.goal;
    rsx! {
        li {
            id: "hit-{index}",
            class: "hit",
            role: "option",
            "aria-selected": is_chosen,
            onclick: move |_| reach(app, goal.clone()),
            Icon { glyph: hit.glyph }
            span { class: "row-name", "{hit.name}" }
            span { class: "quiet", "{hit.detail}" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fit;

    #[test]
    fn letters_fit_in_order_and_a_whole_part_fits_better() {
        assert!(fit("general", "gen") < fit("lounge-general", "gen"));
        assert!(fit("Movie night", "mvn").is_some());
        assert_eq!(fit("general", "xg"), None);
    }
}
