//! The audio graph: one context, a meter on the microphone, a gain for each slot.

use std::cell::{Cell, RefCell};

use js_sys::Reflect;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AnalyserNode, AudioContext, AudioContextState, GainNode, HtmlAudioElement, MediaStream, MediaStreamAudioSourceNode,
};

use super::playback::play_muted;

thread_local! {
    static GRAPH: RefCell<Graph> = RefCell::new(Graph::default());
}

#[derive(Default)]
struct Graph {
    context: Option<AudioContext>,
    /// All of a room goes through it, so that deafening is one step.
    room: Option<GainNode>,
    meter: Option<(MediaStreamAudioSourceNode, AnalyserNode)>,
    is_deafened: bool,
}

/// The context; made at first use.
pub(super) fn context() -> Option<AudioContext> {
    GRAPH.with_borrow_mut(|graph| {
        if graph.context.is_none() {
            graph.context = AudioContext::new().ok();
        }
        graph.context.clone()
    })
}

fn room() -> Option<GainNode> {
    let context = context()?;
    GRAPH.with_borrow_mut(|graph| {
        if graph.room.is_none() {
            let gain = context.create_gain().ok()?;
            gain.connect_with_audio_node(&context.destination()).ok()?;
            gain.gain().set_value(if graph.is_deafened { 0.0 } else { 1.0 });
            graph.room = Some(gain);
        }
        graph.room.clone()
    })
}

/// How long sound is on its way from the graph to the ears, as far as the browser knows.
pub(super) fn latency_ms() -> f64 {
    let context = GRAPH.with_borrow(|graph| graph.context.clone());
    let seconds = context.and_then(|context| Reflect::get(&context, &"outputLatency".into()).ok()?.as_f64());
    seconds.unwrap_or(0.0) * 1_000.0
}

/// Starts sound; works in answer to a press only.
pub fn resume_audio() {
    if let Some(context) = context() {
        let _ = context.resume();
    }
}

/// The browser waits for a press before it lets the page be heard.
#[must_use]
pub fn sound_is_blocked() -> bool {
    GRAPH.with_borrow(|graph| {
        graph.context.as_ref().is_some_and(|context| context.state() == AudioContextState::Suspended)
    })
}

pub fn set_deafened(is_deafened: bool) {
    GRAPH.with_borrow_mut(|graph| {
        graph.is_deafened = is_deafened;
        if let Some(room) = &graph.room {
            room.gain().set_value(if is_deafened { 0.0 } else { 1.0 });
        }
    });
}

/// Plays through another device; an empty id is the default. Answers whether the browser can.
pub async fn set_output(device: String) -> bool {
    let Some(context) = context() else { return false };
    let call = || -> Result<js_sys::Promise, JsValue> {
        let function: js_sys::Function = Reflect::get(&context, &"setSinkId".into())?.dyn_into()?;
        function.call1(&context, &device.into())?.dyn_into()
    };
    match call() {
        Ok(promise) => JsFuture::from(promise).await.is_ok(),
        Err(_) => false,
    }
}

/// Measures a stream from now on.
pub(super) fn meter(stream: Option<&MediaStream>) {
    let context = stream.and_then(|_| context());
    GRAPH.with_borrow_mut(|graph| {
        if let Some((source, _)) = graph.meter.take() {
            let _ = source.disconnect();
        }
        let (Some(context), Some(stream)) = (context, stream) else { return };
        let make = || -> Result<(MediaStreamAudioSourceNode, AnalyserNode), JsValue> {
            let source = context.create_media_stream_source(stream)?;
            let analyser = context.create_analyser()?;
            analyser.set_fft_size(512);
            source.connect_with_audio_node(&analyser)?;
            Ok((source, analyser))
        };
        graph.meter = make().ok();
    });
}

/// How loud the microphone is: 0 to 1, over the 50 dB that matter.
#[must_use]
pub fn level() -> f32 {
    GRAPH.with_borrow(|graph| {
        let Some((_, analyser)) = &graph.meter else { return 0.0 };
        let mut samples = [0.0_f32; 512];
        analyser.get_float_time_domain_data(&mut samples);
        let power = samples.iter().map(|sample| sample * sample).sum::<f32>() / 512.0;
        let decibels = 10.0 * power.max(1e-9).log10();
        ((decibels + 55.0) / 50.0).clamp(0.0, 1.0)
    })
}

/// The time constant of a change of volume, in seconds.
const SMOOTH_S: f64 = 0.08;

/// The way of one received track to the ears.
pub(super) struct Voice {
    gain: GainNode,
    /// Whether it was given its first volume, which it has from the start.
    is_set: Cell<bool>,
    source: MediaStreamAudioSourceNode,
    element: HtmlAudioElement,
}

impl Voice {
    pub(super) fn new(stream: &MediaStream) -> Option<Self> {
        let context = context()?;
        // Chromium decodes a received track for the audio graph only while an element plays it, too.
        let element = HtmlAudioElement::new().ok()?;
        play_muted(&element, stream);
        let source = context.create_media_stream_source(stream).ok()?;
        let gain = context.create_gain().ok()?;
        source.connect_with_audio_node(&gain).ok()?;
        let room = room()?;
        gain.connect_with_audio_node(&room).ok()?;
        Some(Self { gain, is_set: Cell::new(false), source, element })
    }

    /// 1 is as it came; 2 is twice the amplitude. A change is smooth.
    pub(super) fn set_gain(&self, gain: f32) {
        let (parameter, now) = (self.gain.gain(), self.gain.context().current_time());
        let is_smooth = self.is_set.replace(true) && parameter.set_target_at_time(gain, now, SMOOTH_S).is_ok();
        if !is_smooth {
            parameter.set_value(gain);
        }
    }
}

impl Drop for Voice {
    fn drop(&mut self) {
        let _ = self.source.disconnect();
        let _ = self.gain.disconnect();
        self.element.set_src_object(None);
    }
}
