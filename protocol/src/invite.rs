//! Invites: to the instance, and to a guild.

use serde::{Deserialize, Serialize};

use crate::account::User;
use crate::id::{GuildId, InviteId};
use crate::time::Timestamp;

/// What the one who made an invite, and those who administer its guild, may know of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invite {
    pub id: InviteId,
    /// The guild that it leads to; none: only an account.
    pub guild_id: Option<GuildId>,
    pub inviter: User,
    /// None: without end.
    pub max_uses: Option<u32>,
    pub uses: u32,
    /// None: never.
    pub expires_at: Option<Timestamp>,
}

/// An invite on the day it is made, the only time its code is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewInvite {
    #[serde(flatten)]
    pub invite: Invite,
    /// 128 random bits, URL-safe base64; the link is `<origin>/invite/<code>`.
    pub code: String,
}

/// What anyone who holds a code may know before using it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitePreview {
    pub instance_name: String,
    pub guild: Option<GuildPreview>,
    pub inviter_name: String,
    pub expires_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuildPreview {
    pub id: GuildId,
    pub name: String,
    pub member_count: u32,
    pub online_count: u32,
}
