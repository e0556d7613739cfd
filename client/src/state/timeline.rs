//! The messages of one channel: one gapless run of history, and below it what is on its way.

use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;

use protocol::id::MessageId;
use protocol::message::{History, Message, Nonce};
use protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Messages that are kept in memory; more are dropped at the far end and load again.
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    pub nonce: Nonce,
    pub content: String,
    pub written_at: Timestamp,
    /// Why it was refused; none: still trying.
    pub failure: Option<String>,
    /// What the server has made of it, while that cannot be shown in its place yet.
    #[serde(skip)]
    pub sent_as: Option<MessageId>,
}

impl Pending {
    /// Whether it still has to be sent.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.failure.is_none() && self.sent_as.is_none()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    messages: VecDeque<Rc<Message>>,
    /// Came while the newest page was on its way, which may have been read before them.
    early: Vec<Rc<Message>>,
    /// Happened while a page was on its way, which may have been read before it.
    meanwhile: Vec<Change>,
    pub pending: Vec<Pending>,
    pub has_before: bool,
    pub has_after: bool,
    /// The newest page has been asked for and has come.
    pub is_loaded: bool,
    pub older: Progress,
    pub newer: Progress,
    /// Counts up when an end moves other than by a page that was asked for there: such pages no longer fit.
    epoch: u32,
    /// Where the line that tells new from read stands, fixed while the channel is open.
    pub new_after: Option<MessageId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    Edited(Message),
    Deleted(MessageId),
}

/// One row of what is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// A new day begins.
    Day(Timestamp),
    /// What follows is new.
    New,
    Message {
        message: Rc<Message>,
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
            meanwhile: Vec::new(),
            pending: Vec::new(),
            has_before: true,
            has_after: false,
            is_loaded: false,
            older: Progress::Idle,
            newer: Progress::Idle,
            epoch: 0,
            new_after: None,
        }
    }
}

impl Timeline {
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.messages.iter().map(Rc::as_ref)
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

    /// How many messages are loaded.
    #[must_use]
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    pub(super) fn id_at(&self, index: usize) -> Option<MessageId> {
        self.messages.get(index).map(|message| message.id)
    }

    /// Where a message stands, or would stand.
    pub(super) fn index_of(&self, id: MessageId) -> usize {
        self.position(id).unwrap_or_else(|index| index)
    }

    /// Behind a message, or where it would stand.
    pub(super) fn index_after(&self, id: MessageId) -> usize {
        self.position(id).map_or_else(|index| index, |index| index + 1)
    }

    #[must_use]
    pub fn get(&self, id: MessageId) -> Option<&Message> {
        self.position(id).ok().map(|index| &*self.messages[index])
    }

    fn position(&self, id: MessageId) -> Result<usize, usize> {
        self.messages.binary_search_by_key(&id, |message| message.id)
    }

    /// Nothing of it is loaded, and nothing is being done about it.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        !self.is_loaded && self.newer != Progress::Loading
    }

    /// What stays of it over a new snapshot: the messages have to be loaded again, those on their way stay.
    pub(super) fn outdated(mut self) -> Self {
        self.is_loaded = false;
        self.forget_pages();
        self
    }

    /// What is on its way fits no longer.
    fn forget_pages(&mut self) {
        self.epoch += 1;
        self.older = Progress::Idle;
        self.newer = Progress::Idle;
        self.early.clear();
        self.meanwhile.clear();
    }

    /// Asks for the newest page; answers with what to give back with it.
    pub fn ask_newest(&mut self) -> u32 {
        self.forget_pages();
        self.newer = Progress::Loading;
        self.epoch
    }

    /// Asks for the page next to one end, unless that is under way or there is none; answers with what to give back with it.
    pub fn ask_page(&mut self, direction: Direction) -> Option<u32> {
        if !self.may_ask(direction) {
            return None;
        }
        *self.progress(direction) = Progress::Loading;
        Some(self.epoch)
    }

    #[must_use]
    pub fn may_ask(&self, direction: Direction) -> bool {
        let (progress, has_more) = match direction {
            Direction::Older => (&self.older, self.has_before),
            Direction::Newer => (&self.newer, self.has_after),
        };
        *progress != Progress::Loading && has_more && self.is_loaded
    }

    fn progress(&mut self, direction: Direction) -> &mut Progress {
        match direction {
            Direction::Older => &mut self.older,
            Direction::Newer => &mut self.newer,
        }
    }

    /// Takes in the newest page.
    pub fn load_newest(&mut self, epoch: u32, page: History) {
        if epoch != self.epoch {
            return;
        }
        self.messages = page.messages.into_iter().map(Rc::new).collect();
        self.has_before = page.has_before;
        self.has_after = page.has_after;
        self.is_loaded = true;
        self.newer = Progress::Idle;
        self.take_early();
        self.catch_up();
    }

    /// Takes in the page next to one end.
    pub fn load_page(&mut self, epoch: u32, direction: Direction, page: History) {
        if epoch != self.epoch {
            return;
        }
        *self.progress(direction) = Progress::Idle;
        match direction {
            Direction::Older => {
                let oldest = self.oldest();
                let older = page.messages.into_iter().rev().filter(|message| oldest.is_none_or(|id| message.id < id));
                older.for_each(|message| self.messages.push_front(Rc::new(message)));
                self.has_before = page.has_before;
            }
            Direction::Newer => {
                let newest = self.newest();
                let newer = page.messages.into_iter().filter(|message| Some(message.id) > newest);
                self.messages.extend(newer.map(Rc::new));
                self.has_after = page.has_after;
                self.take_early();
            }
        }
        self.catch_up();
        match direction {
            Direction::Older => self.drop_newest(),
            Direction::Newer => self.drop_oldest(KEPT, KEPT),
        }
    }

    /// A page could not be had; with a sentence.
    pub fn fail(&mut self, epoch: u32, direction: Direction, sentence: String) {
        if epoch == self.epoch {
            *self.progress(direction) = Progress::Failed(sentence);
            self.forget_meanwhile();
        }
    }

    /// A page has come: what happened since it was asked for happens to it, too.
    fn catch_up(&mut self) {
        for change in self.meanwhile.clone() {
            self.take(&change);
        }
        self.forget_meanwhile();
        self.settle_all();
    }

    fn forget_meanwhile(&mut self) {
        if !self.is_loading() {
            self.meanwhile.clear();
        }
    }

    fn is_loading(&self) -> bool {
        self.older == Progress::Loading || self.newer == Progress::Loading
    }

    pub(super) fn change(&mut self, change: Change) {
        self.take(&change);
        if self.is_loading() {
            self.meanwhile.push(change);
        }
    }

    fn take(&mut self, change: &Change) {
        match change {
            Change::Edited(message) => {
                let kept = self.messages.iter_mut().chain(&mut self.early).filter(|kept| kept.id == message.id);
                // The answer to an edit may come later than the event of the next one.
                for kept in kept.filter(|kept| kept.edited_at <= message.edited_at) {
                    let kept = Rc::make_mut(kept);
                    kept.content.clone_from(&message.content);
                    kept.edited_at = message.edited_at;
                }
            }
            Change::Deleted(id) => {
                self.messages.retain(|message| message.id != *id);
                self.early.retain(|message| message.id != *id);
                self.pending.retain(|pending| pending.sent_as != Some(*id));
            }
        }
    }

    /// At the newest end follows what came while its page was on its way.
    fn take_early(&mut self) {
        let early = std::mem::take(&mut self.early);
        if !self.has_after {
            let newest = self.newest();
            self.messages.extend(early.into_iter().filter(|message| Some(message.id) > newest));
        }
    }

    /// Where there are too many, keeps the oldest.
    fn drop_newest(&mut self) {
        if self.messages.len() > KEPT {
            self.messages.truncate(KEPT);
            self.has_after = true;
            self.forget_pages();
        }
    }

    /// Where there are more than so many, keeps the newest.
    fn drop_oldest(&mut self, most: usize, kept: usize) {
        if self.messages.len() > most {
            self.messages.drain(..self.messages.len() - kept);
            self.has_before = true;
            self.forget_pages();
        }
    }

    /// A message of one's own that the server has taken.
    pub fn settle(&mut self, message: Message) {
        for pending in self.pending.iter_mut().filter(|pending| message.nonce.as_ref() == Some(&pending.nonce)) {
            pending.sent_as = Some(message.id);
        }
        self.insert(message);
        self.settle_all();
    }

    /// Rows on their way go as soon as their messages are in their places.
    fn settle_all(&mut self) {
        let (messages, oldest) = (&self.messages, self.oldest());
        let is_whole = self.is_loaded && !self.has_after && self.newer != Progress::Loading;
        self.pending.retain(|pending| {
            let is_placed = messages.iter().any(|message| message.nonce.as_ref() == Some(&pending.nonce));
            let is_told = pending.sent_as.is_some_and(|id| is_whole || Some(id) < oldest);
            !is_placed && !is_told
        });
    }

    fn insert(&mut self, message: Message) {
        if self.newer == Progress::Loading {
            if let Err(index) = self.early.binary_search_by_key(&message.id, |early| early.id) {
                self.early.insert(index, Rc::new(message));
            }
            return;
        }
        // Above a gap, or before anything was asked for: the page that comes will bring the message.
        if self.has_after || !self.is_loaded || self.has_before && Some(message.id) < self.oldest() {
            return;
        }
        if let Err(index) = self.position(message.id) {
            self.messages.insert(index, Rc::new(message));
        }
        self.drop_oldest(KEPT * 2, KEPT);
    }

    /// The user's newest message, to edit it; none while a newer one is on its way, which is the one that is meant.
    #[must_use]
    pub fn last_own(&self, me: protocol::id::UserId) -> Option<&Message> {
        if self.pending.iter().any(|pending| pending.failure.is_none()) {
            return None;
        }
        self.messages().rev().find(|message| message.author.id == me)
    }

    /// The rows to show of a part of the messages, and at its end what is on its way. `day` tells days apart in the
    /// reader's time zone.
    #[must_use]
    pub fn rows(
        &self,
        part: Range<usize>,
        me: Option<protocol::id::UserId>,
        day: impl Fn(Timestamp) -> i64,
    ) -> Vec<Row> {
        let mut rows = Vec::with_capacity(part.len() + self.pending.len() + 4);
        let is_end = part.end == self.messages.len();
        let before = part.start.checked_sub(1).map(|index| &self.messages[index]);
        let mut last = before.map(|message| (message.author.id, message.id.created_at()));
        let mut is_new_shown = self.messages.range(..part.start).any(|message| self.is_new(message, me));
        for message in self.messages.range(part) {
            let at = message.id.created_at();
            let is_new_day = last.is_none_or(|(_, before)| day(before) != day(at));
            if is_new_day {
                rows.push(Row::Day(at));
            }
            let is_first_new = !is_new_shown && self.is_new(message, me);
            if is_first_new {
                rows.push(Row::New);
                is_new_shown = true;
            }
            let continues =
                last.is_some_and(|(author, before)| author == message.author.id && at.0 - before.0 < GROUPED_MS);
            rows.push(Row::Message { message: Rc::clone(message), has_head: is_new_day || is_first_new || !continues });
            last = Some((message.author.id, at));
        }
        for pending in self.pending.iter().filter(|_| is_end) {
            let at = pending.written_at;
            let continues = last.is_some_and(|(author, before)| Some(author) == me && at.0 - before.0 < GROUPED_MS);
            rows.push(Row::Pending { pending: pending.clone(), has_head: !continues });
            last = me.map(|me| (me, at));
        }
        rows
    }

    fn is_new(&self, message: &Message, me: Option<protocol::id::UserId>) -> bool {
        self.new_after.is_some_and(|read| message.id > read) && Some(message.author.id) != me
    }
}
