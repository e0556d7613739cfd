//! Rooms: who is in which, what they publish, and what a connection receives.

use serde::{Deserialize, Serialize};

use crate::id::{ChannelId, GuildId, PeerId, UserId};

/// What a peer can publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    Microphone,
    Camera,
    Screen,
    ScreenAudio,
    #[serde(other)]
    Unknown,
}

/// What pictures are sent in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VideoCodec {
    Vp8,
    Vp9,
    Av1,
    H264,
    #[serde(other)]
    Unknown,
}

/// What a peer says of itself; all of it is visible to everyone who may view the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PeerFlags {
    /// The microphone is off.
    pub muted: bool,
    /// Hears nothing, though pictures go on; implies muted.
    pub deafened: bool,
    /// The camera is on.
    pub camera: bool,
    /// A screen is shared.
    pub screen: bool,
    /// Is heard before all others, who are played lower meanwhile; of those who may.
    #[serde(default)]
    pub priority: bool,
}

/// What those who may have decided about a member, for all voice channels of a guild. The member cannot lift it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Restraint {
    /// Says nothing, whatever the own microphone does.
    #[serde(default)]
    pub server_muted: bool,
    /// Hears nothing, though pictures go on.
    #[serde(default)]
    pub server_deafened: bool,
}

/// A user's seat in a voice channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceState {
    pub guild_id: GuildId,
    pub channel_id: ChannelId,
    pub user_id: UserId,
    pub peer_id: PeerId,
    #[serde(flatten)]
    pub flags: PeerFlags,
    #[serde(flatten)]
    pub restraint: Restraint,
}

impl VoiceState {
    /// Whether the microphone is off, by whoever's doing.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.flags.muted || self.restraint.server_muted
    }

    /// Whether no sound reaches the user, by whoever's doing.
    #[must_use]
    pub fn is_deaf(&self) -> bool {
        self.flags.deafened || self.restraint.server_deafened
    }
}

/// The `mid` of an m-line (RFC 5888) in a client's offer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mid(pub String);

/// An m-line of the offer on which the client will publish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedLine {
    pub mid: Mid,
    pub source: Source,
}

/// An SDP offer (RFC 8829) with the meaning of its sending m-lines; its receiving m-lines are the slots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    pub sdp: String,
    pub lines: Vec<PublishedLine>,
}

/// The answer to a join or a restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    pub peer_id: PeerId,
    pub sdp: String,
}

/// What a slot of a connection shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    pub mid: Mid,
    /// None: nothing.
    pub shows: Option<Shown>,
    /// The CSRC (RFC 3550) that names the speaker in the packets of an audio slot; packets of an earlier speaker may still be on their way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csrc: Option<u32>,
}

/// A track that a slot shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Shown {
    pub peer_id: PeerId,
    pub source: Source,
}

/// A client's wish to have a track in a video slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    pub mid: Mid,
    pub peer_id: PeerId,
    pub source: Source,
    /// Size at which it is shown, in device pixels.
    pub width: u16,
    pub height: u16,
    /// The user has chosen it: where the way is narrow it goes before the others.
    #[serde(default)]
    pub pinned: bool,
}

/// How loud a peer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Speaker {
    pub peer_id: PeerId,
    /// 0 (silence) to 127 (as loud as can be): 127 minus the audio level of RFC 6464.
    pub level: u8,
}

/// How well a connection works, as the server measures it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quality {
    /// Packets lost on the way to the server, per mille.
    pub loss_up_permille: u16,
    /// Packets lost on the way to the client, per mille.
    pub loss_down_permille: u16,
    pub round_trip_ms: Option<u32>,
    pub jitter_ms: u32,
    /// What comes from the client and goes to it, in bit/s.
    #[serde(default)]
    pub bitrate_up: u32,
    #[serde(default)]
    pub bitrate_down: u32,
    /// What the way to the client carries beside sound, in bit/s; none where that is not known.
    #[serde(default)]
    pub available_bitrate: Option<u32>,
    /// Of each video slot that shows something.
    #[serde(default)]
    pub pictures: Vec<PictureQuality>,
}

/// How a video slot fares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PictureQuality {
    pub mid: Mid,
    /// Size in pixels of what is sent; 0 while nothing is, or where the codec does not tell.
    pub width: u16,
    pub height: u16,
    /// In bit/s.
    pub bitrate: u32,
    pub limitation: Limitation,
}

/// Why a picture is not as good as the size asks for at which it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limitation {
    None,
    /// The way to the client carries no more.
    Bandwidth,
    /// What the server may send in all leaves no more.
    Uplink,
    /// The publisher sends no better.
    Publisher,
    #[serde(other)]
    Unknown,
}

/// Why a connection to a room ended without being asked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VoiceEnd {
    /// The user joined from elsewhere.
    Replaced,
    /// The channel was deleted, or the user may no longer be in it.
    Removed,
    /// No media came for too long.
    TimedOut,
    /// The connection failed; join again.
    Failed,
    /// Somebody who may has moved the user: join the channel that is named beside this.
    Moved,
    /// Somebody who may has ended the seat.
    Disconnected,
    #[serde(other)]
    Unknown,
}
