use axum::extract::State;
use protocol::channel::{Channel, ReadState};
use protocol::id::{ChannelId, GuildId};
use protocol::request::channel::{
    ChannelPatch, ChannelPlace, CreateChannel, DeleteChannel, MarkRead, NewChannel, ReadBody, ReorderChannels,
    StartTyping, UpdateChannel,
};

use super::Api;
use super::extract::{Answer, At, Body, Done, SignedIn};
use crate::app::App;
use crate::domain::channel;
use crate::error::Result;

pub(super) fn routes(api: Api) -> Api {
    api.on::<CreateChannel, _>(create)
        .on::<ReorderChannels, _>(reorder)
        .on::<UpdateChannel, _>(update)
        .on::<DeleteChannel, _>(delete)
        .on::<MarkRead, _>(mark_read)
        .on::<StartTyping, _>(start_typing)
}

async fn create(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    At(guild): At<GuildId>,
    Body(new): Body<NewChannel>,
) -> Result<Answer<Channel>> {
    channel::create(&app, session.user.user.id, guild, new).await.map(Answer)
}

async fn reorder(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    At(guild): At<GuildId>,
    Body(places): Body<Vec<ChannelPlace>>,
) -> Result<Answer<Vec<Channel>>> {
    channel::reorder(&app, session.user.user.id, guild, places).await.map(Answer)
}

async fn update(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    At(channel): At<ChannelId>,
    Body(patch): Body<ChannelPatch>,
) -> Result<Answer<Channel>> {
    channel::update(&app, session.user.user.id, channel, patch).await.map(Answer)
}

async fn delete(State(app): State<App>, SignedIn(session): SignedIn, At(channel): At<ChannelId>) -> Result<Done> {
    channel::delete(&app, session.user.user.id, channel).await?;
    Ok(Done)
}

async fn mark_read(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    At(channel): At<ChannelId>,
    Body(read): Body<ReadBody>,
) -> Result<Answer<ReadState>> {
    channel::mark_read(&app, session.user.user.id, channel, read.last_read_id).await.map(Answer)
}

async fn start_typing(State(app): State<App>, SignedIn(session): SignedIn, At(channel): At<ChannelId>) -> Result<Done> {
    channel::start_typing(&app, session.user.user.id, channel).await?;
    Ok(Done)
}
