//! Guilds and membership in them.

use serde::{Deserialize, Deserializer, Serialize};

use super::requests;
use crate::guild::{Guild, GuildSnapshot, Member};
use crate::id::{ChannelId, GuildId, UserId};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuildBody {
    pub name: String,
}

/// Fields that are absent stay as they are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GuildPatch {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Null: nobody is moved for want of a sign of life.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub afk_channel_id: Option<Option<ChannelId>>,
    /// One of [`crate::guild::AFK_TIMEOUTS_S`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub afk_timeout_s: Option<u32>,
}

/// What is there, also where it is null.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Fields that are absent stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MemberPatch {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_muted: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_deafened: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveBody {
    pub channel_id: ChannelId,
}

requests! {
    /// Makes a guild with a text channel `general` and a voice channel `General`, owned by the one who asks.
    CreateGuild(): SignedIn Post "/guilds", GuildBody => GuildSnapshot;
    UpdateGuild(guild_id: GuildId): SignedIn Patch "/guilds/{guild_id}", GuildPatch => Guild;
    /// Deletes a guild with its channels and messages. The owner only.
    DeleteGuild(guild_id: GuildId): SignedIn Delete "/guilds/{guild_id}", () => ();
    /// Leaves a guild. Its owner cannot.
    LeaveGuild(guild_id: GuildId): SignedIn Delete "/users/@me/guilds/{guild_id}", () => ();
    /// Silences and deafens a member in all voice channels, or lifts that, from the next packet on.
    UpdateMember(guild_id: GuildId, user_id: UserId): SignedIn Patch "/guilds/{guild_id}/members/{user_id}", MemberPatch => Member;
    /// Ends a member's seat at once and sends the client to another voice channel, also a full one.
    MoveMember(guild_id: GuildId, user_id: UserId): SignedIn Put "/guilds/{guild_id}/members/{user_id}/voice", MoveBody => ();
    /// Ends a member's seat at once.
    DisconnectMember(guild_id: GuildId, user_id: UserId): SignedIn Delete "/guilds/{guild_id}/members/{user_id}/voice", () => ();
    RemoveMember(guild_id: GuildId, user_id: UserId): SignedIn Delete "/guilds/{guild_id}/members/{user_id}", () => ();
}
