//! One connection to the gateway that outlives its sockets. It reads no clock and opens nothing: the shell tells what
//! happened and when, and carries out the steps.

use std::collections::VecDeque;

use protocol::error::ErrorBody;
use protocol::event::{Event, Ready};
use protocol::gateway::{ClientFrame, ServerFrame, close};

use crate::time::{Chance, Moment};

/// How long a socket may take to say hello and to be ready, in milliseconds.
const PATIENCE_MS: u64 = 10_000;
/// Wait before the first new attempt, and the most between later ones, in milliseconds.
const FIRST_WAIT_MS: u64 = 300;
const MOST_WAIT_MS: u64 = 15_000;
/// One that lasts for so long is no longer lost as soon as it is ready, in milliseconds.
const STEADY_MS: u64 = 5_000;
/// How long the answer to a heartbeat may take right after the page was woken, in milliseconds.
const WAKE_PATIENCE_MS: u64 = 5_000;

/// What the shell is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    OpenSocket,
    CloseSocket,
    /// Its answer is given back with the number.
    FetchTicket(u32),
    Send(ClientFrame),
    /// The snapshot to start from.
    Start(Box<Ready>),
    Apply(Box<Event>),
    Show(Link),
    /// The session has ended: sign in again.
    SignedOut,
    Refused(ErrorBody),
}

/// How the connection is to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Link {
    /// The first attempt.
    #[default]
    Connecting,
    Live,
    Reconnecting,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    Stopped,
    Waiting {
        until: Moment,
    },
    /// A socket is open or opening; it has to be ready by then.
    Greeting {
        until: Moment,
        has_hello: bool,
    },
    Live {
        next_beat: Moment,
        is_answered: bool,
    },
}

/// The connection.
#[derive(Debug)]
pub struct Gateway {
    phase: Phase,
    steps: VecDeque<Step>,
    ticket: Option<String>,
    /// The ticket that was asked for last; those before it are of no use.
    ticket_number: u32,
    resume_token: Option<String>,
    seq: u64,
    beat_ms: u64,
    /// Since a connection was steady.
    attempts: u32,
    /// When the one that is live is steady.
    steady: Moment,
    chance: Chance,
    was_live: bool,
}

impl Gateway {
    /// `seed` spreads the attempts of many clients.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            phase: Phase::Stopped,
            steps: VecDeque::new(),
            ticket: None,
            ticket_number: 0,
            resume_token: None,
            seq: 0,
            beat_ms: 30_000,
            attempts: 0,
            steady: Moment(0),
            chance: Chance::new(seed),
            was_live: false,
        }
    }

    /// The next thing to do.
    pub fn poll_step(&mut self) -> Option<Step> {
        self.steps.pop_front()
    }

    /// When to call [`Self::handle_time`] next.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        match self.phase {
            Phase::Stopped => None,
            Phase::Waiting { until } | Phase::Greeting { until, .. } => Some(until),
            Phase::Live { next_beat, .. } => Some(next_beat),
        }
    }

    pub fn start(&mut self, now: Moment) {
        if self.phase == Phase::Stopped {
            self.open(now);
        }
    }

    /// Ends for good, as on signing out.
    pub fn stop(&mut self) {
        let chance = std::mem::take(&mut self.chance);
        *self = Self { ticket_number: self.ticket_number + 1, chance, ..Self::new(0) };
        self.steps.push_back(Step::CloseSocket);
    }

    /// The network is back, or the page is looked at again: do not wait any longer.
    pub fn wake(&mut self, now: Moment) {
        match self.phase {
            Phase::Waiting { .. } => self.open(now),
            Phase::Live { .. } => {
                self.steps.push_back(Step::Send(ClientFrame::Heartbeat { seq: self.seq }));
                self.phase =
                    Phase::Live { next_beat: now.after(WAKE_PATIENCE_MS.min(self.beat_ms)), is_answered: false };
            }
            Phase::Stopped | Phase::Greeting { .. } => {}
        }
    }

    pub fn handle_time(&mut self, now: Moment) {
        match self.phase {
            Phase::Waiting { until } if now >= until => self.open(now),
            Phase::Greeting { until, .. } if now >= until => self.fail(now),
            Phase::Live { next_beat, is_answered } if now >= next_beat => {
                if is_answered {
                    self.beat(now);
                } else {
                    self.fail(now);
                }
            }
            Phase::Stopped | Phase::Waiting { .. } | Phase::Greeting { .. } | Phase::Live { .. } => {}
        }
    }

    /// The ticket came; `None`: it could not be fetched, which time may cure.
    pub fn handle_ticket(&mut self, number: u32, ticket: Option<String>, now: Moment) {
        let Phase::Greeting { has_hello, .. } = self.phase else { return };
        if number != self.ticket_number {
            return;
        }
        match ticket {
            None => self.fail(now),
            Some(ticket) if has_hello => self.steps.push_back(Step::Send(ClientFrame::Identify { ticket })),
            Some(ticket) => self.ticket = Some(ticket),
        }
    }

    /// The server does not know the session any more.
    pub fn handle_signed_out(&mut self) {
        self.stop();
        self.steps.push_back(Step::SignedOut);
    }

    pub fn handle_closed(&mut self, code: u16, now: Moment) {
        if [close::UNAUTHORIZED, close::TAKEN_OVER, close::INVALID_FRAME].contains(&code) {
            self.resume_token = None;
        }
        if matches!(self.phase, Phase::Greeting { .. } | Phase::Live { .. }) {
            self.wait(now, 0);
        }
    }

    pub fn handle_frame(&mut self, frame: ServerFrame, now: Moment) {
        match frame {
            ServerFrame::Hello { heartbeat_interval_ms } => self.hello(heartbeat_interval_ms),
            ServerFrame::Ready(ready) => self.ready(ready, now),
            ServerFrame::Resumed => self.live(now),
            ServerFrame::InvalidSession => self.invalid_session(),
            ServerFrame::Event { seq, event } => self.event(seq, event, now),
            ServerFrame::HeartbeatAck => self.beat_answered(),
            ServerFrame::Reconnect { after_ms } => self.reconnect(u64::from(after_ms), now),
            ServerFrame::Error(body) => self.steps.push_back(Step::Refused(body)),
            ServerFrame::Unknown => {}
        }
    }

    fn open(&mut self, now: Moment) {
        self.phase = Phase::Greeting { until: now.after(PATIENCE_MS), has_hello: false };
        self.ticket = None;
        self.steps.push_back(Step::OpenSocket);
        if self.resume_token.is_none() {
            self.fetch_ticket();
        }
        let link = if self.was_live { Link::Reconnecting } else { Link::Connecting };
        self.steps.push_back(Step::Show(link));
    }

    fn fetch_ticket(&mut self) {
        self.ticket_number += 1;
        self.steps.push_back(Step::FetchTicket(self.ticket_number));
    }

    fn hello(&mut self, heartbeat_interval_ms: u32) {
        let Phase::Greeting { until, .. } = self.phase else { return };
        self.phase = Phase::Greeting { until, has_hello: true };
        self.beat_ms = u64::from(heartbeat_interval_ms).max(1_000);
        if let Some(resume_token) = self.resume_token.clone() {
            self.steps.push_back(Step::Send(ClientFrame::Resume { resume_token, seq: self.seq }));
        } else if let Some(ticket) = self.ticket.take() {
            self.steps.push_back(Step::Send(ClientFrame::Identify { ticket }));
        }
    }

    fn ready(&mut self, ready: Box<Ready>, now: Moment) {
        self.resume_token = Some(ready.resume_token.clone());
        self.seq = 0;
        self.steps.push_back(Step::Start(ready));
        self.live(now);
    }

    fn live(&mut self, now: Moment) {
        self.phase = Phase::Live { next_beat: now.after(self.beat_ms), is_answered: true };
        self.steady = now.after(STEADY_MS);
        self.was_live = true;
        self.steps.push_back(Step::Show(Link::Live));
    }

    fn invalid_session(&mut self) {
        self.resume_token = None;
        self.seq = 0;
        self.fetch_ticket();
    }

    fn event(&mut self, seq: u64, event: Box<Event>, now: Moment) {
        if seq <= self.seq {
            return;
        }
        if seq != self.seq + 1 {
            // A gap cannot be: only the server's store of events can say what is missing.
            self.fail(now);
            return;
        }
        self.seq = seq;
        self.steps.push_back(Step::Apply(event));
    }

    fn beat(&mut self, now: Moment) {
        self.steps.push_back(Step::Send(ClientFrame::Heartbeat { seq: self.seq }));
        self.phase = Phase::Live { next_beat: now.after(self.beat_ms), is_answered: false };
    }

    fn beat_answered(&mut self) {
        if let Phase::Live { next_beat, .. } = self.phase {
            self.phase = Phase::Live { next_beat, is_answered: true };
        }
    }

    fn reconnect(&mut self, after_ms: u64, now: Moment) {
        self.steps.push_back(Step::CloseSocket);
        self.wait(now, after_ms.min(60_000));
    }

    fn fail(&mut self, now: Moment) {
        self.steps.push_back(Step::CloseSocket);
        self.wait(now, 0);
    }

    fn wait(&mut self, now: Moment, least_ms: u64) {
        // A connection that is lost as soon as it is ready must not be made again and again in haste.
        if matches!(self.phase, Phase::Live { .. }) && now >= self.steady {
            self.attempts = 0;
        }
        let most = (FIRST_WAIT_MS << self.attempts.min(10)).min(MOST_WAIT_MS);
        self.attempts += 1;
        let spread = most / 2 + self.chance.up_to(most / 2);
        self.phase = Phase::Waiting { until: now.after(least_ms + spread) };
        let link = if self.was_live { Link::Reconnecting } else { Link::Connecting };
        self.steps.push_back(Step::Show(link));
    }
}

#[cfg(test)]
mod tests;
