//! What the rest of the server asks of the media threads, and what they tell.

mod places;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures_util::future::try_join_all;
use sfu::{Answer, Event, Grant, JoinError, Mid, PeerId, PeerState, RoomId, Source, Wish};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use self::places::{Places, Thread};

/// Commands to one thread that wait at most; beyond it the one who asks waits.
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

/// A media thread is between two lives, or the server is ending.
#[derive(Debug, thiserror::Error)]
#[error("the media thread does not run")]
pub struct Ended;

/// A media thread that takes longer to answer is as good as dead.
const LONGEST_ANSWER: Duration = Duration::from_secs(1);

/// The way to the media threads, each of which has rooms of its own.
#[derive(Clone)]
pub struct Rooms {
    threads: Arc<[Way]>,
    places: SharedPlaces,
}

/// The way to one media thread.
struct Way {
    commands: mpsc::Sender<Command>,
    is_down: Arc<AtomicBool>,
}

/// Never touched by a media thread.
#[derive(Clone)]
struct SharedPlaces(Arc<Mutex<Places>>);

impl SharedPlaces {
    fn lock(&self) -> MutexGuard<'_, Places> {
        self.0.lock().expect("nothing panics while holding this lock")
    }
}

/// A media thread's ends of both ways.
pub struct Ends {
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) events: mpsc::Sender<Event>,
    /// Set by the thread while it is between two lives.
    pub(crate) is_down: Arc<AtomicBool>,
}

/// What the media threads tell.
pub struct Events {
    receiver: mpsc::Receiver<Event>,
    places: SharedPlaces,
}

impl Events {
    /// The next event; none when there are no media threads any more.
    pub async fn recv(&mut self) -> Option<Event> {
        let event = self.receiver.recv().await;
        self.free(event.as_ref());
        event
    }

    #[cfg(test)]
    pub(crate) fn try_recv(&mut self) -> Option<Event> {
        let event = self.receiver.try_recv().ok();
        self.free(event.as_ref());
        event
    }

    /// Who is gone has no place any more.
    fn free(&self, event: Option<&Event>) {
        if let Some(Event::Gone { peer, .. }) = event {
            self.places.lock().leave(*peer);
        }
    }
}

/// Events that wait at most; beyond it the media threads keep those that matter and drop the rest.
const EVENTS: usize = 4_096;

/// The ways between so many media threads and the rest.
pub fn connect(threads: usize) -> (Rooms, Events, Vec<Ends>) {
    let (events, receiver) = mpsc::channel(EVENTS);
    let places = SharedPlaces(Arc::new(Mutex::new(Places::new(threads))));
    let ways = (0..threads).map(|_| {
        let (sender, commands) = mpsc::channel(COMMANDS);
        let is_down = Arc::new(AtomicBool::new(false));
        let ends = Ends { commands, events: events.clone(), is_down: Arc::clone(&is_down) };
        (Way { commands: sender, is_down }, ends)
    });
    let (ways, ends): (Vec<_>, _) = ways.unzip();
    (Rooms { threads: ways.into(), places: places.clone() }, Events { receiver, places }, ends)
}

/// The right to set what one peer may do and has switched on, at once.
pub(crate) struct StateSetter<'a>(Option<mpsc::PermitIterator<'a, Command>>);

impl StateSetter<'_> {
    pub(crate) fn set(self, peer: PeerId, (grant, state): (Grant, PeerState)) {
        let commands = [Command::SetGrant(peer, grant), Command::SetState(peer, state)];
        for (permit, command) in self.0.into_iter().flatten().zip(commands) {
            permit.send(command);
        }
    }
}

/// The place of a peer that may not be let in.
struct Reservation<'a> {
    places: &'a SharedPlaces,
    peer: PeerId,
    is_taken: bool,
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        if !self.is_taken {
            self.places.lock().leave(self.peer);
        }
    }
}

impl Rooms {
    pub async fn join(&self, entry: Entry) -> Result<Result<Answer, JoinError>, Ended> {
        let peer = entry.peer;
        let is_down = |thread: Thread| self.threads[thread].is_down.load(Ordering::Relaxed);
        let Some(thread) = self.places.lock().enter(entry.room, peer, is_down) else {
            return Ok(Err(JoinError::AlreadyJoined));
        };
        let mut reservation = Reservation { places: &self.places, peer, is_taken: false };
        let (answered, answer) = oneshot::channel();
        self.send(thread, Command::Join(Box::new(entry), answered)).await?;
        let joined = answer.await.map_err(|_| Ended)?;
        reservation.is_taken = joined.is_ok();
        Ok(joined)
    }

    pub(crate) async fn restart(&self, peer: PeerId, offer: String) -> Result<Result<Answer, JoinError>, Ended> {
        let Some(thread) = self.thread_of(peer) else { return Ok(Err(JoinError::UnknownPeer)) };
        let (answered, answer) = oneshot::channel();
        self.send(thread, Command::Restart { peer, offer, answered }).await?;
        answer.await.map_err(|_| Ended)
    }

    pub(crate) async fn leave(&self, peer: PeerId) -> Result<(), Ended> {
        let left = self.places.lock().leave(peer);
        if let Some(thread) = left {
            return self.send(thread, Command::Leave(peer)).await;
        }
        // One that was told to leave before it was let in has no place, but may be in a room.
        let everywhere = (0..self.threads.len()).map(|thread| self.send(thread, Command::Leave(peer)));
        try_join_all(everywhere).await.map(drop)
    }

    /// Waits for room to set a peer's state, so that setting it then takes no time.
    pub(crate) async fn ready_to_set_state(&self, peer: PeerId) -> Result<StateSetter<'_>, Ended> {
        let Some(thread) = self.thread_of(peer) else { return Ok(StateSetter(None)) };
        let permits = self.threads[thread].commands.reserve_many(2).await;
        permits.map(|permits| StateSetter(Some(permits))).map_err(|_| Ended)
    }

    pub(crate) async fn set_audio_bitrate(&self, peer: PeerId, bitrate: u32) -> Result<(), Ended> {
        match self.thread_of(peer) {
            Some(thread) => self.send(thread, Command::SetAudioBitrate(peer, bitrate)).await,
            None => Ok(()),
        }
    }

    /// As [`Self::set_audio_bitrate`] where the thread can be told at once; answers whether it could.
    pub(crate) fn try_set_audio_bitrate(&self, peer: PeerId, bitrate: u32) -> bool {
        let command = Command::SetAudioBitrate(peer, bitrate);
        self.thread_of(peer).is_none_or(|thread| self.threads[thread].commands.try_send(command).is_ok())
    }

    pub async fn set_wishes(&self, peer: PeerId, wishes: Vec<Wish>) -> Result<(), Ended> {
        match self.thread_of(peer) {
            Some(thread) => self.send(thread, Command::SetWishes(peer, wishes)).await,
            None => Ok(()),
        }
    }

    /// Whether every media thread does its work.
    pub(crate) async fn check(&self) -> Result<(), Ended> {
        let pings = (0..self.threads.len()).map(async |thread| {
            let (answered, answer) = oneshot::channel();
            self.send(thread, Command::Ping(answered)).await?;
            answer.await.map_err(|_| Ended)
        });
        timeout(LONGEST_ANSWER, try_join_all(pings)).await.unwrap_or(Err(Ended)).map(drop)
    }

    fn thread_of(&self, peer: PeerId) -> Option<Thread> {
        self.places.lock().thread_of(peer)
    }

    pub(crate) async fn send(&self, thread: Thread, command: Command) -> Result<(), Ended> {
        self.threads[thread].commands.send(command).await.map_err(|_| Ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(room: u64, peer: u64) -> Entry {
        Entry {
            room: RoomId(room),
            peer: PeerId(peer),
            grant: Grant::ALL,
            state: PeerState::default(),
            audio_bitrate: 64_000,
            replaces: None,
            offer: String::new(),
            sources: BTreeMap::new(),
        }
    }

    /// Lets a peer in; answers with the number of the thread that was asked.
    async fn join(rooms: &Rooms, ends: &mut [Ends], (room, peer): (u64, u64)) -> Thread {
        let joining = rooms.join(entry(room, peer));
        let asked = async {
            let waiting = ends.iter_mut().map(|ends| Box::pin(ends.commands.recv()));
            let (command, thread, _) = futures_util::future::select_all(waiting).await;
            let Some(Command::Join(_, answered)) = command else { panic!("{command:?}") };
            answered.send(Ok(Answer { sdp: String::new(), slots: Vec::new(), csrc: 1 })).unwrap();
            thread
        };
        let (joined, thread) = tokio::join!(joining, asked);
        joined.unwrap().unwrap();
        thread
    }

    #[tokio::test]
    async fn who_is_gone_or_was_refused_leaves_no_place_taken() {
        let (rooms, mut events, mut ends) = connect(2);
        assert_eq!(join(&rooms, &mut ends, (7, 1)).await, 0);
        assert_eq!(join(&rooms, &mut ends, (8, 2)).await, 1);
        let gone = Event::Gone { peer: PeerId(1), reason: sfu::GoneReason::LeaseExpired };
        ends[0].events.send(gone).await.unwrap();
        events.recv().await.unwrap();
        // Nobody answers this one.
        let mut first = ends.remove(0).commands;
        let (refused, _) = tokio::join!(rooms.join(entry(9, 3)), async { drop(first.recv().await) });
        assert!(refused.is_err());
        assert_eq!([1, 2, 3].map(|peer| rooms.thread_of(PeerId(peer))), [None, Some(1), None]);
    }

    #[tokio::test]
    async fn a_new_room_avoids_a_thread_that_is_down() {
        let (rooms, _events, mut ends) = connect(2);
        ends[0].is_down.store(true, Ordering::Relaxed);
        assert_eq!(join(&rooms, &mut ends, (7, 1)).await, 1);
    }

    #[tokio::test]
    async fn who_leaves_before_being_let_in_is_sent_away_by_whichever_thread_let_him_in() {
        let (rooms, _events, mut ends) = connect(2);
        rooms.leave(PeerId(1)).await.unwrap();
        for ends in &mut ends {
            assert!(matches!(ends.commands.try_recv(), Ok(Command::Leave(PeerId(1)))));
        }
        assert_eq!(join(&rooms, &mut ends, (7, 1)).await, 0);
        rooms.leave(PeerId(1)).await.unwrap();
        assert!(matches!(ends[0].commands.try_recv(), Ok(Command::Leave(PeerId(1)))));
        assert!(ends[1].commands.try_recv().is_err());
    }
}
