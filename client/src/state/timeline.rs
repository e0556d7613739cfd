//! The messages of one channel: one gapless run of history, and below it what is on its way.

use std::collections::VecDeque;

use protocol::event::MessageDeleted;
use protocol::id::MessageId;
use protocol::message::{History, Message, Nonce};
use protocol::time::Timestamp;

use super::{Effect, State};

/// Messages that are kept in memory and on screen; more are dropped at the far end and load again.
const KEPT: usize = 400;
/// A message within this time of its author's last one stands below it without a head, in milliseconds.
const GROUPED_MS: i64 = 5 * 60 * 1000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Older,
    Newer,
}

/// How a page of history is coming along.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Progress {
    #[default]
    Idle,
    Loading,
    /// With a sentence.
    Failed(String),
}

/// A message on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    pub nonce: Nonce,
    pub content: String,
    pub written_at: Timestamp,
    /// Why it was refused; none: still trying.
    pub failure: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    messages: VecDeque<Message>,
    /// Came while the newest page was on its way, which may have been read before them.
    early: Vec<Message>,
    pub pending: Vec<Pending>,
    pub has_before: bool,
    pub has_after: bool,
    /// The newest page has been asked for and has come.
    pub is_loaded: bool,
    pub older: Progress,
    pub newer: Progress,
    /// Where the line that tells new from read stands, fixed while the channel is open.
    pub new_after: Option<MessageId>,
}

/// One row of what is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// A new day begins.
    Day(Timestamp),
    /// What follows is new.
    New,
    Message {
        message: Message,
        has_head: bool,
    },
    Pending {
        pending: Pending,
        has_head: bool,
    },
}

impl Default for Timeline {
    fn default() -> Self {
        Self {
            messages: VecDeque::new(),
            early: Vec::new(),
            pending: Vec::new(),
            has_before: true,
            has_after: false,
            is_loaded: false,
            older: Progress::Idle,
            newer: Progress::Idle,
            new_after: None,
        }
    }
}

impl Timeline {
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.messages.iter()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.pending.is_empty()
    }

    #[must_use]
    pub fn oldest(&self) -> Option<MessageId> {
        self.messages.front().map(|message| message.id)
    }

    #[must_use]
    pub fn newest(&self) -> Option<MessageId> {
        self.messages.back().map(|message| message.id)
    }

    #[must_use]
    pub fn get(&self, id: MessageId) -> Option<&Message> {
        self.position(id).ok().map(|index| &self.messages[index])
    }

    fn position(&self, id: MessageId) -> Result<usize, usize> {
        self.messages.binary_search_by_key(&id, |message| message.id)
    }

    /// What stays of it over a new snapshot: the messages have to be loaded again, those on their way stay.
    pub(super) fn outdated(mut self) -> Self {
        self.is_loaded = false;
        self.early.clear();
        self.older = Progress::Idle;
        self.newer = Progress::Idle;
        self
    }

    /// Takes in the newest page.
    pub fn load_newest(&mut self, page: History) {
        self.messages = page.messages.into();
        let newest = self.newest();
        self.messages.extend(std::mem::take(&mut self.early).into_iter().filter(|message| Some(message.id) > newest));
        self.has_before = page.has_before;
        self.has_after = page.has_after;
        self.is_loaded = true;
        self.older = Progress::Idle;
        self.newer = Progress::Idle;
        self.settle_all();
    }

    /// Takes in the page next to one end.
    pub fn load_page(&mut self, direction: Direction, page: History) {
        match direction {
            Direction::Older => {
                let oldest = self.oldest();
                for message in page.messages.into_iter().rev().filter(|message| oldest.is_none_or(|id| message.id < id))
                {
                    self.messages.push_front(message);
                }
                self.has_before = page.has_before;
                self.older = Progress::Idle;
                if self.messages.len() > KEPT {
                    self.messages.truncate(KEPT);
                    self.has_after = true;
                }
            }
            Direction::Newer => {
                let newest = self.newest();
                self.messages.extend(page.messages.into_iter().filter(|message| Some(message.id) > newest));
                self.has_after = page.has_after;
                self.newer = Progress::Idle;
                if self.messages.len() > KEPT {
                    self.messages.drain(..self.messages.len() - KEPT);
                    self.has_before = true;
                }
            }
        }
        self.settle_all();
    }

    /// A message of one's own that the server has taken.
    pub fn settle(&mut self, message: Message) {
        if let Some(nonce) = &message.nonce {
            self.pending.retain(|pending| pending.nonce != *nonce);
        }
        self.insert(message);
    }

    fn settle_all(&mut self) {
        let messages = &self.messages;
        self.pending.retain(|pending| !messages.iter().any(|message| message.nonce.as_ref() == Some(&pending.nonce)));
    }

    fn insert(&mut self, message: Message) {
        if !self.is_loaded {
            self.early.push(message);
            return;
        }
        // Above a gap: the page that closes it will bring the message.
        if self.has_after {
            return;
        }
        if let Err(index) = self.position(message.id) {
            self.messages.insert(index, message);
        }
        if self.messages.len() > KEPT * 2 {
            self.messages.drain(..KEPT);
            self.has_before = true;
        }
    }

    /// The newest message of an author, to edit it.
    #[must_use]
    pub fn last_of(&self, author: protocol::id::UserId) -> Option<&Message> {
        self.messages.iter().rev().find(|message| message.author.id == author)
    }

    /// The rows to show. `day` tells days apart in the reader's time zone.
    #[must_use]
    pub fn rows(&self, me: Option<protocol::id::UserId>, day: impl Fn(Timestamp) -> i64) -> Vec<Row> {
        let mut rows = Vec::with_capacity(self.messages.len() + self.pending.len() + 4);
        let mut last: Option<(protocol::id::UserId, Timestamp)> = None;
        let mut is_new_shown = false;
        for message in &self.messages {
            let at = message.id.created_at();
            let is_new_day = last.is_none_or(|(_, before)| day(before) != day(at));
            if is_new_day {
                rows.push(Row::Day(at));
            }
            let is_first_new =
                !is_new_shown && self.new_after.is_some_and(|read| message.id > read) && Some(message.author.id) != me;
            if is_first_new {
                rows.push(Row::New);
                is_new_shown = true;
            }
            let continues =
                last.is_some_and(|(author, before)| author == message.author.id && at.0 - before.0 < GROUPED_MS);
            rows.push(Row::Message { message: message.clone(), has_head: is_new_day || is_first_new || !continues });
            last = Some((message.author.id, at));
        }
        for pending in &self.pending {
            let at = pending.written_at;
            let continues = last.is_some_and(|(author, before)| Some(author) == me && at.0 - before.0 < GROUPED_MS);
            rows.push(Row::Pending { pending: pending.clone(), has_head: !continues });
            last = me.map(|me| (me, at));
        }
        rows
    }
}

impl State {
    pub(super) fn message_created(&mut self, message: Message, now: Timestamp) -> Option<Effect> {
        let is_mine = self.my_id() == Some(message.author.id);
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
        (!is_mine).then(|| Effect::MessageArrived(Box::new(message)))
    }

    pub(super) fn message_updated(&mut self, message: &Message) -> Option<Effect> {
        let timeline = self.timelines.get_mut(&message.channel_id)?;
        for kept in timeline.messages.iter_mut().chain(&mut timeline.early).filter(|kept| kept.id == message.id) {
            kept.content.clone_from(&message.content);
            kept.edited_at = message.edited_at;
        }
        None
    }

    pub(super) fn message_deleted(&mut self, gone: MessageDeleted) -> Option<Effect> {
        let timeline = self.timelines.get_mut(&gone.channel_id)?;
        timeline.messages.retain(|message| message.id != gone.message_id);
        timeline.early.retain(|message| message.id != gone.message_id);
        None
    }
}
