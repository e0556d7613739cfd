use dioxus::prelude::*;

use crate::text;
use crate::ui::Mark;

/// The card in the middle that all ways in share.
#[component]
pub(super) fn Frame(title: String, #[props(default)] hint: String, children: Element) -> Element {
    rsx! {
        main { class: "entry",
            div { class: "entry-brand",
                Mark {}
                span { "{text::hubbub()}" }
            }
            section { class: "entry-card",
                h1 { "{title}" }
                if !hint.is_empty() {
                    p { class: "entry-hint", "{hint}" }
                }
                {children}
            }
        }
    }
}

/// What went wrong with the whole form.
#[component]
pub(super) fn FormError(message: String) -> Element {
    rsx! {
        if !message.is_empty() {
            p { class: "form-error", role: "alert", "{message}" }
        }
    }
}
