//! What the rest of the server asks of the media threads, and what they tell.

use std::collections::BTreeMap;
use std::time::Duration;

use sfu::{Answer, Event, Grant, JoinError, Mid, PeerId, PeerState, RoomId, Source, Wish};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// Commands that wait at most; beyond it the one who asks waits.
const COMMANDS: usize = 1_024;

/// A peer that is to enter a room.
#[derive(Debug)]
pub struct Entry {
    pub room: RoomId,
    pub peer: PeerId,
    pub grant: Grant,
    pub state: PeerState,
    /// What the microphone is told to send at most, in bit/s.
    pub audio_bitrate: u32,
    /// The user's peer that leaves for this one.
    pub replaces: Option<PeerId>,
    pub offer: String,
    pub sources: BTreeMap<Mid, Source>,
}

pub(crate) type Answered = oneshot::Sender<Result<Answer, JoinError>>;

#[derive(Debug)]
pub(crate) enum Command {
    Join(Box<Entry>, Answered),
    Restart {
        peer: PeerId,
        offer: String,
        answered: Answered,
    },
    Leave(PeerId),
    SetGrant(PeerId, Grant),
    SetState(PeerId, PeerState),
    SetAudioBitrate(PeerId, u32),
    SetWishes(PeerId, Vec<Wish>),
    /// Is answered by a thread that works.
    Ping(oneshot::Sender<()>),
    #[cfg(test)]
    Panic,
}

/// The media thread is between two lives, or the server is ending.
#[derive(Debug, thiserror::Error)]
#[error("the media thread does not run")]
pub struct Ended;

/// A media thread that takes longer to answer is as good as dead.
const LONGEST_ANSWER: Duration = Duration::from_secs(1);

/// The way to the media threads.
#[derive(Clone)]
pub struct Rooms(mpsc::Sender<Command>);

/// The media threads' ends of both ways.
pub struct Ends {
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) events: mpsc::Sender<Event>,
}

/// Events that wait at most; beyond it the media threads keep those that matter and drop the rest.
const EVENTS: usize = 4_096;

/// The ways between the media threads and the rest.
pub fn connect() -> (Rooms, mpsc::Receiver<Event>, Ends) {
    let (command, commands) = mpsc::channel(COMMANDS);
    let (events, event) = mpsc::channel(EVENTS);
    (Rooms(command), event, Ends { commands, events })
}

/// The right to set what one peer may do and has switched on, at once.
pub(crate) struct StateSetter<'a>(mpsc::PermitIterator<'a, Command>);

impl StateSetter<'_> {
    pub(crate) fn set(self, peer: PeerId, (grant, state): (Grant, PeerState)) {
        for (permit, command) in self.0.zip([Command::SetGrant(peer, grant), Command::SetState(peer, state)]) {
            permit.send(command);
        }
    }
}

impl Rooms {
    pub async fn join(&self, entry: Entry) -> Result<Result<Answer, JoinError>, Ended> {
        let (answered, answer) = oneshot::channel();
        self.send(Command::Join(Box::new(entry), answered)).await?;
        answer.await.map_err(|_| Ended)
    }

    pub(crate) async fn restart(&self, peer: PeerId, offer: String) -> Result<Result<Answer, JoinError>, Ended> {
        let (answered, answer) = oneshot::channel();
        self.send(Command::Restart { peer, offer, answered }).await?;
        answer.await.map_err(|_| Ended)
    }

    pub(crate) async fn leave(&self, peer: PeerId) -> Result<(), Ended> {
        self.send(Command::Leave(peer)).await
    }

    /// Waits for room to set a peer's state, so that setting it then takes no time.
    pub(crate) async fn ready_to_set_state(&self) -> Result<StateSetter<'_>, Ended> {
        self.0.reserve_many(2).await.map(StateSetter).map_err(|_| Ended)
    }

    pub(crate) async fn set_audio_bitrate(&self, peer: PeerId, bitrate: u32) -> Result<(), Ended> {
        self.send(Command::SetAudioBitrate(peer, bitrate)).await
    }

    pub async fn set_wishes(&self, peer: PeerId, wishes: Vec<Wish>) -> Result<(), Ended> {
        self.send(Command::SetWishes(peer, wishes)).await
    }

    /// Whether the media thread does its work.
    pub(crate) async fn check(&self) -> Result<(), Ended> {
        let (answered, answer) = oneshot::channel();
        let asked = async {
            self.send(Command::Ping(answered)).await?;
            answer.await.map_err(|_| Ended)
        };
        timeout(LONGEST_ANSWER, asked).await.unwrap_or(Err(Ended))
    }

    pub(crate) async fn send(&self, command: Command) -> Result<(), Ended> {
        self.0.send(command).await.map_err(|_| Ended)
    }
}
