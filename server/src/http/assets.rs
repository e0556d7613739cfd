//! The web client's files, embedded in the program together with their compressed forms.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use rust_embed::{Embed, EmbeddedFile};

use crate::error::Error;

#[derive(Embed)]
#[folder = "../client/dist"]
#[allow_missing = true]
struct Files;

/// Files here carry a hash of their content in their names.
const HASHED: &str = "assets/";
const PAGE: &str = "index.html";

/// A file of the client; any other path is the client's own and gets its page.
pub(super) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return Error::MethodNotAllowed.into_response();
    }
    let path = uri.path().trim_start_matches('/');
    let is_file = Files::get(path).is_some() && path != PAGE;
    if !is_file && path.rsplit('/').next().is_some_and(|name| name.contains('.')) {
        return Error::NotFound.into_response();
    }
    let path = if is_file { path } else { PAGE };
    file(path, &headers).unwrap_or_else(|| {
        let text =
            "This build of Hubbub holds no web client: `cargo xtask web` builds it, then build the server again.";
        (StatusCode::NOT_FOUND, text).into_response()
    })
}

fn file(path: &str, headers: &HeaderMap) -> Option<Response> {
    let plain = Files::get(path)?;
    let tag = HeaderValue::from_str(&format!("\"{}\"", hex(&plain.metadata.sha256_hash()[..16]))).ok()?;
    let lasting = if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut answer = HeaderMap::from_iter([
        (header::CACHE_CONTROL, HeaderValue::from_static(lasting)),
        (header::ETAG, tag.clone()),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
    ]);
    if headers.get(header::IF_NONE_MATCH).is_some_and(|seen| seen == tag) {
        return Some((StatusCode::NOT_MODIFIED, answer).into_response());
    }
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(path)));
    let (content, encoding) = encoded(path, headers).unwrap_or((plain, None));
    if let Some(encoding) = encoding {
        answer.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    let body = match content.data {
        std::borrow::Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        std::borrow::Cow::Owned(bytes) => bytes.into(),
    };
    Some((answer, Body::from(body)).into_response())
}

/// The smallest form of a file that the client takes.
fn encoded(path: &str, headers: &HeaderMap) -> Option<(EmbeddedFile, Option<&'static str>)> {
    let accepted = headers.get(header::ACCEPT_ENCODING)?.to_str().ok()?;
    let accepts =
        |name: &str| accepted.split(',').any(|one| one.split(';').next().is_some_and(|one| one.trim() == name));
    [("br", ".br"), ("gzip", ".gz")]
        .into_iter()
        .filter(|(name, _)| accepts(name))
        .find_map(|(name, ending)| Some((Files::get(&format!("{path}{ending}"))?, Some(name))))
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
