use dioxus::prelude::*;
use protocol::channel::{Channel, ChannelKind, RoomSettings};
use protocol::id::{ChannelId, GuildId};
use protocol::request::channel::ChannelPatch;
use protocol::{limits, name};

use super::super::entry::complaint;
use crate::app::{Confirm, Overlay, sentence, use_app};
use crate::platform;
use crate::state::Sibling;
use crate::text;
use crate::ui::{Button, Field, Form, Glyph, Icon, IconButton, Kind, Select};

/// The channels of a server, to be named, ordered and deleted. They move by the handle, and with Alt and the arrows.
#[component]
pub(super) fn Channels(guild_id: GuildId) -> Element {
    let app = use_app();
    let list = use_memo(move || {
        let state = app.state.read();
        let tree = state.guilds.get(&guild_id).map(crate::state::Guild::tree).unwrap_or_default();
        tree.flat().cloned().collect::<Vec<Channel>>()
    });
    let dragged = use_signal(|| None::<ChannelId>);
    let moved = use_signal(String::new);
    rsx! {
        Button {
            label: text::create_channel(),
            glyph: Glyph::Plus,
            kind: Kind::Primary,
            on_press: move |()| app.show(Overlay::NewChannel { guild_id, parent_id: None }),
        }
        p { class: "visually-hidden", role: "status", "{moved}" }
        ul { class: "rows order",
            for channel in list() {
                Item { key: "{channel.id}", guild_id, channel, dragged, moved }
            }
        }
    }
}

fn glyph(kind: ChannelKind) -> Glyph {
    match kind {
        ChannelKind::Text | ChannelKind::Unknown => Glyph::Hash,
        ChannelKind::Voice => Glyph::Room,
        ChannelKind::Category => Glyph::Folder,
    }
}

#[component]
fn Item(guild_id: GuildId, channel: Channel, dragged: Signal<Option<ChannelId>>, moved: Signal<String>) -> Element {
    let app = use_app();
    let (id, kind) = (channel.id, channel.kind);
    let mut is_renaming = use_signal(|| false);
    let mut has_room = use_signal(|| false);
    let mut is_over = use_signal(|| false);
    let name = channel.name.clone();
    let mut shift = {
        let name = name.clone();
        move |to| {
            app.move_channel(guild_id, id, to);
            moved.set(text::channel_moved(&name));
        }
    };
    let mut drop_here = move || {
        is_over.set(false);
        if let Some(other) = dragged.write().take().filter(|other| *other != id) {
            let is_category = app.state.peek().channel(other).is_some_and(|other| other.kind == ChannelKind::Category);
            let to = if kind == ChannelKind::Category && !is_category {
                Sibling::Into(Some(id))
            } else {
                Sibling::Before(id)
            };
            app.move_channel(guild_id, other, to);
        }
    };
    let on_key = {
        let mut shift = shift.clone();
        move |event: Event<KeyboardData>| {
            let to = match event.key().to_string().as_str() {
                "ArrowUp" if event.modifiers().alt() => Sibling::Earlier,
                "ArrowDown" if event.modifiers().alt() => Sibling::Later,
                _ => return,
            };
            event.prevent_default();
            shift(to);
            // A row that moves loses the focus.
            spawn(async move {
                platform::next_frame().await;
                platform::focus(&format!("grip-{id}"));
            });
        }
    };
    rsx! {
        li {
            class: "row still order-row",
            "data-inside": channel.parent_id.is_some(),
            "data-over": is_over(),
            "data-kind": if kind == ChannelKind::Voice { "voice" },
            draggable: "true",
            ondragstart: move |_| dragged.set(Some(id)),
            ondragover: move |event| {
                event.prevent_default();
                is_over.set(true);
            },
            ondragleave: move |_| is_over.set(false),
            ondrop: move |event| {
                event.prevent_default();
                drop_here();
            },
            button {
                id: "grip-{id}",
                class: "icon-button grip",
                r#type: "button",
                "aria-label": text::channel_drag(&name),
                onkeydown: on_key,
                Icon { glyph: Glyph::Grip }
            }
            Icon { glyph: glyph(kind) }
            if is_renaming() {
                Rename { channel: channel.clone(), on_done: move |()| is_renaming.set(false) }
            } else {
                span { class: "row-name", "{name}" }
                IconButton { label: text::channel_move_earlier(&name), glyph: Glyph::Up, on_press: { let mut shift = shift.clone(); move |()| shift(Sibling::Earlier) } }
                IconButton { label: text::channel_move_later(&name), glyph: Glyph::Down, on_press: move |()| shift(Sibling::Later) }
                if kind == ChannelKind::Voice {
                    IconButton {
                        label: text::channel_settings(&name),
                        glyph: Glyph::Gear,
                        is_expanded: has_room(),
                        on_press: move |()| has_room.toggle(),
                    }
                }
                IconButton { label: text::channel_rename(&name), glyph: Glyph::Edit, on_press: move |()| is_renaming.set(true) }
                IconButton {
                    label: text::channel_delete(&name),
                    glyph: Glyph::Trash,
                    class: "danger",
                    on_press: move |()| app.show(Overlay::Confirm(Confirm::DeleteChannel(guild_id, id))),
                }
            }
            if has_room() && !is_renaming() {
                RoomForm { channel: channel.clone(), on_done: move |()| has_room.set(false) }
            }
        }
    }
}

/// In kbit/s.
const BITRATES: [u32; 10] = [8, 16, 32, 64, 96, 128, 192, 256, 384, 510];

/// The bitrates to choose from, the present one among them.
fn bitrates(current: u32) -> Vec<(String, String)> {
    let mut list = BITRATES.map(|kilobits| kilobits * 1_000).to_vec();
    list.push(current);
    list.sort_unstable();
    list.dedup();
    let word = |bits: u32| {
        let kilobits = bits / 1_000;
        if bits >= limits::MUSIC_BITRATE { text::bitrate_music(&kilobits) } else { text::bitrate(&kilobits) }
    };
    list.into_iter().map(|bits| (bits.to_string(), word(bits))).collect()
}

/// What a limit that was typed means; nothing is none.
fn user_limit(typed: &str) -> Option<u32> {
    let typed = typed.trim();
    let limit = if typed.is_empty() { Some(0) } else { typed.parse().ok() };
    limit.filter(|limit| *limit <= limits::USER_LIMIT)
}

/// How many may sit in a voice channel, and how it sounds.
#[component]
fn RoomForm(channel: Channel, on_done: EventHandler<()>) -> Element {
    let app = use_app();
    let RoomSettings { user_limit: limit, bitrate } = channel.room;
    let mut typed = use_signal(|| if limit == 0 { String::new() } else { limit.to_string() });
    let mut chosen = use_signal(|| bitrate.to_string());
    let mut error = use_signal(String::new);
    let mut is_busy = use_signal(|| false);
    let save = move |()| {
        let Some(limit) = user_limit(&typed.read()) else {
            return error.set(text::user_limit_wrong(&limits::USER_LIMIT));
        };
        let patch =
            ChannelPatch { user_limit: Some(limit), bitrate: chosen.read().parse().ok(), ..ChannelPatch::default() };
        is_busy.set(true);
        spawn(async move {
            let answer = app.update_channel(channel.id, patch).await;
            is_busy.set(false);
            match answer {
                Ok(()) => on_done.call(()),
                Err(failure) => error.set(sentence(&failure)),
            }
        });
    };
    rsx! {
        Form { class: "room-form", is_busy, on_submit: save,
            Field {
                id: "user-limit",
                label: text::user_limit(),
                value: typed(),
                hint: text::user_limit_hint(),
                error: error(),
                has_focus: true,
                on_input: move |text| typed.set(text),
            }
            Select {
                id: "bitrate",
                label: text::bitrate_label(),
                value: chosen(),
                options: bitrates(bitrate),
                on_choose: move |bits| chosen.set(bits),
            }
            div { class: "form-end",
                Button { label: text::save(), kind: Kind::Primary, is_submit: true, is_busy: is_busy() }
                Button { label: text::cancel(), on_press: move |()| on_done.call(()) }
            }
        }
    }
}

#[component]
fn Rename(channel: Channel, on_done: EventHandler<()>) -> Element {
    let app = use_app();
    let original = channel.name.clone();
    let mut typed = use_signal(move || original);
    let mut error = use_signal(String::new);
    let mut is_busy = use_signal(|| false);
    let save = move |()| {
        let text = typed();
        let name = match name::title(&text) {
            Ok(checked) => checked.to_owned(),
            Err(invalid) => return error.set(complaint(invalid)),
        };
        is_busy.set(true);
        spawn(async move {
            let answer =
                app.update_channel(channel.id, ChannelPatch { name: Some(name), ..ChannelPatch::default() }).await;
            is_busy.set(false);
            match answer {
                Ok(()) => on_done.call(()),
                Err(failure) => error.set(sentence(&failure)),
            }
        });
    };
    let is_wrong = !error.read().is_empty();
    rsx! {
        Form { class: "rename", is_busy, on_submit: save,
            input {
                id: "rename",
                "aria-label": text::channel_name(),
                "aria-invalid": is_wrong,
                "aria-describedby": is_wrong.then_some("rename-error"),
                value: "{typed}",
                onmounted: |_| platform::select_text("rename"),
                oninput: move |event| typed.set(event.value()),
                onkeydown: move |event| {
                    if event.key() == Key::Escape {
                        event.stop_propagation();
                        on_done.call(());
                    }
                },
            }
            Button { label: text::save(), kind: Kind::Primary, is_submit: true, is_busy: is_busy() }
            Button { label: text::cancel(), on_press: move |()| on_done.call(()) }
            if is_wrong {
                p { id: "rename-error", class: "field-error", role: "alert", "{error}" }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_number_within_bounds_and_nothing_is_none() {
        assert_eq!(["", " 0 ", "5", "99"].map(user_limit), [Some(0), Some(0), Some(5), Some(99)]);
        assert_eq!(["100", "-1", "many", "1.5"].map(user_limit), [None; 4]);
    }

    #[test]
    fn the_present_bitrate_can_be_kept() {
        let offered = |current| bitrates(current).into_iter().map(|(bits, _)| bits).collect::<Vec<_>>();
        assert_eq!(offered(64_000).len(), BITRATES.len());
        assert!(offered(100_000).contains(&"100000".to_owned()));
    }
}
