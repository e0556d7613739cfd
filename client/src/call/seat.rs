//! A seat in a room, from the press that takes it to the press that leaves it, over every loss in between.

mod offers;

use std::collections::VecDeque;

use protocol::id::{ChannelId, PeerId};
use protocol::voice::{PeerFlags, VoiceEnd};

use super::signal::{Command, Ending, JoinError, Link, Phase};
use super::telling::{Telling, Told};
use crate::time::{Chance, Moment};

/// How long a connection that is lost may look for another way before that is shown, in milliseconds.
const GRACE_MS: u64 = 1_500;
/// How long a restart or a join may take to connect, in milliseconds.
const PATIENCE_MS: u64 = 10_000;
/// How long to be without a way before something must be in it, in milliseconds.
const LONG_MS: u64 = 6_000;
/// How often the server is asked for another way after a change of network, until it could be.
const SEARCHES: u32 = 8;
/// Waits between attempts, in milliseconds; the last one repeats.
const WAITS_MS: [u64; 5] = [250, 500, 1_000, 2_000, 4_000];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Timer {
    /// Have a way by then, or restart.
    Heal(Moment),
    /// Try again then.
    Retry(Moment),
    /// Be connected by then, or try again.
    Connect(Moment),
}

/// The call of this client: at most one.
#[derive(Debug, Default)]
pub struct Call {
    phase: Phase,
    channel_id: Option<ChannelId>,
    peer_id: Option<PeerId>,
    flags: PeerFlags,
    telling: Telling<PeerFlags>,
    attempt: u32,
    /// Since when there is no way for media.
    apart_since: Option<Moment>,
    /// The attempt whose request for a seat has no answer yet.
    asked: Option<u32>,
    /// Whether the offer whose answer is awaited restarts ICE, if one is.
    offered: Option<bool>,
    /// The room is to be sent something else since, which the answer to another offer says.
    is_outdated: bool,
    failures: usize,
    /// How often the server may still be asked for another way.
    searches: u32,
    timer: Option<Timer>,
    /// Spreads the attempts of many clients.
    chance: Chance,
    commands: VecDeque<Command>,
}

impl Call {
    /// `seed` spreads the attempts of many clients that lost the same server.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { chance: Chance::new(seed), ..Self::default() }
    }

    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    #[must_use]
    pub fn channel_id(&self) -> Option<ChannelId> {
        self.channel_id
    }

    #[must_use]
    pub fn peer_id(&self) -> Option<PeerId> {
        self.peer_id
    }

    #[must_use]
    pub fn flags(&self) -> PeerFlags {
        self.flags
    }

    /// The newest attempt.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Whether what this attempt has got is still wanted.
    #[must_use]
    pub fn is_current(&self, attempt: u32) -> bool {
        self.channel_id.is_some() && attempt == self.attempt
    }

    /// When to call [`Self::handle_time`] next.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        let timer = self.timer.map(|timer| match timer {
            Timer::Heal(at) | Timer::Retry(at) | Timer::Connect(at) => at,
        });
        let telling = self.peer_id.and(self.telling.deadline());
        timer.into_iter().chain(telling).min()
    }

    /// Whether the server has given the seat, and media has found no way for long.
    #[must_use]
    pub fn finds_no_way(&self, now: Moment) -> bool {
        self.peer_id.is_some() && self.apart_since.is_some_and(|since| since.after(LONG_MS) <= now)
    }

    pub fn poll_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// The press that joins. Sitting there already changes nothing.
    pub fn join(&mut self, channel_id: ChannelId, flags: PeerFlags, now: Moment) {
        if self.channel_id == Some(channel_id) {
            return;
        }
        self.channel_id = Some(channel_id);
        // The server moves the seat, so that the old one needs no leave.
        self.peer_id = None;
        self.flags = PeerFlags { camera: false, screen: false, priority: false, ..flags };
        self.failures = 0;
        self.apart_since = None;
        if self.asked.is_some() {
            self.wait_to_open(now);
        } else {
            self.open(Phase::Joining, now);
        }
    }

    /// The press that leaves.
    pub fn leave(&mut self) {
        if let Some(peer_id) = self.peer_id {
            self.commands.push_back(Command::Leave(peer_id));
        }
        self.reset();
    }

    /// The server has ended the user's session, and the seat with it.
    pub fn abandon(&mut self) {
        self.reset();
    }

    /// Mutes, deafens, starts and stops pictures.
    pub fn set_flags(&mut self, flags: PeerFlags) {
        self.flags = flags;
        self.tell(None);
    }

    /// `now` also ends the wait after a failure.
    fn tell(&mut self, now: Option<Moment>) {
        let Some(peer_id) = self.peer_id else { return };
        if let Some(flags) = self.telling.send(self.flags, now) {
            self.commands.push_back(Command::Update(peer_id, flags));
        }
    }

    /// How [`Command::Update`] ended.
    pub fn handle_told(&mut self, peer_id: PeerId, told: Told, now: Moment) {
        if self.peer_id == Some(peer_id) {
            self.telling.handle_told(told, now);
            self.tell(Some(now));
        }
    }

    pub fn handle_joined(&mut self, attempt: u32, peer_id: PeerId, now: Moment) {
        self.handle_answer(attempt, now);
        if self.channel_id.is_none() {
            // Left while the answer was on its way.
            self.commands.push_back(Command::Leave(peer_id));
            return;
        }
        if attempt == self.attempt {
            self.peer_id = Some(peer_id);
            // What was muted or shared while the answer was on its way is told now.
            self.tell(Some(now));
            self.catch_up();
        }
    }

    pub fn handle_join_failed(&mut self, attempt: u32, error: JoinError, now: Moment) {
        let is_current = self.is_current(attempt);
        self.handle_answer(attempt, now);
        if !is_current {
            return;
        }
        match error {
            JoinError::Passing => self.retry(now),
            JoinError::Refused(sentence) => self.end(Ending::Refused(sentence)),
            JoinError::Broken(words) => self.end(Ending::Broken(words)),
        }
    }

    /// What waited for an earlier request goes on.
    fn handle_answer(&mut self, attempt: u32, now: Moment) {
        if self.asked != Some(attempt) {
            return;
        }
        self.asked = None;
        if attempt != self.attempt && self.is_opening() {
            self.open(self.phase, now);
        }
    }

    pub fn handle_link(&mut self, attempt: u32, link: Link, now: Moment) {
        if self.is_stale(attempt) {
            return;
        }
        match (link, self.phase) {
            (Link::Up, _) => {
                if self.phase == Phase::Reconnecting {
                    self.telling.doubt();
                    self.tell(Some(now));
                }
                self.phase = Phase::Connected;
                self.apart_since = None;
                self.failures = 0;
                self.searches = 0;
                self.timer = None;
                self.catch_up();
            }
            (Link::Shaky, Phase::Connected) => {
                self.search();
                self.timer = Some(Timer::Heal(now.after(GRACE_MS)));
            }
            (Link::Down, Phase::Connected | Phase::Reconnecting) if self.peer_id.is_some() => self.restart(now),
            (Link::Down, Phase::Joining | Phase::Rejoining) => self.retry(now),
            (Link::Shaky | Link::Down, _) => {}
        }
    }

    /// A restart counts its own attempts, and its connection is that of an earlier one.
    fn is_stale(&self, attempt: u32) -> bool {
        self.channel_id.is_none() || attempt > self.attempt || (self.is_opening() && attempt != self.attempt)
    }

    fn is_opening(&self) -> bool {
        matches!(self.phase, Phase::Joining | Phase::Rejoining)
    }

    /// The machine may have another network now: browsers take seconds to notice that the way of before is gone.
    pub fn handle_network_changed(&mut self, now: Moment) {
        match self.phase {
            Phase::Connected => {
                self.searches = SEARCHES;
                self.search();
            }
            Phase::Reconnecting => self.restart(now),
            Phase::Joining | Phase::Rejoining if matches!(self.timer, Some(Timer::Retry(_))) => {
                self.open(self.phase, now)
            }
            Phase::Idle | Phase::Joining | Phase::Rejoining => {}
        }
    }

    /// The server says that the connection ended.
    pub fn handle_ended(&mut self, peer_id: PeerId, reason: VoiceEnd, now: Moment) {
        if self.peer_id != Some(peer_id) {
            return;
        }
        match reason {
            VoiceEnd::Replaced => self.end(Ending::Replaced),
            VoiceEnd::Removed => self.end(Ending::Removed),
            VoiceEnd::Disconnected => self.end(Ending::Disconnected),
            VoiceEnd::TimedOut | VoiceEnd::Failed | VoiceEnd::Moved | VoiceEnd::Unknown => {
                self.open(Phase::Rejoining, now)
            }
        }
    }

    /// The server has ended the connection for the user to go on in another room, as they are but for a shared screen.
    pub fn follow(&mut self, channel_id: ChannelId, now: Moment) {
        self.channel_id = Some(channel_id);
        self.flags.screen = false;
        self.failures = 0;
        self.apart_since = None;
        self.open(Phase::Joining, now);
    }

    /// A snapshot came; it names the connection that the user's seat has, if they have one.
    pub fn handle_snapshot(&mut self, seat: Option<PeerId>, can_see_channel: bool, now: Moment) {
        if self.channel_id.is_none() || self.peer_id.is_none() {
            return;
        }
        if !can_see_channel {
            return self.end(Ending::Removed);
        }
        match seat {
            None => self.open(Phase::Rejoining, now),
            // Ids ascend: an earlier one is of a seat that this connection has taken over since.
            Some(_) if seat > self.peer_id => self.end(Ending::Replaced),
            Some(_) => {}
        }
    }

    pub fn handle_time(&mut self, now: Moment) {
        self.tell(Some(now));
        let Some(timer) = self.timer else { return };
        match timer {
            Timer::Heal(at) | Timer::Connect(at) | Timer::Retry(at) if now < at => {}
            Timer::Heal(_) => self.restart(now),
            // Were both on their way, the seat would be where the later of them arrives.
            Timer::Connect(_) if self.asked.is_some() => self.timer = Some(Timer::Connect(now.after(PATIENCE_MS))),
            Timer::Connect(_) | Timer::Retry(_) => match self.phase {
                Phase::Joining | Phase::Rejoining => self.open(self.phase, now),
                Phase::Reconnecting => self.restart(now),
                Phase::Connected => {
                    self.timer = None;
                    self.search();
                }
                Phase::Idle => self.timer = None,
            },
        }
    }

    fn open(&mut self, phase: Phase, now: Moment) {
        let Some(channel_id) = self.channel_id else { return };
        self.phase = phase;
        self.apart_since.get_or_insert(now);
        self.peer_id = None;
        self.telling = Telling::new(self.flags);
        self.attempt += 1;
        self.asked = Some(self.attempt);
        (self.offered, self.is_outdated) = (None, false);
        self.timer = Some(Timer::Connect(now.after(PATIENCE_MS)));
        self.commands.push_back(Command::Open { attempt: self.attempt, channel_id, flags: self.flags });
    }

    fn wait_to_open(&mut self, now: Moment) {
        self.phase = Phase::Joining;
        self.apart_since.get_or_insert(now);
        self.attempt += 1;
        self.timer = Some(Timer::Connect(now.after(PATIENCE_MS)));
    }

    fn restart(&mut self, now: Moment) {
        if self.peer_id.is_none() {
            return;
        }
        self.phase = Phase::Reconnecting;
        self.apart_since.get_or_insert(now);
        self.timer = Some(Timer::Connect(now.after(PATIENCE_MS)));
        self.search();
    }

    fn retry(&mut self, now: Moment) {
        let wait = WAITS_MS[self.failures.min(WAITS_MS.len() - 1)];
        self.failures += 1;
        let spread = self.chance.up_to(wait / 2);
        self.timer = Some(Timer::Retry(now.after(wait + spread)));
    }

    fn end(&mut self, ending: Ending) {
        self.reset();
        self.commands.push_back(Command::Ended(ending));
    }

    fn reset(&mut self) {
        self.commands.push_back(Command::Close(self.peer_id.take()));
        self.phase = Phase::Idle;
        self.apart_since = None;
        self.channel_id = None;
        self.timer = None;
        self.failures = 0;
        (self.offered, self.is_outdated) = (None, false);
        self.attempt += 1;
        self.flags = PeerFlags { camera: false, screen: false, priority: false, ..self.flags };
    }
}

#[cfg(test)]
mod tests;
