//! A face for those who have none yet: a letter on a colour that is always theirs.

use dioxus::prelude::*;

/// How many colours the style sheet has.
const HUES: u64 = 10;

#[component]
pub fn Avatar(
    name: String,
    /// Chooses the colour.
    seed: i64,
    #[props(default)] class: String,
    #[props(default)] is_speaking: bool,
    /// Shown as a dot, where it is known.
    #[props(default)]
    is_online: Option<bool>,
) -> Element {
    let letter: String = name.chars().find(|c| c.is_alphanumeric()).into_iter().flat_map(char::to_uppercase).collect();
    let hue = (seed.cast_unsigned().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) % HUES;
    let presence = match is_online {
        Some(true) => "online",
        Some(false) => "offline",
        None => "none",
    };
    rsx! {
        span {
            class: "avatar hue-{hue} {class}",
            "data-speaking": is_speaking,
            "data-presence": presence,
            "aria-hidden": "true",
            span { class: "letter", "data-letter": "{letter}" }
        }
    }
}
