//! Playing what is received, and what the browser tells of how it is played (W3C webrtc-stats).

use js_sys::Reflect;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{DomException, HtmlMediaElement, MediaStream, RtcPeerConnection, RtcStatsReport, console};

/// Plays a stream without sound, which needs no gesture of the person.
pub(super) fn play_muted(element: &HtmlMediaElement, stream: &MediaStream) {
    if element.src_object().as_ref() != Some(stream) {
        element.set_muted(true);
        element.set_src_object(Some(stream));
    }
    if let Ok(playing) = element.play() {
        spawn_local(async move {
            // An element may be gone before it has begun, which is nobody's fault.
            let is_gone =
                |error: &JsValue| error.dyn_ref().is_some_and(|error: &DomException| error.name() == "AbortError");
            if let Err(error) = JsFuture::from(playing).await
                && !is_gone(&error)
            {
                console::warn_1(&error);
            }
        });
    }
}

/// Sums over all receivers since the connection began.
#[derive(Clone, Copy, Default)]
pub(super) struct Sums {
    /// Times that a picture stood still; none where the browser does not count them.
    pub(super) freezes: Option<f64>,
    /// Seconds that samples of sound have waited in jitter buffers, and how many samples those were.
    waited: f64,
    samples: f64,
}

impl Sums {
    pub(super) async fn read(peer: &RtcPeerConnection) -> Option<Self> {
        let stats: RtcStatsReport = JsFuture::from(peer.get_stats()).await.ok()?.dyn_into().ok()?;
        let mut sums = Self::default();
        stats.values().into_iter().flatten().for_each(|entry| sums.add(&entry));
        Some(sums)
    }

    fn add(&mut self, entry: &JsValue) {
        let get = |key: &str| Reflect::get(entry, &key.into()).ok();
        let number = |key: &str| get(key).and_then(|value| value.as_f64());
        let is = |key: &str, value: &str| get(key).is_some_and(|found| found == JsValue::from_str(value));
        if !is("type", "inbound-rtp") {
            return;
        }
        if let Some(freezes) = number("freezeCount") {
            self.freezes = Some(self.freezes.unwrap_or(0.0) + freezes);
        }
        if is("kind", "audio") {
            self.waited += number("jitterBufferDelay").unwrap_or(0.0);
            self.samples += number("jitterBufferEmittedCount").unwrap_or(0.0);
        }
    }

    /// How long sound has waited on average since earlier sums, in ms; none where there was none.
    pub(super) fn waits_since(&self, before: Self) -> Option<f64> {
        let (waited, samples) = (self.waited - before.waited, self.samples - before.samples);
        (samples > 0.0).then(|| waited / samples * 1_000.0)
    }
}
