//! Signing in and out.

use std::net::IpAddr;
use std::sync::Arc;

use protocol::account::{CurrentUser, Session, SignedIn};
use protocol::id::SessionId;
use protocol::name;
use protocol::request::account::SignInBody;
use protocol::time::Timestamp;

use super::voice;
use crate::app::App;
use crate::clock;
use crate::error::{Error, Result};
use crate::secret::{Secret, SecretHash};
use crate::store::session::{LiveSession, NewSession};
use crate::store::{self, Tx};

/// Exactness of a session's last use: writing it on every request would cost more than it tells.
const TOUCH_EVERY_MS: i64 = 60_000;
const DEVICE_CHARS: usize = 64;

pub(crate) async fn sign_in(app: &App, from: IpAddr, body: SignInBody) -> Result<SignedIn> {
    refuse_after_failures(app, from)?;
    let mut tx = app.store.read().await?;
    let username = body.username.trim().to_lowercase();
    let found = match name::username(&username) {
        Ok(()) => store::account::find_by_username(&mut tx, &username).await?,
        Err(_) => None,
    };
    drop(tx);
    let (user, hash) = found.unzip();
    let is_right = app.passwords.verify(body.password, hash).await?;
    let Some(user) = user.filter(|_| is_right) else {
        app.failures.count(from, clock::now());
        return Err(Error::InvalidCredentials);
    };
    let mut tx = app.store.write().await?;
    let signed_in = start(app, &mut tx, user, &body.device).await?;
    drop(tx.commit().await?);
    Ok(signed_in)
}

/// Starts a session; the answer always carries the token, which the HTTP layer moves into a cookie where asked to.
pub(crate) async fn start(app: &App, tx: &mut Tx, user: CurrentUser, device: &str) -> Result<SignedIn> {
    let token = Secret::token();
    let now = clock::now();
    let id: SessionId = app.ids.next();
    let device: String = device.trim().chars().filter(|c| !c.is_control()).take(DEVICE_CHARS).collect();
    let device = if device.is_empty() { "Unknown device".to_owned() } else { device };
    let new = NewSession { id, user: user.user.id, token_hash: &token.hash(), device: &device, now };
    store::session::insert(tx, new).await?;
    let session = Session { id, device, created_at: id.created_at(), last_used_at: now, is_current: true };
    Ok(SignedIn { user, session, token: Some(token.reveal()) })
}

/// The session that a token proves.
pub(crate) async fn authenticate(app: &App, token: &str) -> Result<LiveSession> {
    let mut tx = app.store.read().await?;
    let found = store::session::find_by_token(&mut tx, &SecretHash::of(token)).await?;
    drop(tx);
    let session = found.ok_or(Error::Unauthorized)?;
    let now = clock::now();
    if now.0 - session.last_used_at.0 >= TOUCH_EVERY_MS {
        tokio::spawn(touch(Arc::clone(app), session.id, now));
    }
    Ok(session)
}

/// Notes a session's use, beside the request that shows it: reading goes on when nothing can be written.
async fn touch(app: App, session: SessionId, now: Timestamp) {
    let noted = async {
        let mut tx = app.store.write().await?;
        store::session::touch(&mut tx, session, now).await?;
        tx.commit().await.map(drop)
    };
    if let Err(error) = noted.await {
        tracing::warn!(%error, "a session's use could not be noted");
    }
}

pub(crate) async fn list(app: &App, session: &LiveSession) -> Result<Vec<Session>> {
    let mut tx = app.store.read().await?;
    Ok(store::session::list(&mut tx, session.user.user.id, session.id).await?)
}

/// Ends a session of the user, and its connections at once.
pub(crate) async fn revoke(app: &App, session: &LiveSession, ended: SessionId) -> Result<()> {
    let mut tx = app.store.write().await?;
    if !store::session::delete(&mut tx, session.user.user.id, ended).await? {
        return Err(Error::NotFound);
    }
    drop(tx.commit().await?);
    voice::end_of_session(app, ended).await;
    app.hub.end_session(ended);
    Ok(())
}

pub(crate) async fn is_live(app: &App, session: SessionId) -> Result<bool> {
    let mut tx = app.store.read().await?;
    Ok(store::session::is_live(&mut tx, session).await?)
}

/// Refuses an address that has failed too often.
pub(crate) fn refuse_after_failures(app: &App, from: IpAddr) -> Result<()> {
    app.failures.check(&from, clock::now()).map_err(|retry_after_ms| Error::RateLimited { retry_after_ms })
}
