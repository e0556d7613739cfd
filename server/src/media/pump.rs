//! From the media thread's events to those who are to know.

use std::panic::{AssertUnwindSafe, catch_unwind};

use sfu::Event;
use tokio::sync::mpsc;

use crate::app::App;
use crate::domain::voice;

/// Passes the events of the media thread on, in their order. One that cannot be passed on keeps none from it.
pub(crate) async fn pump(app: App, mut events: mpsc::Receiver<Event>) {
    while let Some(event) = events.recv().await {
        match catch_unwind(AssertUnwindSafe(|| voice::handle(&app, event))) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "an event of the media thread could not be passed on"),
            Err(_) => tracing::error!("an event of the media thread made the server panic"),
        }
    }
}
