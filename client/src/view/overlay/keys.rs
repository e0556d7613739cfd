use dioxus::prelude::*;

use crate::app::use_app;
use crate::text;
use crate::ui::Dialog;

#[component]
pub(super) fn Keys() -> Element {
    let app = use_app();
    let talk_key = app.prefs.read().talk_key.as_deref().map(text::key_name).unwrap_or_default();
    let keys = [
        ("Ctrl K", text::keys_switcher()),
        ("?", text::keys_open()),
        ("Esc", text::keys_escape()),
        ("Shift Esc", text::keys_read()),
        ("↑", text::keys_up()),
        ("↑ ↓", text::keys_arrows()),
        ("M", text::keys_mute()),
        ("D", text::keys_deafen()),
        ("V", text::keys_camera()),
        ("S", text::keys_screen()),
        (talk_key.as_str(), text::keys_talk()),
    ];
    rsx! {
        Dialog { id: "keys", title: text::keys_title(), close_label: text::close(), on_close: move |()| app.hide_overlay(),
            dl { class: "keys",
                for (key , word) in keys.into_iter().filter(|(key, _)| !key.is_empty()) {
                    div { key: "{word}",
                        dt { kbd { "{key}" } }
                        dd { "{word}" }
                    }
                }
            }
        }
    }
}
