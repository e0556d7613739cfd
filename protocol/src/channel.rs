//! Channels of a guild.

use serde::{Deserialize, Serialize};

use crate::id::{ChannelId, GuildId, MessageId};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    Text,
    /// Has a room to talk in, and its own text chat.
    Voice,
    /// Groups other channels; holds nothing itself.
    Category,
    #[serde(other)]
    Unknown,
}

impl ChannelKind {
    /// Whether messages can be sent to such a channel.
    #[must_use]
    pub fn has_messages(self) -> bool {
        match self {
            Self::Text | Self::Voice => true,
            Self::Category | Self::Unknown => false,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    pub id: ChannelId,
    pub guild_id: GuildId,
    pub kind: ChannelKind,
    pub name: String,
    /// Empty where none is set.
    pub topic: String,
    /// The category it stands in.
    pub parent_id: Option<ChannelId>,
    /// Order among siblings, ascending; equal positions are ordered by id.
    pub position: u32,
    /// The newest message that was sent, also when it was deleted since.
    pub last_message_id: Option<MessageId>,
}

/// How far a user has read a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadState {
    pub channel_id: ChannelId,
    pub last_read_id: MessageId,
}
