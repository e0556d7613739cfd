//! Settings of the user and of a server.

mod channels;
mod guild;
mod invites;
mod sessions;
mod user;

use dioxus::prelude::*;

use crate::platform;
use crate::state::UserTab;
use crate::text;
use crate::ui::{Glyph, Icon, IconButton};

pub(super) use guild::GuildSettings;
pub(super) use user::UserSettings;

pub(super) fn tab_name(tab: UserTab) -> &'static str {
    match tab {
        UserTab::Account => text::account(),
        UserTab::Appearance => text::appearance(),
        UserTab::Devices => text::devices(),
        UserTab::Sounds => text::sounds(),
        UserTab::Sessions => text::sessions(),
    }
}

pub(super) fn tab_glyph(tab: UserTab) -> Glyph {
    match tab {
        UserTab::Account => Glyph::Person,
        UserTab::Appearance => Glyph::Eye,
        UserTab::Devices => Glyph::Microphone,
        UserTab::Sounds => Glyph::Headphones,
        UserTab::Sessions => Glyph::Screen,
    }
}

/// A tab's word, drawing, and whether it is open.
type Tab = (&'static str, Glyph, bool);

/// The frame that settings share: a list of parts, and one part.
#[component]
fn Page(
    title: String,
    tabs: Vec<Tab>,
    on_tab: EventHandler<usize>,
    on_close: EventHandler<()>,
    children: Element,
) -> Element {
    let heading = tabs.iter().find(|(_, _, is_open)| *is_open).map(|(word, ..)| *word).unwrap_or_default();
    let on_key = move |event: Event<KeyboardData>| {
        let step = match event.key().to_string().as_str() {
            "ArrowDown" | "ArrowRight" => 1,
            "ArrowUp" | "ArrowLeft" => -1,
            _ => return,
        };
        event.prevent_default();
        platform::rove("settings-tabs", step);
    };
    let shown = heading.to_owned();
    use_effect(use_reactive!(|shown| platform::scroll_to(&format!("settings-tab-{shown}"))));
    rsx! {
        div { class: "settings",
            div { class: "settings-side",
                h2 { "{title}" }
                div { id: "settings-tabs", class: "settings-tabs", role: "tablist", "aria-label": "{title}", onkeydown: on_key,
                    for (index , (word , glyph , is_open)) in tabs.into_iter().enumerate() {
                        button {
                            id: "settings-tab-{word}",
                            key: "{word}",
                            class: "channel",
                            r#type: "button",
                            role: "tab",
                            "aria-selected": is_open,
                            "data-rove": "",
                            tabindex: if is_open { "0" } else { "-1" },
                            onclick: move |_| on_tab.call(index),
                            Icon { glyph }
                            span { class: "channel-name", "{word}" }
                        }
                    }
                }
            }
            section { class: "settings-body", role: "tabpanel", "aria-label": "{heading}",
                header { class: "settings-head",
                    h1 { "{heading}" }
                    IconButton { label: text::close(), glyph: Glyph::Close, shortcut: "Esc", on_press: move |()| on_close.call(()) }
                }
                {children}
            }
        }
    }
}
