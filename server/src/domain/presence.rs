//! Who is there.

use protocol::event::Event;
use protocol::id::UserId;

use crate::app::App;
use crate::error::Result;
use crate::hub::Audience;
use crate::store::guild;

/// Tells everyone who shares a guild with a user whether the user is there; to be called after each change of it. What
/// cannot be told is logged: the change stands.
pub(crate) async fn announce(app: &App, user: UserId) {
    if let Err(error) = tell_acquaintances(app, user).await {
        tracing::warn!(%error, "could not tell whether a user is there");
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
