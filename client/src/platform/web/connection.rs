//! One RTCPeerConnection with a fixed set of lines: four to send, the rest are slots.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use futures_channel::mpsc::UnboundedSender;
use js_sys::{Array, Reflect};
use protocol::voice::{Mid, PublishedLine, Source, VideoCodec};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    HtmlMediaElement, MediaStream, RtcConfiguration, RtcOfferOptions, RtcPeerConnection, RtcPeerConnectionState,
    RtcRtpTransceiver, RtcRtpTransceiverDirection, RtcRtpTransceiverInit, RtcSdpType, RtcSessionDescriptionInit,
};

use super::super::{CannotCall, Input, LinkState, LocalOffer, Played};
use super::audio::{self, Voice};
use super::playback::{Sums, play_muted};
use super::{devices, document, sender, window};
use crate::platform::encodings::{CAMERA, Encoding, SCREEN};

/// The m-lines that send, in their order in the offer.
const LINES: [(Source, &str, &[Encoding]); 4] = [
    // The answer says what a microphone may take, which a number here would overrule.
    (Source::Microphone, "audio", &[Encoding::unlimited()]),
    (Source::Camera, "video", &CAMERA),
    (Source::Screen, "video", &SCREEN),
    (Source::ScreenAudio, "audio", &[Encoding::only(128_000.0)]),
];
const AUDIO_SLOTS: usize = 4;
const VIDEO_SLOTS: usize = 9;

/// Whether calls can be made from this page.
///
/// # Errors
/// Says what is missing.
pub fn can_call() -> Result<(), CannotCall> {
    if !super::is_secure() {
        return Err(CannotCall::Insecure);
    }
    let class = Reflect::get(&window(), &"RTCPeerConnection".into()).unwrap_or(JsValue::UNDEFINED);
    if class.is_undefined() { Err(CannotCall::Unsupported) } else { Ok(()) }
}

/// A connection to a room. Dropping the last clone closes it.
#[derive(Clone)]
pub struct Connection(Rc<Inner>);

struct Inner {
    peer: RtcPeerConnection,
    senders: Vec<(Source, RtcRtpTransceiver)>,
    audio: Vec<RtcRtpTransceiver>,
    video: Vec<RtcRtpTransceiver>,
    voices: RefCell<BTreeMap<Mid, Voice>>,
    streams: RefCell<BTreeMap<Mid, MediaStream>>,
    plans: RefCell<BTreeMap<Source, Plan>>,
    has_parted: Cell<bool>,
    /// As read last.
    sums: Cell<Sums>,
    _on_state: Closure<dyn FnMut()>,
}

/// How a source is to be sent, on its way to the browser, which takes one change at a time.
struct Plan {
    codec: VideoCodec,
    /// The lowest first; all that are not named.
    wanted: Vec<bool>,
    /// The browser was not told yet.
    is_new: bool,
    is_telling: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self { codec: VideoCodec::Vp8, wanted: Vec::new(), is_new: false, is_telling: false }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.peer.set_onconnectionstatechange(None);
        self.peer.close();
    }
}

fn words(error: &JsValue) -> String {
    let message = Reflect::get(error, &"message".into()).ok().and_then(|message| message.as_string());
    message.unwrap_or_else(|| format!("{error:?}"))
}

fn mid(transceiver: &RtcRtpTransceiver) -> Option<Mid> {
    transceiver.mid().map(Mid)
}

impl Connection {
    /// Makes a connection; its state is told under its number.
    ///
    /// # Errors
    /// In the browser's own words.
    pub fn new(number: u32, inputs: UnboundedSender<Input>) -> Result<Self, String> {
        Self::make(number, inputs).map_err(|error| words(&error))
    }

    fn make(number: u32, inputs: UnboundedSender<Input>) -> Result<Self, JsValue> {
        let configuration = RtcConfiguration::new();
        let _ = Reflect::set(&configuration, &"bundlePolicy".into(), &"max-bundle".into());
        let peer = RtcPeerConnection::new_with_configuration(&configuration)?;
        let senders = LINES.map(|(source, kind, encodings)| (source, sender::line(&peer, kind, encodings)));
        let receiving = |kind: &str| {
            let init = RtcRtpTransceiverInit::new();
            init.set_direction(RtcRtpTransceiverDirection::Recvonly);
            peer.add_transceiver_with_str_and_init(kind, &init)
        };
        let audio = (0..AUDIO_SLOTS).map(|_| receiving("audio")).collect();
        let video = (0..VIDEO_SLOTS).map(|_| receiving("video")).collect();
        let watched = peer.clone();
        let on_state = Closure::<dyn FnMut()>::new(move || {
            let states = [
                (RtcPeerConnectionState::Connected, LinkState::Up),
                (RtcPeerConnectionState::Disconnected, LinkState::Shaky),
                (RtcPeerConnectionState::Failed, LinkState::Down),
                (RtcPeerConnectionState::Closed, LinkState::Down),
            ];
            let now = watched.connection_state();
            if let Some((_, link)) = states.into_iter().find(|(state, _)| *state == now) {
                let _ = inputs.unbounded_send(Input::Link { connection: number, link });
            }
        });
        peer.set_onconnectionstatechange(Some(on_state.as_ref().unchecked_ref()));
        Ok(Self(Rc::new(Inner {
            peer,
            senders: senders.into(),
            audio,
            video,
            voices: RefCell::default(),
            streams: RefCell::default(),
            plans: RefCell::default(),
            has_parted: Cell::new(false),
            sums: Cell::default(),
            _on_state: on_state,
        })))
    }

    /// Offers; with `is_restart` under fresh ICE credentials.
    ///
    /// # Errors
    /// In the browser's own words.
    pub async fn offer(&self, is_restart: bool) -> Result<LocalOffer, String> {
        self.make_offer(is_restart).await.map_err(|error| words(&error))
    }

    async fn make_offer(&self, is_restart: bool) -> Result<LocalOffer, JsValue> {
        let options = RtcOfferOptions::new();
        options.set_ice_restart(is_restart);
        let offer = JsFuture::from(self.0.peer.create_offer_with_rtc_offer_options(&options)).await?;
        let sdp = Reflect::get(&offer, &"sdp".into())?.as_string().unwrap_or_default();
        let description = RtcSessionDescriptionInit::new(RtcSdpType::Offer);
        description.set_sdp(&sdp);
        JsFuture::from(self.0.peer.set_local_description(&description)).await?;
        let lines =
            self.0.senders.iter().filter_map(|(source, line)| Some(PublishedLine { mid: mid(line)?, source: *source }));
        let video_slots = self.0.video.iter().filter_map(mid).collect();
        Ok(LocalOffer { sdp, lines: lines.collect(), video_slots })
    }

    /// Takes the server's answer.
    ///
    /// # Errors
    /// In the browser's own words.
    pub async fn accept(&self, sdp: &str) -> Result<(), String> {
        let description = RtcSessionDescriptionInit::new(RtcSdpType::Answer);
        description.set_sdp(sdp);
        let promise = self.0.peer.set_remote_description(&description);
        JsFuture::from(promise).await.map_err(|error| words(&error))?;
        self.listen();
        Ok(())
    }

    /// Brings the received tracks to the ears and keeps the pictures at hand.
    fn listen(&self) {
        if self.0.has_parted.get() {
            return;
        }
        let stream =
            |line: &RtcRtpTransceiver| MediaStream::new_with_tracks(&Array::of1(&line.receiver().track())).ok();
        let mut voices = self.0.voices.borrow_mut();
        for (line, mid) in self.0.audio.iter().filter_map(|line| Some((line, mid(line)?))) {
            if !voices.contains_key(&mid)
                && let Some(voice) = stream(line).as_ref().and_then(Voice::new)
            {
                voices.insert(mid, voice);
            }
        }
        let mut streams = self.0.streams.borrow_mut();
        for (line, mid) in self.0.video.iter().filter_map(|line| Some((line, mid(line)?))) {
            if let Some(stream) = stream(line) {
                streams.entry(mid).or_insert(stream);
            }
        }
    }

    /// Sends what the device of a source gives at the moment, which may be nothing.
    pub async fn send(&self, source: Source) {
        let Some((_, line)) = self.0.senders.iter().find(|(of, _)| *of == source) else { return };
        let track = if self.0.has_parted.get() { None } else { devices::track(source) };
        // On a connection that was closed in the meantime there is nothing to send.
        let _ = JsFuture::from(line.sender().replace_track(track.as_ref())).await;
    }

    /// Sends those encodings of a source that are wanted, the lowest first, and no others.
    pub fn set_wanted(&self, source: Source, wanted: &[bool]) {
        self.plan(source, |plan| plan.wanted = wanted.to_vec());
    }

    /// Sends a source in a codec, if the browser can, else in VP8.
    pub fn set_codec(&self, source: Source, codec: VideoCodec) {
        let is_same = self.0.plans.borrow().get(&source).map_or(VideoCodec::Vp8, |plan| plan.codec) == codec;
        if !is_same {
            self.plan(source, |plan| {
                plan.codec = codec;
                // The server says anew what is wanted, once it sees what there is.
                plan.wanted.clear();
            });
        }
    }

    fn plan(&self, source: Source, change: impl FnOnce(&mut Plan)) {
        let mut plans = self.0.plans.borrow_mut();
        let plan = plans.entry(source).or_default();
        change(plan);
        plan.is_new = true;
        // Whoever is at it goes on with what is newest.
        if !std::mem::replace(&mut plan.is_telling, true) {
            let connection = self.clone();
            spawn_local(async move { connection.tell_plan(source).await });
        }
    }

    async fn tell_plan(&self, source: Source) {
        let Some((_, line)) = self.0.senders.iter().find(|(of, _)| *of == source) else { return };
        while let Some((codec, wanted)) = self.take_plan(source) {
            // On a connection that was closed in the meantime there is nothing to switch.
            let _ = sender::shape(&line.sender(), source, (codec, &wanted)).await;
        }
    }

    fn take_plan(&self, source: Source) -> Option<(VideoCodec, Vec<bool>)> {
        let mut plans = self.0.plans.borrow_mut();
        let plan = plans.get_mut(&source)?;
        plan.is_telling = std::mem::take(&mut plan.is_new);
        plan.is_telling.then(|| (plan.codec, plan.wanted.clone()))
    }

    /// How what came since the last call was played.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what is counted or waited is not below 0"
    )]
    pub async fn played(&self) -> Option<Played> {
        let sums = Sums::read(&self.0.peer).await?;
        let waited = sums.waits_since(self.0.sums.replace(sums));
        Some(Played {
            freezes: sums.freezes.map(|count| count as u32),
            sound_delay_ms: waited.map(|ms| (ms + audio::latency_ms()) as u16),
        })
    }

    /// Has pictures wait for so long before they are shown (W3C `jitterBufferTarget`), where the browser can.
    pub fn hold_pictures(&self, ms: u16) {
        for line in &self.0.video {
            let _ = Reflect::set(&line.receiver(), &"jitterBufferTarget".into(), &ms.into());
        }
    }

    /// How loud an audio slot is; 1 is as it came.
    pub fn set_gain(&self, mid: &Mid, gain: f32) {
        if let Some(voice) = self.0.voices.borrow().get(mid) {
            voice.set_gain(gain);
        }
    }

    /// From now on it neither hears nor sends anything; the other side still has it.
    pub fn part(&self) {
        self.0.has_parted.set(true);
        self.0.voices.borrow_mut().clear();
        for (source, ..) in LINES {
            let connection = self.clone();
            spawn_local(async move { connection.send(source).await });
        }
    }

    /// Ends it, and tells the other side so.
    pub fn close(&self) {
        self.0.peer.close();
    }

    /// Shows a video slot in a video element.
    pub fn attach(&self, id: &str, mid: &Mid) {
        let video = document().get_element_by_id(id).and_then(|element| element.dyn_into::<HtmlMediaElement>().ok());
        if let (Some(video), Some(stream)) = (video, self.0.streams.borrow().get(mid)) {
            play_muted(&video, stream);
        }
    }
}

impl PartialEq for Connection {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}
