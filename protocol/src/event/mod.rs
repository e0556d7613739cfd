//! What the server tells clients, a file per noun.

pub mod channel;
pub mod guild;
pub mod message;
pub mod ready;
pub mod voice;

use serde::{Deserialize, Serialize};

use crate::account::Presence;
use crate::channel::{Channel, ReadState};
use crate::guild::{Guild, GuildSnapshot};
use crate::message::Message;

pub use channel::ChannelDeleted;
pub use guild::{GuildDeleted, MemberAdded, MemberRemoved, MemberUpdated};
pub use message::{MessageDeleted, TypingStarted};
pub use ready::Ready;
pub use voice::{VoiceCodecs, VoiceEncodings, VoiceEnded, VoiceLeft, VoiceQuality, VoiceSlots, VoiceSpeakers};

use crate::voice::VoiceState;

/// One thing that happened: an object whose `type` says what, with the fields of that noun beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    MessageCreated(Message),
    MessageUpdated(Message),
    MessageDeleted(MessageDeleted),
    TypingStarted(TypingStarted),
    /// The user has read further, on this or another of their clients.
    ReadUpdated(ReadState),
    /// The user came into a guild.
    GuildCreated(Box<GuildSnapshot>),
    GuildUpdated(Guild),
    /// The guild is gone, or the user is no longer in it.
    GuildDeleted(GuildDeleted),
    ChannelCreated(Channel),
    ChannelUpdated(Channel),
    ChannelDeleted(ChannelDeleted),
    MemberAdded(MemberAdded),
    /// Something was decided about a member.
    MemberUpdated(MemberUpdated),
    MemberRemoved(MemberRemoved),
    PresenceUpdated(Presence),
    /// Somebody took a seat in a voice channel, moved, or changed their flags. A user has one seat at most.
    VoiceStateUpdated(VoiceState),
    VoiceLeft(VoiceLeft),
    /// What the slots of the user's own connection show from now on; only to the client that is in the room.
    VoiceSlots(VoiceSlots),
    /// Who speaks in a room: to those in it at once, to the other members of the guild at most twice a second.
    VoiceSpeakers(VoiceSpeakers),
    /// What the client publishes and nobody wants need not be sent; only to the client that is in the room.
    VoiceEncodings(VoiceEncodings),
    /// What the client publishes in another codec, somebody in the room cannot see; only to the client that is in the room.
    VoiceCodecs(VoiceCodecs),
    VoiceQuality(VoiceQuality),
    /// The user's own connection to a room ended.
    VoiceEnded(VoiceEnded),
    #[serde(other)]
    Unknown,
}
