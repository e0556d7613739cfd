//! Presence and seats that could not be told when they changed.

use super::{presence, voice};
use crate::app::App;

/// Tells of them, until that fails again.
pub(crate) async fn tell(app: App) {
    while let Some(user) = app.untold.next_presence() {
        if !presence::tell(&app, user).await {
            return;
        }
    }
    while let Some(seat) = app.untold.next_seat() {
        if !voice::tell_seat(&app, &seat).await {
            return;
        }
    }
}
