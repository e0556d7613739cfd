//! Signing in and out.

use std::net::IpAddr;
use std::sync::Arc;

use protocol::account::{CurrentUser, Session, SignedIn};
use protocol::id::SessionId;
use protocol::request::account::SignInBody;
use protocol::time::Timestamp;
use protocol::{limits, name};

use super::voice;
use crate::address;
use crate::app::App;
use crate::clock;
use crate::error::{Error, Result};
use crate::secret::{Secret, SecretHash};
pub(crate) use crate::store::session::LiveSession;
use crate::store::session::NewSession;
use crate::store::{self, Tx};

/// Exactness of a session's last use: writing it on every request would cost more than it tells.
const TOUCH_EVERY_MS: i64 = 60_000;

pub(crate) async fn sign_in(app: &App, from: IpAddr, body: SignInBody) -> Result<SignedIn> {
    let username = body.username.trim().to_lowercase();
    if name::username(&username).is_err() {
        return Err(Error::InvalidCredentials);
    }
    let mut tx = app.store.read().await?;
    let found = store::account::find_by_username(&mut tx, &username).await?;
    drop(tx);
    // Counted before the password is checked, so that guesses at once do not all come through.
    let attempt = (address::network(from), username);
    app.wrong_passwords.admit(attempt.0, clock::instant())?;
    if let Err(refused) = app.sign_ins.admit(attempt.clone(), clock::instant()) {
        app.wrong_passwords.forgive(&attempt.0);
        return Err(refused.into());
    }
    let (user, hash) = found.unzip();
    let verified = app.passwords.verify(body.password, hash).await;
    if !matches!(verified, Ok(false)) {
        app.wrong_passwords.forgive(&attempt.0);
        app.sign_ins.forgive(&attempt);
    }
    let is_right = verified?;
    let user = user.filter(|_| is_right).ok_or(Error::InvalidCredentials)?;
    let mut tx = app.store.write().await?;
    let signed_in = start(app, &mut tx, user, &body.device).await?;
    let ended =
        store::session::delete_beyond(&mut tx, signed_in.user.user.id, (limits::SESSIONS_PER_USER, oldest_use()))
            .await?;
    drop(tx.commit().await?);
    for session in ended {
        end_connections(app, session).await;
    }
    Ok(signed_in)
}

/// Starts a session; the answer always carries the token, which the HTTP layer moves into a cookie where asked to.
pub(crate) async fn start(app: &App, tx: &mut Tx, user: CurrentUser, device: &str) -> Result<SignedIn> {
    let token = Secret::token();
    let now = clock::now();
    let id: SessionId = app.ids.next();
    let device: String = device.trim().chars().filter(|c| !c.is_control()).take(limits::DEVICE_CHARS).collect();
    let device = if device.is_empty() { "Unknown device".to_owned() } else { device };
    let new = NewSession { id, user: user.user.id, token_hash: &token.hash(), device: &device, now };
    store::session::insert(tx, new).await?;
    let session = Session { id, device, created_at: id.created_at(), last_used_at: now, is_current: true };
    Ok(SignedIn { user, session, token: Some(token.reveal()) })
}

/// The session that a token proves.
pub(crate) async fn authenticate(app: &App, token: &str) -> Result<LiveSession> {
    let mut tx = app.store.read().await?;
    let found = store::session::find_by_token(&mut tx, &SecretHash::of(token), oldest_use()).await?;
    drop(tx);
    let session = found.ok_or(Error::Unauthorized)?;
    if clock::now().0 - session.last_used_at.0 >= TOUCH_EVERY_MS {
        note_use(app, session.id);
    }
    Ok(session)
}

/// A session that was last used before has ended.
fn oldest_use() -> Timestamp {
    Timestamp(clock::now().0 - i64::from(limits::SESSION_IDLE_S) * 1_000)
}

/// Notes a session's use, beside what shows it: reading goes on when nothing can be written.
pub(crate) fn note_use(app: &App, session: SessionId) {
    tokio::spawn(touch(Arc::clone(app), session, clock::now()));
}

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
    Ok(store::session::list(&mut tx, session.user.user.id, (session.id, oldest_use())).await?)
}

/// Ends a session of the user, and its connections at once.
pub(crate) async fn revoke(app: &App, session: &LiveSession, ended: SessionId) -> Result<()> {
    let mut tx = app.store.write().await?;
    if !store::session::delete(&mut tx, session.user.user.id, ended).await? {
        return Err(Error::NotFound);
    }
    drop(tx.commit().await?);
    end_connections(app, ended).await;
    Ok(())
}

/// Ends what a session that is gone had open.
async fn end_connections(app: &App, session: SessionId) {
    app.hub.end_session(session);
    voice::end_of_session(app, session).await;
}

pub(crate) async fn is_live(app: &App, session: SessionId) -> Result<bool> {
    let mut tx = app.store.read().await?;
    Ok(store::session::is_live(&mut tx, session).await?)
}

/// A ticket with which a client of the session opens the gateway.
pub(crate) fn gateway_ticket(app: &App, session: LiveSession) -> Result<Secret> {
    app.gateway_tickets.admit(session.id, clock::instant())?;
    Ok(app.tickets.issue(session, clock::now()))
}

/// Refuses a network from which too many codes were wrong.
pub(super) fn refuse_guesses(app: &App, from: IpAddr) -> Result<()> {
    Ok(app.wrong_codes.check(&address::network(from), clock::instant())?)
}

/// Notes that a code was wrong.
pub(super) fn count_guess(app: &App, from: IpAddr) {
    app.wrong_codes.count(address::network(from), clock::instant());
}
