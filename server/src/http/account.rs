use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{AppendHeaders, IntoResponse};
use protocol::account::{CurrentUser, Session, SignedIn as Answered, Transport};
use protocol::id::SessionId;
use protocol::limits;
use protocol::request::account::{
    GetCurrentUser, ListSessions, Register, RegisterBody, RevokeSession, SetUp, SetupBody, SignIn, SignInBody, SignOut,
};
use protocol::request::gateway::{CreateGatewayTicket, GatewayTicket};

use super::Api;
use super::extract::{Answer, At, Body, COOKIE, CookieToken, Done, From, SignedIn};
use crate::app::App;
use crate::domain::{account, session};
use crate::error::{Error, Result};

pub(super) fn routes(api: Api) -> Api {
    api.on::<SetUp, _>(set_up)
        .on::<Register, _>(register)
        .on::<SignIn, _>(sign_in)
        .on::<SignOut, _>(sign_out)
        .on::<ListSessions, _>(list_sessions)
        .on::<RevokeSession, _>(revoke_session)
        .on::<GetCurrentUser, _>(current_user)
        .on::<CreateGatewayTicket, _>(create_gateway_ticket)
}

async fn set_up(State(app): State<App>, From(from): From, Body(body): Body<SetupBody>) -> Result<impl IntoResponse> {
    let transport = body.account.transport;
    hand_out(account::set_up(&app, from, body).await?, transport)
}

async fn register(
    State(app): State<App>,
    From(from): From,
    Body(body): Body<RegisterBody>,
) -> Result<impl IntoResponse> {
    let transport = body.account.transport;
    hand_out(account::register(&app, from, body).await?, transport)
}

async fn sign_in(State(app): State<App>, From(from): From, Body(body): Body<SignInBody>) -> Result<impl IntoResponse> {
    let transport = body.transport;
    hand_out(session::sign_in(&app, from, body).await?, transport)
}

/// Gives the token in the way that the client asked for.
fn hand_out(mut signed_in: Answered, transport: Transport) -> Result<impl IntoResponse> {
    let mut headers = HeaderMap::new();
    if transport == Transport::Cookie
        && let Some(token) = signed_in.token.take()
    {
        headers.insert(header::SET_COOKIE, cookie(&token, limits::SESSION_IDLE_S)?);
    }
    Ok((headers, Answer(signed_in)))
}

fn cookie(token: &str, life_s: u32) -> Result<HeaderValue> {
    let text = format!("{COOKIE}={token}; Path=/; Max-Age={life_s}; Secure; HttpOnly; SameSite=Lax");
    HeaderValue::from_str(&text).map_err(Error::internal)
}

async fn sign_out(State(app): State<App>, SignedIn(session): SignedIn) -> Result<impl IntoResponse> {
    session::revoke(&app, &session, session.id).await?;
    Ok((AppendHeaders([(header::SET_COOKIE, cookie("", 0)?)]), Done))
}

async fn list_sessions(State(app): State<App>, SignedIn(session): SignedIn) -> Result<Answer<Vec<Session>>> {
    session::list(&app, &session).await.map(Answer)
}

async fn revoke_session(State(app): State<App>, SignedIn(session): SignedIn, At(ended): At<SessionId>) -> Result<Done> {
    session::revoke(&app, &session, ended).await?;
    Ok(Done)
}

async fn current_user(SignedIn(session): SignedIn) -> Answer<CurrentUser> {
    Answer(session.user)
}

/// The first thing that every start of a client asks for: a browser keeps its cookie for as long again.
async fn create_gateway_ticket(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    CookieToken(token): CookieToken,
) -> Result<impl IntoResponse> {
    let ticket = session::gateway_ticket(&app, session)?;
    let renewed = token.map(|token| cookie(&token, limits::SESSION_IDLE_S)).transpose()?;
    let headers: HeaderMap = renewed.into_iter().map(|cookie| (header::SET_COOKIE, cookie)).collect();
    Ok((headers, Answer(GatewayTicket { ticket: ticket.reveal() })))
}
