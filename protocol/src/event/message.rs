use serde::{Deserialize, Serialize};

use crate::id::{ChannelId, MessageId, UserId};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageDeleted {
    pub channel_id: ChannelId,
    pub message_id: MessageId,
}

/// Somebody types; show it for eight seconds or until their message comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypingStarted {
    pub channel_id: ChannelId,
    pub user_id: UserId,
}
