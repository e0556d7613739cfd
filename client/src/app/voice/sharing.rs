//! The user's own camera and screen.

use dioxus::prelude::*;
use protocol::voice::{PeerFlags, Source};

use super::super::{App, Tone};
use crate::platform::{self, DeviceError, Input, Picture};
use crate::text;

/// The two pictures that a user can share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Share {
    Camera,
    Screen,
}

impl Share {
    fn source(self) -> Source {
        match self {
            Self::Camera => Source::Camera,
            Self::Screen => Source::Screen,
        }
    }

    /// What goes out with it.
    fn sources(self) -> &'static [Source] {
        match self {
            Self::Camera => &[Source::Camera],
            Self::Screen => &[Source::Screen, Source::ScreenAudio],
        }
    }

    fn flag(self, flags: &mut PeerFlags) -> &mut bool {
        match self {
            Self::Camera => &mut flags.camera,
            Self::Screen => &mut flags.screen,
        }
    }

    fn ended(self) -> Input {
        match self {
            Self::Camera => Input::CameraEnded,
            Self::Screen => Input::ScreenEnded,
        }
    }

    async fn open(self, device: String) -> Result<Picture, DeviceError> {
        match self {
            Self::Camera => platform::open_camera(device).await,
            Self::Screen => platform::open_screen().await,
        }
    }

    fn close(self) {
        match self {
            Self::Camera => platform::close_camera(),
            Self::Screen => platform::close_screen(),
        }
    }

    /// Why there is no picture; none: it was the user who chose none.
    fn complaint(self, error: DeviceError) -> Option<&'static str> {
        match (self, error) {
            (Self::Camera, DeviceError::Denied) => Some(text::camera_denied()),
            (Self::Camera, DeviceError::Missing) => Some(text::camera_missing()),
            (Self::Camera, DeviceError::Busy) => Some(text::camera_busy()),
            (Self::Screen, DeviceError::Denied) => None,
            (Self::Screen, DeviceError::Missing | DeviceError::Busy) => Some(text::screen_failed()),
        }
    }
}

impl App {
    pub fn toggle_camera(self) {
        self.toggle_share(Share::Camera);
    }

    pub fn toggle_screen(self) {
        self.toggle_share(Share::Screen);
    }

    /// Shows another camera, should one be shown.
    pub fn set_camera(self, device: String) {
        self.set_prefs(|prefs| prefs.camera = device);
        if self.is_shared(Share::Camera) {
            self.start_share(Share::Camera);
        }
    }

    pub(in super::super) fn camera_ended(self) {
        self.stop_share(Share::Camera);
    }

    pub(in super::super) fn screen_ended(self) {
        self.stop_share(Share::Screen);
    }

    /// Neither camera nor screen is open, and none that the browser still asks for will be.
    pub(super) fn stop_pictures(mut self) {
        for share in [Share::Camera, Share::Screen] {
            self.voice.write().openings.cancel(share.source());
        }
        platform::close_camera();
        platform::close_screen();
    }

    fn is_shared(self, share: Share) -> bool {
        *share.flag(&mut self.voice.peek().flags())
    }

    /// A second press while the browser asks takes the first one back.
    fn toggle_share(mut self, share: Share) {
        let was_asking = self.voice.write().openings.cancel(share.source());
        if self.is_shared(share) {
            self.stop_share(share);
        } else if !was_asking {
            self.start_share(share);
        }
    }

    fn start_share(mut self, share: Share) {
        if !self.voice.peek().is_in_call() {
            return;
        }
        let number = self.voice.write().openings.ask(share.source());
        let device = self.prefs.peek().camera.clone();
        self.spawn(async move {
            let opened = share.open(device).await;
            if self.voice.write().openings.handle_answer(share.source(), number) {
                self.share_answered(share, opened).await;
            }
        });
    }

    async fn share_answered(mut self, share: Share, opened: Result<Picture, DeviceError>) {
        match opened {
            Ok(picture) => {
                picture.use_it(&self.inputs(), &share.ended());
                self.voice.write().opened += 1;
                self.change_flags(|flags| *share.flag(flags) = true);
                self.send_share(share).await;
            }
            Err(error) => {
                if let Some(sentence) = share.complaint(error) {
                    self.toast(Tone::Error, sentence);
                }
            }
        }
    }

    fn stop_share(self, share: Share) {
        share.close();
        if self.is_shared(share) {
            self.change_flags(|flags| *share.flag(flags) = false);
            self.spawn(async move { self.send_share(share).await });
        }
    }

    async fn send_share(self, share: Share) {
        for source in share.sources() {
            self.send(*source).await;
        }
    }
}
