use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
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

/// Whether the server can do its work: the database answers, and so does every media thread.
pub(super) async fn ready(State(app): State<App>) -> Response {
    if let Err(error) = instance::get(&app).await {
        return error.into_response();
    }
    match app.rooms.check().await {
        Ok(()) => "ready".into_response(),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, reason.to_string()).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::body::to_bytes;
    use tokio::sync::watch;

    use super::*;
    use crate::app::{Context, Parts};
    use crate::room::{self, Command, Rooms};
    use crate::store::Store;

    async fn answer(rooms: Rooms) -> (StatusCode, String) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite://{}/hubbub.db", folder.path().display())).await.unwrap();
        let (_shut_down, shutdown) = watch::channel(false);
        let app = Arc::new(Context::new(Parts::of(store, rooms, shutdown)).await.unwrap());
        let response = ready(State(Arc::clone(&app))).await;
        let status = response.status();
        let body = to_bytes(response.into_body(), 1_000).await.unwrap();
        app.store.close().await;
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_server_is_ready_while_its_media_threads_answer() {
        let (rooms, _events, ends) = room::connect(2);
        let threads = ends.into_iter().map(|mut ends| {
            tokio::spawn(async move {
                while let Some(Command::Ping(answered)) = ends.commands.recv().await {
                    answered.send(()).unwrap();
                }
            })
        });
        let threads: Vec<_> = threads.collect();
        assert_eq!(answer(rooms).await, (StatusCode::OK, "ready".to_owned()));
        for thread in threads {
            thread.await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_server_without_a_media_thread_is_not_ready_and_says_why() {
        let (rooms, _events, ends) = room::connect(1);
        drop(ends);
        let reason = "the media thread does not run".to_owned();
        assert_eq!(answer(rooms).await, (StatusCode::SERVICE_UNAVAILABLE, reason.clone()));
        // One that hangs is as bad.
        let (rooms, _events, mut ends) = room::connect(2);
        let mut first = ends.remove(0).commands;
        tokio::spawn(async move {
            while let Some(Command::Ping(answered)) = first.recv().await {
                answered.send(()).unwrap();
            }
        });
        assert_eq!(answer(rooms).await, (StatusCode::SERVICE_UNAVAILABLE, reason));
    }
}
