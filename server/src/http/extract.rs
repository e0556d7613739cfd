//! What handlers take from a request.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ipnet::IpNet;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::domain::session::{self, LiveSession};
use crate::error::{Error, Result};

/// The cookie that carries a browser's session token; the prefix binds it to this host and to secure origins.
pub(super) const COOKIE: &str = "__Host-hubbub";

/// The session of a caller who is signed in.
pub(super) struct SignedIn(pub(super) LiveSession);

impl FromRequestParts<App> for SignedIn {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let token = bearer(parts).or_else(|| cookie(parts)).ok_or(Error::Unauthorized)?;
        session::authenticate(app, token).await.map(Self)
    }
}

fn bearer(parts: &Parts) -> Option<&str> {
    parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// The token of a caller who proves the session by the cookie.
pub(super) struct CookieToken(pub(super) Option<String>);

impl FromRequestParts<App> for CookieToken {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> std::result::Result<Self, Infallible> {
        Ok(Self(cookie(parts).filter(|_| bearer(parts).is_none()).map(str::to_owned)))
    }
}

fn cookie(parts: &Parts) -> Option<&str> {
    let cookies = parts.headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|value| value.split(';')).find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

/// The address that a request came from.
pub(super) struct From(pub(super) IpAddr);

/// Whether a proxy says that it passes a request on.
pub(super) fn is_forwarded(headers: &HeaderMap) -> bool {
    headers.contains_key(FORWARDED_FOR) || headers.contains_key(header::FORWARDED)
}

impl FromRequestParts<App> for From {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let ConnectInfo(address) =
            ConnectInfo::<SocketAddr>::from_request_parts(parts, app).await.map_err(Error::internal)?;
        let forwarded = parts.headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
        Ok(Self(client(address.ip(), forwarded.flat_map(|value| value.split(',')), &app.trusted_proxies)))
    }
}

/// Each proxy adds whom it was asked by to this.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The last address on the way that is not one of our proxies: whoever stands before it could have made it up.
fn client<'a>(peer: IpAddr, forwarded: impl Iterator<Item = &'a str>, proxies: &[IpNet]) -> IpAddr {
    let is_proxy = |address: IpAddr| proxies.iter().any(|net| net.contains(&address));
    let mut address = peer.to_canonical();
    let way: Vec<_> = forwarded.collect();
    for step in way.into_iter().rev() {
        match step.trim().parse::<IpAddr>() {
            Ok(before) if is_proxy(address) => address = before.to_canonical(),
            Ok(_) | Err(_) => break,
        }
    }
    address
}

/// A JSON body.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self> {
        match Json::<T>::from_request(request, app).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(rejection) => Err(Error::InvalidRequest(rejection.body_text())),
        }
    }
}

/// The path's parameters.
pub(super) struct At<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for At<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let found: std::result::Result<Path<T>, PathRejection> = Path::from_request_parts(parts, app).await;
        match found {
            Ok(Path(parameters)) => Ok(Self(parameters)),
            Err(_) => Err(Error::NotFound),
        }
    }
}

/// The query string.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Asked<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let found: std::result::Result<Query<T>, QueryRejection> = Query::from_request_parts(parts, app).await;
        match found {
            Ok(Query(query)) => Ok(Self(query)),
            Err(rejection) => Err(Error::InvalidRequest(rejection.body_text())),
        }
    }
}

/// A success with a JSON body.
pub(super) struct Answer<T>(pub(super) T);

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        ([(header::CACHE_CONTROL, "no-store")], Json(self.0)).into_response()
    }
}

/// A success without a body.
pub(super) struct Done;

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forwarded_address_counts_only_as_far_as_our_own_proxies_say_it() {
        let proxies = ["127.0.0.1/32".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
        let client = |peer: &str, way: &str| client(peer.parse().unwrap(), way.split(','), &proxies).to_string();
        assert_eq!(client("203.0.113.7", "198.51.100.1"), "203.0.113.7", "no proxy of ours");
        assert_eq!(client("127.0.0.1", "198.51.100.1"), "198.51.100.1");
        assert_eq!(client("127.0.0.1", "1.1.1.1, 198.51.100.1, 10.0.0.2"), "198.51.100.1", "1.1.1.1 is made up");
        assert_eq!(client("::ffff:127.0.0.1", "2001:db8::1"), "2001:db8::1");
        assert_eq!(client("127.0.0.1", "unknown"), "127.0.0.1");
        assert_eq!(client("127.0.0.1", ""), "127.0.0.1");
    }
}
