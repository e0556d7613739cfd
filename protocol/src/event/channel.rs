use serde::{Deserialize, Serialize};

use crate::id::{ChannelId, GuildId};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelDeleted {
    pub guild_id: GuildId,
    pub channel_id: ChannelId,
}
