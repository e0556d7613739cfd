use axum::extract::State;
use protocol::guild::{Guild, GuildSnapshot, Member};
use protocol::id::{GuildId, UserId};
use protocol::request::guild::{
    CreateGuild, DeleteGuild, DisconnectMember, GuildBody, GuildPatch, LeaveGuild, MemberPatch, MoveBody, MoveMember,
    RemoveMember, UpdateGuild, UpdateMember,
};

use super::Api;
use super::extract::{Answer, At, Body, Done, SignedIn};
use crate::app::App;
use crate::domain::{guild, member};
use crate::error::Result;

pub(super) fn routes(api: Api) -> Api {
    api.on::<CreateGuild, _>(create)
        .on::<UpdateGuild, _>(update)
        .on::<DeleteGuild, _>(delete)
        .on::<LeaveGuild, _>(leave)
        .on::<UpdateMember, _>(update_member)
        .on::<MoveMember, _>(move_member)
        .on::<DisconnectMember, _>(disconnect_member)
        .on::<RemoveMember, _>(remove_member)
}

async fn create(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    Body(body): Body<GuildBody>,
) -> Result<Answer<GuildSnapshot>> {
    guild::create(&app, &session.user.user, &body.name).await.map(Answer)
}

async fn update(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    At(guild): At<GuildId>,
    Body(patch): Body<GuildPatch>,
) -> Result<Answer<Guild>> {
    guild::update(&app, session.user.user.id, guild, patch).await.map(Answer)
}

async fn delete(State(app): State<App>, SignedIn(session): SignedIn, At(guild): At<GuildId>) -> Result<Done> {
    guild::delete(&app, session.user.user.id, guild).await?;
    Ok(Done)
}

async fn leave(State(app): State<App>, SignedIn(session): SignedIn, At(guild): At<GuildId>) -> Result<Done> {
    guild::leave(&app, session.user.user.id, guild).await?;
    Ok(Done)
}

async fn update_member(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    At(member): At<(GuildId, UserId)>,
    Body(patch): Body<MemberPatch>,
) -> Result<Answer<Member>> {
    member::update(&app, session.user.user.id, member, patch).await.map(Answer)
}

async fn move_member(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    At(member): At<(GuildId, UserId)>,
    Body(body): Body<MoveBody>,
) -> Result<Done> {
    member::move_to(&app, session.user.user.id, member, body.channel_id).await?;
    Ok(Done)
}

async fn disconnect_member(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    At(member): At<(GuildId, UserId)>,
) -> Result<Done> {
    member::disconnect(&app, session.user.user.id, member).await?;
    Ok(Done)
}

async fn remove_member(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    At((guild, user)): At<(GuildId, UserId)>,
) -> Result<Done> {
    guild::remove_member(&app, session.user.user.id, guild, user).await?;
    Ok(Done)
}
