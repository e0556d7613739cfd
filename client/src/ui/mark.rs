//! The mark: two voices, and what they share.

use dioxus::prelude::*;

#[component]
pub fn Mark() -> Element {
    rsx! {
        svg { class: "mark", view_box: "0 0 48 48", "aria-hidden": "true",
            path { class: "mark-left", d: "M18 8a14 14 0 1 0-7.600 25.800L10 40l6.600-4.100A14 14 0 0 0 18 8Z" }
            path { class: "mark-right", d: "M30 8a14 14 0 1 1 7.600 25.800L38 40l-6.600-4.100A14 14 0 0 1 30 8Z" }
            path { class: "mark-lens", d: "M24 9.400a14 14 0 0 1 0 25.200 14 14 0 0 1 0-25.200Z" }
        }
    }
}
