use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use crate::peer::certificate::Certificate;

/// The live side of one voice channel or call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId(pub u64);

/// One connection in a room. Unique over the whole [`Sfu`](crate::Sfu), and never given again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(pub u64);

/// One of several [`Sfu`](crate::Sfu)s behind one port: each ICE ufrag that it gives begins with it. Below [`SfuId::MOST`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SfuId(pub u8);

impl SfuId {
    /// How many there can be behind one port.
    pub const MOST: usize = 64;
}

/// The identification of an m-line within one peer's session (`a=mid`, RFC 5888).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mid(Arc<str>);

impl Mid {
    /// The mid as written in SDP.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Mid {
    fn from(text: &str) -> Self {
        Self(Arc::from(text))
    }
}

impl fmt::Display for Mid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a published track carries. A peer publishes at most one of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    Microphone,
    Camera,
    Screen,
    ScreenAudio,
}

impl Source {
    /// Whether the track is sound or picture.
    #[must_use]
    pub fn kind(self) -> MediaKind {
        match self {
            Self::Microphone | Self::ScreenAudio => MediaKind::Audio,
            Self::Camera | Self::Screen => MediaKind::Video,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MediaKind {
    Audio,
    Video,
}

/// What pictures are sent in. VP9 (profile 0) and AV1 (main profile) only with the dependency descriptor (RTP Payload Format
/// For AV1, appendix A) and RTX (RFC 4588), H.264 in its constrained baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VideoCodec {
    Vp8,
    Vp9,
    Av1,
    H264,
}

impl VideoCodec {
    pub(crate) const ALL: [Self; 4] = [Self::Vp8, Self::Vp9, Self::Av1, Self::H264];
}

/// What a peer may do. Enforced on packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// May publish sound: its microphone, and with `screen` that of its screen, by which it could speak, too.
    pub audio: bool,
    /// May publish its camera.
    pub video: bool,
    /// May publish its screen and the screen's sound.
    pub screen: bool,
    /// May receive anything at all.
    pub listen: bool,
}

impl Grant {
    /// Everything allowed.
    pub const ALL: Self = Self { audio: true, video: true, screen: true, listen: true };

    pub(crate) fn publish(self, source: Source) -> bool {
        match source {
            Source::Microphone => self.audio,
            Source::Camera => self.video,
            Source::Screen => self.screen,
            Source::ScreenAudio => self.screen && self.audio,
        }
    }
}

/// What a peer has switched on, as told by its client over the gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeerState {
    /// The microphone's packets are dropped.
    pub muted: bool,
    /// No sound is sent to the peer.
    pub deafened: bool,
    /// The camera's packets are forwarded.
    pub camera: bool,
    /// The packets of the screen and of its sound are forwarded.
    pub screen: bool,
    /// Gets an audio slot before all others while it talks. Whether it may is the shell's to say.
    pub priority: bool,
}

impl PeerState {
    pub(crate) fn publish(self, source: Source) -> bool {
        match source {
            Source::Microphone => !self.muted,
            Source::Camera => self.camera,
            Source::Screen | Source::ScreenAudio => self.screen,
        }
    }
}

/// Bit/s from which on a microphone is told to send music: in stereo, and without pauses.
pub const MUSIC_BITRATE: u32 = 128_000;

/// What the shell fixes once for a whole [`Sfu`](crate::Sfu).
#[derive(Clone, Debug)]
pub struct Config {
    /// Tells it apart from others behind the same port: see [`addressee`](crate::addressee).
    pub id: SfuId,
    /// Announced as host candidates in every answer, the preferred first.
    pub addresses: Vec<SocketAddr>,
    /// The identity in every DTLS handshake.
    pub certificate: Certificate,
    pub limits: Limits,
}

/// Bounds that the shell sets.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Peers in one room; one more is refused.
    pub peers_per_room: usize,
    /// Bytes of an offer.
    pub offer_bytes: usize,
    /// Receive slots of one peer for sound.
    pub audio_slots: usize,
    /// Receive slots of one peer for pictures.
    pub video_slots: usize,
    /// What a publisher is told by REMB that it may send as video, in bit/s.
    pub video_bitrate: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { peers_per_room: 100, offer_bytes: 96 * 1024, audio_slots: 16, video_slots: 25, video_bitrate: 6_000_000 }
    }
}

/// One received UDP datagram.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// Where it came from.
    pub source: SocketAddr,
    /// The local address it arrived on; answers leave from there.
    pub destination: SocketAddr,
    /// When the system got it: it may have waited since. A time that is still to come counts as now.
    pub arrived: Instant,
    /// Dropped unless 1 to 1,500 bytes long.
    pub contents: &'a [u8],
}

/// A peer that enters a room.
#[derive(Clone, Copy, Debug)]
pub struct Join<'a> {
    pub room: RoomId,
    pub peer: PeerId,
    pub grant: Grant,
    pub state: PeerState,
    /// What its microphone is told to send at most, in bit/s.
    pub audio_bitrate: u32,
    /// A peer that leaves as soon as this one has joined: where it is in the room, the room
    /// has place for this one even when it is full.
    pub replaces: Option<PeerId>,
    /// The client's SDP offer, at most 64 m-lines. See the crate's docs.
    pub offer: &'a str,
    /// Which m-lines of the offer publish what. Every other m-line that the client can
    /// receive on becomes a slot.
    pub sources: &'a BTreeMap<Mid, Source>,
}

/// The one answer to an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// SDP, lines ended by CRLF.
    pub sdp: String,
    /// The receive slots in the order of the offer.
    pub slots: Vec<Slot>,
    /// The CSRC that names this peer in the audio which others receive; never 0, unique in
    /// the room.
    pub csrc: u32,
}

/// A receive slot of a subscriber.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    pub mid: Mid,
    pub kind: MediaKind,
}

/// Which track a subscriber wants in one of its video slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    pub mid: Mid,
    pub peer: PeerId,
    /// `Camera` or `Screen`.
    pub source: Source,
    /// The width in physical pixels at which the client draws it.
    pub width: u16,
    /// The height in physical pixels at which the client draws it.
    pub height: u16,
    /// The user has chosen it: it gets all that it can use before others get more than the least.
    pub is_pinned: bool,
}

/// What [`Sfu::poll_output`](crate::Sfu::poll_output) returns.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Send this datagram.
    Transmit(Transmit),
    Event(Event),
    /// Nothing more until the next input, or until this time (`None`: no timer is running).
    Timeout(Option<Instant>),
}

/// One UDP datagram to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// The local address to send from.
    pub source: SocketAddr,
    pub destination: SocketAddr,
    pub contents: bytes::Bytes,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// ICE and DTLS are done and the client proved the certificate that its offer named.
    Connected { peer: PeerId },
    /// Nothing authentic was heard for 8 s. Others no longer see the peer in their slots.
    Suspended { peer: PeerId },
    /// A suspended peer was heard again; its keys and slots are what they were.
    Resumed { peer: PeerId },
    /// The session ended without [`Sfu::leave`](crate::Sfu::leave).
    Gone { peer: PeerId, reason: GoneReason },
    /// What all of a subscriber's slots show now.
    Slots { peer: PeerId, slots: Vec<SlotView> },
    /// Who speaks in a room, the loudest first, and who leads the conversation: whoever was the loudest for a while, also while
    /// nobody speaks. On change, at most ten times a second.
    Speakers { room: RoomId, speakers: Vec<Speaker>, dominant: Option<PeerId> },
    /// Which of the encodings of a published track anybody wants, the lowest first: the client need not send the others
    /// (W3C `RTCRtpEncodingParameters.active`). Until the first such event all are wanted. Of a track that is sent in one
    /// encoding with spatial layers, which of those: what is above the highest that is wanted need not be sent.
    Encodings { peer: PeerId, source: Source, wanted: Vec<bool> },
    /// Which codecs of pictures everybody in a peer's room takes, in our order of preference: what it sends in another, some
    /// do not see. Told when it is connected, and on change: one that not all take any more at once, one that all take again
    /// after ten seconds of that.
    Codecs { peer: PeerId, codecs: Vec<VideoCodec> },
    /// How a connected peer's media fares; every three seconds while media flows,
    /// every six for one who is silent and hears nothing.
    Quality { peer: PeerId, quality: Quality },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GoneReason {
    /// Suspended for 60 s.
    LeaseExpired,
    /// The client ended the DTLS association.
    Closed,
    /// ICE and DTLS were not done within 15 s of the join.
    HandshakeTimeout,
    /// The client's certificate is not the one that its offer named.
    WrongCertificate,
    /// A library failed on this session's data. Only this session is affected.
    Fault,
}

/// One slot and what it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotView {
    pub mid: Mid,
    pub shows: Option<Shown>,
}

/// A published track as a subscriber sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    pub peer: PeerId,
    pub source: Source,
    /// The CSRC in the audio of this peer.
    pub csrc: u32,
}

/// A peer that speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Speaker {
    pub peer: PeerId,
    /// Smoothed loudness: 0 (silence) to 127 (overload), in dB; 127 minus RFC 6464's level.
    pub level: u8,
}

/// Losses are shares of 0 to 1 over the last seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quality {
    /// Lost on the way from the client to us.
    pub loss_up: f32,
    /// Lost on the way from us to the client.
    pub loss_down: f32,
    /// Interarrival jitter (RFC 3550) in ms, the worst over both directions.
    pub jitter_ms: f32,
    /// Round trip in ms, once the client has answered a sender report.
    pub rtt_ms: Option<f32>,
    /// What comes from the client and goes to it, in bit/s of RTP packets.
    pub bitrate_up: u32,
    pub bitrate_down: u32,
    /// What the way to the client is known to carry beside sound, in bit/s; `None` where the client does not tell how it fares.
    pub available: Option<u32>,
    /// Of each video slot that shows something.
    pub pictures: Vec<PictureQuality>,
}

/// How a video slot fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PictureQuality {
    pub mid: Mid,
    /// Width and height in pixels of what is sent; 0 while nothing is.
    pub size: (u16, u16),
    /// Sent since the last report, in bit/s.
    pub bitrate: u32,
    pub limitation: Limitation,
}

/// Why a picture is not as good as the size at which it is drawn asks for (cf. W3C `qualityLimitationReason`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Limitation {
    #[default]
    None,
    /// The way to the client does not carry more.
    Bandwidth,
    /// The way that all subscribers share carries no more, as [`crate::Sfu::set_uplink`] was told or as was measured.
    Uplink,
    /// The publisher sends no better.
    Publisher,
}
