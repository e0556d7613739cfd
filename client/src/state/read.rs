//! How far the user has read.

use std::collections::BTreeMap;

use protocol::channel::{Channel, ReadState};
use protocol::id::{ChannelId, GuildId, MessageId};

use super::{Effect, State};

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reads(BTreeMap<ChannelId, MessageId>);

/// Whether something is new to the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    No,
    Yes,
}

impl Reads {
    pub(super) fn new(states: Vec<ReadState>) -> Self {
        Self(states.into_iter().map(|state| (state.channel_id, state.last_read_id)).collect())
    }

    #[must_use]
    pub fn last(&self, channel_id: ChannelId) -> Option<MessageId> {
        self.0.get(&channel_id).copied()
    }

    /// Moves the mark forward; answers whether it moved.
    pub fn advance(&mut self, channel_id: ChannelId, message_id: MessageId) -> bool {
        let moved = self.last(channel_id) < Some(message_id);
        if moved {
            self.0.insert(channel_id, message_id);
        }
        moved
    }
}

impl State {
    pub(super) fn read_updated(&mut self, read: ReadState) -> Option<Effect> {
        self.reads.advance(read.channel_id, read.last_read_id);
        None
    }

    /// Whether a channel has messages that the user has not read. What was written before they came does not count.
    #[must_use]
    pub fn unread(&self, channel: &Channel) -> Unread {
        let Some(last) = channel.last_message_id else { return Unread::No };
        let is_unread = match self.reads.last(channel.id) {
            Some(read) => last > read,
            None => {
                let guild = self.guilds.get(&channel.guild_id);
                let joined = self.my_id().and_then(|me| guild?.members.get(&me).map(|member| member.joined_at));
                joined.is_some_and(|joined| last.created_at() > joined)
            }
        };
        if is_unread { Unread::Yes } else { Unread::No }
    }

    /// Whether any channel of a guild is unread.
    #[must_use]
    pub fn guild_unread(&self, guild_id: GuildId) -> Unread {
        let channels = self.guilds.get(&guild_id).map(|guild| guild.channels.values()).into_iter().flatten();
        if channels.into_iter().any(|channel| self.unread(channel) == Unread::Yes) { Unread::Yes } else { Unread::No }
    }
}
