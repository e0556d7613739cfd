//! Hubbub's client: web, desktop and phones.
//!
//! `view` draws what `app` holds. `app` is the shell: it carries out what the sans-IO parts `net::gateway` and `call`
//! ask for, and `state` keeps what the server told. `platform`, `text`, `time`, `markdown` are leaves that import no other part.

pub mod app;
pub mod call;
pub mod markdown;
pub mod net;
pub mod platform;
pub mod state;
pub mod text;
pub mod time;
pub mod ui;
mod view;

pub use view::Root;

/// Starts the client in the page that loaded it.
pub fn launch() {
    platform::clear_page();
    #[cfg(target_arch = "wasm32")]
    dioxus::web::launch::launch_virtual_dom(dioxus::prelude::VirtualDom::new(Root), dioxus::web::Config::new());
}
