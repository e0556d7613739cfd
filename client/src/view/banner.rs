use dioxus::prelude::*;

use crate::app::use_app;
use crate::net::gateway::Link;
use crate::platform;
use crate::text;
use crate::ui::{Button, Spinner};

/// Says what is wrong for the moment.
#[component]
pub(super) fn Banner() -> Element {
    let app = use_app();
    let is_away = (app.link)() == Link::Reconnecting;
    // Also looked at again each second for the sound; there is no event for it in every browser.
    let has_no_server = (app.seconds)() > 3 && (app.link)() == Link::Connecting;
    let is_silent = app.voice.read().is_in_call() && platform::sound_is_blocked();
    rsx! {
        div { role: "status", "aria-live": "polite", class: "banner-place",
            if is_away {
                div { class: "banner",
                    Spinner { label: text::loading() }
                    "{text::reconnecting()}"
                }
            }
            if has_no_server {
                div { class: "banner",
                    Spinner { label: text::loading() }
                    "{text::no_server_yet()}"
                }
            }
            if is_silent {
                div { class: "banner",
                    "{text::sound_blocked()}"
                    Button { label: text::sound_start(), on_press: |()| platform::resume_audio() }
                }
            }
        }
    }
}
