//! Why a request is refused, and how that is said over HTTP and in the gateway.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use protocol::error::{ErrorBody, ErrorCode};
use protocol::name::Invalid;

use crate::limiter::Wait;
use crate::store;
use crate::store::access::Denied;

/// What a caller can act on. Everything else is [`Error::Internal`], which is logged and not told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0}")]
    InvalidRequest(String),
    #[error("{field} {reason}")]
    InvalidField { field: &'static str, reason: String },
    #[error("sign in first")]
    Unauthorized,
    #[error("the user name or the password is wrong")]
    InvalidCredentials,
    #[error("you may not do this")]
    Forbidden,
    #[error("the request comes from another site")]
    ForeignOrigin,
    #[error("there is no such thing, or you cannot see it")]
    NotFound,
    #[error("the invite is unknown, used up or expired; ask for a new one")]
    InvalidInvite,
    #[error("there is no such method here")]
    MethodNotAllowed,
    #[error("the user name is taken; choose another")]
    UsernameTaken,
    #[error("the set-up link is wrong, used or expired; the server prints a new one when it starts")]
    SetupUnavailable,
    #[error("{0}")]
    Conflict(&'static str),
    #[error("{0}")]
    LimitReached(&'static str),
    #[error("the request is larger than {0} bytes")]
    TooLarge(usize),
    #[error("{0}")]
    InvalidOffer(String),
    #[error("too many attempts; wait a little")]
    RateLimited { retry_after_ms: u64 },
    #[error("the server is busy; try again in a moment")]
    Unavailable { retry_after_ms: u64 },
    #[error("something went wrong on the server")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn field(field: &'static str) -> impl FnOnce(Invalid) -> Self {
        move |invalid| Self::InvalidField { field, reason: invalid.to_string() }
    }

    pub(crate) fn internal(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(error.into())
    }

    fn code(&self) -> (StatusCode, ErrorCode) {
        match self {
            Self::InvalidRequest(_) => (StatusCode::BAD_REQUEST, ErrorCode::InvalidRequest),
            Self::InvalidField { .. } => (StatusCode::BAD_REQUEST, ErrorCode::InvalidField),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, ErrorCode::Unauthorized),
            Self::InvalidCredentials => (StatusCode::UNAUTHORIZED, ErrorCode::InvalidCredentials),
            Self::Forbidden => (StatusCode::FORBIDDEN, ErrorCode::Forbidden),
            Self::ForeignOrigin => (StatusCode::FORBIDDEN, ErrorCode::ForeignOrigin),
            Self::NotFound => (StatusCode::NOT_FOUND, ErrorCode::NotFound),
            Self::InvalidInvite => (StatusCode::NOT_FOUND, ErrorCode::InvalidInvite),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, ErrorCode::MethodNotAllowed),
            Self::UsernameTaken => (StatusCode::CONFLICT, ErrorCode::UsernameTaken),
            Self::SetupUnavailable => (StatusCode::CONFLICT, ErrorCode::SetupUnavailable),
            Self::Conflict(_) => (StatusCode::CONFLICT, ErrorCode::Conflict),
            Self::LimitReached(_) => (StatusCode::CONFLICT, ErrorCode::LimitReached),
            Self::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::TooLarge),
            Self::InvalidOffer(_) => (StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::InvalidOffer),
            Self::RateLimited { .. } => (StatusCode::TOO_MANY_REQUESTS, ErrorCode::RateLimited),
            Self::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Unavailable),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Internal),
        }
    }

    pub(crate) fn body(&self) -> ErrorBody {
        let field = if let Self::InvalidField { field, .. } = self { Some((*field).to_owned()) } else { None };
        let retry_after_ms = match self {
            Self::RateLimited { retry_after_ms } | Self::Unavailable { retry_after_ms } => Some(*retry_after_ms),
            Self::InvalidRequest(_)
            | Self::InvalidField { .. }
            | Self::Unauthorized
            | Self::InvalidCredentials
            | Self::Forbidden
            | Self::ForeignOrigin
            | Self::NotFound
            | Self::InvalidInvite
            | Self::MethodNotAllowed
            | Self::UsernameTaken
            | Self::SetupUnavailable
            | Self::Conflict(_)
            | Self::LimitReached(_)
            | Self::TooLarge(_)
            | Self::InvalidOffer(_)
            | Self::Internal(_) => None,
        };
        ErrorBody { code: self.code().1, message: self.to_string(), field, retry_after_ms }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        if error.is_outage() {
            tracing::error!(%error, "the database cannot do its work at the moment");
            return Self::Unavailable { retry_after_ms: 1_000 };
        }
        Self::internal(error)
    }
}

impl From<Wait> for Error {
    fn from(Wait(left): Wait) -> Self {
        Self::RateLimited { retry_after_ms: u64::try_from(left.as_millis()).unwrap_or(u64::MAX) }
    }
}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::NotFound => Self::NotFound,
            Denied::Forbidden => Self::Forbidden,
            Denied::Store(error) => error.into(),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        if let Self::Internal(source) = &self {
            tracing::error!(error = %source, "a request failed by the server's fault");
        }
        let body = self.body();
        let mut response = (self.code().0, Json(&body)).into_response();
        if let Some(ms) = body.retry_after_ms {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(ms.div_ceil(1_000)));
        }
        response
    }
}
