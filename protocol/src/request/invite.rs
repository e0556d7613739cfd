//! Invites.

use serde::{Deserialize, Serialize};

use super::requests;
use crate::guild::GuildSnapshot;
use crate::id::{GuildId, InviteId};
use crate::invite::{Invite, InvitePreview, NewInvite};

/// How an invite ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct InviteTerms {
    /// None: without end.
    #[serde(default)]
    pub max_uses: Option<u32>,
    /// Seconds until it expires; none: never.
    #[serde(default)]
    pub max_age_s: Option<u32>,
}

requests! {
    /// An invite to the instance, for a new account that joins no guild. Admins only.
    CreateInstanceInvite(): SignedIn Post "/invites", InviteTerms => NewInvite;
    CreateGuildInvite(guild_id: GuildId): SignedIn Post "/guilds/{guild_id}/invites", InviteTerms => NewInvite;
    /// A guild's invites that can still be used, the newest first.
    ListGuildInvites(guild_id: GuildId): SignedIn Get "/guilds/{guild_id}/invites", () => Vec<Invite>;
    /// What a code leads to.
    PreviewInvite(code: String): Anyone Get "/invites/by-code/{code}", () => InvitePreview;
    /// Joins the guild of an invite. For a member it changes nothing, and takes no use of the invite.
    AcceptInvite(code: String): SignedIn Post "/invites/by-code/{code}/accept", () => GuildSnapshot;
    /// Makes an invite useless. Its maker and those who manage the guild can.
    RevokeInvite(invite_id: InviteId): SignedIn Delete "/invites/{invite_id}", () => ();
}
