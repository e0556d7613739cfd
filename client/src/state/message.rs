//! What happens to messages.

use protocol::event::MessageDeleted;
use protocol::message::Message;
use protocol::time::Timestamp;

use super::timeline::Change;
use super::{Effect, State};

impl State {
    pub(super) fn message_created(&mut self, message: Message, now: Timestamp) -> Option<Effect> {
        let is_mine = self.my_id() == Some(message.author.id);
        // A message may be told twice: its author's client did not hear that it was taken, and sent it again.
        let is_news =
            self.channel(message.channel_id).is_some_and(|channel| channel.last_message_id < Some(message.id));
        self.users.insert(message.author.id, message.author.clone());
        self.typing.stop(message.channel_id, message.author.id);
        self.typing.expire(now);
        for guild in self.guilds.values_mut() {
            if let Some(channel) = guild.channels.get_mut(&message.channel_id) {
                channel.last_message_id = channel.last_message_id.max(Some(message.id));
            }
        }
        if is_mine {
            self.reads.advance(message.channel_id, message.id);
        }
        if let Some(timeline) = self.timelines.get_mut(&message.channel_id) {
            timeline.settle(message.clone());
        }
        (is_news && !is_mine).then(|| Effect::MessageArrived(Box::new(message)))
    }

    pub(super) fn message_updated(&mut self, message: Message) -> Option<Effect> {
        self.timelines.get_mut(&message.channel_id)?.change(Change::Edited(message));
        None
    }

    pub(super) fn message_deleted(&mut self, gone: MessageDeleted) -> Option<Effect> {
        self.timelines.get_mut(&gone.channel_id)?.change(Change::Deleted(gone.message_id));
        None
    }
}
