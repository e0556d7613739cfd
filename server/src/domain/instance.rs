//! The instance, and how its first account is made.

use protocol::instance::Instance;
use protocol::limits::Limits;

use crate::app::App;
use crate::clock;
use crate::error::{Error, Result};
use crate::secret::{Secret, SecretHash};
use crate::store::{Tx, account, setting};

/// Name of the setting that holds `<hash of the set-up token> <when it expires>`.
const SETUP_TOKEN: &str = "setup_token";
const SETUP_LIFE_MS: i64 = 3_600_000;
pub(crate) const NAME: &str = "Hubbub";

pub(crate) async fn get(app: &App) -> Result<Instance> {
    let mut tx = app.store.read().await?;
    let needs_setup = !account::any(&mut tx).await?;
    Ok(Instance {
        name: NAME.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        needs_setup,
        limits: Limits::default(),
    })
}

/// A new set-up token where no account exists yet; earlier ones no longer work.
pub(crate) async fn prepare_setup(app: &App) -> Result<Option<Secret>> {
    let mut tx = app.store.write().await?;
    if account::any(&mut tx).await? {
        return Ok(None);
    }
    let token = Secret::token();
    let value = format!("{} {}", token.hash().as_str(), clock::now().0 + SETUP_LIFE_MS);
    setting::set(&mut tx, SETUP_TOKEN, &value).await?;
    drop(tx.commit().await?);
    Ok(Some(token))
}

/// Checks a set-up token without using it up.
pub(crate) async fn check_setup(tx: &mut Tx, token: &str) -> Result<()> {
    let value = setting::get(tx, SETUP_TOKEN).await?.ok_or(Error::SetupUnavailable)?;
    let (hash, expires_at) = value.split_once(' ').ok_or(Error::SetupUnavailable)?;
    let in_time = expires_at.parse().is_ok_and(|at: i64| clock::now().0 < at);
    if hash == SecretHash::of(token).as_str() && in_time { Ok(()) } else { Err(Error::SetupUnavailable) }
}

/// Uses the set-up token up; of several who race, one succeeds.
pub(crate) async fn take_setup(tx: &mut Tx, token: &str) -> Result<()> {
    check_setup(tx, token).await?;
    if setting::take(tx, SETUP_TOKEN).await? { Ok(()) } else { Err(Error::SetupUnavailable) }
}
