//! The edge that speaks HTTP: the REST API, the web client's files, the way into the gateway.

mod account;
mod assets;
mod channel;
mod extract;
mod guild;
mod instance;
mod invite;
mod message;
mod metrics;
mod origin;
mod security;
mod voice;

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request as HttpRequest;
use axum::handler::Handler;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, get, on};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use protocol::limits;
use protocol::request::{self, Method, Request};
use tokio::time::timeout;
use tower_http::catch_panic::CatchPanicLayer;

use crate::app::App;
use crate::error::{Error, Result};
use crate::gateway;

/// How long an answer may take.
const ANSWER_TIME: Duration = Duration::from_secs(30);
/// How long a request's body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(20);

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
        .layer(from_fn(answer_in_time));
    Router::new()
        .nest(request::PREFIX, api)
        .route("/gateway", get(gateway::upgrade))
        .layer(from_fn_with_state(app.clone(), origin::refuse_foreign))
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(instance::ready))
        .route("/metrics", get(metrics::get))
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

async fn answer_in_time(request: HttpRequest, next: Next) -> Response {
    let answered = timeout(ANSWER_TIME, next.run(request)).await;
    answered.unwrap_or_else(|_elapsed| Error::Unavailable { retry_after_ms: 5_000 }.into_response())
}

/// Runs what changes something to its end, also when the client hangs up: an event must follow its commit. Only a request
/// that has arrived in full is begun, so that nobody can keep a task waiting.
async fn finish_what_was_begun(request: HttpRequest, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let request = match arrived(request).await {
        Ok(request) => request,
        Err(error) => return error.into_response(),
    };
    match tokio::spawn(next.run(request)).await {
        Ok(response) => response,
        Err(error) => Error::internal(error).into_response(),
    }
}

/// The request with its whole body.
async fn arrived(request: HttpRequest) -> Result<HttpRequest> {
    let (parts, body) = request.into_parts();
    let body = match timeout(BODY_TIME, Limited::new(body, limits::BODY_BYTES).collect()).await {
        Ok(Ok(collected)) => collected.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return Err(Error::TooLarge(limits::BODY_BYTES)),
        Ok(Err(_)) => return Err(Error::InvalidRequest("the body broke off".into())),
        Err(_elapsed) => return Err(Error::InvalidRequest("the body did not arrive in time".into())),
    };
    Ok(HttpRequest::from_parts(parts, Body::from(body)))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use bytes::Bytes;
    use futures_util::{StreamExt, stream};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_arrive_or_is_too_large_begins_nothing() {
        let begun = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"{"))]);
        let stalled = HttpRequest::new(Body::from_stream(begun.chain(stream::pending())));
        assert!(matches!(arrived(stalled).await.err(), Some(Error::InvalidRequest(_))));
        let large = HttpRequest::new(Body::from(vec![b' '; limits::BODY_BYTES + 1]));
        assert!(matches!(arrived(large).await.err(), Some(Error::TooLarge(limits::BODY_BYTES))));
        let whole = arrived(HttpRequest::new(Body::from(vec![b' '; limits::BODY_BYTES]))).await.unwrap();
        assert_eq!(whole.into_body().collect().await.unwrap().to_bytes().len(), limits::BODY_BYTES);
    }
}
