//! Messages.

use serde::{Deserialize, Serialize};

use crate::account::User;
use crate::id::{ChannelId, MessageId};
use crate::limits;
use crate::time::Timestamp;

/// A client's own name for a message that it sends, so that a retry is harmless: 1 to 36 of `A-Z a-z 0-9 -`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Nonce(pub String);

impl Nonce {
    #[must_use]
    pub fn is_valid(&self) -> bool {
        (1..=limits::NONCE_CHARS).contains(&self.0.len())
            && self.0.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Ascending in the order in which the channel's messages were accepted; also tells when.
    pub id: MessageId,
    pub channel_id: ChannelId,
    pub author: User,
    /// Markdown, as it was typed.
    pub content: String,
    pub edited_at: Option<Timestamp>,
    /// The author's client's nonce; only the author sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<Nonce>,
}

/// A page of history, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    pub messages: Vec<Message>,
    /// There are older messages than the first.
    pub has_before: bool,
    /// There are newer messages than the last.
    pub has_after: bool,
}
