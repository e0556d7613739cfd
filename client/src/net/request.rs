//! The REST API.

use protocol::error::{ErrorBody, ErrorCode};
use protocol::request::{Method, PREFIX, Request};
use serde::Serialize;

use crate::platform;

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The server could not be reached.
    Offline,
    /// The server said no.
    Refused(ErrorBody),
    /// The server's answer makes no sense to this client.
    Unreadable,
}

impl Failure {
    /// The code of a refusal.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused(body) => Some(body.code),
            Self::Offline | Self::Unreadable => None,
        }
    }

    /// Whether the same request may well succeed later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Offline => true,
            Self::Refused(body) => {
                [ErrorCode::Unavailable, ErrorCode::RateLimited, ErrorCode::Internal].contains(&body.code)
            }
            Self::Unreadable => false,
        }
    }
}

/// Sends a request and reads its answer.
///
/// # Errors
/// Says whether the server was not reached, refused, or answered what this client cannot read.
pub async fn send<R: Request>(request: R) -> Result<R::Answer, Failure> {
    let (path, body) = parts(&request)?;
    let answer = platform::fetch(R::ROUTE.method.as_str(), &path, body)
        .await
        .map_err(|platform::Unreachable| Failure::Offline)?;
    read(answer.status, &answer.body)
}

/// The path with its query, and the JSON body.
fn parts<R: Request>(request: &R) -> Result<(String, Option<String>), Failure> {
    let path = format!("{PREFIX}{}", request.path());
    let json = serde_json::to_value(request.body()).map_err(|_| Failure::Unreadable)?;
    if json.is_null() {
        return Ok((path, None));
    }
    if R::ROUTE.method == Method::Get {
        return Ok((path + &query(&json), None));
    }
    Ok((path, Some(json.to_string())))
}

/// Ids, numbers and words only, none of which needs escaping.
fn query(json: &serde_json::Value) -> String {
    let fields = json.as_object().into_iter().flatten();
    let pairs = fields.filter(|(_, value)| !value.is_null()).map(|(name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        format!("{name}={text}")
    });
    let pairs: Vec<String> = pairs.collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

fn read<A: serde::de::DeserializeOwned + Serialize>(status: u16, body: &str) -> Result<A, Failure> {
    if (200..300).contains(&status) {
        let text = if body.is_empty() { "null" } else { body };
        return serde_json::from_str(text).map_err(|_| Failure::Unreadable);
    }
    match serde_json::from_str::<ErrorBody>(body) {
        Ok(refusal) => Err(Failure::Refused(refusal)),
        // A proxy that cannot reach the server answers for it.
        Err(_) if (502..=504).contains(&status) => Err(Failure::Offline),
        Err(_) => Err(Failure::Unreadable),
    }
}

#[cfg(test)]
mod tests {
    use protocol::id::{ChannelId, MessageId};
    use protocol::request::message::{GetHistory, HistoryQuery};
    use protocol::request::voice::LeaveVoice;

    use super::*;

    #[test]
    fn a_get_carries_its_body_as_a_query() {
        let body = HistoryQuery { before: Some(MessageId::try_from(7).unwrap()), after: None, limit: Some(50) };
        let request = GetHistory { channel_id: ChannelId::try_from(3).unwrap(), body };
        let (path, body) = parts(&request).unwrap();
        assert_eq!(path, "/api/v1/channels/3/messages?before=7&limit=50");
        assert_eq!(body, None);
    }

    #[test]
    fn a_request_without_a_body_sends_none() {
        let request = LeaveVoice { peer_id: protocol::id::PeerId::try_from(3).unwrap(), body: () };
        assert_eq!(parts(&request).unwrap(), ("/api/v1/voice/3".to_owned(), None));
    }

    #[test]
    fn an_empty_success_is_read_as_nothing() {
        assert_eq!(read::<()>(204, ""), Ok(()));
    }

    #[test]
    fn refusals_are_told_from_a_proxy_without_its_server() {
        let json = r#"{"code":"forbidden","message":"No."}"#;
        let Err(Failure::Refused(body)) = read::<()>(403, json) else { panic!("not read as a refusal") };
        assert_eq!(body.message, "No.");
        assert_eq!(read::<()>(502, "<html>"), Err(Failure::Offline));
        assert_eq!(read::<()>(404, "<html>"), Err(Failure::Unreadable));
    }
}
