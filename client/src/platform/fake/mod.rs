//! For tests on the host: no network, no devices, nothing on screen. What is kept is kept for the test.

#[cfg(test)]
pub(crate) mod look;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use futures_channel::mpsc::UnboundedSender;
use futures_channel::oneshot;
use protocol::time::Timestamp;
use protocol::voice::{Mid, Source, VideoCodec};

use super::{
    Answer, CannotCall, Device, DeviceError, Input, LocalOffer, LocalTime, MicrophoneOptions, NotifyPermission, Played,
    Scroll, Sound, Unreachable,
};

/// 2026-06-01T12:00:00Z.
const NOW: Timestamp = Timestamp(1_780_315_200_000);

/// Nobody answers, unless a test does.
pub async fn fetch(method: &str, path: &str, body: Option<String>) -> Result<Answer, Unreachable> {
    let answer = SERVER.with_borrow_mut(|server| {
        let (sender, answer) = oneshot::channel();
        let request = (format!("{method} {path}"), body.unwrap_or_default(), sender);
        server.as_mut().map(|waiting| waiting.push(request)).map(|()| answer)
    });
    match answer {
        Some(answer) => answer.await.map_err(|_| Unreachable),
        None => Err(Unreachable),
    }
}

/// A request that waits for its answer: method and path, body, and where the answer goes.
type Asked = (String, String, oneshot::Sender<Answer>);

#[must_use]
pub fn now() -> Timestamp {
    NOW
}
#[must_use]
pub fn ticks() -> u64 {
    TICKS.get()
}
pub async fn sleep(_: i32) {
    std::future::pending().await
}
pub async fn next_frame() {
    std::future::pending().await
}
#[must_use]
pub fn random() -> u64 {
    7
}
#[must_use]
pub fn local_time(at: Timestamp) -> LocalTime {
    let minutes = at.0.div_euclid(60_000).rem_euclid(1_440);
    let small = |value: i64| u8::try_from(value).unwrap_or(0);
    LocalTime { day_number: at.0.div_euclid(86_400_000), hour: small(minutes / 60), minute: small(minutes % 60) }
}
#[must_use]
pub fn local_date(at: Timestamp) -> String {
    format!("day {}", at.0.div_euclid(86_400_000))
}

thread_local! {
    static KEPT: RefCell<BTreeMap<String, String>> = const { RefCell::new(BTreeMap::new()) };
    static TICKS: Cell<u64> = const { Cell::new(0) };
    /// What waits for an answer, once a test gives answers.
    static SERVER: RefCell<Option<Vec<Asked>>> = const { RefCell::new(None) };
}

#[must_use]
pub fn load(name: &str) -> Option<String> {
    KEPT.with_borrow(|kept| kept.get(name).cloned())
}
pub fn keep(name: &str, text: &str) {
    KEPT.with_borrow_mut(|kept| kept.insert(name.to_owned(), text.to_owned()));
}
pub fn forget(name: &str) {
    KEPT.with_borrow_mut(|kept| kept.remove(name));
}
pub fn forget_all(prefix: &str) {
    KEPT.with_borrow_mut(|kept| kept.retain(|name, _| !name.starts_with(prefix)));
}
#[must_use]
pub fn load_all(prefix: &str) -> Vec<(String, String)> {
    KEPT.with_borrow(|kept| kept.clone()).into_iter().filter(|(name, _)| name.starts_with(prefix)).collect()
}

#[must_use]
pub fn path() -> String {
    "/".into()
}
pub fn push_path(_: &str) {}
pub fn replace_path(_: &str) {}
#[must_use]
pub fn origin() -> String {
    "https://hubbub.example".into()
}
#[must_use]
pub fn is_secure() -> bool {
    true
}
#[must_use]
pub fn is_visible() -> bool {
    true
}
#[must_use]
pub fn device_name() -> String {
    "Test".into()
}
pub fn set_title(_: &str) {}
pub fn set_theme(_: &str) {}
pub async fn copy(_: String) -> bool {
    std::future::ready(false).await
}
pub fn listen(_: &UnboundedSender<Input>) {}
#[must_use]
pub fn notification_permission() -> NotifyPermission {
    NotifyPermission::Denied
}
pub async fn ask_notifications() -> NotifyPermission {
    std::future::ready(NotifyPermission::Denied).await
}
pub fn notify(_: &str, _: &str, _: &str) {}

/// A socket that never says anything.
pub struct Socket;

impl Socket {
    #[must_use]
    pub fn open(_: &str, _: u32, _: UnboundedSender<Input>) -> Option<Self> {
        Some(Self)
    }
    pub fn send(&self, _: &str) {}
}

pub fn focus(_: &str) {}
pub fn select_text(_: &str) {}
pub fn set_caret_end(_: &str) {}
pub fn set_variable(_: &str, _: &str, _: &str) {}
pub fn grow(_: &str) {}
pub fn show_dialog(_: &str) {}
pub fn close_dialog(_: &str) {}
#[must_use]
pub fn element_scroll(_: &str) -> Option<Scroll> {
    None
}
#[must_use]
pub fn end_is_visible(_: &str) -> bool {
    true
}
pub fn scroll_to_end(_: &str) {}
pub fn scroll_to(_: &str) {}
pub fn reveal(_: &str) {}
pub fn enter_box(_: &str) {}
pub fn leave_box(_: &str) {}
pub fn rove(_: &str, _: isize) {}
pub fn attach_nothing(_: &str) {}

#[derive(Debug, Clone, PartialEq)]
pub struct Anchor;

#[must_use]
pub fn anchor(_: &str) -> Option<Anchor> {
    None
}
pub fn restore(_: &Anchor) {}

pub fn play(_: Sound, _: f32) {}
pub fn resume_audio() {}
#[must_use]
pub fn sound_is_blocked() -> bool {
    false
}
pub fn set_deafened(_: bool) {}
pub async fn set_output(device: String) -> bool {
    DEVICES.with_borrow_mut(|devices| devices.speaker = Some(device));
    std::future::ready(true).await
}
#[must_use]
pub fn level() -> f32 {
    0.0
}

/// An open microphone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Microphone {
    pub(crate) is_heard: bool,
    pub(crate) is_measured: bool,
    pub(crate) options: MicrophoneOptions,
}

/// What the page has of the machine.
#[derive(Default)]
struct Devices {
    microphone: Option<Microphone>,
    /// No microphone is plugged in.
    lacks_microphone: bool,
    speaker: Option<String>,
    /// The camera in use.
    camera: Option<String>,
    /// What asks the user for a device, while a test lets the user think about it.
    prompts: BTreeMap<Source, Vec<oneshot::Sender<()>>>,
    /// What the connections send.
    sent: BTreeSet<Source>,
    /// Which encodings of it are sent, as far as the server said.
    wanted: BTreeMap<Source, Vec<bool>>,
    played: Played,
    /// For how long pictures were to wait, one after another.
    held_ms: Vec<u16>,
    /// And in which codec.
    codecs: BTreeMap<Source, VideoCodec>,
}

thread_local! {
    static DEVICES: RefCell<Devices> = RefCell::new(Devices::default());
}

/// A microphone.
pub struct OpenedMicrophone(Microphone);

impl OpenedMicrophone {
    pub fn use_it(self, _: &UnboundedSender<Input>) {
        DEVICES.with_borrow_mut(|devices| devices.microphone = Some(self.0));
    }
}

pub async fn open_microphone(options: MicrophoneOptions) -> Result<OpenedMicrophone, DeviceError> {
    prompt(Source::Microphone).await?;
    if DEVICES.with_borrow(|devices| devices.lacks_microphone) {
        return Err(DeviceError::Missing);
    }
    Ok(OpenedMicrophone(Microphone { is_heard: false, is_measured: false, options }))
}
pub fn close_microphone() {
    DEVICES.with_borrow_mut(|devices| devices.microphone = None);
}
#[must_use]
pub fn has_microphone() -> bool {
    DEVICES.with_borrow(|devices| devices.microphone.is_some())
}
pub fn set_microphone(is_heard: bool, is_measured: bool) {
    DEVICES.with_borrow_mut(|devices| {
        if let Some(open) = &mut devices.microphone {
            (open.is_heard, open.is_measured) = (is_heard, is_measured);
        }
    });
}

/// A camera.
pub struct Picture(String);

impl Picture {
    pub fn use_it(self, _: &UnboundedSender<Input>, _: &Input) {
        DEVICES.with_borrow_mut(|devices| devices.camera = Some(self.0));
    }
}

async fn prompt(source: Source) -> Result<(), DeviceError> {
    let answer = DEVICES.with_borrow_mut(|devices| {
        let (sender, answer) = oneshot::channel();
        devices.prompts.get_mut(&source).map(|prompts| prompts.push(sender)).map(|()| answer)
    });
    if let Some(answer) = answer {
        answer.await.map_err(|_| DeviceError::Denied)?;
    }
    Ok(())
}

pub async fn open_camera(device: String) -> Result<Picture, DeviceError> {
    prompt(Source::Camera).await?;
    Ok(Picture(device))
}
pub fn close_camera() {
    DEVICES.with_borrow_mut(|devices| devices.camera = None);
}
pub async fn open_screen() -> Result<Picture, DeviceError> {
    std::future::ready(Err(DeviceError::Missing)).await
}
pub fn close_screen() {}
pub fn attach_local(_: &str, _: Source) {}
pub async fn devices() -> Vec<Device> {
    std::future::ready(Vec::new()).await
}

pub fn can_call() -> Result<(), CannotCall> {
    Ok(())
}

/// A connection that never connects.
#[derive(Clone, PartialEq)]
pub struct Connection {
    has_parted: Rc<Cell<bool>>,
}

impl Connection {
    pub fn new(_: u32, _: UnboundedSender<Input>) -> Result<Self, String> {
        Ok(Self { has_parted: Rc::default() })
    }
    pub async fn offer(&self, _: bool) -> Result<LocalOffer, String> {
        let video_slots = vec![Mid("8".into())];
        std::future::ready(Ok(LocalOffer { sdp: String::new(), lines: Vec::new(), video_slots })).await
    }
    pub async fn accept(&self, _: &str) -> Result<(), String> {
        std::future::ready(Ok(())).await
    }
    pub async fn send(&self, source: Source) {
        if !self.has_parted.get() {
            DEVICES.with_borrow_mut(|devices| devices.sent.insert(source));
        }
        std::future::ready(()).await;
    }
    pub fn set_wanted(&self, source: Source, wanted: &[bool]) {
        DEVICES.with_borrow_mut(|devices| devices.wanted.insert(source, wanted.to_vec()));
    }
    pub async fn played(&self) -> Option<Played> {
        std::future::ready(Some(DEVICES.with_borrow(|devices| devices.played))).await
    }
    pub fn hold_pictures(&self, ms: u16) {
        DEVICES.with_borrow_mut(|devices| devices.held_ms.push(ms));
    }
    pub fn set_codec(&self, source: Source, codec: VideoCodec) {
        DEVICES.with_borrow_mut(|devices| devices.codecs.insert(source, codec));
    }
    pub fn set_gain(&self, _: &Mid, _: f32) {}
    pub fn attach(&self, _: &str, _: &Mid) {}
    pub fn part(&self) {
        self.has_parted.set(true);
        DEVICES.with_borrow_mut(|devices| devices.sent.clear());
    }
    pub fn close(&self) {}
}

#[must_use]
pub fn is_narrow() -> bool {
    false
}
#[must_use]
pub fn has_drawer() -> bool {
    false
}
#[must_use]
pub fn pixel_ratio() -> f64 {
    1.0
}
pub fn clear_page() {}
