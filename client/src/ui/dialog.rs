//! A box over the screen that keeps the focus until it is closed, and then gives it back.

use dioxus::prelude::*;

use super::{Glyph, IconButton};
use crate::platform;

#[component]
pub fn Dialog(
    id: &'static str,
    title: String,
    close_label: String,
    #[props(default)] class: String,
    #[props(default)] has_no_header: bool,
    on_close: EventHandler<()>,
    children: Element,
) -> Element {
    use_drop(move || platform::close_dialog(id));
    rsx! {
        dialog {
            id,
            class: "dialog {class}",
            "aria-label": "{title}",
            onmounted: move |_| platform::show_dialog(id),
            onkeydown: move |event| {
                if event.key() == Key::Escape {
                    event.prevent_default();
                    event.stop_propagation();
                    on_close.call(());
                }
            },
            // The browser's own ways to close it, such as the gesture that goes back.
            oncancel: move |event| {
                event.prevent_default();
                on_close.call(());
            },
            div { class: "scrim", onclick: move |_| on_close.call(()) }
            div { class: "dialog-box",
                if !has_no_header {
                    header { class: "dialog-head",
                        h2 { "{title}" }
                        IconButton { label: close_label, glyph: Glyph::Close, on_press: move |()| on_close.call(()) }
                    }
                }
                {children}
            }
        }
    }
}
