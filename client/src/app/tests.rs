use dioxus::dioxus_core::{ScopeId, VirtualDom};
use dioxus::prelude::*;

use super::{App, Entry, use_app, use_start};
use crate::platform::{Input, KeyPress};
use crate::state::{Route, UserTab};

/// Runs a test in a client that has started.
fn with_app(test: impl FnOnce(App)) {
    fn client() -> Element {
        use_start();
        rsx! {}
    }
    let mut page = VirtualDom::new(client);
    page.rebuild_in_place();
    page.in_scope(ScopeId::APP, || test(use_app()));
}

fn key(name: &str) -> KeyPress {
    KeyPress {
        key: name.into(),
        code: name.into(),
        has_control: false,
        has_alt: false,
        has_shift: false,
        is_typing: false,
        is_handled: false,
    }
}

#[test]
fn a_key_that_a_control_has_used_does_nothing_else() {
    with_app(|mut app| {
        app.entry.set(Entry::SignedIn);
        app.route.set(Route::Settings(UserTab::Account));
        app.handle(Input::Key(KeyPress { is_handled: true, ..key("Escape") }));
        assert_eq!(*app.route.peek(), Route::Settings(UserTab::Account));
        app.handle(Input::Key(key("Escape")));
        assert_eq!(*app.route.peek(), Route::Live);
    });
}
