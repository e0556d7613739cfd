//! Who may do what: facts from the database, decided by `protocol::permission`, proven by a value.
//!
//! Nothing else can build the proofs, and the writes of this layer demand them: an unchecked write does not compile.

use protocol::channel::Channel;
use protocol::guild::Guild;
use protocol::id::{ChannelId, GuildId, UserId};
use protocol::permission::{Facts, Permissions, resolve};
use protocol::voice::Restraint;

use super::engine::Hold;
use super::{Tx, channel, guild};

/// Why somebody may not.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Denied {
    /// There is no such thing, or none that the user may know of.
    #[error("not found")]
    NotFound,
    /// The user knows of it, but lacks a permission.
    #[error("forbidden")]
    Forbidden,
    #[error(transparent)]
    Store(#[from] super::Error),
}

/// The proof that a user holds some permissions in a guild.
pub(crate) struct GuildAccess {
    user: UserId,
    guild: Guild,
}

impl GuildAccess {
    pub(crate) fn user(&self) -> UserId {
        self.user
    }

    pub(crate) fn guild(&self) -> &Guild {
        &self.guild
    }

    pub(crate) fn is_owner(&self) -> bool {
        self.guild.owner_id == self.user
    }
}

/// The proof that a user holds some permissions in a channel.
pub(crate) struct ChannelAccess {
    user: UserId,
    channel: Channel,
    permissions: Permissions,
    restraint: Restraint,
    is_afk: bool,
}

impl ChannelAccess {
    pub(crate) fn user(&self) -> UserId {
        self.user
    }

    pub(crate) fn channel(&self) -> &Channel {
        &self.channel
    }

    /// All that the user may do there.
    pub(crate) fn permissions(&self) -> Permissions {
        self.permissions
    }

    /// What was decided about the user.
    pub(crate) fn restraint(&self) -> Restraint {
        self.restraint
    }

    /// Whether those go there who do nothing in another channel.
    pub(crate) fn is_afk(&self) -> bool {
        self.is_afk
    }
}

/// Proves that the user holds `needed` in a guild, or says why not. While the transaction lasts, membership and channels stay.
pub(crate) async fn require_guild(
    tx: &mut Tx,
    user: UserId,
    guild_id: GuildId,
    needed: Permissions,
) -> Result<GuildAccess, Denied> {
    tx.hold(guild_id.get(), Hold::Shared).await?;
    let guild = guild::find(tx, guild_id).await?.ok_or(Denied::NotFound)?;
    let is_member = guild::is_member(tx, guild_id, user).await?;
    decide(resolve(Facts { is_owner: guild.owner_id == user, is_member }), needed)?;
    Ok(GuildAccess { user, guild })
}

/// Proves that the user holds `needed` in a channel, or says why not. While the transaction lasts, membership and channels stay.
pub(crate) async fn require_channel(
    tx: &mut Tx,
    user: UserId,
    channel_id: ChannelId,
    needed: Permissions,
) -> Result<ChannelAccess, Denied> {
    tx.hold_guild_of(channel_id, Hold::Shared).await?;
    let known = channel::find_with_facts(tx, channel_id, user).await?.ok_or(Denied::NotFound)?;
    let channel::Known { channel, facts, restraint, is_afk } = known;
    let permissions = resolve(facts);
    decide(permissions, needed)?;
    Ok(ChannelAccess { user, channel, permissions, restraint, is_afk })
}

fn decide(held: Permissions, needed: Permissions) -> Result<(), Denied> {
    if !held.contains(Permissions::VIEW_CHANNEL) {
        return Err(Denied::NotFound);
    }
    if held.contains(needed) { Ok(()) } else { Err(Denied::Forbidden) }
}
