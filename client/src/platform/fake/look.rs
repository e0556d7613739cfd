//! What tests see of the fakes, and what they let them do.

use std::collections::BTreeSet;

use protocol::voice::{Source, VideoCodec};

use super::super::{Answer, Played};
use super::{DEVICES, Microphone, SERVER, TICKS};

/// Whether the microphone is open, and what is made of it.
pub(crate) fn microphone() -> Option<Microphone> {
    DEVICES.with_borrow(|devices| devices.microphone.clone())
}

/// Pulls the microphone out, or plugs it in.
pub(crate) fn plug_microphone(is_in: bool) {
    DEVICES.with_borrow_mut(|devices| devices.lacks_microphone = !is_in);
}

/// What was asked to play through.
pub(crate) fn speaker() -> Option<String> {
    DEVICES.with_borrow(|devices| devices.speaker.clone())
}

/// The camera in use.
pub(crate) fn camera() -> Option<String> {
    DEVICES.with_borrow(|devices| devices.camera.clone())
}

/// From now on the user is asked for each camera or microphone, and thinks about it.
pub(crate) fn ask_for(source: Source) {
    DEVICES.with_borrow_mut(|devices| devices.prompts.insert(source, Vec::new()));
}

/// The user allows a device, or not; the prompts are counted from the oldest that is open.
pub(crate) fn answer_prompt(source: Source, index: usize, is_allowed: bool) {
    let prompt = DEVICES.with_borrow_mut(|devices| devices.prompts.get_mut(&source).unwrap().remove(index));
    if is_allowed {
        prompt.send(()).unwrap();
    }
}

/// What the server would receive.
pub(crate) fn sent() -> BTreeSet<Source> {
    DEVICES.with_borrow(|devices| devices.sent.clone())
}

/// Which encodings of a source it would receive; none while it has not said.
pub(crate) fn wanted(source: Source) -> Option<Vec<bool>> {
    DEVICES.with_borrow(|devices| devices.wanted.get(&source).cloned())
}

/// How what came is played from now on.
pub(crate) fn play_so(played: Played) {
    DEVICES.with_borrow_mut(|devices| devices.played = played);
}

/// For how long pictures were to wait, one after another.
pub(crate) fn held_ms() -> Vec<u16> {
    DEVICES.with_borrow(|devices| devices.held_ms.clone())
}

/// The codec in which it would receive a source; none while that was not said.
pub(crate) fn codec(source: Source) -> Option<VideoCodec> {
    DEVICES.with_borrow(|devices| devices.codecs.get(&source).copied())
}

/// From now on there is a server, whose answers the test gives.
pub(crate) fn reach_server() {
    SERVER.set(Some(Vec::new()));
}

/// The bodies of the requests that wait for an answer and whose method and path end so.
pub(crate) fn asked(line: &str) -> Vec<String> {
    SERVER.with_borrow(|server| {
        let waiting = server.iter().flatten().filter(|(asked, ..)| asked.ends_with(line));
        waiting.map(|(_, body, _)| body.clone()).collect()
    })
}

/// Lets time pass, in ticks.
pub(crate) fn pass(ticks: u64) {
    TICKS.set(TICKS.get() + ticks);
}

/// Answers the oldest request whose method and path end so.
pub(crate) fn answer(line: &str, status: u16, body: &str) {
    let (.., sender) = SERVER.with_borrow_mut(|server| {
        let waiting = server.as_mut().unwrap();
        let index = waiting.iter().position(|(asked, ..)| asked.ends_with(line)).unwrap();
        waiting.remove(index)
    });
    sender.send(Answer { status, body: body.to_owned() }).unwrap();
}
