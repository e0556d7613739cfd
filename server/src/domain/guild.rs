//! Guilds and membership.

use protocol::account::User;
use protocol::channel::{Channel, ChannelKind, RoomSettings};
use protocol::event::{Event, GuildDeleted, MemberAdded, MemberRemoved};
use protocol::guild::{AFK_TIMEOUTS_S, Afk, Guild, GuildSnapshot};
use protocol::id::{GuildId, UserId};
use protocol::permission::Permissions;
use protocol::request::guild::GuildPatch;
use protocol::{limits, name};

use super::{presence, snapshot, voice};
use crate::app::App;
use crate::clock;
use crate::error::{Error, Result};
use crate::hub::Audience;
use crate::store::access::{GuildAccess, require_guild};
use crate::store::{self, Committed, Tx};

/// Makes a guild with a text and a voice channel.
pub(crate) async fn create(app: &App, user: &User, name: &str) -> Result<GuildSnapshot> {
    let name = name::title(name).map_err(Error::field("name"))?;
    let mut tx = app.store.write().await?;
    store::account::hold(&mut tx, user.id).await?;
    if store::guild::count_owned(&mut tx, user.id).await? as usize >= limits::GUILDS_PER_OWNER {
        return Err(Error::LimitReached("you own as many servers as one user can"));
    }
    if store::guild::count_joined(&mut tx, user.id).await? as usize >= limits::GUILDS_PER_USER {
        return Err(TOO_MANY_GUILDS);
    }
    let guild = Guild { id: app.ids.next(), name: name.to_owned(), owner_id: user.id, afk: Afk::default() };
    store::guild::insert(&mut tx, &guild).await?;
    store::guild::insert_member(&mut tx, guild.id, user.id, clock::now()).await?;
    let access = require_guild(&mut tx, user.id, guild.id, Permissions::MANAGE_CHANNELS).await?;
    for (position, (kind, name)) in [(ChannelKind::Text, "general"), (ChannelKind::Voice, "General")].iter().enumerate()
    {
        let channel = Channel {
            id: app.ids.next(),
            guild_id: guild.id,
            kind: *kind,
            name: (*name).to_owned(),
            topic: String::new(),
            parent_id: None,
            position: u32::try_from(position).map_err(Error::internal)?,
            last_message_id: None,
            room: RoomSettings::default(),
        };
        store::channel::insert(&mut tx, &access, &channel).await?;
    }
    let created = snapshot::snapshot(app, &mut tx, guild).await?;
    let committed = tx.commit().await?;
    let event = Event::GuildCreated(Box::new(created.clone()));
    app.hub.publish(&committed, &Audience::Users(&[user.id]), &event);
    Ok(created)
}

/// Changes a guild's name, and where those go who do nothing.
pub(crate) async fn update(app: &App, user: UserId, guild: GuildId, patch: GuildPatch) -> Result<Guild> {
    let name = patch.name.as_deref().map(name::title).transpose().map_err(Error::field("name"))?;
    let mut tx = app.store.write().await?;
    store::guild::hold(&mut tx, guild).await?;
    let access = require_guild(&mut tx, user, guild, Permissions::MANAGE_GUILD).await?;
    let old = access.guild();
    let afk = Afk {
        afk_channel_id: patch.afk_channel_id.unwrap_or(old.afk.afk_channel_id),
        afk_timeout_s: patch.afk_timeout_s.unwrap_or(old.afk.afk_timeout_s),
    };
    check_afk(&mut tx, guild, afk).await?;
    let updated = store::guild::update(&mut tx, &access, name.unwrap_or(&old.name), afk).await?;
    let audience = store::guild::member_ids(&mut tx, guild).await?;
    let committed = tx.commit().await?;
    // In the order of the commits, as events are.
    let seats = voice::set_afk(app, guild, afk.afk_channel_id);
    app.hub.publish(&committed, &Audience::Users(&audience), &Event::GuildUpdated(updated.clone()));
    drop(committed);
    voice::enforce_all(app, seats).await?;
    Ok(updated)
}

async fn check_afk(tx: &mut Tx, guild: GuildId, afk: Afk) -> Result<()> {
    if !AFK_TIMEOUTS_S.contains(&afk.afk_timeout_s) {
        let reason = format!("is none of {AFK_TIMEOUTS_S:?} seconds");
        return Err(Error::InvalidField { field: "afk_timeout_s", reason });
    }
    let Some(wanted) = afk.afk_channel_id else { return Ok(()) };
    let channels = store::channel::list(tx, guild).await?;
    if channels.iter().any(|channel| channel.id == wanted && channel.kind == ChannelKind::Voice) {
        return Ok(());
    }
    Err(Error::InvalidField { field: "afk_channel_id", reason: "is no voice channel of this server".into() })
}

pub(crate) async fn delete(app: &App, user: UserId, guild: GuildId) -> Result<()> {
    let mut tx = app.store.write().await?;
    store::guild::hold(&mut tx, guild).await?;
    let access = require_guild(&mut tx, user, guild, Permissions::MANAGE_GUILD).await?;
    if !access.is_owner() {
        return Err(Error::Forbidden);
    }
    let audience = store::guild::member_ids(&mut tx, guild).await?;
    store::guild::delete(&mut tx, &access).await?;
    let committed = tx.commit().await?;
    app.hub.publish_loss(&committed, &audience, &Event::GuildDeleted(GuildDeleted { guild_id: guild }));
    drop(committed);
    voice::end_of_guild(app, guild, None).await;
    Ok(())
}

pub(crate) async fn leave(app: &App, user: UserId, guild: GuildId) -> Result<()> {
    let mut tx = app.store.write().await?;
    store::guild::hold(&mut tx, guild).await?;
    let access = require_guild(&mut tx, user, guild, Permissions::VIEW_CHANNEL).await?;
    if access.is_owner() {
        return Err(Error::Conflict("the owner cannot leave; delete the server or hand it over first"));
    }
    dismiss(app, tx, &access, user).await
}

/// Removes another member.
pub(crate) async fn remove_member(app: &App, user: UserId, guild: GuildId, removed: UserId) -> Result<()> {
    let mut tx = app.store.write().await?;
    store::guild::hold(&mut tx, guild).await?;
    let access = require_guild(&mut tx, user, guild, Permissions::KICK_MEMBERS).await?;
    if removed == access.guild().owner_id {
        return Err(Error::Forbidden);
    }
    dismiss(app, tx, &access, removed).await
}

async fn dismiss(app: &App, mut tx: Tx, access: &GuildAccess, user: UserId) -> Result<()> {
    let guild = access.guild().id;
    if !store::guild::delete_member(&mut tx, access, user).await? {
        return Err(Error::NotFound);
    }
    let remaining = store::guild::member_ids(&mut tx, guild).await?;
    let committed = tx.commit().await?;
    app.hub.publish_loss(&committed, &[user], &Event::GuildDeleted(GuildDeleted { guild_id: guild }));
    let event = Event::MemberRemoved(MemberRemoved { guild_id: guild, user_id: user });
    app.hub.publish(&committed, &Audience::Users(&remaining), &event);
    drop(committed);
    voice::end_of_guild(app, guild, Some(user)).await;
    Ok(())
}

/// What is to be told when somebody became a member.
pub(crate) struct Admission {
    snapshot: GuildSnapshot,
    added: MemberAdded,
    others: Vec<UserId>,
}

impl Admission {
    /// Tells the new member of the guild, and the others of the new member; answers with the guild.
    pub(crate) fn publish(self, app: &App, committed: Committed) -> GuildSnapshot {
        let Self { snapshot, added, others } = self;
        let user = added.member.user.id;
        let entered = || Event::GuildCreated(Box::new(snapshot::with_current(app, snapshot.clone())));
        app.hub.publish_current(&committed, &Audience::Users(&[user]), entered);
        app.hub.publish(&committed, &Audience::Users(&others), &Event::MemberAdded(added));
        drop(committed);
        presence::announce(app, user);
        snapshot::with_current(app, snapshot)
    }
}

/// Makes a user a member; none where they were one. The caller holds the right, an invite for example, and the
/// membership ([`store::guild::hold`]).
pub(crate) async fn admit(app: &App, tx: &mut Tx, guild: GuildId, user: &User) -> Result<Option<Admission>> {
    let found = store::guild::find(tx, guild).await?.ok_or(Error::InvalidInvite)?;
    store::account::hold(tx, user.id).await?;
    if !store::guild::insert_member(tx, guild, user.id, clock::now()).await? {
        return Ok(None);
    }
    let member = store::guild::member(tx, guild, user.id).await?.ok_or(Error::NotFound)?;
    if store::guild::count_joined(tx, user.id).await? as usize > limits::GUILDS_PER_USER {
        return Err(TOO_MANY_GUILDS);
    }
    let snapshot = snapshot::snapshot(app, tx, found).await?;
    if snapshot.members.len() > limits::MEMBERS_PER_GUILD {
        return Err(Error::LimitReached("the server has as many members as it can"));
    }
    let others = snapshot.members.iter().map(|member| member.user.id).filter(|id| *id != user.id).collect();
    let added = MemberAdded { guild_id: guild, member };
    Ok(Some(Admission { snapshot, added, others }))
}

const TOO_MANY_GUILDS: Error = Error::LimitReached("you are in as many servers as one user can be");
