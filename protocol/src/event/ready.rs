use serde::{Deserialize, Serialize};

use crate::account::CurrentUser;
use crate::channel::ReadState;
use crate::guild::GuildSnapshot;
use crate::id::SessionId;

/// All that a client needs to draw its first screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    pub user: CurrentUser,
    pub session_id: SessionId,
    /// A secret that resumes this gateway session for two minutes after its socket is lost.
    pub resume_token: String,
    /// Ordered by id.
    pub guilds: Vec<GuildSnapshot>,
    pub read_states: Vec<ReadState>,
}
