//! Invites.

use std::net::IpAddr;

use protocol::account::CurrentUser;
use protocol::guild::GuildSnapshot;
use protocol::id::{GuildId, InviteId, UserId};
use protocol::invite::{GuildPreview, Invite, InvitePreview, NewInvite};
use protocol::limits;
use protocol::permission::Permissions;
use protocol::request::invite::InviteTerms;
use protocol::time::Timestamp;

use super::{guild, instance, session, snapshot};
use crate::app::App;
use crate::clock;
use crate::error::{Error, Result};
use crate::secret::{Secret, SecretHash};
use crate::store::access::require_guild;
use crate::store::invite::Terms;
use crate::store::{self, Tx};

pub(crate) async fn create_for_instance(app: &App, user: &CurrentUser, terms: InviteTerms) -> Result<NewInvite> {
    if !user.is_admin {
        return Err(Error::Forbidden);
    }
    let terms = check(terms)?;
    let (id, code): (InviteId, _) = (app.ids.next(), Secret::code());
    let mut tx = app.store.write().await?;
    store::invite::hold_of_instance(&mut tx).await?;
    if store::invite::count_usable_of_instance(&mut tx, clock::now()).await? as usize >= limits::INVITES_PER_GUILD {
        return Err(Error::LimitReached("there are as many open invites as there can be; revoke some"));
    }
    store::invite::insert_for_instance(
        &mut tx,
        user.user.id,
        store::invite::NewInvite { id, code: &code.hash(), terms },
    )
    .await?;
    finish(tx, id, code).await
}

pub(crate) async fn create_for_guild(app: &App, user: UserId, guild: GuildId, terms: InviteTerms) -> Result<NewInvite> {
    let terms = check(terms)?;
    let (id, code): (InviteId, _) = (app.ids.next(), Secret::code());
    let mut tx = app.store.write().await?;
    store::guild::hold(&mut tx, guild).await?;
    let access = require_guild(&mut tx, user, guild, Permissions::CREATE_INVITE).await?;
    if store::invite::list_usable(&mut tx, &access, clock::now()).await?.len() >= limits::INVITES_PER_GUILD {
        return Err(Error::LimitReached("the server has as many open invites as it can; revoke some"));
    }
    store::invite::insert_for_guild(&mut tx, &access, store::invite::NewInvite { id, code: &code.hash(), terms })
        .await?;
    finish(tx, id, code).await
}

async fn finish(mut tx: Tx, id: InviteId, code: Secret) -> Result<NewInvite> {
    let invite = store::invite::find(&mut tx, id).await?.ok_or(Error::NotFound)?;
    drop(tx.commit().await?);
    Ok(NewInvite { invite, code: code.reveal() })
}

pub(crate) async fn list_of_guild(app: &App, user: UserId, guild: GuildId) -> Result<Vec<Invite>> {
    let mut tx = app.store.read().await?;
    let access = require_guild(&mut tx, user, guild, Permissions::MANAGE_GUILD).await?;
    Ok(store::invite::list_usable(&mut tx, &access, clock::now()).await?)
}

pub(crate) async fn preview(app: &App, from: IpAddr, code: &str) -> Result<InvitePreview> {
    session::refuse_guesses(app, from)?;
    let mut tx = app.store.read().await?;
    let Some(invite) = store::invite::find_usable(&mut tx, &SecretHash::of(code), clock::now()).await? else {
        session::count_guess(app, from);
        return Err(Error::InvalidInvite);
    };
    let guild = match invite.guild_id {
        Some(id) => Some(preview_guild(app, &mut tx, id).await?),
        None => None,
    };
    Ok(InvitePreview {
        instance_name: instance::NAME.to_owned(),
        guild,
        inviter_name: invite.inviter.display_name,
        expires_at: invite.expires_at,
    })
}

async fn preview_guild(app: &App, tx: &mut Tx, guild: GuildId) -> Result<GuildPreview> {
    let found = store::guild::find(tx, guild).await?.ok_or(Error::InvalidInvite)?;
    let members = store::guild::member_ids(tx, guild).await?;
    let online = app.hub.online_among(members.iter());
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Ok(GuildPreview {
        id: found.id,
        name: found.name,
        member_count: count(members.len()),
        online_count: count(online.len()),
    })
}

/// Joins the guild of an invite; for a member it changes nothing, and no use is counted.
pub(crate) async fn accept(app: &App, from: IpAddr, user: &CurrentUser, code: &str) -> Result<GuildSnapshot> {
    session::refuse_guesses(app, from)?;
    let code = SecretHash::of(code);
    let mut tx = app.store.write().await?;
    let Some(invite) = store::invite::find_usable(&mut tx, &code, clock::now()).await? else {
        session::count_guess(app, from);
        return Err(Error::InvalidInvite);
    };
    let guild_id = invite.guild_id.ok_or(Error::Conflict("the invite is for a new account, and you have one"))?;
    store::guild::hold(&mut tx, guild_id).await?;
    let Some(admission) = guild::admit(app, &mut tx, guild_id, &user.user).await? else {
        let found = store::guild::find(&mut tx, guild_id).await?.ok_or(Error::NotFound)?;
        return snapshot::snapshot(app, &mut tx, found).await;
    };
    store::invite::take_use(&mut tx, &code, clock::now()).await?.ok_or(Error::InvalidInvite)?;
    let committed = tx.commit().await?;
    Ok(admission.publish(app, committed))
}

/// Makes an invite useless: its maker can, admins can where it is the instance's, and those who manage its guild.
pub(crate) async fn revoke(app: &App, user: &CurrentUser, invite: InviteId) -> Result<()> {
    let mut tx = app.store.write().await?;
    let found = store::invite::find(&mut tx, invite).await?.ok_or(Error::NotFound)?;
    if found.inviter.id != user.user.id {
        match found.guild_id {
            Some(guild) => drop(require_guild(&mut tx, user.user.id, guild, Permissions::MANAGE_GUILD).await?),
            None if user.is_admin => {}
            None => return Err(Error::NotFound),
        }
    }
    store::invite::delete(&mut tx, invite).await?;
    drop(tx.commit().await?);
    Ok(())
}

fn check(terms: InviteTerms) -> Result<Terms> {
    if terms.max_uses.is_some_and(|uses| uses == 0 || uses > limits::INVITE_USES) {
        let reason = format!("is 1 to {}", limits::INVITE_USES);
        return Err(Error::InvalidField { field: "max_uses", reason });
    }
    if terms.max_age_s.is_some_and(|seconds| seconds == 0 || seconds > limits::INVITE_AGE_S) {
        let reason = format!("is 1 to {} seconds", limits::INVITE_AGE_S);
        return Err(Error::InvalidField { field: "max_age_s", reason });
    }
    let expires_at = terms.max_age_s.map(|seconds| Timestamp(clock::now().0 + i64::from(seconds) * 1_000));
    Ok(Terms { max_uses: terms.max_uses, expires_at })
}
