//! What the user has chosen on this device.

use std::collections::BTreeMap;

use dioxus::prelude::*;
use protocol::id::UserId;
use serde::{Deserialize, Serialize};

use super::App;
use crate::call::codec::CameraCodec;
use crate::call::hearing::Hearing;
use crate::platform::{self, MicrophoneOptions, Sound};

const NAME: &str = "prefs";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    #[default]
    System,
    Dark,
    Light,
    Black,
}

impl Theme {
    pub const ALL: [Self; 4] = [Self::System, Self::Dark, Self::Light, Self::Black];

    /// As the style sheet knows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "",
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Black => "black",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Prefs {
    pub theme: Theme,
    /// The microphone as it was left.
    pub is_muted: bool,
    pub is_deafened: bool,
    /// The key that is held while one talks, as `KeyboardEvent.code` names it; none: the microphone is open.
    pub talk_key: Option<String>,
    pub microphone: String,
    pub camera: String,
    pub camera_codec: CameraCodec,
    pub speaker: String,
    pub reduce_noise: bool,
    pub remove_echo: bool,
    pub even_loudness: bool,
    pub has_sounds: bool,
    /// Screen readers say who comes to and goes from the user's room.
    pub announces_joins: bool,
    /// Per cent.
    pub sound_volume: u8,
    /// Per cent by user; those not named are heard as they come.
    pub volumes: BTreeMap<UserId, u16>,
    pub shows_members: bool,
}

impl Default for Prefs {
    fn default() -> Self {
        Self {
            theme: Theme::System,
            is_muted: false,
            is_deafened: false,
            talk_key: None,
            microphone: String::new(),
            camera: String::new(),
            camera_codec: CameraCodec::Automatic,
            speaker: String::new(),
            reduce_noise: true,
            remove_echo: true,
            even_loudness: true,
            has_sounds: true,
            announces_joins: true,
            sound_volume: 60,
            volumes: BTreeMap::new(),
            shows_members: true,
        }
    }
}

impl Prefs {
    pub(super) fn load() -> Self {
        platform::load(NAME).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    pub(super) fn hearing(&self) -> Hearing {
        Hearing { is_muted: self.is_muted, is_deafened: self.is_deafened }
    }

    pub(super) fn microphone_options(&self, is_stereo: bool) -> MicrophoneOptions {
        MicrophoneOptions {
            device: Some(self.microphone.clone()).filter(|id| !id.is_empty()),
            reduce_noise: self.reduce_noise,
            remove_echo: self.remove_echo,
            even_loudness: self.even_loudness,
            is_stereo,
        }
    }

    /// Per cent.
    #[must_use]
    pub fn volume_of(&self, user_id: UserId) -> u16 {
        self.volumes.get(&user_id).copied().unwrap_or(100)
    }
}

impl App {
    /// Changes what is chosen, and keeps it.
    pub fn set_prefs(mut self, change: impl FnOnce(&mut Prefs)) {
        self.prefs.with_mut(change);
        if let Ok(text) = serde_json::to_string(&*self.prefs.peek()) {
            platform::keep(NAME, &text);
        }
    }

    pub fn set_theme(self, theme: Theme) {
        self.set_prefs(|prefs| prefs.theme = theme);
        platform::set_theme(theme.name());
    }

    pub fn sound(self, sound: Sound) {
        let prefs = self.prefs.peek();
        if prefs.has_sounds {
            platform::play(sound, f32::from(prefs.sound_volume) / 100.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_older_client_kept_is_read() {
        let prefs: Prefs = serde_json::from_str(r#"{"theme":"dark","volumes":{"7":150}}"#).unwrap();
        assert_eq!(prefs.theme, Theme::Dark);
        assert_eq!(prefs.volume_of("7".parse().unwrap()), 150);
        assert!(prefs.has_sounds);
    }
}
