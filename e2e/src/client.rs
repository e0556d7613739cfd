//! A client of the REST API.

use protocol::account::{CurrentUser, SignedIn};
use protocol::channel::{Channel, ChannelKind};
use protocol::error::{ErrorBody, ErrorCode};
use protocol::guild::GuildSnapshot;
use protocol::id::ChannelId;
use protocol::message::{Message, Nonce};
use protocol::request::gateway::CreateGatewayTicket;
use protocol::request::guild::{CreateGuild, GuildBody};
use protocol::request::invite::{AcceptInvite, CreateGuildInvite, InviteTerms};
use protocol::request::message::{NewMessage, SendMessage};
use protocol::request::{Method, PREFIX, Request};

use crate::gateway::Gateway;

/// A client, signed in or not.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    origin: String,
    token: Option<String>,
    user: Option<CurrentUser>,
}

/// A request that was not granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub status: u16,
    pub body: ErrorBody,
}

/// The status and the code of an answer that is a refusal.
///
/// # Panics
/// Where it is none.
pub fn refusal<T>(answer: Result<T, Refused>) -> (u16, ErrorCode) {
    let refused = answer.err().expect("a refusal");
    (refused.status, refused.body.code)
}

impl Client {
    #[must_use]
    pub fn new(origin: String) -> Self {
        Self { http: reqwest::Client::new(), origin, token: None, user: None }
    }

    /// Sends a request; panics where the answer is not of the protocol.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn call<R: Request>(&self, request: R) -> Result<R::Answer, Refused> {
        let method = match R::ROUTE.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Patch => reqwest::Method::PATCH,
            Method::Delete => reqwest::Method::DELETE,
        };
        let has_body = size_of::<R::Body>() > 0;
        let mut sent = self.http.request(method, format!("{}{PREFIX}{}", self.origin, request.path()));
        if let Some(token) = &self.token {
            sent = sent.bearer_auth(token);
        }
        sent = match R::ROUTE.method {
            Method::Get => sent.query(request.body()),
            Method::Post | Method::Put | Method::Patch | Method::Delete if has_body => sent.json(request.body()),
            Method::Post | Method::Put | Method::Patch | Method::Delete => sent,
        };
        let answer = sent.send().await.unwrap_or_else(|error| panic!("{}: {error}", R::ROUTE.name));
        let status = answer.status();
        let bytes = answer.bytes().await.expect("a whole answer");
        let bytes = if bytes.is_empty() { b"null".as_slice() } else { &bytes };
        if status.is_success() {
            return Ok(serde_json::from_slice(bytes).unwrap_or_else(|error| panic!("{}: {error}", R::ROUTE.name)));
        }
        let body = serde_json::from_slice(bytes)
            .unwrap_or_else(|error| panic!("{} was refused with {status} and no error body: {error}", R::ROUTE.name));
        Err(Refused { status: status.as_u16(), body })
    }

    /// The client that a request signs in.
    pub async fn signed_in<R: Request<Answer = SignedIn>>(&self, request: R) -> Self {
        let signed_in = self.call(request).await.expect("a session");
        Self { token: signed_in.token, user: Some(signed_in.user), ..self.clone() }
    }

    /// Who is signed in.
    #[must_use]
    pub fn user(&self) -> &CurrentUser {
        self.user.as_ref().expect("the client is signed in")
    }

    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The session's token.
    #[must_use]
    pub fn token(&self) -> &str {
        self.token.as_deref().expect("the client is signed in")
    }

    /// Opens the gateway.
    pub async fn gateway(&self) -> Gateway {
        let ticket = self.call(CreateGatewayTicket { body: () }).await.expect("a ticket");
        Gateway::identify(&self.origin, ticket.ticket).await
    }

    pub async fn create_guild(&self, name: &str) -> GuildSnapshot {
        self.call(CreateGuild { body: GuildBody { name: name.to_owned() } }).await.expect("a guild")
    }

    /// Makes another client's user a member of a guild.
    pub async fn invite(&self, guild: &GuildSnapshot, other: &Self) {
        let invite = CreateGuildInvite { guild_id: guild.guild.id, body: InviteTerms::default() };
        let code = self.call(invite).await.expect("an invite").code;
        other.call(AcceptInvite { code, body: () }).await.expect("a membership");
    }

    /// The same client at another origin: the server's, after a restart.
    #[must_use]
    pub fn at(&self, origin: &str) -> Self {
        Self { origin: origin.to_owned(), ..self.clone() }
    }

    /// Sends a message to a server that may die over it; none where it was not acknowledged.
    pub async fn try_send(&self, channel: ChannelId, nonce: &str, content: &str) -> Option<Message> {
        let url = format!("{}{PREFIX}/channels/{channel}/messages", self.origin);
        let body = NewMessage { nonce: Nonce(nonce.to_owned()), content: content.to_owned() };
        let token = self.token.as_deref().unwrap_or_default();
        let answer = self.http.post(url).bearer_auth(token).json(&body).send().await.ok()?;
        answer.error_for_status().ok()?.json().await.ok()
    }

    /// Sends a message.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn send(&self, channel: ChannelId, nonce: &str, content: &str) -> Result<Message, Refused> {
        let body = NewMessage { nonce: Nonce(nonce.to_owned()), content: content.to_owned() };
        self.call(SendMessage { channel_id: channel, body }).await
    }
}

/// The first channel of a kind.
#[must_use]
pub fn first_channel(guild: &GuildSnapshot, kind: ChannelKind) -> &Channel {
    guild.channels.iter().find(|channel| channel.kind == kind).expect("such a channel")
}
