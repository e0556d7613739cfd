//! The edge that speaks HTTP: the REST API, the web client's files, the way into the gateway.

mod account;
mod assets;
mod channel;
mod extract;
mod guild;
mod instance;
mod invite;
mod message;
mod origin;
mod security;
mod voice;

use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request as HttpRequest};
use axum::handler::Handler;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, get, on};
use protocol::limits;
use protocol::request::{self, Method, Request};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

use crate::app::App;
use crate::error::Error;
use crate::gateway;

const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Everything that the server answers over HTTP.
pub(crate) fn router(app: App) -> Router {
    let api = Api(Router::new());
    let api = instance::routes(guild::routes(account::routes(api)));
    let api = voice::routes(message::routes(invite::routes(channel::routes(api))));
    let api = api
        .0
        .fallback(|| async { Error::NotFound })
        .method_not_allowed_fallback(|| async { Error::MethodNotAllowed })
        .layer(from_fn(finish_what_was_begun))
        .layer(DefaultBodyLimit::max(limits::BODY_BYTES))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, REQUEST_TIMEOUT));
    Router::new()
        .nest(request::PREFIX, api)
        .route("/gateway", get(gateway::upgrade))
        .layer(from_fn_with_state(app.clone(), origin::refuse_foreign))
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(instance::ready))
        .fallback(assets::serve)
        .layer(from_fn(security::headers))
        .layer(CatchPanicLayer::custom(|_| Error::internal("a handler panicked").into_response()))
        .with_state(app)
}

/// The routes under `/api/v1`, each taken from the protocol's own table.
struct Api(Router<App>);

impl Api {
    fn on<R: Request, T: 'static>(self, handler: impl Handler<T, App>) -> Self {
        let filter = match R::ROUTE.method {
            Method::Get => MethodFilter::GET,
            Method::Post => MethodFilter::POST,
            Method::Put => MethodFilter::PUT,
            Method::Patch => MethodFilter::PATCH,
            Method::Delete => MethodFilter::DELETE,
        };
        Self(self.0.route(R::ROUTE.path, on(filter, handler)))
    }
}

/// Runs what changes something to its end, also when the client hangs up: an event must follow its commit.
async fn finish_what_was_begun(request: HttpRequest, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    match tokio::spawn(next.run(request)).await {
        Ok(response) => response,
        Err(error) => Error::internal(error).into_response(),
    }
}
