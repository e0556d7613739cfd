//! Set-up, registration, signing in and out.

use serde::{Deserialize, Serialize};

use super::requests;
use crate::account::{CurrentUser, Session, SignedIn, Transport};
use crate::id::SessionId;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewAccount {
    pub username: String,
    pub password: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// What the session's list will show, for example `Firefox on Linux`.
    #[serde(default)]
    pub device: String,
    #[serde(default)]
    pub transport: Transport,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupBody {
    /// From the link that the server printed.
    pub token: String,
    #[serde(flatten)]
    pub account: NewAccount,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterBody {
    /// An invite to the instance or to a guild; a guild's invite also makes the account a member there.
    pub invite_code: String,
    #[serde(flatten)]
    pub account: NewAccount,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInBody {
    pub username: String,
    pub password: String,
    #[serde(default)]
    pub device: String,
    #[serde(default)]
    pub transport: Transport,
}

requests! {
    /// Makes the first account, an admin. Answers once.
    SetUp(): Anyone Post "/setup", SetupBody => SignedIn;
    /// Makes an account by an invite and signs it in.
    Register(): Anyone Post "/accounts", RegisterBody => SignedIn;
    SignIn(): Anyone Post "/sessions", SignInBody => SignedIn;
    /// Ends the session that asks.
    SignOut(): SignedIn Delete "/sessions/current", () => ();
    /// The account's sessions, the most recently used first.
    ListSessions(): SignedIn Get "/sessions", () => Vec<Session>;
    /// Ends a session of the account, and with it its gateway and media connections.
    RevokeSession(session_id: SessionId): SignedIn Delete "/sessions/{session_id}", () => ();
    GetCurrentUser(): SignedIn Get "/users/@me", () => CurrentUser;
}
