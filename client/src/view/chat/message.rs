use std::rc::Rc;

use dioxus::prelude::*;
use protocol::id::{ChannelId, UserId};
use protocol::message::Message;
use protocol::name;

use super::composer::{TooLong, excess};
use super::content::Content;
use crate::app::{App, Confirm, Overlay, use_app};
use crate::platform;
use crate::state::Pending;
use crate::text;
use crate::ui::{Avatar, Button, Glyph, IconButton, Menu, MenuItem};

/// How long a finger rests until it means the menu, in milliseconds.
const LONG_PRESS_MS: i32 = 450;

/// What a reader may do with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rights {
    pub(super) may_edit: bool,
    pub(super) may_delete: bool,
}

/// What a key does to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Edit,
    Delete,
}

impl Rights {
    /// Together with others the keys are the browser's. Caps Lock makes no difference.
    fn act(self, key: &str, held: Modifiers) -> Option<Act> {
        match key {
            "e" | "E" if self.may_edit && held.is_empty() => Some(Act::Edit),
            "Delete" if self.may_delete && held.is_empty() => Some(Act::Delete),
            _ => None,
        }
    }
}

/// A message. Its actions are drawn only while it is pointed at or focused.
#[component]
pub(super) fn MessageRow(message: Rc<Message>, has_head: bool, rights: Rights) -> Element {
    let mut app = use_app();
    let id = message.id;
    let channel_id = message.channel_id;
    let mut is_hot = use_signal(|| false);
    let mut has_menu = use_signal(|| false);
    let mut press = use_signal(|| 0_u32);
    let mut is_held = use_signal(|| false);
    let is_editing = use_memo(move || (app.editing)() == Some(id));
    let content = message.content.clone();
    let on_key = move |event: Event<KeyboardData>| {
        let act = rights.act(&event.key().to_string(), event.modifiers()).filter(|_| !is_editing());
        if act.is_some() {
            event.prevent_default();
        }
        match act {
            Some(Act::Edit) => app.editing.set(Some(id)),
            Some(Act::Delete) => app.show(Overlay::Confirm(Confirm::DeleteMessage(channel_id, id))),
            None => {}
        }
    };
    rsx! {
        li {
            id: "message-{id}",
            class: "message",
            "data-anchor": "",
            "data-head": has_head,
            "data-rove": "",
            tabindex: "-1",
            onmouseenter: move |_| is_hot.set(true),
            onmouseleave: move |_| is_hot.set(false),
            onfocusin: move |_| is_hot.set(true),
            onfocusout: move |_| is_hot.set(false),
            onkeydown: on_key,
            ontouchstart: move |_| {
                let number = press() + 1;
                press.set(number);
                spawn(async move {
                    platform::sleep(LONG_PRESS_MS).await;
                    if press() == number {
                        has_menu.set(true);
                        is_held.set(true);
                    }
                });
            },
            ontouchend: move |event| {
                press += 1;
                // The finger now lies on the menu; letting go is not a choice.
                if is_held() {
                    event.prevent_default();
                    is_held.set(false);
                }
            },
            ontouchmove: move |_| press += 1,
            Head { author: message.author.id, name: message.author.display_name.clone(), at: id.created_at(), has_head }
            if is_editing() {
                Editor { message: message.clone() }
            } else {
                Content { source: message.content.clone(), is_edited: message.edited_at.is_some() }
            }
            if is_hot() && !is_editing() {
                Actions { message: message.clone(), rights }
            }
            if has_menu() {
                Sheet { message, rights, content, on_close: move |()| has_menu.set(false) }
            }
        }
    }
}

#[component]
fn Head(author: UserId, name: String, at: protocol::time::Timestamp, has_head: bool) -> Element {
    rsx! {
        if has_head {
            Avatar { name: name.clone(), seed: author.get(), class: "message-face" }
            div { class: "message-head",
                strong { class: "message-author", "{name}" }
                time { title: text::moment(at), "{text::clock(at)}" }
            }
        } else {
            time { class: "message-time", "aria-hidden": "true", "{text::clock(at)}" }
        }
    }
}

#[component]
fn Actions(message: Rc<Message>, rights: Rights) -> Element {
    let mut app = use_app();
    let (id, channel_id, content) = (message.id, message.channel_id, message.content.clone());
    rsx! {
        div { class: "message-actions", role: "toolbar", "aria-label": text::message_actions(),
            IconButton { label: text::copy_text(), glyph: Glyph::Copy, on_press: move |()| app.copy(content.clone()) }
            if rights.may_edit {
                IconButton { label: text::edit(), glyph: Glyph::Edit, shortcut: "E", on_press: move |()| app.editing.set(Some(id)) }
            }
            if rights.may_delete {
                IconButton {
                    label: text::delete(),
                    glyph: Glyph::Trash,
                    class: "danger",
                    shortcut: "Del",
                    on_press: move |()| app.show(Overlay::Confirm(Confirm::DeleteMessage(channel_id, id))),
                }
            }
        }
    }
}

/// The actions for a finger.
#[component]
fn Sheet(message: Rc<Message>, rights: Rights, content: String, on_close: EventHandler<()>) -> Element {
    let mut app = use_app();
    let (id, channel_id) = (message.id, message.channel_id);
    rsx! {
        Menu { id: "message-menu", label: text::message_actions(), class: "sheet", on_close,
            MenuItem {
                label: text::copy_text(),
                glyph: Glyph::Copy,
                on_press: move |()| {
                    app.copy(content.clone());
                    on_close.call(());
                },
            }
            if rights.may_edit {
                MenuItem {
                    label: text::edit(),
                    glyph: Glyph::Edit,
                    on_press: move |()| {
                        app.editing.set(Some(id));
                        on_close.call(());
                    },
                }
            }
            if rights.may_delete {
                MenuItem {
                    label: text::delete(),
                    glyph: Glyph::Trash,
                    is_danger: true,
                    on_press: move |()| {
                        app.show(Overlay::Confirm(Confirm::DeleteMessage(channel_id, id)));
                        on_close.call(());
                    },
                }
            }
        }
    }
}

fn finish_edit(app: App, message: &Message, typed: &str) {
    match name::content(typed) {
        Ok(content) if content == message.content => app.keep_edit(message.id, ""),
        Ok(content) => app.edit_message(message.channel_id, message.id, content.to_owned()),
        // Emptied: that means to delete it.
        Err(name::Invalid::Empty) => {
            app.keep_edit(message.id, "");
            app.show(Overlay::Confirm(Confirm::DeleteMessage(message.channel_id, message.id)));
        }
        Err(_) => return,
    }
    app.close_edit();
}

#[component]
fn Editor(message: Rc<Message>) -> Element {
    let app = use_app();
    let id = message.id;
    let original = message.clone();
    let mut typed = use_signal(move || app.edit(id).unwrap_or_else(|| original.content.clone()));
    let on_key = {
        let message = message.clone();
        move |event: Event<KeyboardData>| {
            event.stop_propagation();
            match event.key().to_string().as_str() {
                "Enter" if !event.modifiers().shift() && !event.is_composing() => {
                    event.prevent_default();
                    finish_edit(app, &message, &typed());
                }
                "Escape" => {
                    event.prevent_default();
                    app.keep_edit(id, "");
                    app.close_edit();
                }
                _ => {}
            }
        }
    };
    rsx! {
        div { class: "editor", "data-invalid": excess(&typed.read()) > 0,
            textarea {
                id: "editor",
                "aria-label": text::edit(),
                rows: "1",
                value: "{typed}",
                onmounted: move |_| {
                    platform::grow("editor");
                    platform::set_caret_end("editor");
                },
                oninput: move |event| {
                    let text = event.value();
                    app.keep_edit(id, &text);
                    typed.set(text);
                    platform::grow("editor");
                },
                onkeydown: on_key,
            }
            TooLong { typed }
            p { class: "quiet", "{text::edit_hint()}" }
        }
    }
}

/// A message on its way, or one that did not make it.
#[component]
pub(super) fn PendingRow(channel_id: ChannelId, pending: Pending, has_head: bool) -> Element {
    let app = use_app();
    let me = app.state.read().me.as_ref().map(|me| (me.user.id, me.user.display_name.clone()));
    let nonce = pending.nonce.clone();
    let dropped = pending.nonce.clone();
    let is_due = pending.is_due();
    let fate = match (&pending.failure, is_due) {
        (Some(_), _) => "failed",
        (None, true) => "sending",
        (None, false) => "sent",
    };
    rsx! {
        li { class: "message", "data-head": has_head, "data-pending": fate,
            if let Some((author , name)) = me {
                Head { author, name, at: pending.written_at, has_head }
            }
            Content { source: pending.content.clone() }
            if let Some(failure) = pending.failure {
                div { class: "failed", role: "alert",
                    span { "{text::send_failed()} {failure}" }
                    Button { label: text::retry(), on_press: move |()| app.retry_message(channel_id, &nonce) }
                    Button { label: text::delete(), on_press: move |()| app.drop_message(channel_id, &dropped) }
                }
            } else if is_due {
                span { class: "visually-hidden", "{text::sending()}" }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_act_alone_and_where_one_may() {
        let all = Rights { may_edit: true, may_delete: true };
        let none = Rights { may_edit: false, may_delete: false };
        let acts = ["e", "E", "Delete", "x"].map(|key| all.act(key, Modifiers::empty()));
        assert_eq!(acts, [Some(Act::Edit), Some(Act::Edit), Some(Act::Delete), None]);
        for held in [Modifiers::CONTROL, Modifiers::ALT, Modifiers::META, Modifiers::SHIFT] {
            assert_eq!((all.act("e", held), all.act("Delete", held)), (None, None));
        }
        assert_eq!((none.act("e", Modifiers::empty()), none.act("Delete", Modifiers::empty())), (None, None));
    }
}
