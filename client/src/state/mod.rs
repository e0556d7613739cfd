//! All that the client knows, as plain data that events change.

mod guild;
mod message;
mod read;
mod route;
mod timeline;
mod typing;
mod voice;
mod window;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use protocol::account::{CurrentUser, Presence, Status, User};
use protocol::event::{Event, Ready};
use protocol::guild::GuildSnapshot;
use protocol::id::{ChannelId, GuildId, SessionId, UserId};
use protocol::message::Message;
use protocol::time::Timestamp;

pub use guild::{Branch, Guild, Membership, Move, Sibling, Tree, move_channel};
pub use read::{Reads, Unread};
pub use route::{GuildTab, Route, UserTab};
pub use timeline::{Direction, Pending, Progress, Row, Timeline};
pub use typing::Typing;
pub use voice::Seats;
pub use window::Window;

/// What an event means beyond the data that it changes: reasons to sound, to notify, to load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Somebody else wrote.
    MessageArrived(Box<Message>),
    SeatTaken {
        channel_id: ChannelId,
        user_id: UserId,
    },
    SeatLeft {
        channel_id: ChannelId,
        user_id: UserId,
    },
    /// Who speaks in a channel has changed, or with what priority.
    Spoken(ChannelId),
    /// Something was decided about a member, or where nobody speaks.
    Restrained,
    /// The microphones of a channel are to sound different.
    BitrateChanged(ChannelId),
    GuildGone(GuildId),
    ChannelGone(ChannelId),
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    pub me: Option<CurrentUser>,
    pub session_id: Option<SessionId>,
    pub guilds: BTreeMap<GuildId, Guild>,
    pub users: BTreeMap<UserId, User>,
    pub online: BTreeSet<UserId>,
    pub reads: Reads,
    pub timelines: BTreeMap<ChannelId, Timeline>,
    pub typing: Typing,
    pub seats: Seats,
}

impl State {
    #[must_use]
    pub fn my_id(&self) -> Option<UserId> {
        self.me.as_ref().map(|me| me.user.id)
    }

    /// The name to show for a user.
    #[must_use]
    pub fn name(&self, user_id: UserId) -> &str {
        self.users.get(&user_id).map_or("", |user| user.display_name.as_str())
    }

    #[must_use]
    pub fn channel(&self, channel_id: ChannelId) -> Option<&protocol::channel::Channel> {
        self.guilds.values().find_map(|guild| guild.channels.get(&channel_id))
    }

    /// Starts from a snapshot. What the user has written and was not yet sent stays.
    pub fn start(&mut self, ready: Ready) {
        let pending = std::mem::take(&mut self.timelines);
        *self = Self { me: Some(ready.user.clone()), session_id: Some(ready.session_id), ..Self::default() };
        self.users.insert(ready.user.user.id, ready.user.user);
        self.reads = Reads::new(ready.read_states);
        for guild in ready.guilds {
            self.enter(guild);
        }
        for (channel_id, timeline) in pending {
            if self.channel(channel_id).is_some() {
                self.timelines.insert(channel_id, timeline.outdated());
            }
        }
    }

    /// Takes in a guild that the user is a member of.
    pub fn enter(&mut self, snapshot: GuildSnapshot) {
        let GuildSnapshot { guild, channels, members, presences, voice_states } = snapshot;
        for member in &members {
            self.users.insert(member.user.id, member.user.clone());
        }
        for presence in presences {
            self.presence(presence);
        }
        self.seats.enter(guild.id, voice_states);
        self.guilds.insert(guild.id, Guild::new(guild, channels, &members));
    }

    fn presence(&mut self, presence: Presence) {
        match presence.status {
            Status::Online => self.online.insert(presence.user_id),
            Status::Offline | Status::Unknown => self.online.remove(&presence.user_id),
        };
    }

    /// Takes in one event. `now` is the wall clock.
    pub fn apply(&mut self, event: Event, now: Timestamp) -> Option<Effect> {
        match event {
            Event::MessageCreated(message) => self.message_created(message, now),
            Event::MessageUpdated(message) => self.message_updated(message),
            Event::MessageDeleted(gone) => self.message_deleted(gone),
            Event::TypingStarted(typing) => self.typing_started(typing, now),
            Event::ReadUpdated(read) => self.read_updated(read),
            Event::GuildCreated(snapshot) => self.guild_created(*snapshot),
            Event::GuildUpdated(guild) => self.guild_updated(guild),
            Event::GuildDeleted(gone) => self.guild_deleted(gone),
            Event::ChannelCreated(channel) | Event::ChannelUpdated(channel) => self.channel_changed(channel),
            Event::ChannelDeleted(gone) => self.channel_deleted(gone),
            Event::MemberAdded(added) => self.member_added(added),
            Event::MemberUpdated(updated) => self.member_updated(updated),
            Event::MemberRemoved(removed) => self.member_removed(removed),
            Event::PresenceUpdated(presence) => self.presence_updated(presence),
            Event::VoiceStateUpdated(state) => self.voice_state_updated(state),
            Event::VoiceLeft(left) => self.voice_left(left),
            Event::VoiceSpeakers(speakers) => self.voice_speakers(speakers),
            Event::VoiceSlots(_)
            | Event::VoiceEncodings(_)
            | Event::VoiceCodecs(_)
            | Event::VoiceQuality(_)
            | Event::VoiceEnded(_)
            | Event::Unknown => None,
        }
    }

    fn presence_updated(&mut self, presence: Presence) -> Option<Effect> {
        self.presence(presence);
        None
    }

    fn guild_created(&mut self, snapshot: GuildSnapshot) -> Option<Effect> {
        self.enter(snapshot);
        None
    }
}
