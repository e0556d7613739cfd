use axum::extract::State;
use protocol::guild::GuildSnapshot;
use protocol::id::{GuildId, InviteId};
use protocol::invite::{Invite, InvitePreview, NewInvite};
use protocol::request::invite::{
    AcceptInvite, CreateGuildInvite, CreateInstanceInvite, InviteTerms, ListGuildInvites, PreviewInvite, RevokeInvite,
};

use super::Api;
use super::extract::{Answer, At, Body, Done, From, SignedIn};
use crate::app::App;
use crate::domain::invite;
use crate::error::Result;

pub(super) fn routes(api: Api) -> Api {
    api.on::<CreateInstanceInvite, _>(create_for_instance)
        .on::<CreateGuildInvite, _>(create_for_guild)
        .on::<ListGuildInvites, _>(list_of_guild)
        .on::<PreviewInvite, _>(preview)
        .on::<AcceptInvite, _>(accept)
        .on::<RevokeInvite, _>(revoke)
}

async fn create_for_instance(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    Body(terms): Body<InviteTerms>,
) -> Result<Answer<NewInvite>> {
    invite::create_for_instance(&app, &session.user, terms).await.map(Answer)
}

async fn create_for_guild(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    At(guild): At<GuildId>,
    Body(terms): Body<InviteTerms>,
) -> Result<Answer<NewInvite>> {
    invite::create_for_guild(&app, session.user.user.id, guild, terms).await.map(Answer)
}

async fn list_of_guild(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    At(guild): At<GuildId>,
) -> Result<Answer<Vec<Invite>>> {
    invite::list_of_guild(&app, session.user.user.id, guild).await.map(Answer)
}

async fn preview(State(app): State<App>, From(from): From, At(code): At<String>) -> Result<Answer<InvitePreview>> {
    invite::preview(&app, from, &code).await.map(Answer)
}

async fn accept(
    State(app): State<App>,
    From(from): From,
    SignedIn(session): SignedIn,
    At(code): At<String>,
) -> Result<Answer<GuildSnapshot>> {
    invite::accept(&app, from, &session.user, &code).await.map(Answer)
}

async fn revoke(State(app): State<App>, SignedIn(session): SignedIn, At(invite): At<InviteId>) -> Result<Done> {
    invite::revoke(&app, &session.user, invite).await?;
    Ok(Done)
}
