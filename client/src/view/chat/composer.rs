use dioxus::prelude::*;
use protocol::id::ChannelId;
use protocol::limits;
use protocol::name;

use crate::app::use_app;
use crate::platform;
use crate::text;
use crate::ui::{Glyph, IconButton};

const ID: &str = "composer";

/// Where messages are written. It grows with the text, and keeps what was not sent.
#[component]
pub(super) fn Composer(channel_id: ChannelId) -> Element {
    let app = use_app();
    let mut typed = use_signal(move || app.draft(channel_id));
    let channel =
        use_memo(move || app.state.read().channel(channel_id).map(|channel| channel.name.clone()).unwrap_or_default());
    let asked_before = use_hook(|| *app.composer_focus.peek());
    use_effect(move || {
        let is_asked = (app.composer_focus)() > asked_before;
        if is_asked || !platform::is_narrow() {
            platform::focus(ID);
        }
    });
    let mut send = move || {
        let text = typed.peek().clone();
        if let Ok(content) = name::content(&text) {
            app.send_message(channel_id, content.to_owned());
            typed.set(String::new());
            app.keep_draft(channel_id, "");
        }
    };
    use_effect(move || {
        let _ = typed.read();
        platform::grow(ID);
    });
    let on_key = move |event: Event<KeyboardData>| match event.key().to_string().as_str() {
        "Enter" if !event.modifiers().shift() && !event.is_composing() => {
            event.prevent_default();
            send();
        }
        "ArrowUp" if typed.peek().is_empty() => {
            event.prevent_default();
            app.edit_last();
        }
        _ => {}
    };
    let placeholder = text::message_placeholder(&channel());
    rsx! {
        div { class: "composer", "data-invalid": excess(&typed.read()) > 0,
            textarea {
                id: ID,
                rows: "1",
                "aria-label": "{placeholder}",
                placeholder: "{placeholder}",
                value: "{typed}",
                oninput: move |event| {
                    let text = event.value();
                    if !text.trim().is_empty() {
                        app.typed(channel_id);
                    }
                    app.keep_draft(channel_id, &text);
                    typed.set(text);
                },
                onkeydown: on_key,
            }
            TooLong { typed }
            IconButton { label: text::send(), glyph: Glyph::Send, class: "send", on_press: move |()| send() }
        }
    }
}

/// By how many characters a message is too long.
pub(super) fn excess(text: &str) -> usize {
    text.trim().chars().count().saturating_sub(limits::MESSAGE_CHARS)
}

/// Says so, above the box in which the message is written.
#[component]
pub(super) fn TooLong(typed: ReadSignal<String>) -> Element {
    let excess = excess(&typed.read());
    rsx! {
        if excess > 0 {
            span { class: "too-long", role: "alert", "{text::too_long(&excess)}" }
        }
    }
}
