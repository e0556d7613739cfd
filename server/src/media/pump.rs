//! From the media threads' events to those who are to know.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::app::App;
use crate::domain::voice;
use crate::room::Events;

/// Passes the events of the media threads on, those of each in their order. One that cannot be passed on keeps none from it.
pub(crate) async fn pump(app: App, mut events: Events) {
    while let Some(event) = events.recv().await {
        match catch_unwind(AssertUnwindSafe(|| voice::handle(&app, event))) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "an event of a media thread could not be passed on"),
            Err(_) => tracing::error!("an event of a media thread made the server panic"),
        }
    }
}
