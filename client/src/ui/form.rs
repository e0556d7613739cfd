//! What is filled in and then sent.

use dioxus::prelude::*;

/// Fields and the button that sends them. While it is busy, neither the button nor Enter sends them again.
#[component]
pub fn Form(
    #[props(default = "form")] class: &'static str,
    is_busy: ReadSignal<bool>,
    on_submit: EventHandler<()>,
    children: Element,
) -> Element {
    rsx! {
        form {
            class,
            novalidate: true,
            onsubmit: move |event| {
                event.prevent_default();
                if !*is_busy.peek() {
                    on_submit.call(());
                }
            },
            {children}
        }
    }
}
