//! Channels.

use serde::{Deserialize, Serialize};

use super::requests;
use crate::channel::{Channel, ChannelKind, ReadState};
use crate::id::{ChannelId, GuildId, MessageId};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewChannel {
    pub kind: ChannelKind,
    pub name: String,
    #[serde(default)]
    pub parent_id: Option<ChannelId>,
}

/// Fields that are absent stay as they are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ChannelPatch {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// Of a voice channel: 0 (no limit) to [`crate::limits::USER_LIMIT`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_limit: Option<u32>,
    /// Of a voice channel, in bit/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bitrate: Option<u32>,
}

/// Where one channel stands after a reorder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelPlace {
    pub id: ChannelId,
    pub parent_id: Option<ChannelId>,
    pub position: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadBody {
    pub last_read_id: MessageId,
}

requests! {
    CreateChannel(guild_id: GuildId): SignedIn Post "/guilds/{guild_id}/channels", NewChannel => Channel;
    /// Moves the named channels; the others stay where they are.
    ReorderChannels(guild_id: GuildId): SignedIn Patch "/guilds/{guild_id}/channels", Vec<ChannelPlace> => Vec<Channel>;
    UpdateChannel(channel_id: ChannelId): SignedIn Patch "/channels/{channel_id}", ChannelPatch => Channel;
    /// Deletes a channel with its messages. What a category held moves to the top level.
    DeleteChannel(channel_id: ChannelId): SignedIn Delete "/channels/{channel_id}", () => ();
    /// Marks a channel as read up to a message; never backwards.
    MarkRead(channel_id: ChannelId): SignedIn Put "/channels/{channel_id}/read", ReadBody => ReadState;
    /// Tells the others that the user types; at most once in three seconds is passed on.
    StartTyping(channel_id: ChannelId): SignedIn Post "/channels/{channel_id}/typing", () => ();
}
