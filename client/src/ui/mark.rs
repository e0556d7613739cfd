//! The mark: two voices, and what they share.

use dioxus::prelude::*;

#[component]
pub fn Mark() -> Element {
    rsx! {
        svg { class: "mark", view_box: "0 0 48 48", "aria-hidden": "true",
            path { class: "mark-right", d: "M19 22a12 12 0 1 0 24 0 12 12 0 1 0-24 0ZM38.800 30.200l-9.100 3.800 9.800 6Z" }
            path { class: "mark-left", d: "M5 22a12 12 0 1 0 24 0 12 12 0 1 0-24 0ZM9.200 30.200 8.500 40l9.800-6Z" }
            path { class: "mark-lens", d: "M24 12.250a12 12 0 0 1 0 19.500 12 12 0 0 1 0-19.500Z" }
        }
    }
}
