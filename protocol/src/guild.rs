//! Guilds (what people call servers) and their members.

use serde::{Deserialize, Serialize};

use crate::account::{Presence, User};
use crate::channel::Channel;
use crate::id::{ChannelId, GuildId, UserId};
use crate::time::Timestamp;
use crate::voice::{Restraint, VoiceState};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guild {
    pub id: GuildId,
    pub name: String,
    pub owner_id: UserId,
    #[serde(flatten)]
    pub afk: Afk,
}

/// Where those go who do nothing in a voice channel for long. There nobody speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Afk {
    /// None: nobody goes anywhere.
    pub afk_channel_id: Option<ChannelId>,
    /// Seconds in which one neither speaks nor sends a picture; one of [`AFK_TIMEOUTS_S`].
    pub afk_timeout_s: u32,
}

/// What [`Afk::afk_timeout_s`] can be.
pub const AFK_TIMEOUTS_S: [u32; 5] = [60, 300, 900, 1_800, 3_600];

impl Default for Afk {
    fn default() -> Self {
        Self { afk_channel_id: None, afk_timeout_s: AFK_TIMEOUTS_S[1] }
    }
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
