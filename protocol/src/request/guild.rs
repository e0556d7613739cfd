//! Guilds and membership in them.

use serde::{Deserialize, Serialize};

use super::requests;
use crate::guild::{Guild, GuildSnapshot};
use crate::id::{GuildId, UserId};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuildBody {
    pub name: String,
}

requests! {
    /// Makes a guild with a text channel `general` and a voice channel `General`, owned by the one who asks.
    CreateGuild(): SignedIn Post "/guilds", GuildBody => GuildSnapshot;
    UpdateGuild(guild_id: GuildId): SignedIn Patch "/guilds/{guild_id}", GuildBody => Guild;
    /// Deletes a guild with its channels and messages. The owner only.
    DeleteGuild(guild_id: GuildId): SignedIn Delete "/guilds/{guild_id}", () => ();
    /// Leaves a guild. Its owner cannot.
    LeaveGuild(guild_id: GuildId): SignedIn Delete "/users/@me/guilds/{guild_id}", () => ();
    RemoveMember(guild_id: GuildId, user_id: UserId): SignedIn Delete "/guilds/{guild_id}/members/{user_id}", () => ();
}
