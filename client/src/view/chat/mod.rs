//! A text channel.

mod composer;
mod content;
mod message;
mod timeline;

use dioxus::prelude::*;
use protocol::id::ChannelId;

use crate::app::{Overlay, Pane, use_app};
use crate::platform;
use crate::state::Route;
use crate::text;
use crate::ui::{Glyph, Icon, IconButton};
use composer::Composer;
use timeline::TimelineView;

/// A text channel: what was said, and where to say more.
#[component]
pub(super) fn TextChannel(channel_id: ChannelId) -> Element {
    let app = use_app();
    use_effect(move || {
        if let Some(guild_id) = app.state.peek().guild_of(channel_id) {
            platform::keep(&format!("last-channel:{guild_id}"), &channel_id.to_string());
        }
    });
    rsx! {
        ChannelHead { channel_id, glyph: Glyph::Hash }
        Chat { channel_id }
    }
}

/// The chat alone, as it also stands beside a room.
#[component]
pub(super) fn Chat(channel_id: ChannelId) -> Element {
    rsx! {
        div { class: "chat",
            TimelineView { channel_id }
            Composer { channel_id }
        }
    }
}

/// The bar above a channel.
#[component]
pub(super) fn ChannelHead(channel_id: ChannelId, glyph: Glyph, children: Element) -> Element {
    let mut app = use_app();
    let channel = use_memo(move || app.state.read().channel(channel_id).cloned());
    let Some(channel) = channel() else { return rsx! {} };
    let shows_members = app.prefs.read().shows_members;
    rsx! {
        header { class: "channel-head",
            button {
                class: "icon-button narrow-only",
                r#type: "button",
                "aria-label": text::back(),
                onclick: move |_| app.go(Route::Guild(channel.guild_id)),
                Icon { glyph: Glyph::Left }
            }
            Icon { glyph }
            h1 { "{channel.name}" }
            if !channel.topic.is_empty() {
                p { class: "topic", title: "{channel.topic}", "{channel.topic}" }
            }
            div { class: "channel-tools",
                {children}
                IconButton { label: text::open_switcher(), glyph: Glyph::Search, shortcut: "Ctrl K", on_press: move |()| app.show(Overlay::Switcher) }
                IconButton {
                    label: if shows_members { text::hide_members() } else { text::show_members() },
                    glyph: Glyph::People,
                    class: "wide-only",
                    is_pressed: shows_members,
                    on_press: move |()| app.set_prefs(|prefs| prefs.shows_members = !prefs.shows_members),
                }
                IconButton {
                    label: text::show_members(),
                    glyph: Glyph::People,
                    class: "not-wide-only",
                    on_press: move |()| app.pane.set(Pane::Members),
                }
            }
        }
    }
}
