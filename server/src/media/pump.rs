//! From the media thread's events to those who are to know.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use sfu::Event;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::backlog::Backlog;
use crate::app::App;
use crate::domain::voice;
use crate::error::Error;

/// While the database does not answer, what needs it is tried again at this pace.
const RETRY: Duration = Duration::from_secs(1);

/// Passes the events of the media thread on, in their order. Those that the database keeps from being told wait until
/// it is back; slots and speakers, which need none, do not wait for them.
pub(crate) async fn pump(app: App, mut events: mpsc::Receiver<Event>) {
    let mut late = Backlog::default();
    let mut retry = Instant::now();
    loop {
        tokio::select! {
            event = events.recv() => {
                let Some(event) = event else { return };
                if late.awaits_presence(&event) {
                    late.push(event);
                } else if !is_told(&app, event.clone()).await {
                    late.push(event);
                    retry = Instant::now() + RETRY;
                }
            }
            () = sleep_until(retry), if !late.is_empty() => {
                let mut again = std::mem::take(&mut late);
                while let Some(event) = again.pop() {
                    if !is_told(&app, event.clone()).await {
                        late.push(event);
                    }
                }
                retry = Instant::now() + RETRY;
            }
        }
    }
}

/// Tells an event; `false` where it is worth another try.
async fn is_told(app: &App, event: Event) -> bool {
    match AssertUnwindSafe(voice::handle(app, event)).catch_unwind().await {
        Ok(Ok(())) => true,
        Ok(Err(Error::Unavailable { .. })) => false,
        Ok(Err(error)) => {
            tracing::warn!(%error, "an event of the media thread could not be passed on");
            true
        }
        Err(_) => {
            tracing::error!("an event of the media thread made the server panic");
            true
        }
    }
}
