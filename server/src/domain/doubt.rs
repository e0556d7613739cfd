//! What follows on a commit of which nobody knows whether it happened: what it changed was told to nobody.

use super::voice;
use crate::app::App;

/// Ends what may not go on, and has all clients begin anew with a snapshot, if there was such a commit.
pub(crate) async fn clear(app: &App) {
    if !app.store.take_doubt() {
        return;
    }
    match voice::end_forbidden(app).await {
        Ok(()) => {
            tracing::warn!("a commit was lost sight of; all clients begin anew");
            app.hub.renew_all();
        }
        Err(error) => {
            tracing::debug!(%error, "who may sit in voice channels cannot be read yet");
            app.store.doubt();
        }
    }
}
