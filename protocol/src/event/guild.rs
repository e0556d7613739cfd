use serde::{Deserialize, Serialize};

use crate::guild::Member;
use crate::id::{GuildId, UserId};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuildDeleted {
    pub guild_id: GuildId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberAdded {
    pub guild_id: GuildId,
    pub member: Member,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberUpdated {
    pub guild_id: GuildId,
    pub member: Member,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberRemoved {
    pub guild_id: GuildId,
    pub user_id: UserId,
}
