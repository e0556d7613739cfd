//! Messages.

use serde::{Deserialize, Serialize};

use super::requests;
use crate::id::{ChannelId, MessageId};
use crate::message::{History, Message, Nonce};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewMessage {
    pub nonce: Nonce,
    pub content: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageEdit {
    pub content: String,
}

/// Which page: the newest, or the one next to a message. `before` and `after` exclude each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HistoryQuery {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<MessageId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<MessageId>,
    /// 1 to 100; 50 where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u8>,
}

requests! {
    /// Sends a message. Sending again under the same nonce answers with the message that was made the first time.
    SendMessage(channel_id: ChannelId): SignedIn Post "/channels/{channel_id}/messages", NewMessage => Message;
    GetHistory(channel_id: ChannelId): SignedIn Get "/channels/{channel_id}/messages", HistoryQuery => History;
    /// Changes the text of a message of one's own.
    EditMessage(channel_id: ChannelId, message_id: MessageId): SignedIn Patch "/channels/{channel_id}/messages/{message_id}", MessageEdit => Message;
    DeleteMessage(channel_id: ChannelId, message_id: MessageId): SignedIn Delete "/channels/{channel_id}/messages/{message_id}", () => ();
}
