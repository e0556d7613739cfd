//! Microphone, camera and screen: at most one of each is in use.

use std::cell::RefCell;

use futures_channel::mpsc::UnboundedSender;
use js_sys::{Object, Reflect};
use protocol::voice::Source;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    HtmlMediaElement, MediaDeviceInfo, MediaDeviceKind, MediaDevices, MediaStream, MediaStreamConstraints,
    MediaStreamTrack,
};

use super::super::{Device, DeviceError, DeviceKind, Input, MicrophoneOptions};
use super::{audio, document, window};

thread_local! {
    static OPEN: RefCell<Open> = RefCell::new(Open::default());
}

#[derive(Default)]
struct Open {
    microphone: Option<Microphone>,
    camera: Option<MediaStream>,
    screen: Option<MediaStream>,
}

/// The same sound twice, so that the user's own meter can show what nobody hears.
struct Microphone {
    /// As it was chosen.
    device: Option<String>,
    measured: MediaStream,
    sent: MediaStream,
}

impl Microphone {
    fn stop(&self) {
        stop(&self.measured);
        stop(&self.sent);
    }
}

impl Drop for Microphone {
    fn drop(&mut self) {
        self.stop();
    }
}

fn media_devices() -> Result<MediaDevices, DeviceError> {
    window().navigator().media_devices().ok().filter(|devices| !devices.is_undefined()).ok_or(DeviceError::Missing)
}

fn object(fields: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in fields {
        // Setting a field of a fresh object cannot fail.
        let _ = Reflect::set(&object, &(*name).into(), value);
    }
    object
}

/// Has a device opened that the user has chosen, or the default where it is none or is not there. Chromium takes no notice of an
/// "ideal" device.
async fn open_chosen<F: Future<Output = Result<MediaStream, DeviceError>>>(
    device: Option<&str>,
    open: impl Fn(Option<(&'static str, JsValue)>) -> F,
) -> Result<MediaStream, DeviceError> {
    if let Some(device) = device.filter(|id| !id.is_empty()) {
        let exactly = ("deviceId", object(&[("exact", device.into())]).into());
        match open(Some(exactly)).await {
            Err(DeviceError::Missing) => {}
            opened => return opened,
        }
    }
    open(None).await
}

fn cause(error: &JsValue) -> DeviceError {
    let name = Reflect::get(error, &"name".into()).ok().and_then(|name| name.as_string()).unwrap_or_default();
    match name.as_str() {
        "NotAllowedError" | "SecurityError" => DeviceError::Denied,
        "NotFoundError" | "OverconstrainedError" => DeviceError::Missing,
        _ => DeviceError::Busy,
    }
}

async fn user_media(audio: Option<Object>, video: Option<Object>) -> Result<MediaStream, DeviceError> {
    let constraints = MediaStreamConstraints::new();
    if let Some(audio) = audio {
        constraints.set_audio(&audio);
    }
    if let Some(video) = video {
        constraints.set_video(&video);
    }
    let promise = media_devices()?.get_user_media_with_constraints(&constraints).map_err(|error| cause(&error))?;
    let stream = JsFuture::from(promise).await.map_err(|error| cause(&error))?;
    stream.dyn_into().map_err(|_| DeviceError::Busy)
}

fn stop(stream: &MediaStream) {
    for track in tracks(stream) {
        track.set_onended(None);
        track.stop();
    }
}

fn tracks(stream: &MediaStream) -> Vec<MediaStreamTrack> {
    stream.get_tracks().iter().filter_map(|track| track.dyn_into().ok()).collect()
}

fn when_ended(stream: &MediaStream, inputs: &UnboundedSender<Input>, input: &Input) {
    for track in tracks(stream) {
        let (inputs, input) = (inputs.clone(), input.clone());
        let listener = Closure::once_into_js(move || {
            let _ = inputs.unbounded_send(input);
        });
        track.set_onended(Some(listener.unchecked_ref()));
    }
}

/// A microphone that the browser has given. Unless it is used, it is closed when it is dropped.
pub struct OpenedMicrophone(Microphone);

impl OpenedMicrophone {
    /// Uses it, in place of the one that was used; its end is told. Until [`set_microphone`] it is neither heard nor measured.
    pub fn use_it(self, inputs: &UnboundedSender<Input>) {
        when_ended(&self.0.sent, inputs, &Input::MicrophoneEnded);
        audio::meter(Some(&self.0.measured));
        OPEN.with_borrow_mut(|open| open.microphone.replace(self.0));
        set_microphone(false, false);
    }
}

/// Opens a microphone.
///
/// # Errors
/// Says why there is none.
pub async fn open_microphone(options: MicrophoneOptions) -> Result<OpenedMicrophone, DeviceError> {
    let fields: [(&str, JsValue); 4] = [
        ("echoCancellation", options.remove_echo.into()),
        ("noiseSuppression", options.reduce_noise.into()),
        ("autoGainControl", options.even_loudness.into()),
        ("channelCount", if options.is_stereo { 2.into() } else { 1.into() }),
    ];
    // Chromium treats what is opened of a device as it does what is open of it.
    OPEN.with_borrow(|open| {
        open.microphone.iter().filter(|open| open.device == options.device).for_each(Microphone::stop)
    });
    let measured = open_chosen(options.device.as_deref(), |device| {
        let fields: Vec<_> = fields.iter().cloned().chain(device).collect();
        user_media(Some(object(&fields)), None)
    });
    let measured = measured.await?;
    let sent = measured.clone();
    Ok(OpenedMicrophone(Microphone { device: options.device, measured, sent }))
}

pub fn close_microphone() {
    audio::meter(None);
    OPEN.with_borrow_mut(|open| open.microphone.take());
}

#[must_use]
pub fn has_microphone() -> bool {
    OPEN.with_borrow(|open| open.microphone.is_some())
}

/// Lets the microphone be heard by others, and be measured. One that is not heard sends silence.
pub fn set_microphone(is_heard: bool, is_measured: bool) {
    OPEN.with_borrow(|open| {
        let Some(Microphone { measured, sent, .. }) = &open.microphone else { return };
        tracks(measured).iter().for_each(|track| track.set_enabled(is_measured));
        tracks(sent).iter().for_each(|track| track.set_enabled(is_heard));
    });
}

/// A camera or screen that the browser has given. Unless it is used, it is closed when it is dropped.
pub struct Picture {
    stream: Option<MediaStream>,
    place: fn(&mut Open) -> &mut Option<MediaStream>,
}

impl Picture {
    fn new(stream: MediaStream, place: fn(&mut Open) -> &mut Option<MediaStream>) -> Self {
        Self { stream: Some(stream), place }
    }

    /// Uses it, in place of the one that was used; its end is told.
    pub fn use_it(mut self, inputs: &UnboundedSender<Input>, ended: &Input) {
        if let Some(stream) = self.stream.take() {
            when_ended(&stream, inputs, ended);
            let before = OPEN.with_borrow_mut(|open| (self.place)(open).replace(stream));
            before.iter().for_each(stop);
        }
    }
}

impl Drop for Picture {
    fn drop(&mut self) {
        self.stream.iter().for_each(stop);
    }
}

/// Opens a camera.
///
/// # Errors
/// Says why there is none.
pub async fn open_camera(device: String) -> Result<Picture, DeviceError> {
    let ideal = |value: f64| JsValue::from(object(&[("ideal", value.into())]));
    let fields = [("width", ideal(1280.0)), ("height", ideal(720.0)), ("frameRate", ideal(30.0))];
    let stream = open_chosen(Some(&device), |device| {
        let fields: Vec<_> = fields.iter().cloned().chain(device).collect();
        user_media(None, Some(object(&fields)))
    });
    let stream = stream.await?;
    hint(&stream, "motion");
    Ok(Picture::new(stream, |open| &mut open.camera))
}

pub fn close_camera() {
    OPEN.with_borrow_mut(|open| open.camera.take()).iter().for_each(stop);
}

fn hint(stream: &MediaStream, hint: &str) {
    for track in tracks(stream).iter().filter(|track| track.kind() == "video") {
        let _ = Reflect::set(track, &"contentHint".into(), &hint.into());
    }
}

/// Lets the user choose a screen or window, with its sound where the system gives it.
///
/// # Errors
/// `Denied` also when the user chose none.
pub async fn open_screen() -> Result<Picture, DeviceError> {
    let devices = media_devices()?;
    let function: js_sys::Function = Reflect::get(&devices, &"getDisplayMedia".into())
        .ok()
        .and_then(|function| function.dyn_into().ok())
        .ok_or(DeviceError::Missing)?;
    let video = object(&[("frameRate", object(&[("ideal", 30.0.into())]).into())]);
    let sound = object(&[
        ("echoCancellation", false.into()),
        ("noiseSuppression", false.into()),
        ("autoGainControl", false.into()),
    ]);
    let options = object(&[
        ("video", video.into()),
        ("audio", sound.into()),
        ("systemAudio", "include".into()),
        ("selfBrowserSurface", "exclude".into()),
    ]);
    let promise: js_sys::Promise =
        function.call1(&devices, &options).map_err(|error| cause(&error))?.dyn_into().map_err(|_| DeviceError::Busy)?;
    let stream = JsFuture::from(promise).await.map_err(|error| cause(&error))?;
    let stream: MediaStream = stream.dyn_into().map_err(|_| DeviceError::Busy)?;
    hint(&stream, "text");
    Ok(Picture::new(stream, |open| &mut open.screen))
}

pub fn close_screen() {
    OPEN.with_borrow_mut(|open| open.screen.take()).iter().for_each(stop);
}

/// The track that a source sends at the moment.
pub(super) fn track(source: Source) -> Option<MediaStreamTrack> {
    OPEN.with_borrow(|open| {
        let (stream, kind) = match source {
            Source::Microphone => (open.microphone.as_ref().map(|microphone| &microphone.sent), "audio"),
            Source::Camera => (open.camera.as_ref(), "video"),
            Source::Screen => (open.screen.as_ref(), "video"),
            Source::ScreenAudio => (open.screen.as_ref(), "audio"),
            Source::Unknown => return None,
        };
        stream.into_iter().flat_map(tracks).find(|track| track.kind() == kind)
    })
}

/// Shows one's own camera or screen in a video element.
pub fn attach_local(id: &str, source: Source) {
    let video = document().get_element_by_id(id).and_then(|element| element.dyn_into::<HtmlMediaElement>().ok());
    let Some(video) = video else { return };
    video.set_muted(true);
    let stream = track(source).and_then(|track| MediaStream::new_with_tracks(&js_sys::Array::of1(&track)).ok());
    video.set_src_object(stream.as_ref());
}

/// The devices of this machine. Their names are known once one of them was allowed.
pub async fn devices() -> Vec<Device> {
    let Some(promise) = media_devices().ok().and_then(|devices| devices.enumerate_devices().ok()) else {
        return Vec::new();
    };
    let Ok(list) = JsFuture::from(promise).await else { return Vec::new() };
    let read = |item: JsValue| -> Option<Device> {
        let item: MediaDeviceInfo = item.dyn_into().ok()?;
        let kind = match item.kind() {
            MediaDeviceKind::Audioinput => DeviceKind::Microphone,
            MediaDeviceKind::Audiooutput => DeviceKind::Speaker,
            MediaDeviceKind::Videoinput => DeviceKind::Camera,
            _ => return None,
        };
        let id = item.device_id();
        let is_real = !id.is_empty() && id != "default" && id != "communications";
        is_real.then(|| Device { id, label: item.label(), kind })
    };
    js_sys::Array::from(&list).iter().filter_map(read).collect()
}
