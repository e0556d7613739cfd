use dioxus::prelude::*;
use protocol::id::{ChannelId, UserId};
use protocol::permission::Permissions;

use super::super::side::may;
use super::message::{MessageRow, PendingRow, Rights};
use crate::app::{App, use_app};
use crate::platform;
use crate::state::{Direction, Progress, Row, Timeline};
use crate::text;
use crate::ui::{Button, Empty, Glyph, Icon, Skeleton, Spinner};

const ID: &str = "timeline";
/// The next page is asked for this far from an end, in CSS pixels.
const AHEAD: f64 = 900.0;

/// What of a timeline is drawn.
#[derive(Clone, PartialEq)]
struct Shown {
    rows: Vec<Row>,
    is_loaded: bool,
    has_before: bool,
    has_after: bool,
    older: Progress,
    newer: Progress,
}

fn shown(app: App, channel_id: ChannelId) -> Option<Shown> {
    let state = app.state.read();
    let timeline: &Timeline = state.timelines.get(&channel_id)?;
    Some(Shown {
        rows: timeline.rows(state.my_id(), |at| platform::local_time(at).day_number),
        is_loaded: timeline.is_loaded,
        has_before: timeline.has_before,
        has_after: timeline.has_after,
        older: timeline.older.clone(),
        newer: timeline.newer.clone(),
    })
}

/// The messages of a channel. It stays at the end while it is there, and where it is while it is not.
#[component]
pub(super) fn TimelineView(channel_id: ChannelId) -> Element {
    let app = use_app();
    let view = use_memo(move || shown(app, channel_id));
    let mut is_at_end = use_signal(|| true);
    let mut anchor = use_hook(|| CopyValue::new(None));
    if view.read().is_some() && !*is_at_end.peek() {
        anchor.set(platform::anchor(ID));
    }
    use_effect(move || {
        let _ = view.read();
        if *is_at_end.peek() {
            platform::scroll_to_end(ID);
            app.mark_read(channel_id);
        } else if let Some(anchor) = &*anchor.peek() {
            platform::restore(anchor);
        }
    });
    let on_scroll = move |_| {
        let Some(scroll) = platform::element_scroll(ID) else { return };
        let has_after = view.peek().as_ref().is_some_and(|view| view.has_after);
        let at_end = scroll.below() < 60.0 && !has_after;
        if at_end != *is_at_end.peek() {
            is_at_end.set(at_end);
        }
        if at_end {
            app.mark_read(channel_id);
        }
        if scroll.top < AHEAD {
            app.load_page(channel_id, Direction::Older);
        }
        if scroll.below() < AHEAD {
            app.load_page(channel_id, Direction::Newer);
        }
    };
    let Some(view) = view() else {
        return rsx! { Skeleton { label: text::loading(), rows: 8, class: "timeline" } };
    };
    let jump = move |()| {
        is_at_end.set(true);
        let has_after = app.state.peek().timelines.get(&channel_id).is_some_and(|timeline| timeline.has_after);
        if has_after {
            app.load_newest(channel_id);
        }
        platform::scroll_to_end(ID);
    };
    let has_after = view.has_after;
    rsx! {
        div { class: "timeline-place",
            div { id: ID, class: "timeline", tabindex: "0", role: "region", "aria-label": text::messages_label(&""), onscroll: on_scroll, onresize: move |_| {
                    if *is_at_end.peek() {
                        platform::scroll_to_end(ID);
                    }
                },
                Beginning { channel_id, view: view.clone() }
                Rows { channel_id, rows: view.rows }
            }
            if !is_at_end() || has_after {
                JumpDown { channel_id, on_jump: jump }
            }
            Typing { channel_id }
        }
    }
}

/// What stands above the oldest message.
#[component]
fn Beginning(channel_id: ChannelId, view: Shown) -> Element {
    let app = use_app();
    let name =
        use_memo(move || app.state.read().channel(channel_id).map(|channel| channel.name.clone()).unwrap_or_default());
    let failed = matches!(view.older, Progress::Failed(_)) || matches!(view.newer, Progress::Failed(_));
    rsx! {
        if failed {
            div { class: "timeline-note", role: "alert",
                span { "{text::history_failed()}" }
                Button {
                    label: text::retry(),
                    on_press: move |()| {
                        if view.is_loaded {
                            app.load_page(channel_id, Direction::Older);
                        } else {
                            app.load_newest(channel_id);
                        }
                    },
                }
            }
        } else if !view.is_loaded && view.rows.is_empty() {
            Skeleton { label: text::loading(), rows: 8 }
        } else if view.has_before {
            div { class: "timeline-note", Spinner { label: text::loading() } }
        } else {
            div { class: "timeline-start",
                Empty { title: text::chat_empty_title(&name()), hint: text::chat_empty_hint(), glyph: Glyph::Hash }
            }
        }
    }
}

#[component]
fn Rows(channel_id: ChannelId, rows: Vec<Row>) -> Element {
    let app = use_app();
    let rights = use_memo(move || {
        let guild_id = app.state.read().guild_of(channel_id);
        let may_manage = guild_id.is_some_and(|guild_id| may(app, guild_id, Permissions::MANAGE_MESSAGES));
        (app.state.read().my_id(), may_manage)
    });
    let (me, may_manage) = rights();
    let of = move |author: UserId| {
        let is_mine = me == Some(author);
        Rights { may_edit: is_mine, may_delete: is_mine || may_manage }
    };
    let on_key = move |event: Event<KeyboardData>| {
        let step = match event.key().to_string().as_str() {
            "ArrowDown" => 1,
            "ArrowUp" => -1,
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        platform::rove("messages", step);
    };
    rsx! {
        div { class: "messages", role: "log", "aria-live": "polite", "aria-relevant": "additions",
            ol { id: "messages", onkeydown: on_key,
                for row in rows {
                    match row {
                        Row::Day(at) => rsx! {
                            li { key: "day-{at.0}", class: "day", span { "{text::day(at)}" } }
                        },
                        Row::New => rsx! {
                            li { key: "new-{channel_id}", class: "new", span { "{text::new_divider()}" } }
                        },
                        Row::Message { message, has_head } => rsx! {
                            MessageRow { key: "{message.id}", rights: of(message.author.id), message, has_head }
                        },
                        Row::Pending { pending, has_head } => rsx! {
                            PendingRow { key: "{pending.nonce.0}", channel_id, pending, has_head }
                        },
                    }
                }
            }
        }
    }
}

#[component]
fn JumpDown(channel_id: ChannelId, on_jump: EventHandler<()>) -> Element {
    let app = use_app();
    let is_unread = use_memo(move || {
        let state = app.state.read();
        state.channel(channel_id).is_some_and(|channel| state.unread(channel) == crate::state::Unread::Yes)
    });
    let label = if is_unread() { text::jump_down_new() } else { text::jump_down() };
    rsx! {
        button { class: "jump-down", r#type: "button", "data-unread": is_unread(), onclick: move |_| on_jump.call(()),
            Icon { glyph: Glyph::ToEnd }
            span { "{label}" }
        }
    }
}

/// Who types, in words.
#[component]
fn Typing(channel_id: ChannelId) -> Element {
    let app = use_app();
    let words = use_memo(move || {
        let state = app.state.read();
        let names: Vec<&str> = state.typing.users(channel_id, platform::now()).map(|user| state.name(user)).collect();
        match names.as_slice() {
            [] => String::new(),
            [name] => text::typing_one(name),
            [a, b] => text::typing_two(a, b),
            _ => text::typing_many().to_owned(),
        }
    });
    rsx! {
        p { class: "typing", "aria-live": "polite", "data-active": !words.read().is_empty(),
            span { class: "typing-dots", "aria-hidden": "true", i {} i {} i {} }
            "{words}"
        }
    }
}
