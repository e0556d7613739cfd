//! Push to talk: the microphone is open while a key is held. The others see no mute in between.

use dioxus::prelude::*;

use super::super::App;
use crate::platform;

/// The key that is offered: it writes nothing, and a thumb finds it.
const FIRST_KEY: &str = "ControlRight";

impl App {
    pub(in super::super) fn open_or_shut_microphone(self) {
        let voice = self.voice.peek();
        let is_open = self.prefs.peek().talk_key.is_none() || voice.is_talking;
        let is_heard = voice.is_in_call() && is_open && !voice.flags().muted && self.held_microphone().is_none();
        platform::set_microphone(is_heard, is_heard || voice.is_testing);
    }

    /// A key went down or up; answers whether it was the one to talk.
    pub(in super::super) fn talk_key(self, code: &str, is_down: bool) -> bool {
        let is_talk = self.prefs.peek().talk_key.as_deref() == Some(code);
        if is_talk {
            // Let go it is in any case: the call may have ended while it was held.
            let is_talking = is_down && self.voice.peek().is_in_call();
            self.set_talking(is_talking);
        }
        is_talk
    }

    /// The page hears of no key any more: none is held, and none is chosen.
    pub(in super::super) fn keys_lost(self) {
        self.set_talking(false);
        self.keep_talk_key();
    }

    fn set_talking(mut self, is_talking: bool) {
        if self.voice.peek().is_talking != is_talking {
            self.voice.write().is_talking = is_talking;
            self.open_or_shut_microphone();
        }
    }

    /// Opens the microphone only while a key is held, or always.
    pub fn set_push_to_talk(self, is_on: bool) {
        self.set_talk_key(is_on.then(|| FIRST_KEY.to_owned()));
    }

    fn set_talk_key(mut self, code: Option<String>) {
        {
            let mut voice = self.voice.write();
            voice.chooses_key = false;
            voice.is_talking = false;
        }
        self.set_prefs(|prefs| prefs.talk_key = code);
        self.open_or_shut_microphone();
    }

    /// Takes the next key that is pressed as the one to talk.
    pub fn choose_talk_key(mut self) {
        self.voice.write().chooses_key = true;
    }

    /// No longer chooses one.
    pub fn keep_talk_key(mut self) {
        let chooses = self.voice.peek().chooses_key;
        if chooses {
            self.voice.write().chooses_key = false;
        }
    }

    /// A key was pressed while one is to be chosen; Esc keeps the one there was.
    pub(in super::super) fn chosen_talk_key(self, code: &str) -> bool {
        let chooses = self.voice.peek().chooses_key;
        if chooses {
            match code {
                "Escape" | "" => self.keep_talk_key(),
                // They press buttons and move the focus.
                "Enter" | "Space" | "Tab" => {}
                code => self.set_talk_key(Some(code.to_owned())),
            }
        }
        chooses
    }
}
