//! Short messages that come and go.

use dioxus::prelude::*;

use super::App;
use crate::net::Failure;
use crate::{platform, text};

/// How long one is shown, in milliseconds.
const SHOWN_MS: i32 = 6_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Info,
    Error,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    pub id: u64,
    pub tone: Tone,
    pub text: String,
}

/// What happened and what to do.
#[must_use]
pub fn sentence(failure: &Failure) -> String {
    match failure {
        Failure::Offline => text::error_offline().to_owned(),
        Failure::Unreadable => text::error_unreadable().to_owned(),
        Failure::Refused(body) => body.message.clone(),
    }
}

impl App {
    pub fn toast(mut self, tone: Tone, text: impl Into<String>) {
        let text = text.into();
        let id = platform::random();
        self.toasts.with_mut(|toasts| {
            toasts.retain(|toast| toast.text != text);
            toasts.push(Toast { id, tone, text });
            if toasts.len() > 4 {
                toasts.remove(0);
            }
        });
        self.spawn(async move {
            platform::sleep(SHOWN_MS).await;
            self.dismiss(id);
        });
    }

    pub fn dismiss(mut self, id: u64) {
        self.toasts.with_mut(|toasts| toasts.retain(|toast| toast.id != id));
    }

    /// Says why something failed.
    pub fn complain(self, failure: &Failure) {
        self.toast(Tone::Error, sentence(failure));
    }

    /// Copies a text and says so.
    pub fn copy(self, words: String) {
        self.spawn(async move {
            if platform::copy(words).await {
                self.toast(Tone::Info, text::copied());
            } else {
                self.toast(Tone::Error, text::copy_failed());
            }
        });
    }
}
