use axum::extract::State;
use protocol::instance::Instance;
use protocol::request::instance::GetInstance;

use super::Api;
use super::extract::Answer;
use crate::app::App;
use crate::domain::instance;
use crate::error::Result;

pub(super) fn routes(api: Api) -> Api {
    api.on::<GetInstance, _>(get)
}

async fn get(State(app): State<App>) -> Result<Answer<Instance>> {
    instance::get(&app).await.map(Answer)
}

/// Whether the server can do its work: the database answers.
pub(super) async fn ready(State(app): State<App>) -> Result<&'static str> {
    instance::get(&app).await?;
    Ok("ready")
}
