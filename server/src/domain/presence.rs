//! Who is there.

use std::sync::Arc;

use protocol::event::Event;
use protocol::id::UserId;

use crate::app::App;
use crate::error::Result;
use crate::hub::Audience;
use crate::store::guild;

/// Has everyone who shares a guild with a user told whether the user is there; to be called after each change of it.
pub(crate) fn announce(app: &App, user: UserId) {
    let app = Arc::clone(app);
    tokio::spawn(async move { tell(&app, user).await });
}

/// Tells whether a user is there; if that fails, it is noted for later, and the answer is false.
pub(super) async fn tell(app: &App, user: UserId) -> bool {
    match tell_acquaintances(app, user).await {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(%error, "could not tell yet whether a user is there");
            app.untold.add_presence(user);
            false
        }
    }
}

async fn tell_acquaintances(app: &App, user: UserId) -> Result<()> {
    loop {
        let epoch = app.hub.epoch();
        let mut tx = app.store.read().await?;
        let audience = guild::acquaintance_ids(&mut tx, user).await?;
        drop(tx);
        let event = || Event::PresenceUpdated(app.hub.presence(user));
        if app.hub.tell_current(epoch, &Audience::Users(&audience), event).is_ok() {
            return Ok(());
        }
    }
}
