//! What a client starts from.

use protocol::account::{CurrentUser, Presence, Status};
use protocol::event::Ready;
use protocol::guild::{Guild, GuildSnapshot};
use protocol::id::SessionId;

use crate::app::App;
use crate::error::Result;
use crate::secret::Secret;
use crate::store::{self, Tx, channel};

/// All that a user may see, as one state of the database.
pub(crate) async fn ready(app: &App, user: CurrentUser, session_id: SessionId, resume: Secret) -> Result<Ready> {
    let mut tx = app.store.read().await?;
    let mut guilds = Vec::new();
    for guild in store::guild::list_of_user(&mut tx, user.user.id).await? {
        guilds.push(snapshot(app, &mut tx, guild).await?);
    }
    let read_states = channel::read_states(&mut tx, user.user.id).await?;
    Ok(Ready { user, session_id, resume_token: resume.reveal(), guilds, read_states })
}

/// A guild as its members see it.
pub(crate) async fn snapshot(app: &App, tx: &mut Tx, guild: Guild) -> Result<GuildSnapshot> {
    let channels = channel::list(tx, guild.id).await?;
    let members = store::guild::members(tx, guild.id).await?;
    let stored = GuildSnapshot { guild, channels, members, presences: Vec::new(), voice_states: Vec::new() };
    Ok(with_current(app, stored))
}

/// A snapshot with what only memory holds as it stands at this moment.
pub(super) fn with_current(app: &App, snapshot: GuildSnapshot) -> GuildSnapshot {
    let online = app.hub.online_among(snapshot.members.iter().map(|member| &member.user.id));
    let presences = online.into_iter().map(|user_id| Presence { user_id, status: Status::Online }).collect();
    let voice_states = app.seats.of_guild(snapshot.guild.id);
    GuildSnapshot { presences, voice_states, ..snapshot }
}
