use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Request, RequestCredentials, RequestInit, Response};

use super::super::{Answer, Unreachable};

/// Whoever has not answered by then is taken for unreachable.
const PATIENCE_MS: u32 = 20_000;

/// Asks this page's server.
///
/// # Errors
/// The server could not be reached, or has not answered within 20 seconds.
pub async fn fetch(method: &str, path: &str, body: Option<String>) -> Result<Answer, Unreachable> {
    let init = RequestInit::new();
    init.set_method(method);
    init.set_credentials(RequestCredentials::SameOrigin);
    init.set_signal(Some(&AbortSignal::timeout_with_u32(PATIENCE_MS)));
    if let Some(body) = &body {
        init.set_body(&body.into());
    }
    let request = Request::new_with_str_and_init(path, &init).map_err(|_| Unreachable)?;
    if body.is_some() {
        request.headers().set("content-type", "application/json").map_err(|_| Unreachable)?;
    }
    let response = JsFuture::from(super::window().fetch_with_request(&request)).await.map_err(|_| Unreachable)?;
    let response: Response = response.dyn_into().map_err(|_| Unreachable)?;
    let text = JsFuture::from(response.text().map_err(|_| Unreachable)?).await.map_err(|_| Unreachable)?;
    Ok(Answer { status: response.status(), body: text.as_string().unwrap_or_default() })
}
