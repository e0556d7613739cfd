//! What tests see of the fakes.

use super::DEVICES;

/// The microphone: open and heard, open and silent, or not open.
pub(crate) fn microphone() -> Option<bool> {
    DEVICES.with_borrow(|devices| devices.microphone)
}

/// What was asked to play through.
pub(crate) fn speaker() -> Option<String> {
    DEVICES.with_borrow(|devices| devices.speaker.clone())
}
