//! Users and their sessions.

use serde::{Deserialize, Serialize};

use crate::id::{SessionId, UserId};
use crate::time::Timestamp;

/// What everyone who shares a guild with a user may know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub id: UserId,
    /// Unique on the instance, lower case.
    pub username: String,
    /// What is shown; the user name where none was chosen.
    pub display_name: String,
}

/// What a user knows of their own account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurrentUser {
    #[serde(flatten)]
    pub user: User,
    /// May administer the instance.
    pub is_admin: bool,
}

/// Whether a user has a client connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Online,
    Offline,
    #[serde(other)]
    Unknown,
}

/// A user's status as others see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    pub user_id: UserId,
    pub status: Status,
}

/// One sign-in of one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub id: SessionId,
    /// The client as it named itself, for example `Firefox on Linux`.
    pub device: String,
    pub created_at: Timestamp,
    /// Exact to about a minute.
    pub last_used_at: Timestamp,
    /// The session that asks.
    pub is_current: bool,
}

/// A fresh session.
///
/// Browsers keep the token in an `HttpOnly` cookie and never read it; other clients send it as `Authorization: Bearer`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedIn {
    pub user: CurrentUser,
    pub session: Session,
    /// Given only to clients that asked with `"transport": "bearer"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// How a client will present its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// A cookie that scripts cannot read.
    #[default]
    Cookie,
    /// An `Authorization: Bearer` header.
    Bearer,
}
