//! Writing and reading.

use dioxus::prelude::*;
use protocol::id::{ChannelId, MessageId};
use protocol::request::channel::{MarkRead, ReadBody, StartTyping};
use protocol::request::message::{DeleteMessage, EditMessage, GetHistory, HistoryQuery, MessageEdit};

use super::outbox::OUTBOX;
use super::{App, sentence};
use crate::net;
use crate::net::gateway::Link;
use crate::platform;
use crate::state::{Direction, Route, Timeline, Unread};

/// The others are told this often at most, in ticks.
const TYPING_MS: u64 = 3_000;

const DRAFTS: &str = "draft:";
const EDITS: &str = "edit:";

fn draft_name(channel_id: ChannelId) -> String {
    format!("{DRAFTS}{channel_id}")
}

fn edit_name(message_id: MessageId) -> String {
    format!("{EDITS}{message_id}")
}

fn keep_text(name: &str, text: &str) {
    if text.is_empty() {
        platform::forget(name);
    } else {
        platform::keep(name, text);
    }
}

impl App {
    pub(super) fn with_timeline<T>(mut self, channel_id: ChannelId, act: impl FnOnce(&mut Timeline) -> T) -> T {
        act(self.state.write().timelines.entry(channel_id).or_default())
    }

    /// As [`Self::with_timeline`], unless the channel is gone since.
    fn with_loaded(mut self, channel_id: ChannelId, act: impl FnOnce(&mut Timeline)) {
        if let Some(timeline) = self.state.write().timelines.get_mut(&channel_id) {
            act(timeline);
        }
    }

    /// Makes a channel ready to be read.
    pub(super) fn open_channel(self, channel_id: ChannelId) {
        let (is_known, is_loaded, read) = {
            let state = self.state.peek();
            let channel = state.channel(channel_id);
            let read = channel
                .filter(|channel| state.unread(channel) == Unread::Yes)
                .and_then(|_| state.reads.last(channel_id));
            let is_loaded = state.timelines.get(&channel_id).is_some_and(|timeline| timeline.is_loaded);
            (channel.is_some_and(|channel| channel.kind.has_messages()), is_loaded, read)
        };
        if !is_known {
            return;
        }
        self.with_timeline(channel_id, |timeline| timeline.new_after = read);
        if !is_loaded {
            self.load_newest(channel_id);
        }
    }

    /// Loads the channel on screen, should that have failed when it was opened.
    pub(super) fn load_missing(self) {
        let channel_id = self.route.peek().channel();
        let missing = channel_id.filter(|id| self.state.peek().timelines.get(id).is_some_and(Timeline::is_missing));
        if let Some(channel_id) = missing {
            self.load_newest(channel_id);
        }
    }

    /// Loads the newest page, in place of what was loaded.
    pub fn load_newest(self, channel_id: ChannelId) {
        let epoch = self.with_timeline(channel_id, Timeline::ask_newest);
        self.spawn(async move {
            let answer = net::send(GetHistory { channel_id, body: HistoryQuery::default() }).await;
            self.with_loaded(channel_id, |timeline| match answer {
                Ok(page) => timeline.load_newest(epoch, page),
                Err(failure) => timeline.fail(epoch, Direction::Newer, sentence(&failure)),
            });
        });
    }

    /// Loads the page next to one end, unless that is under way.
    pub fn load_page(self, channel_id: ChannelId, direction: Direction) {
        let may_load = self.state.peek().timelines.get(&channel_id).is_some_and(|timeline| timeline.may_ask(direction));
        if !may_load {
            return;
        }
        let asked = self.with_timeline(channel_id, |timeline| {
            let body = match direction {
                Direction::Older => HistoryQuery { before: timeline.oldest(), after: None, limit: None },
                Direction::Newer => HistoryQuery { before: None, after: timeline.newest(), limit: None },
            };
            Some((timeline.ask_page(direction)?, body))
        });
        let Some((epoch, body)) = asked else { return };
        self.spawn(async move {
            let answer = net::send(GetHistory { channel_id, body }).await;
            self.with_loaded(channel_id, |timeline| match answer {
                Ok(page) => timeline.load_page(epoch, direction, page),
                Err(failure) => timeline.fail(epoch, direction, sentence(&failure)),
            });
        });
    }

    pub fn edit_message(self, channel_id: ChannelId, message_id: MessageId, content: String) {
        self.spawn(async move {
            let body = MessageEdit { content: content.clone() };
            match net::send(EditMessage { channel_id, message_id, body }).await {
                Ok(message) => {
                    // What was typed since then is another edit.
                    if self.edit(message_id).is_some_and(|kept| kept.trim() == content) {
                        self.keep_edit(message_id, "");
                    }
                    self.apply_own(protocol::event::Event::MessageUpdated(message));
                }
                Err(failure) => {
                    self.complain(&failure);
                    self.reopen_edit(channel_id, message_id);
                }
            }
        });
    }

    fn reopen_edit(mut self, channel_id: ChannelId, message_id: MessageId) {
        let is_here = self.route.peek().channel() == Some(channel_id);
        if is_here && self.editing.peek().is_none() {
            self.editing.set(Some(message_id));
        }
    }

    /// What was typed over a message and not saved.
    #[must_use]
    pub fn edit(self, message_id: MessageId) -> Option<String> {
        platform::load(&edit_name(message_id))
    }

    /// Keeps what is typed over a message until it is saved; nothing: there is no edit any more.
    pub fn keep_edit(self, message_id: MessageId, text: &str) {
        keep_text(&edit_name(message_id), text);
    }

    /// The edit on screen is over; what was typed is kept until it is forgotten.
    pub fn close_edit(mut self) {
        self.editing.set(None);
        self.composer_focus += 1;
    }

    pub fn delete_message(self, channel_id: ChannelId, message_id: MessageId) {
        self.spawn(async move {
            match net::send(DeleteMessage { channel_id, message_id, body: () }).await {
                Ok(()) => {
                    self.keep_edit(message_id, "");
                    let gone = protocol::event::MessageDeleted { channel_id, message_id };
                    self.apply_own(protocol::event::Event::MessageDeleted(gone));
                }
                Err(failure) => self.complain(&failure),
            }
        });
    }

    /// Shows what the server has answered without waiting for its event.
    pub(super) fn apply_own(mut self, event: protocol::event::Event) {
        self.state.write().apply(event, platform::now());
    }

    /// Begins to edit the user's newest message in the channel on screen.
    pub fn edit_last(mut self) {
        let state = self.state.peek();
        let last = self.route.peek().channel().and_then(|channel_id| {
            let message = state.timelines.get(&channel_id)?.last_own(state.my_id()?)?;
            Some(message.id)
        });
        if last.is_some() {
            self.editing.set(last);
        }
    }

    /// The user types; the others are told now and then.
    pub fn typed(mut self, channel_id: ChannelId) {
        let now = platform::ticks();
        let is_due = self.wire.peek().typed_at == 0 || now - self.wire.peek().typed_at >= TYPING_MS;
        if is_due && *self.link.peek() == Link::Live {
            self.wire.write().typed_at = now;
            self.spawn(async move {
                // Nobody misses it.
                let _ = net::send(StartTyping { channel_id, body: () }).await;
            });
        }
    }

    /// What was written and not sent.
    #[must_use]
    pub fn draft(self, channel_id: ChannelId) -> String {
        platform::load(&draft_name(channel_id)).unwrap_or_default()
    }

    pub fn keep_draft(self, channel_id: ChannelId, text: &str) {
        keep_text(&draft_name(channel_id), text);
    }

    /// Whoever signs in here next does not read it.
    pub(super) fn forget_writing(self) {
        platform::forget_all(DRAFTS);
        platform::forget_all(EDITS);
        platform::forget_all(OUTBOX);
    }

    /// The end of a channel is looked at: all of it has been seen, once it is loaded.
    pub fn mark_seen(self, channel_id: ChannelId) {
        let is_there = self
            .state
            .peek()
            .timelines
            .get(&channel_id)
            .is_some_and(|timeline| timeline.is_loaded && !timeline.has_after);
        if is_there {
            self.mark_read(channel_id);
        }
    }

    fn mark_read(mut self, channel_id: ChannelId) {
        let newest = self.state.peek().channel(channel_id).and_then(|channel| channel.last_message_id);
        let Some(last_read_id) = newest else { return };
        let is_unread = self.state.peek().reads.last(channel_id) < Some(last_read_id);
        if !is_unread || !platform::is_visible() {
            return;
        }
        self.state.write().reads.advance(channel_id, last_read_id);
        self.spawn(async move {
            // Should it fail, the next mark goes further.
            let _ = net::send(MarkRead { channel_id, body: ReadBody { last_read_id } }).await;
        });
    }

    /// The page is looked at again.
    pub(super) fn mark_current_read(self) {
        let channel_id = self.route.peek().channel();
        if let Some(channel_id) = channel_id
            && platform::end_is_visible("timeline")
        {
            self.mark_seen(channel_id);
        }
    }

    /// Marks every channel of the guild on screen as read.
    pub fn mark_guild_read(self) {
        let guild_id = self.route.peek().guild();
        let channels: Vec<ChannelId> = {
            let state = self.state.peek();
            let guild = guild_id.and_then(|id| state.guilds.get(&id));
            guild.map(|guild| guild.channels.keys().copied().collect()).unwrap_or_default()
        };
        channels.into_iter().for_each(|channel_id| self.mark_read(channel_id));
    }

    /// Goes to a channel.
    pub fn go_to_channel(self, channel_id: ChannelId) {
        let guild_id = self.state.peek().guild_of(channel_id);
        if let Some(guild_id) = guild_id {
            self.go(Route::Channel(guild_id, channel_id));
        }
    }
}
