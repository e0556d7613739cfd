//! What stands where something will be, or where nothing is.

use dioxus::prelude::*;

use super::{Glyph, Icon};

/// Nothing is here, and what to do about it.
#[component]
pub fn Empty(
    title: String,
    #[props(default)] hint: String,
    #[props(default)] glyph: Option<Glyph>,
    children: Element,
) -> Element {
    rsx! {
        div { class: "empty",
            if let Some(glyph) = glyph {
                span { class: "empty-glyph", Icon { glyph } }
            }
            h2 { "{title}" }
            if !hint.is_empty() {
                p { "{hint}" }
            }
            div { class: "empty-actions", {children} }
        }
    }
}

/// The shape of what is being loaded.
#[component]
pub fn Skeleton(label: String, #[props(default = 6)] rows: usize, #[props(default)] class: String) -> Element {
    rsx! {
        div { class: "skeleton {class}", role: "status", "aria-label": "{label}",
            for row in 0..rows {
                div { key: "{row}", class: "skeleton-row",
                    span { class: "skeleton-face" }
                    span { class: "skeleton-lines",
                        span {}
                        span {}
                    }
                }
            }
        }
    }
}

#[component]
pub fn Spinner(label: String) -> Element {
    rsx! {
        span { class: "spinner", role: "status", "aria-label": "{label}" }
    }
}
