//! Who is there.

use protocol::account::{Presence, Status};
use protocol::event::Event;
use protocol::id::UserId;

use crate::app::App;
use crate::error::Result;
use crate::hub::Audience;
use crate::store::guild;

/// Tells everyone who shares a guild with a user that they came or went.
pub(crate) async fn announce(app: &App, user: UserId, status: Status) -> Result<()> {
    let mut tx = app.store.read().await?;
    let audience = guild::acquaintance_ids(&mut tx, user).await?;
    drop(tx);
    app.hub.tell(&Audience::Users(&audience), &Event::PresenceUpdated(Presence { user_id: user, status }));
    Ok(())
}
