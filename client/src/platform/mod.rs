//! The only place that knows what the client runs on. Every module here has the same functions.

pub mod encodings;
#[cfg(not(target_arch = "wasm32"))]
mod fake;
#[cfg(target_arch = "wasm32")]
mod web;

use protocol::voice::{Mid, PublishedLine};

#[cfg(not(target_arch = "wasm32"))]
pub use fake::*;
#[cfg(target_arch = "wasm32")]
pub use web::*;

/// The server's answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: String,
}

/// The server could not be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreachable;

/// A point in time where the reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTime {
    /// Counts up by one at each midnight.
    pub day_number: i64,
    pub hour: u8,
    pub minute: u8,
}

/// What happened outside, told through one channel.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    SocketFrame {
        socket: u32,
        text: String,
    },
    SocketClosed {
        socket: u32,
        code: u16,
    },
    /// The user went back or forth.
    PathChanged,
    /// The network is back or the page is looked at again.
    Woken,
    /// The machine may have another network now.
    NetworkChanged,
    Key(KeyPress),
    /// A key was let go; as `KeyboardEvent.code` names it.
    KeyUp(String),
    /// The page is no longer looked at, and hears of no key.
    Blurred,
    /// The page came in sight, or is out of it: behind another, or minimised.
    InSight(bool),
    /// The state of a voice connection.
    Link {
        connection: u32,
        link: LinkState,
    },
    /// Sharing was stopped in the browser's own bar.
    ScreenEnded,
    /// The microphone was unplugged.
    MicrophoneEnded,
    CameraEnded,
    DevicesChanged,
}

/// A key that was pressed anywhere in the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPress {
    /// As `KeyboardEvent.key` names it.
    pub key: String,
    /// As `KeyboardEvent.code` names it: the same wherever the key prints something else.
    pub code: String,
    /// Ctrl, or Command on a Mac.
    pub has_control: bool,
    pub has_alt: bool,
    pub has_shift: bool,
    /// Text is being written.
    pub is_typing: bool,
    /// A control has made use of it.
    pub is_handled: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    Up,
    Shaky,
    Down,
}

/// Where a scrolled box stands, in CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Scroll {
    pub top: f64,
    pub height: f64,
    pub view: f64,
}

impl Scroll {
    /// How far the end is away.
    #[must_use]
    pub fn below(self) -> f64 {
        (self.height - self.top - self.view).max(0.0)
    }
}

/// Why a device gives nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceError {
    Denied,
    Missing,
    Busy,
}

/// Why no call can be made from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CannotCall {
    Insecure,
    Unsupported,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeviceKind {
    Microphone,
    Camera,
    Speaker,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    pub id: String,
    pub label: String,
    pub kind: DeviceKind,
}

/// How the microphone is treated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MicrophoneOptions {
    /// None: the system's default.
    pub device: Option<String>,
    pub reduce_noise: bool,
    pub remove_echo: bool,
    pub even_loudness: bool,
    /// Two channels, where the device has them.
    pub is_stereo: bool,
}

/// How what came of late was played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Played {
    /// Times that a picture stood still, over all slots since the connection began; none where the platform does not count.
    pub freezes: Option<u32>,
    /// From its arrival to the ears, in ms; none where none was heard.
    pub sound_delay_ms: Option<u16>,
}

/// What a connection offers to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalOffer {
    pub sdp: String,
    pub lines: Vec<PublishedLine>,
    pub video_slots: Vec<Mid>,
}

/// The client's own sounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sound {
    Join,
    Leave,
    Mute,
    Unmute,
    Deafen,
    Undeafen,
    Message,
    Lost,
}

/// Whether the system shows notifications of this page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotifyPermission {
    Granted,
    Denied,
    NotAsked,
}
