use serde::{Deserialize, Serialize};

use crate::id::{ChannelId, GuildId, PeerId, UserId};
use crate::voice::{Quality, Slot, Source, Speaker, VideoCodec, VoiceEnd};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceLeft {
    pub guild_id: GuildId,
    pub channel_id: ChannelId,
    pub user_id: UserId,
    pub peer_id: PeerId,
}

/// Slots that are not named keep what they show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceSlots {
    pub peer_id: PeerId,
    pub slots: Vec<Slot>,
}

/// Everyone who is heard at the moment, the loudest first; the others are silent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceSpeakers {
    pub channel_id: ChannelId,
    pub speakers: Vec<Speaker>,
    /// Who leads the conversation: whoever was the loudest for a while, also while nobody is heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dominant_peer_id: Option<PeerId>,
}

/// Which encodings of a track of the client's own anybody wants, the lowest first; of a track in one encoding with spatial
/// layers, which of those.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceEncodings {
    pub peer_id: PeerId,
    pub source: Source,
    pub wanted: Vec<bool>,
}

/// Which codecs of pictures everybody in the room takes, in the server's order of preference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceCodecs {
    pub peer_id: PeerId,
    pub codecs: Vec<VideoCodec>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceQuality {
    pub peer_id: PeerId,
    pub quality: Quality,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceEnded {
    pub channel_id: ChannelId,
    pub peer_id: PeerId,
    pub reason: VoiceEnd,
    /// Where the user is to be from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_to: Option<ChannelId>,
}
