//! How what is written goes out.

use dioxus::prelude::*;
use protocol::error::ErrorCode;
use protocol::id::ChannelId;
use protocol::message::{Message, Nonce};
use protocol::request::message::{NewMessage, SendMessage};

use super::{App, sentence};
use crate::net::gateway::Link;
use crate::net::{self, Failure};
use crate::platform;
use crate::state::Pending;

/// How often a server may fail over one message before it is shown as failed.
const FAULTS: u32 = 3;

pub(super) const OUTBOX: &str = "outbox:";

/// One name for each message, so that several windows do not write over each other's.
fn kept_name(channel_id: ChannelId, nonce: &Nonce) -> String {
    format!("{OUTBOX}{channel_id}:{}", nonce.0)
}

impl App {
    /// Writes a message: it is on screen at once, and on its way.
    pub fn send_message(mut self, channel_id: ChannelId, content: String) {
        let nonce = Nonce(format!("{:x}-{:x}", platform::random(), platform::ticks()));
        let pending =
            Pending { nonce: nonce.clone(), content, written_at: platform::now(), failure: None, sent_as: None };
        let has_after = self.with_timeline(channel_id, |timeline| {
            timeline.new_after = None;
            timeline.pending.push(pending);
            timeline.has_after
        });
        if has_after {
            self.load_newest(channel_id);
        }
        self.keep_pending(channel_id, &nonce);
        // The message ended the typing for the others; what is typed next begins it anew.
        self.wire.write().typed_at = 0;
        self.flush_outbox(channel_id);
    }

    /// Tries again to send what was refused.
    pub fn retry_message(self, channel_id: ChannelId, nonce: &Nonce) {
        self.with_timeline(channel_id, |timeline| {
            for pending in timeline.pending.iter_mut().filter(|pending| pending.nonce == *nonce) {
                pending.failure = None;
            }
        });
        self.keep_pending(channel_id, nonce);
        self.flush_outbox(channel_id);
    }

    pub fn drop_message(self, channel_id: ChannelId, nonce: &Nonce) {
        self.with_timeline(channel_id, |timeline| timeline.pending.retain(|pending| pending.nonce != *nonce));
        self.keep_pending(channel_id, nonce);
    }

    pub(super) fn flush_outboxes(self) {
        let state = self.state.peek();
        let waiting: Vec<ChannelId> =
            state.timelines.iter().filter(|(_, timeline)| !timeline.pending.is_empty()).map(|(id, _)| *id).collect();
        drop(state);
        waiting.into_iter().for_each(|channel_id| self.flush_outbox(channel_id));
    }

    /// Sends what waits in a channel, one after the other, so that the order holds.
    fn flush_outbox(mut self, channel_id: ChannelId) {
        if !self.wire.write().sending.insert(channel_id) {
            return;
        }
        self.spawn(async move {
            let mut faults = 0;
            while let Some(pending) = self.next_pending(channel_id) {
                let body = NewMessage { nonce: pending.nonce.clone(), content: pending.content };
                let answer = net::send(SendMessage { channel_id, body }).await;
                let is_fault = answer.as_ref().is_err_and(|failure| failure.code() == Some(ErrorCode::Internal));
                faults = if is_fault { faults + 1 } else { 0 };
                match answer {
                    Ok(message) => self.message_sent(message),
                    Err(failure) if failure.is_passing() && faults < FAULTS => self.wait_for_network(&failure).await,
                    Err(failure) => {
                        faults = 0;
                        self.fail_message(channel_id, &pending.nonce, &failure);
                    }
                }
                self.keep_pending(channel_id, &pending.nonce);
            }
            self.wire.write().sending.remove(&channel_id);
        });
    }

    fn message_sent(mut self, message: Message) {
        let mut state = self.state.write();
        state.reads.advance(message.channel_id, message.id);
        if let Some(timeline) = state.timelines.get_mut(&message.channel_id) {
            timeline.settle(message);
        }
    }

    fn next_pending(self, channel_id: ChannelId) -> Option<Pending> {
        let state = self.state.peek();
        let pending = &state.timelines.get(&channel_id)?.pending;
        pending.iter().find(|pending| pending.is_due()).cloned()
    }

    /// Keeps a message over a reload for as long as it is to be sent, or to be decided on.
    fn keep_pending(self, channel_id: ChannelId, nonce: &Nonce) {
        let state = self.state.peek();
        let pending = state.timelines.get(&channel_id).and_then(|timeline| {
            timeline.pending.iter().find(|pending| pending.nonce == *nonce && pending.sent_as.is_none())
        });
        let name = kept_name(channel_id, nonce);
        match pending.and_then(|pending| serde_json::to_string(pending).ok()) {
            Some(text) => platform::keep(&name, &text),
            None => platform::forget(&name),
        }
    }

    /// Goes on with what a page before this one has not sent. A message that was taken all the same is not said twice:
    /// it has the same nonce.
    pub(super) fn restore_outboxes(mut self) {
        if std::mem::replace(&mut self.wire.write().is_restored, true) {
            return;
        }
        let kept = platform::load_all(OUTBOX).into_iter().filter_map(|(name, text)| {
            let channel_id = name.strip_prefix(OUTBOX)?.split_once(':')?.0.parse().ok()?;
            Some((channel_id, serde_json::from_str(&text).ok()?))
        });
        let mut kept: Vec<(ChannelId, Pending)> = kept.collect();
        kept.sort_by_key(|(_, pending)| pending.written_at);
        for (channel_id, pending) in kept {
            let is_known = self.state.peek().channel(channel_id).is_some();
            if is_known {
                self.with_timeline(channel_id, |timeline| timeline.pending.push(pending));
            } else {
                platform::forget(&kept_name(channel_id, &pending.nonce));
            }
        }
    }

    async fn wait_for_network(self, failure: &Failure) {
        let wait = match failure {
            Failure::Refused(body) => body.retry_after_ms.and_then(|ms| i32::try_from(ms).ok()).unwrap_or(1_000),
            Failure::Offline | Failure::Unreadable => 1_000,
        };
        platform::sleep(wait).await;
        while *self.link.peek() != Link::Live {
            platform::sleep(300).await;
        }
    }

    fn fail_message(self, channel_id: ChannelId, nonce: &Nonce, failure: &Failure) {
        self.with_timeline(channel_id, |timeline| {
            for pending in timeline.pending.iter_mut().filter(|pending| pending.nonce == *nonce) {
                pending.failure = Some(sentence(failure));
            }
        });
    }
}
