use dioxus::prelude::*;

use crate::app::{Tone, use_app};
use crate::text;
use crate::ui::{Glyph, Icon, IconButton};

/// Short messages over everything, read out as they come.
#[component]
pub(super) fn Toasts() -> Element {
    let app = use_app();
    rsx! {
        div { class: "toasts", role: "status", "aria-live": "polite",
            for toast in app.toasts.read().iter().cloned() {
                div { key: "{toast.id}", class: "toast", "data-tone": if toast.tone == Tone::Error { "error" } else { "info" },
                    Icon { glyph: if toast.tone == Tone::Error { Glyph::Warning } else { Glyph::Check } }
                    p { "{toast.text}" }
                    IconButton { label: text::close(), glyph: Glyph::Close, on_press: move |()| app.dismiss(toast.id) }
                }
            }
        }
    }
}

/// Who comes to and goes from the user's room; for those who do not see it.
#[component]
pub(super) fn Announcements() -> Element {
    let app = use_app();
    let news = use_memo(move || app.voice.read().news().clone());
    rsx! {
        div { class: "visually-hidden", "aria-live": "polite",
            for news in [news()] {
                p { key: "{news.number}", "{news.sentence}" }
            }
        }
    }
}
