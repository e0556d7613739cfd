//! Hubbub's client: web, desktop and phones.
use dioxus::prelude::*;

#[component]
fn Root() -> Element {
    rsx! { h1 { "Hubbub" } }
}

/// Starts the client in the page that loaded it.
pub fn launch() {
    #[cfg(target_arch = "wasm32")]
    dioxus::web::launch::launch_virtual_dom(VirtualDom::new(Root), dioxus::web::Config::new());
}
