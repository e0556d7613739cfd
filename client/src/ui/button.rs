//! Buttons.

use dioxus::prelude::*;

use super::{Glyph, Icon};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// The one thing to do here.
    Primary,
    #[default]
    Plain,
    /// Undoes what cannot be redone.
    Danger,
    /// Without a face until it is pointed at.
    Quiet,
}

impl Kind {
    fn class(self) -> &'static str {
        match self {
            Self::Primary => "button primary",
            Self::Plain => "button",
            Self::Danger => "button danger",
            Self::Quiet => "button quiet",
        }
    }
}

/// A button with a word. While it is busy it cannot be pressed again.
#[component]
pub fn Button(
    label: String,
    /// What the button is called where its word alone would not tell.
    #[props(default)]
    name: Option<String>,
    #[props(default)] kind: Kind,
    #[props(default)] glyph: Option<Glyph>,
    #[props(default)] is_submit: bool,
    #[props(default)] is_busy: bool,
    #[props(default)] is_disabled: bool,
    #[props(default)] on_press: EventHandler<()>,
) -> Element {
    rsx! {
        button {
            class: kind.class(),
            r#type: if is_submit { "submit" } else { "button" },
            disabled: is_disabled,
            "aria-label": name,
            "aria-busy": is_busy,
            onclick: move |_| {
                if !is_busy && !is_submit {
                    on_press.call(());
                }
            },
            if let Some(glyph) = glyph {
                Icon { glyph }
            }
            span { "{label}" }
        }
    }
}

/// A button with a drawing only; its name shows when it is pointed at.
#[component]
pub fn IconButton(
    label: String,
    glyph: Glyph,
    #[props(default)] class: String,
    #[props(default)] id: Option<String>,
    /// On or off, for a button that switches.
    #[props(default)]
    is_pressed: Option<bool>,
    /// The same where the label changes with it; said twice it would be heard as its opposite.
    #[props(default)]
    is_on: Option<bool>,
    #[props(default)] is_expanded: Option<bool>,
    /// It does nothing now, and its label says why.
    #[props(default)]
    is_held: bool,
    /// The key that does the same.
    #[props(default)]
    shortcut: Option<&'static str>,
    on_press: EventHandler<()>,
) -> Element {
    let tip = shortcut.map_or_else(|| label.clone(), |key| format!("{label} ({key})"));
    rsx! {
        button {
            id,
            class: "icon-button {class}",
            r#type: "button",
            "aria-label": "{label}",
            "aria-pressed": is_pressed,
            "data-on": is_on,
            "aria-expanded": is_expanded,
            "aria-disabled": is_held.then_some("true"),
            "aria-keyshortcuts": shortcut,
            "data-tip": "{tip}",
            onclick: move |event| {
                event.stop_propagation();
                on_press.call(());
            },
            Icon { glyph }
        }
    }
}
