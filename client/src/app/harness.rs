//! The client as tests run it.

use std::cell::Cell;

use dioxus::dioxus_core::NoOpMutations;
use dioxus::prelude::*;
use futures_util::FutureExt;

use super::{App, use_start};

thread_local! {
    static APP: Cell<Option<App>> = const { Cell::new(None) };
}

/// The client without a screen.
pub(super) struct Client(VirtualDom);

impl Client {
    pub(super) fn start() -> Self {
        let mut dom = VirtualDom::new(|| {
            APP.set(Some(use_start()));
            rsx! {}
        });
        dom.rebuild_in_place();
        let mut client = Self(dom);
        client.act(|_| ());
        client
    }

    /// Does something, and all that follows from it at once.
    pub(super) fn act<T>(&mut self, act: impl FnOnce(App) -> T) -> T {
        let app = APP.get().unwrap();
        let done = self.0.in_scope(ScopeId::ROOT, || act(app));
        while self.0.wait_for_work().now_or_never().is_some() {
            self.0.render_immediate(&mut NoOpMutations);
        }
        done
    }
}
