//! The one shape of a refusal.

use serde::{Deserialize, Serialize};

/// What a client can act on. Each code has one HTTP status, which `PROTOCOL.md` lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// 400: the body, the path or the query is not what the request takes.
    InvalidRequest,
    /// 400: a field's value breaks a rule; `field` names it.
    InvalidField,
    /// 401: no session, or one that has ended.
    Unauthorized,
    /// 401: the user name or the password is wrong.
    InvalidCredentials,
    /// 403: the session's user may not do this.
    Forbidden,
    /// 403: the request came from another site.
    ForeignOrigin,
    /// 404: there is no such thing, or none that the user may see.
    NotFound,
    /// 404: the invite is unknown, expired, used up or revoked.
    InvalidInvite,
    /// 405: the path exists, the method does not.
    MethodNotAllowed,
    /// 409: the user name is taken.
    UsernameTaken,
    /// 409: set-up is over, or its link is wrong or expired.
    SetupUnavailable,
    /// 409: the thing changed in the meantime or is in a state that excludes this.
    Conflict,
    /// 409: a limit on counts is reached.
    LimitReached,
    /// 413: the body is larger than allowed.
    TooLarge,
    /// 422: the SDP offer cannot be answered.
    InvalidOffer,
    /// 429: too many requests; wait for `retry_after_ms`.
    RateLimited,
    /// 500: the server's fault; it is logged there.
    Internal,
    /// 503: busy or shutting down; wait for `retry_after_ms`.
    Unavailable,
    /// A code that this build does not know.
    #[serde(other)]
    Unknown,
}

/// The body of every answer that is not a success, and of the gateway's `error` frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct ErrorBody {
    pub code: ErrorCode,
    /// One English sentence that says what is wrong and, where there is one, the cure.
    pub message: String,
    /// The field of the request that is at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// How long to wait before trying again, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}
