//! Channels of a guild.

use serde::{Deserialize, Serialize};

use crate::id::{ChannelId, GuildId, MessageId};
use crate::limits;

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
    #[serde(flatten)]
    pub room: RoomSettings,
}

/// What the room of a voice channel is like. Other channels have the defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RoomSettings {
    /// How many users may sit there; 0: as many as the limits allow.
    pub user_limit: u32,
    /// Of each microphone, in bit/s.
    pub bitrate: u32,
}

impl Default for RoomSettings {
    fn default() -> Self {
        Self { user_limit: 0, bitrate: limits::DEFAULT_BITRATE }
    }
}

impl RoomSettings {
    /// Whether one more user may sit where `seated` do.
    #[must_use]
    pub fn has_place(self, seated: usize) -> bool {
        self.user_limit == 0 || u32::try_from(seated).is_ok_and(|seated| seated < self.user_limit)
    }

    /// Whether microphones send music: in stereo, and without pauses.
    #[must_use]
    pub fn is_music(self) -> bool {
        self.bitrate >= limits::MUSIC_BITRATE
    }
}

/// How far a user has read a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadState {
    pub channel_id: ChannelId,
    pub last_read_id: MessageId,
}
