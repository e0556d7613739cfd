use axum::extract::State;
use protocol::id::{ChannelId, MessageId};
use protocol::message::{History, Message};
use protocol::request::message::{
    DeleteMessage, EditMessage, GetHistory, HistoryQuery, MessageEdit, NewMessage, SendMessage,
};

use super::Api;
use super::extract::{Answer, Asked, At, Body, Done, SignedIn};
use crate::app::App;
use crate::domain::message;
use crate::error::Result;

pub(super) fn routes(api: Api) -> Api {
    api.on::<SendMessage, _>(send)
        .on::<GetHistory, _>(history)
        .on::<EditMessage, _>(edit)
        .on::<DeleteMessage, _>(delete)
}

async fn send(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    At(channel): At<ChannelId>,
    Body(new): Body<NewMessage>,
) -> Result<Answer<Message>> {
    message::send(&app, &session.user.user, channel, new).await.map(Answer)
}

async fn history(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    At(channel): At<ChannelId>,
    Asked(query): Asked<HistoryQuery>,
) -> Result<Answer<History>> {
    message::history(&app, session.user.user.id, channel, query).await.map(Answer)
}

async fn edit(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    At(place): At<(ChannelId, MessageId)>,
    Body(edit): Body<MessageEdit>,
) -> Result<Answer<Message>> {
    message::edit(&app, session.user.user.id, place, &edit.content).await.map(Answer)
}

async fn delete(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    At(place): At<(ChannelId, MessageId)>,
) -> Result<Done> {
    message::delete(&app, session.user.user.id, place).await?;
    Ok(Done)
}
