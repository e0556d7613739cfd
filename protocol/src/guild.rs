//! Guilds (what people call servers) and their members.

use serde::{Deserialize, Serialize};

use crate::account::{Presence, User};
use crate::channel::Channel;
use crate::id::{GuildId, UserId};
use crate::time::Timestamp;
use crate::voice::{Restraint, VoiceState};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guild {
    pub id: GuildId,
    pub name: String,
    pub owner_id: UserId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub user: User,
    pub joined_at: Timestamp,
    #[serde(flatten)]
    pub restraint: Restraint,
}

/// All of a guild that a client starts from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuildSnapshot {
    #[serde(flatten)]
    pub guild: Guild,
    /// Those that the user may view, ordered by position, then id.
    pub channels: Vec<Channel>,
    /// Ordered by id.
    pub members: Vec<Member>,
    /// Members who are not offline.
    pub presences: Vec<Presence>,
    /// Who is in which voice channel.
    pub voice_states: Vec<VoiceState>,
}
