//! The shell around the call.

mod connect;
mod controls;
mod events;
mod pictures;
mod sharing;
mod talk;

use std::collections::BTreeMap;

use dioxus::prelude::*;
use protocol::error::ErrorCode;
use protocol::id::{ChannelId, PeerId};
use protocol::permission::Permissions;
use protocol::request::voice::UpdateVoice;
use protocol::voice::{Mid, PeerFlags, Quality, Shown, VideoCodec, VoiceState, Wish};

use super::{App, Tone};
use crate::call::duck::Duck;
use crate::call::focus::Focus;
use crate::call::openings::Openings;
use crate::call::wishes::Sight;
use crate::call::{Call, Command, Ending, JoinError, OfferError, Phase, Telling, Told};
use crate::net::{self, Failure};
use crate::platform::{self, CannotCall, Connection, DeviceError, Sound};
use crate::text;
use crate::time::Moment;

/// The call as the screens see it.
#[derive(Default)]
pub struct Voice {
    call: Call,
    connection: Option<(u32, Connection)>,
    /// What the slots show, and of which connection.
    slots: BTreeMap<Mid, Shown>,
    slots_of: Option<PeerId>,
    /// The codecs that everybody in the room takes.
    codecs: Vec<VideoCodec>,
    measured: Measured,
    /// The microphone that is open gives two channels.
    is_stereo: bool,
    /// What is wrong with the user's own devices.
    trouble: Option<Trouble>,
    /// Shown in large.
    focus: Focus,
    /// Counts up with each camera or screen that is opened.
    opened: u32,
    openings: Openings,
    /// The microphone is measured so that its level can be seen.
    is_testing: bool,
    /// Nothing but the test has asked for the microphone that is open.
    is_opened_by_test: bool,
    /// The key to talk is held.
    is_talking: bool,
    /// The next key that is pressed becomes the key to talk.
    chooses_key: bool,
    news: News,
    duck: Duck,
}

/// What was found of a connection since it began.
#[derive(Default)]
struct Measured {
    quality: Option<Quality>,
    /// Times that a picture stood still, where the platform counts them.
    freezes: Option<u32>,
    /// Pictures wait for so long, as sound does.
    held_ms: u16,
}

/// A sentence that is read out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct News {
    /// Tells it from the same sentence before.
    pub number: u32,
    pub sentence: String,
}

/// The pictures that the screens show; no screen reads it.
#[derive(Default)]
pub(super) struct Pictures {
    /// The receiving video lines of the connection.
    slots: Vec<Mid>,
    /// What is on screen, and how large.
    sights: BTreeMap<Shown, Sight>,
    /// What the server knows of that.
    wished: Telling<Vec<Wish>>,
    /// When the sizes have settled, in ticks.
    due: Option<u64>,
    /// The page is out of sight, and so is all that it shows.
    is_hidden: bool,
}

/// Why others do not hear the user although they are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    Microphone(DeviceError),
}

impl Trouble {
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Microphone(DeviceError::Denied) => text::microphone_denied(),
            Self::Microphone(DeviceError::Missing) => text::microphone_missing(),
            Self::Microphone(DeviceError::Busy) => text::microphone_busy(),
        }
    }
}

impl Voice {
    /// `seed` spreads the attempts of many clients.
    pub(super) fn new(seed: u64) -> Self {
        Self { call: Call::new(seed), ..Self::default() }
    }

    #[must_use]
    pub fn is_in_call(&self) -> bool {
        self.call.channel_id().is_some()
    }

    #[must_use]
    pub fn channel_id(&self) -> Option<ChannelId> {
        self.call.channel_id()
    }

    #[must_use]
    pub fn phase(&self) -> Phase {
        self.call.phase()
    }

    /// Whether media has found no way to the server for long.
    #[must_use]
    pub fn finds_no_way(&self) -> bool {
        self.call.finds_no_way(moment())
    }

    #[must_use]
    pub fn flags(&self) -> PeerFlags {
        self.call.flags()
    }

    #[must_use]
    pub fn quality(&self) -> Option<&Quality> {
        self.measured.quality.as_ref()
    }

    #[must_use]
    pub fn freezes(&self) -> Option<u32> {
        self.measured.freezes
    }

    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        self.trouble
    }

    #[must_use]
    pub fn focus(&self) -> Focus {
        self.focus
    }

    /// Whether the next key that is pressed becomes the key to talk.
    #[must_use]
    pub fn chooses_key(&self) -> bool {
        self.chooses_key
    }

    /// Counts up with each camera or screen that is opened, possibly in place of another.
    #[must_use]
    pub fn opened(&self) -> u32 {
        self.opened
    }

    /// Who came to or went from the user's room last, for those who do not see it.
    #[must_use]
    pub fn news(&self) -> &News {
        &self.news
    }

    /// The slot that shows a track.
    #[must_use]
    pub fn slot_of(&self, shown: Shown) -> Option<Mid> {
        self.slots.iter().find(|(_, shows)| **shows == shown).map(|(mid, _)| mid.clone())
    }

    /// Takes the connection away, and all that was known of it.
    fn take_connection(&mut self) -> Option<Connection> {
        self.slots.clear();
        self.slots_of = None;
        self.codecs.clear();
        self.measured = Measured::default();
        self.connection.take().map(|(_, connection)| connection)
    }

    /// The user's own connection in the room.
    #[must_use]
    pub fn peer_id(&self) -> Option<PeerId> {
        self.call.peer_id()
    }
}

fn moment() -> Moment {
    Moment(platform::ticks())
}

/// Stands in for the connection's id until the server has given it.
fn placeholder() -> PeerId {
    PeerId::try_from(i64::MAX).expect("the largest id is an id")
}

impl App {
    fn with_call(mut self, act: impl FnOnce(&mut Call)) {
        act(&mut self.voice.write().call);
        while let Some(command) = { self.voice.write().call.poll_command() } {
            self.take_command(command);
        }
    }

    /// The press that joins a voice channel.
    pub fn join_call(mut self, channel_id: ChannelId) {
        if self.voice.peek().channel_id() == Some(channel_id) {
            return;
        }
        if self.is_full(channel_id) {
            return self.toast(Tone::Error, text::channel_full());
        }
        match platform::can_call() {
            Ok(()) => {}
            Err(CannotCall::Insecure) => return self.toast(Tone::Error, text::insecure_origin()),
            Err(CannotCall::Unsupported) => return self.toast(Tone::Error, text::no_webrtc()),
        }
        platform::resume_audio();
        self.apply_speaker();
        let flags = self.prefs.peek().hearing().apply(PeerFlags::default());
        self.stop_pictures();
        self.voice.write().trouble = None;
        self.show_seat(channel_id, placeholder(), flags);
        self.with_call(|call| call.join(channel_id, flags, moment()));
        // One that is open for a test is sent from now on.
        self.obey_restraint();
        self.sound(Sound::Join);
        if !flags.muted {
            self.start_microphone();
        }
    }

    /// Whether the server would refuse the user a seat for want of place.
    #[must_use]
    pub fn is_full(self, channel_id: ChannelId) -> bool {
        let state = self.state.peek();
        let me = state.my_id();
        let Some(channel) = state.channel(channel_id) else { return false };
        let guild = state.guilds.get(&channel.guild_id);
        let may_all = guild.is_some_and(|guild| guild.permissions(me).contains(Permissions::MOVE_MEMBERS));
        let seats = state.seats.in_channel(channel_id).into_iter();
        let others = seats.filter(|seat| Some(seat.user_id) != me).count();
        !may_all && !channel.room.has_place(others)
    }

    /// The press that leaves.
    pub fn leave_call(self) {
        if self.voice.peek().is_in_call() {
            self.sound(Sound::Leave);
            self.with_call(Call::leave);
        }
    }

    /// The session is over, and the seat with it.
    pub(super) fn abandon_call(self) {
        if self.voice.peek().is_in_call() {
            self.with_call(Call::abandon);
        }
    }

    /// Shows the user's own seat without waiting for the server.
    fn show_seat(mut self, channel_id: ChannelId, peer_id: PeerId, flags: PeerFlags) {
        let mut state = self.state.write();
        if let (Some(user_id), Some(guild_id)) = (state.my_id(), state.guild_of(channel_id)) {
            let restraint = state.restraint(guild_id, user_id);
            state.seats.seat(VoiceState { guild_id, channel_id, user_id, peer_id, flags, restraint });
        }
    }

    fn take_command(self, command: Command) {
        match command {
            Command::Open { attempt, channel_id, flags } => self.open_connection(attempt, channel_id, flags),
            Command::Offer { attempt, peer_id, restarts_ice } => self.make_offer(attempt, peer_id, restarts_ice),
            Command::Leave(peer_id) => self.give_up_seat(peer_id),
            Command::Update(peer_id, flags) => self.tell_flags(peer_id, flags),
            Command::Close(peer_id) => self.close_connection(peer_id),
            Command::Ended(ending) => self.call_ended(&ending),
        }
    }

    fn tell_flags(self, peer_id: PeerId, flags: PeerFlags) {
        self.spawn(async move {
            let answer = net::send(UpdateVoice { peer_id, body: flags }).await;
            let told = told(&answer);
            if let Err(failure) = answer
                && told == Told::Refused
                // A seat that is gone says so itself.
                && failure.code() != Some(ErrorCode::NotFound)
            {
                self.complain(&failure);
            }
            self.with_call(|call| call.handle_told(peer_id, told, moment()));
        });
    }

    fn call_ended(self, ending: &Ending) {
        self.sound(Sound::Lost);
        let words = match ending {
            Ending::Replaced => text::call_replaced().to_owned(),
            Ending::Removed => text::call_removed().to_owned(),
            Ending::Disconnected => text::call_disconnected().to_owned(),
            Ending::Refused(reason) => text::call_refused(reason),
            Ending::Broken(reason) => text::call_broken(reason),
        };
        self.toast(Tone::Error, words);
    }

    pub(super) fn tick_voice(self) {
        let is_due = self.voice.peek().call.deadline().is_some_and(|deadline| deadline <= moment());
        if is_due {
            self.with_call(|call| call.handle_time(moment()));
        }
        let channel_id = self.voice.peek().channel_id();
        if let Some(channel_id) = channel_id {
            self.duck(channel_id);
        }
        self.tick_pictures();
    }
}

fn join_error(failure: &Failure) -> JoinError {
    match failure {
        Failure::Refused(body) if !failure.is_passing() => JoinError::Refused(body.message.clone()),
        Failure::Unreadable => JoinError::Refused(text::error_unreadable().to_owned()),
        Failure::Offline | Failure::Refused(_) => JoinError::Passing,
    }
}

fn told(answer: &Result<(), Failure>) -> Told {
    match answer {
        Ok(()) => Told::Heard,
        Err(failure) if failure.is_passing() => Told::Passing,
        Err(_) => Told::Refused,
    }
}

fn offer_error(failure: &Failure) -> OfferError {
    if failure.is_passing() { OfferError::Passing } else { OfferError::Gone }
}

#[cfg(test)]
mod tests;
