//! Making accounts.

use std::net::IpAddr;

use protocol::account::{CurrentUser, SignedIn, User};
use protocol::id::UserId;
use protocol::name;
use protocol::request::account::{NewAccount, RegisterBody, SetupBody};

use super::{guild, instance, session};
use crate::app::App;
use crate::clock;
use crate::error::{Error, Result};
use crate::secret::SecretHash;
use crate::store::account::NewUser;
use crate::store::{self, Tx};

/// Makes the first account, an admin.
pub(crate) async fn set_up(app: &App, from: IpAddr, body: SetupBody) -> Result<SignedIn> {
    let SetupBody { token, account } = body;
    session::refuse_guesses(app, from)?;
    let valid = Valid::check(&account)?;
    let mut tx = app.store.read().await?;
    if let Err(error) = instance::check_setup(&mut tx, &token).await {
        if matches!(error, Error::SetupUnavailable) {
            session::count_guess(app, from);
        }
        return Err(error);
    }
    drop(tx);
    let hash = app.passwords.hash(account.password.clone()).await?;
    let mut tx = app.store.write().await?;
    instance::take_setup(&mut tx, &token).await?;
    let user = insert(app, &mut tx, &valid, (&hash, true)).await?;
    let signed_in = session::start(app, &mut tx, user, &account.device).await?;
    drop(tx.commit().await?);
    Ok(signed_in)
}

/// Makes an account by an invite, and a member where the invite leads to a guild.
pub(crate) async fn register(app: &App, from: IpAddr, body: RegisterBody) -> Result<SignedIn> {
    let RegisterBody { invite_code, account } = body;
    session::refuse_guesses(app, from)?;
    let valid = Valid::check(&account)?;
    let code = SecretHash::of(&invite_code);
    let mut tx = app.store.read().await?;
    let Some(invite) = store::invite::find_usable(&mut tx, &code, clock::now()).await? else {
        session::count_guess(app, from);
        return Err(Error::InvalidInvite);
    };
    if store::account::find_by_username(&mut tx, valid.username).await?.is_some() {
        return Err(Error::UsernameTaken);
    }
    drop(tx);
    let hash = app.passwords.hash(account.password.clone()).await?;
    let mut tx = app.store.write().await?;
    if let Some(guild) = invite.guild_id {
        store::guild::hold(&mut tx, guild).await?;
    }
    store::invite::take_use(&mut tx, &code, clock::now()).await?.ok_or(Error::InvalidInvite)?;
    let user = insert(app, &mut tx, &valid, (&hash, false)).await?;
    let admission = match invite.guild_id {
        Some(guild) => guild::admit(app, &mut tx, guild, &user.user).await?,
        None => None,
    };
    let signed_in = session::start(app, &mut tx, user, &account.device).await?;
    let committed = tx.commit().await?;
    if let Some(admission) = admission {
        admission.publish(app, committed);
    }
    Ok(signed_in)
}

struct Valid<'a> {
    username: &'a str,
    display_name: &'a str,
}

impl<'a> Valid<'a> {
    fn check(account: &'a NewAccount) -> Result<Self> {
        let username = account.username.as_str();
        name::username(username).map_err(Error::field("username"))?;
        name::password(&account.password).map_err(Error::field("password"))?;
        let display_name = match &account.display_name {
            Some(text) if !text.trim().is_empty() => name::title(text).map_err(Error::field("display_name"))?,
            Some(_) | None => username,
        };
        Ok(Self { username, display_name })
    }
}

async fn insert(
    app: &App,
    tx: &mut Tx,
    valid: &Valid<'_>,
    (password_hash, is_admin): (&str, bool),
) -> Result<CurrentUser> {
    let id: UserId = app.ids.next();
    let Valid { username, display_name } = *valid;
    let new = NewUser { id, username, display_name, password_hash, is_admin };
    match store::account::insert(tx, new).await {
        Ok(()) => {}
        Err(error) if error.is_unique_violation() => return Err(Error::UsernameTaken),
        Err(error) => return Err(error.into()),
    }
    let user = User { id, username: username.to_owned(), display_name: display_name.to_owned() };
    Ok(CurrentUser { user, is_admin })
}
