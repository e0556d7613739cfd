//! Who types where.

use std::collections::BTreeMap;

use protocol::event::TypingStarted;
use protocol::id::{ChannelId, UserId};
use protocol::time::Timestamp;

use super::{Effect, State};

/// How long one event shows, in milliseconds.
const SHOWN_MS: i64 = 8_000;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Typing(BTreeMap<ChannelId, BTreeMap<UserId, Timestamp>>);

impl Typing {
    /// Who types in a channel at this moment, ordered by id.
    pub fn users(&self, channel_id: ChannelId, now: Timestamp) -> impl Iterator<Item = UserId> {
        let users = self.0.get(&channel_id).into_iter().flatten();
        users.filter(move |(_, until)| **until > now).map(|(user, _)| *user)
    }

    /// Whether anything has run out.
    #[must_use]
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.0.values().flat_map(BTreeMap::values).any(|until| *until <= now)
    }

    /// Forgets what has run out; answers whether anything had.
    pub fn expire(&mut self, now: Timestamp) -> bool {
        let count = |all: &BTreeMap<_, BTreeMap<_, _>>| all.values().map(BTreeMap::len).sum::<usize>();
        let before = count(&self.0);
        for users in self.0.values_mut() {
            users.retain(|_, until| *until > now);
        }
        self.0.retain(|_, users| !users.is_empty());
        count(&self.0) != before
    }

    pub(super) fn stop(&mut self, channel_id: ChannelId, user_id: UserId) {
        if let Some(users) = self.0.get_mut(&channel_id) {
            users.remove(&user_id);
        }
    }
}

impl State {
    pub(super) fn typing_started(&mut self, typing: TypingStarted, now: Timestamp) -> Option<Effect> {
        if self.my_id() != Some(typing.user_id) {
            let users = self.typing.0.entry(typing.channel_id).or_default();
            users.insert(typing.user_id, Timestamp(now.0 + SHOWN_MS));
        }
        None
    }
}
