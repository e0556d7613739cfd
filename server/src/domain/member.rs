//! What those who may decide about the members of a guild.

use protocol::channel::ChannelKind;
use protocol::event::{Event, MemberUpdated};
use protocol::guild::Member;
use protocol::id::{ChannelId, GuildId, UserId};
use protocol::permission::Permissions;
use protocol::request::guild::MemberPatch;
use protocol::voice::Restraint;

use super::voice;
use crate::app::App;
use crate::error::{Error, Result};
use crate::hub::Audience;
use crate::store;
use crate::store::access::{require_channel, require_guild};

/// Silences and deafens a member, or lifts that.
pub(crate) async fn update(
    app: &App,
    user: UserId,
    (guild, changed): (GuildId, UserId),
    patch: MemberPatch,
) -> Result<Member> {
    let mut tx = app.store.write().await?;
    store::guild::hold(&mut tx, guild).await?;
    let access = require_guild(&mut tx, user, guild, needed(patch)).await?;
    let member = store::guild::member(&mut tx, guild, changed).await?.ok_or(Error::NotFound)?;
    let restraint = Restraint {
        server_muted: patch.server_muted.unwrap_or(member.restraint.server_muted),
        server_deafened: patch.server_deafened.unwrap_or(member.restraint.server_deafened),
    };
    store::guild::restrain(&mut tx, &access, changed, restraint).await?;
    let audience = store::guild::member_ids(&mut tx, guild).await?;
    let committed = tx.commit().await?;
    // In the order of the commits, as events are.
    let seats = voice::restrain(app, (guild, changed), restraint);
    let member = Member { restraint, ..member };
    let event = Event::MemberUpdated(MemberUpdated { guild_id: guild, member: member.clone() });
    app.hub.publish(&committed, &Audience::Users(&audience), &event);
    drop(committed);
    voice::enforce_all(app, seats).await?;
    Ok(member)
}

fn needed(patch: MemberPatch) -> Permissions {
    let mute = patch.server_muted.map_or(Permissions::NONE, |_| Permissions::MUTE_MEMBERS);
    let deafen = patch.server_deafened.map_or(Permissions::NONE, |_| Permissions::DEAFEN_MEMBERS);
    mute | deafen
}

/// Moves a member from one voice channel of the guild to another, also a full one.
pub(crate) async fn move_to(
    app: &App,
    user: UserId,
    (guild, moved): (GuildId, UserId),
    channel: ChannelId,
) -> Result<()> {
    let mut tx = app.store.read().await?;
    require_guild(&mut tx, user, guild, Permissions::MOVE_MEMBERS).await?;
    let access = require_channel(&mut tx, user, channel, Permissions::CONNECT).await?;
    require_channel(&mut tx, moved, channel, Permissions::CONNECT).await?;
    if access.channel().guild_id != guild || access.channel().kind != ChannelKind::Voice {
        return Err(Error::Conflict("the channel is no voice channel of this server"));
    }
    drop(tx);
    voice::relocate(app, (guild, moved), channel).await
}

/// Ends a member's seat.
pub(crate) async fn disconnect(app: &App, user: UserId, (guild, gone): (GuildId, UserId)) -> Result<()> {
    let mut tx = app.store.read().await?;
    require_guild(&mut tx, user, guild, Permissions::MOVE_MEMBERS).await?;
    drop(tx);
    voice::disconnect(app, (guild, gone)).await
}

#[cfg(test)]
mod tests {
    use protocol::request::voice::JoinBody;
    use protocol::voice::{Offer, PeerFlags};
    use sfu::Answer;

    use super::*;
    use crate::domain::house::House;
    use crate::room::Command;

    const MUTE: MemberPatch = MemberPatch { server_muted: Some(true), server_deafened: Some(true) };

    #[tokio::test]
    async fn a_decision_that_media_hears_of_before_the_peer_holds_all_the_same() {
        let mut house = House::open().await;
        let (app, session) = (house.app.clone(), house.session().await);
        let (guild, owner, hall) = (house.guild.guild.id, house.owner.id, house.hall().id);
        let offer = Offer { sdp: String::new(), lines: Vec::new() };
        let body = JoinBody { offer, flags: PeerFlags::default() };
        let joining = tokio::spawn(async move { voice::join(&app, &session, hall, body).await });
        let commands = &mut house.media.commands;
        let Some(Command::Join(entry, answered)) = commands.recv().await else { panic!("somebody joins") };
        assert!(entry.grant.audio && !entry.state.deafened);
        update(&house.app, owner, (guild, owner), MUTE).await.unwrap();
        // The decision has gone to media, which knows no such peer yet.
        for _ in 0..2 {
            assert!(matches!(commands.recv().await, Some(Command::SetGrant(..) | Command::SetState(..))));
        }
        answered.send(Ok(Answer { sdp: String::new(), slots: Vec::new(), csrc: 1 })).unwrap();
        let peer = joining.await.unwrap().unwrap().peer_id;
        assert!(matches!(commands.recv().await, Some(Command::SetGrant(_, grant)) if !grant.audio && grant.video));
        assert!(matches!(commands.recv().await, Some(Command::SetState(_, state)) if state.deafened && !state.muted));
        let seat = house.app.seats.get(peer).unwrap().state;
        assert!(seat.restraint.server_muted && seat.restraint.server_deafened);
    }
}
