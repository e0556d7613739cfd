//! The screens.

mod banner;
mod chat;
mod dock;
mod entry;
mod home;
mod members;
mod overlay;
mod person;
mod rail;
mod room;
mod settings;
mod shell;
mod side;
mod toasts;

use dioxus::prelude::*;

use crate::app::{Entry, use_start};
use crate::net::gateway::Link;
use crate::state::Route;
use crate::text;
use crate::ui::{Mark, Spinner};

/// The whole client.
#[component]
pub fn Root() -> Element {
    let app = use_start();
    let needs_setup = app.instance.read().as_ref().is_some_and(|instance| instance.needs_setup);
    let screen = match (&*app.route.read(), (app.entry)()) {
        (_, Entry::Starting) => rsx! { Starting {} },
        (Route::Setup { token }, _) => rsx! { entry::Setup { token: token.clone() } },
        (_, Entry::SignedOut) if needs_setup => rsx! { entry::NeedsSetup {} },
        (Route::Invite { code }, _) => rsx! { entry::Invite { key: "{code}", code: code.clone() } },
        (_, Entry::SignedOut) => rsx! { entry::SignIn {} },
        (_, Entry::SignedIn) => rsx! { shell::Shell {} },
    };
    rsx! {
        {screen}
        toasts::Toasts {}
        toasts::Announcements {}
    }
}

/// Before it is known who is there.
#[component]
fn Starting() -> Element {
    let app = crate::app::use_app();
    let waits_long = (app.seconds)() > 4 && (app.link)() == Link::Connecting && app.instance.read().is_none();
    rsx! {
        div { class: "boot",
            Mark {}
            if waits_long {
                p { role: "status", "{text::no_server_yet()}" }
                Spinner { label: text::starting() }
            }
        }
    }
}
