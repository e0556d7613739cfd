use dioxus::prelude::*;
use protocol::id::ChannelId;
use protocol::message::Nonce;
use protocol::permission::Permissions;

use super::super::side::may;
use super::message::{MessageRow, PendingRow, Rights};
use crate::app::{App, use_app};
use crate::platform;
use crate::state::{Direction, Progress, Row, Timeline, Window};
use crate::text;
use crate::ui::{Button, Empty, Glyph, Icon, Skeleton, Spinner};

const ID: &str = "timeline";
/// The next page is asked for this far from an end, in CSS pixels.
const AHEAD: f64 = 900.0;
/// So far from the end one still is at it, in CSS pixels.
const NEAR: f64 = 60.0;

/// What of a timeline is drawn.
#[derive(Clone, PartialEq)]
struct Shown {
    rows: Vec<Row>,
    is_loaded: bool,
    has_before: bool,
    has_after: bool,
    older: Progress,
    newer: Progress,
    last_pending: Option<Nonce>,
}

fn shown(app: App, channel_id: ChannelId, window: Window) -> Option<Shown> {
    let state = app.state.read();
    let timeline: &Timeline = state.timelines.get(&channel_id)?;
    let part = window.bounds(timeline);
    Some(Shown {
        is_loaded: timeline.is_loaded,
        has_before: timeline.has_before || part.start > 0,
        has_after: timeline.has_after || part.end < timeline.len(),
        older: timeline.older.clone(),
        newer: timeline.newer.clone(),
        last_pending: timeline.pending.last().map(|pending| pending.nonce.clone()),
        rows: timeline.rows(part, state.my_id(), |at| platform::local_time(at).day_number),
    })
}

/// Where the reader is.
#[derive(Clone, Copy, PartialEq)]
struct Place {
    app: App,
    channel_id: ChannelId,
    window: Signal<Window>,
    is_at_end: Signal<bool>,
}

impl Place {
    /// Looks where the box is scrolled to, and draws or loads what comes next.
    fn follow(mut self, has_after: bool) {
        let Some(scroll) = platform::element_scroll(ID) else { return };
        let at_end = scroll.below() < NEAR && !has_after;
        if at_end != *self.is_at_end.peek() {
            self.is_at_end.set(at_end);
        }
        if at_end {
            self.app.mark_seen(self.channel_id);
            self.trim();
        }
        if scroll.top < AHEAD {
            self.go_on(Direction::Older);
        }
        if scroll.below() < AHEAD {
            self.go_on(Direction::Newer);
        }
    }

    fn trim(mut self) {
        let before = *self.window.peek();
        let after = self.app.state.peek().timelines.get(&self.channel_id).map(|timeline| before.at_end(timeline));
        if let Some(after) = after.filter(|after| *after != before) {
            self.window.set(after);
        }
    }

    fn go_on(mut self, direction: Direction) {
        let (next, is_page_due) = {
            let state = self.app.state.peek();
            let Some(timeline) = state.timelines.get(&self.channel_id) else { return };
            let window = self.window.peek();
            (window.step(direction, timeline), window.is_page_due(direction, timeline))
        };
        if is_page_due {
            self.app.load_page(self.channel_id, direction);
        }
        if let Some(next) = next {
            self.window.set(next);
        }
    }

    /// To the newest message.
    fn jump(mut self) {
        self.is_at_end.set(true);
        self.window.set(Window::default());
        let has_after =
            self.app.state.peek().timelines.get(&self.channel_id).is_some_and(|timeline| timeline.has_after);
        if has_after {
            self.app.load_newest(self.channel_id);
        }
        platform::scroll_to_end(ID);
    }
}

/// The messages of a channel. It stays at the end while it is there, and where it is while it is not.
#[component]
pub(super) fn TimelineView(channel_id: ChannelId) -> Element {
    let app = use_app();
    let window = use_signal(Window::default);
    let is_at_end = use_signal(|| true);
    let place = Place { app, channel_id, window, is_at_end };
    let view = use_memo(move || shown(app, channel_id, window()));
    let name =
        use_memo(move || app.state.read().channel(channel_id).map(|channel| channel.name.clone()).unwrap_or_default());
    let mut anchor = use_hook(|| CopyValue::new(None));
    if view.read().is_some() && !*is_at_end.peek() {
        anchor.set(platform::anchor(ID));
    }
    let last_pending = use_memo(move || view.read().as_ref().and_then(|view| view.last_pending.clone()));
    use_effect(move || {
        // What one writes oneself is looked at.
        if last_pending().is_some() && !*is_at_end.peek() {
            place.jump();
        }
    });
    use_effect(move || {
        let has_after = view.read().as_ref().is_some_and(|view| view.has_after);
        if *is_at_end.peek() {
            platform::scroll_to_end(ID);
            app.mark_seen(channel_id);
        } else if let Some(anchor) = &*anchor.peek() {
            platform::restore(anchor);
        }
        // A tall screen or a quick scroll may need more than the last step brought.
        spawn(async move {
            platform::next_frame().await;
            place.follow(has_after);
        });
    });
    let on_key = move |event: Event<KeyboardData>| {
        if event.key() == Key::ArrowUp && event.modifiers().is_empty() {
            event.prevent_default();
            platform::rove("messages", -1);
        }
    };
    let on_scroll = move |_| place.follow(view.peek().as_ref().is_some_and(|view| view.has_after));
    let Some(view) = view() else {
        return rsx! { Skeleton { label: text::loading(), rows: 8, class: "timeline" } };
    };
    let has_after = view.has_after;
    rsx! {
        div { class: "timeline-place",
            div { id: ID, class: "timeline", tabindex: "0", role: "region", "aria-label": text::messages_label(&name()), onkeydown: on_key, onscroll: on_scroll, onresize: move |_| {
                    if *is_at_end.peek() {
                        platform::scroll_to_end(ID);
                    }
                },
                Beginning { channel_id, name: name(), view: view.clone() }
                Rows { channel_id, rows: view.rows }
                if view.is_loaded && matches!(view.newer, Progress::Failed(_)) {
                    Failed { on_retry: move |()| app.load_page(channel_id, Direction::Newer) }
                }
            }
            if !is_at_end() || has_after {
                JumpDown { channel_id, on_jump: move |()| place.jump() }
            }
            Typing { channel_id }
            Heard {}
        }
    }
}

/// Reads out what others write here.
#[component]
fn Heard() -> Element {
    let app = use_app();
    let heard = app.heard.read().clone();
    rsx! {
        div { class: "visually-hidden", "aria-live": "polite",
            for (id , words) in heard {
                p { key: "{id}", "{words}" }
            }
        }
    }
}

#[component]
fn Failed(on_retry: EventHandler<()>) -> Element {
    rsx! {
        div { class: "timeline-note", role: "alert",
            span { "{text::history_failed()}" }
            Button { label: text::retry(), on_press: on_retry }
        }
    }
}

/// What stands above the oldest message.
#[component]
fn Beginning(channel_id: ChannelId, name: String, view: Shown) -> Element {
    let app = use_app();
    let is_failed = matches!(if view.is_loaded { &view.older } else { &view.newer }, Progress::Failed(_));
    rsx! {
        if is_failed {
            Failed {
                on_retry: move |()| {
                    if view.is_loaded {
                        app.load_page(channel_id, Direction::Older);
                    } else {
                        app.load_newest(channel_id);
                    }
                },
            }
        } else if !view.is_loaded && view.rows.is_empty() {
            Skeleton { label: text::loading(), rows: 8 }
        } else if view.has_before {
            div { class: "timeline-note", Spinner { label: text::loading() } }
        } else {
            div { class: "timeline-start",
                Empty { title: text::chat_empty_title(&name), hint: text::chat_empty_hint(), glyph: Glyph::Hash }
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
    let rights_of = move |row: &Row| {
        let is_mine = matches!(row, Row::Message { message, .. } if me == Some(message.author.id));
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
        // What comes into sight by scrolling is not news; that is read out by `Heard`.
        div { class: "messages", role: "log", "aria-live": "off",
            ol { id: "messages", onkeydown: on_key,
                for row in rows {
                    RowView { key: "{row_key(&row)}", channel_id, rights: rights_of(&row), row }
                }
            }
        }
    }
}

/// The list finds its rows again by these when others come before them.
fn row_key(row: &Row) -> String {
    match row {
        Row::Day(at) => format!("day-{}", at.0),
        Row::New => "new".to_owned(),
        Row::Message { message, .. } => message.id.to_string(),
        Row::Pending { pending, .. } => pending.nonce.0.clone(),
    }
}

#[component]
fn RowView(channel_id: ChannelId, row: Row, rights: Rights) -> Element {
    match row {
        Row::Day(at) => rsx! {
            li { class: "day", span { "{text::day(at)}" } }
        },
        Row::New => rsx! {
            li { class: "new", span { "{text::new_divider()}" } }
        },
        Row::Message { message, has_head } => rsx! { MessageRow { rights, message, has_head } },
        Row::Pending { pending, has_head } => rsx! { PendingRow { channel_id, pending, has_head } },
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
