//! Requests that other sites' pages make in a user's browser are refused.

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::error::Error;

/// Refuses what a page of a foreign origin sends: whatever changes something, and the gateway's upgrade.
pub(super) async fn refuse_foreign(State(app): State<App>, request: Request, next: Next) -> Response {
    let harmless = request.method().is_safe() && request.uri().path() != "/gateway";
    if harmless || is_own(authority(&request), request.headers(), &app.origins) {
        next.run(request).await
    } else {
        Error::ForeignOrigin.into_response()
    }
}

/// Whom the request was sent to: HTTP/2 says so in the URI (RFC 9113 section 8.3.1), HTTP/1.1 in `Host`.
fn authority(request: &Request) -> Option<&str> {
    let named = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    request.uri().authority().map(Authority::as_str).or(named)
}

/// Whether the request's `Origin` (RFC 6454) is this server's own or an allowed one; programs that are no browser send none.
fn is_own(host: Option<&str>, headers: &HeaderMap, allowed: &[String]) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let authority = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    (authority.is_some() && authority == host) || allowed.iter().any(|one| one == origin)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(origin: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::ORIGIN, HeaderValue::from_static(origin))])
    }

    #[test]
    fn only_the_own_host_and_allowed_origins_pass() {
        let allowed = ["https://chat.example".to_owned()];
        assert!(is_own(Some("localhost:8080"), &headers("http://localhost:8080"), &allowed));
        assert!(is_own(Some("inner:8080"), &headers("https://chat.example"), &allowed));
        assert!(is_own(Some("localhost:8080"), &HeaderMap::new(), &allowed));
        for origin in ["https://evil.example", "null", "", "http://localhost:8080.evil.example", "http://localhost"] {
            assert!(!is_own(Some("localhost:8080"), &headers(origin), &allowed), "{origin:?} passed");
        }
    }
}
