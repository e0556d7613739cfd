//! Small boxes that open beside a control and close when one looks elsewhere; then their control has the focus again.

use dioxus::prelude::*;

use super::{Glyph, Icon};
use crate::platform;

/// A box beside the control that stands before it; Esc and a press outside close it.
#[component]
pub fn Popover(
    id: String,
    label: String,
    #[props(default)] class: String,
    #[props(default)] role: Option<&'static str>,
    on_close: EventHandler<()>,
    children: Element,
) -> Element {
    let shown = id.clone();
    let left = id.clone();
    use_drop(move || platform::leave_box(&left));
    rsx! {
        div { class: "popover-catch", onclick: move |event| {
            event.stop_propagation();
            on_close.call(());
        } }
        div {
            id: "{id}",
            class: "popover {class}",
            role: role.unwrap_or("dialog"),
            "aria-label": "{label}",
            tabindex: "-1",
            onmounted: move |_| {
                platform::enter_box(&shown);
                platform::rove(&shown, isize::MIN);
            },
            onclick: move |event| event.stop_propagation(),
            onkeydown: move |event| {
                event.stop_propagation();
                let step = match event.key().to_string().as_str() {
                    "Escape" => {
                        event.prevent_default();
                        on_close.call(());
                        return;
                    }
                    "ArrowDown" => 1,
                    "ArrowUp" => -1,
                    "Home" => isize::MIN,
                    "End" => isize::MAX,
                    _ => return,
                };
                if role == Some("menu") {
                    event.prevent_default();
                    platform::rove(&id, step);
                }
            },
            {children}
        }
    }
}

/// A list of things to do.
#[component]
pub fn Menu(
    id: String,
    label: String,
    #[props(default)] class: String,
    on_close: EventHandler<()>,
    children: Element,
) -> Element {
    rsx! {
        Popover { id, label, class: "menu {class}", role: "menu", on_close, {children} }
    }
}

/// A thing to do in a box that holds other things, too.
#[component]
pub fn Action(
    label: String,
    glyph: Glyph,
    #[props(default)] is_danger: bool,
    #[props(default)] is_expanded: Option<bool>,
    on_press: EventHandler<()>,
) -> Element {
    rsx! {
        button {
            class: "menu-item",
            "data-danger": is_danger,
            r#type: "button",
            "aria-expanded": is_expanded,
            onclick: move |_| on_press.call(()),
            Icon { glyph }
            span { "{label}" }
        }
    }
}

#[component]
pub fn MenuItem(label: String, glyph: Glyph, #[props(default)] is_danger: bool, on_press: EventHandler<()>) -> Element {
    rsx! {
        button {
            class: "menu-item",
            "data-danger": is_danger,
            r#type: "button",
            role: "menuitem",
            tabindex: "-1",
            "data-rove": "",
            onclick: move |_| on_press.call(()),
            Icon { glyph }
            span { "{label}" }
        }
    }
}
