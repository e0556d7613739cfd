use dioxus::prelude::*;

use crate::app::use_app;
use crate::text;
use crate::ui::Dialog;

#[component]
pub(super) fn Keys() -> Element {
    let app = use_app();
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
    ];
    rsx! {
        Dialog { id: "keys", title: text::keys_title(), close_label: text::close(), on_close: move |()| app.hide_overlay(),
            dl { class: "keys",
                for (key , word) in keys {
                    div { key: "{word}",
                        dt { kbd { "{key}" } }
                        dd { "{word}" }
                    }
                }
            }
        }
    }
}
