//! From what happened to the connections that are to know of it.
//!
//! Each gateway connection has a log of events with sequence numbers. The socket's task reads from it at its own pace,
//! and it is what a resume goes on from. Publishing only appends: it never waits for anyone.
//! A log is bounded: a socket that lags by [`UNSENT_EVENTS`] or [`UNSENT_BYTES`] is closed and can resume; a log that
//! holds more than [`KEPT_EVENTS`] or [`KEPT_BYTES`] forgets its oldest events, after which a resume from before them
//! is answered with a new snapshot.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, RwLock};

use protocol::event::Event;
use protocol::id::{SessionId, UserId};
use protocol::time::Timestamp;
use tokio::sync::Notify;

use crate::secret::SecretHash;
use crate::store::Committed;

pub(crate) const UNSENT_EVENTS: u64 = 1_000;
pub(crate) const UNSENT_BYTES: usize = 1 << 20;
const KEPT_EVENTS: usize = 4_096;
const KEPT_BYTES: usize = 4 << 20;
/// Connections of one user; one more ends the oldest, of those without a socket if there is one.
const CONNECTIONS_PER_USER: usize = 32;
/// How long a connection without a socket can be resumed.
pub(crate) const RESUME_WINDOW_MS: i64 = 120_000;
/// How long a user without a socket still counts as online, so that a reload does not show.
const OFFLINE_AFTER_MS: i64 = 8_000;

/// Who is to know.
pub(crate) enum Audience<'a> {
    Users(&'a [UserId]),
    /// The clients of one sign-in.
    Session(SessionId),
}

/// Why a connection's socket must close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closing {
    /// It reads too slowly.
    Slow,
    /// Another socket resumed the connection, or the user has too many.
    TakenOver,
    /// The session behind it ended.
    SessionEnded,
}

/// One socket's time on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SocketId(u64);

#[derive(Default)]
pub(crate) struct Hub {
    registry: RwLock<Registry>,
}

#[derive(Default)]
struct Registry {
    by_user: BTreeMap<UserId, Vec<Arc<Connection>>>,
    online: BTreeSet<UserId>,
}

/// A gateway session of a client, with or without a socket.
pub(crate) struct Connection {
    pub(crate) user: UserId,
    pub(crate) session: SessionId,
    resume: SecretHash,
    log: Mutex<Log>,
    wake: Notify,
}

struct Log {
    entries: VecDeque<Arc<str>>,
    bytes: usize,
    /// Sequence number of the first entry.
    first: u64,
    /// Sequence number of the last event that was handed to the socket.
    sent: u64,
    unsent_bytes: usize,
    /// How far the socket may lag, in events and bytes: more after a resume, by what it has to catch up on.
    allowed: (u64, usize),
    socket: Option<SocketId>,
    sockets: u64,
    detached_at: Timestamp,
    closing: Option<Closing>,
}

/// An event as it goes out: its sequence number and its JSON, which all receivers share.
pub(crate) type Numbered = (u64, Arc<str>);

impl Hub {
    /// Tells of something that a transaction changed.
    pub(crate) fn publish(&self, _after: &Committed, audience: &Audience<'_>, event: &Event) {
        self.tell(audience, event);
    }

    /// Tells of something that no transaction keeps: typing, presence, voice.
    pub(crate) fn tell(&self, audience: &Audience<'_>, event: &Event) {
        let body: Arc<str> = serde_json::to_string(event).expect("events are serialisable").into();
        let registry = self.read();
        match audience {
            Audience::Users(users) => {
                for user in *users {
                    for connection in registry.by_user.get(user).into_iter().flatten() {
                        connection.append(&body);
                    }
                }
            }
            Audience::Session(session) => {
                for connection in registry.by_user.values().flatten().filter(|one| one.session == *session) {
                    connection.append(&body);
                }
            }
        }
    }

    /// Registers a new connection with a socket; says whether the user comes online with it.
    pub(crate) fn connect(
        &self,
        user: UserId,
        session: SessionId,
        resume: SecretHash,
    ) -> (Arc<Connection>, SocketId, bool) {
        let socket = SocketId(1);
        let log = Log {
            entries: VecDeque::new(),
            bytes: 0,
            first: 1,
            sent: 0,
            unsent_bytes: 0,
            allowed: (UNSENT_EVENTS, UNSENT_BYTES),
            socket: Some(socket),
            sockets: 1,
            detached_at: Timestamp(0),
            closing: None,
        };
        let connection = Arc::new(Connection { user, session, resume, log: Mutex::new(log), wake: Notify::new() });
        let mut registry = self.write();
        let connections = registry.by_user.entry(user).or_default();
        connections.push(Arc::clone(&connection));
        if connections.len() > CONNECTIONS_PER_USER {
            let spare = connections.iter().position(|one| one.lock().socket.is_none()).unwrap_or(0);
            connections.remove(spare).close(Closing::TakenOver);
        }
        let came_online = registry.online.insert(user);
        (connection, socket, came_online)
    }

    /// Puts a new socket on a connection that has missed nothing it cannot be told; `seq` is the last event it knows.
    pub(crate) fn resume(&self, resume: &SecretHash, seq: u64) -> Option<(Arc<Connection>, SocketId, bool)> {
        let mut registry = self.write();
        let connection = registry.by_user.values().flatten().find(|one| one.resume == *resume).map(Arc::clone)?;
        let socket = connection.attach(seq)?;
        let came_online = registry.online.insert(connection.user);
        Some((connection, socket, came_online))
    }

    /// Ends every connection of a session.
    pub(crate) fn end_session(&self, session: SessionId) {
        let mut registry = self.write();
        for connections in registry.by_user.values_mut() {
            connections.retain(|connection| {
                let ends = connection.session == session;
                if ends {
                    connection.close(Closing::SessionEnded);
                }
                !ends
            });
        }
    }

    /// Forgets a connection that never came to life.
    pub(crate) fn disconnect(&self, connection: &Arc<Connection>) {
        let mut registry = self.write();
        if let Some(connections) = registry.by_user.get_mut(&connection.user) {
            connections.retain(|one| !Arc::ptr_eq(one, connection));
        }
    }

    /// Forgets connections that can no longer be resumed, and names the users who went offline.
    pub(crate) fn sweep(&self, now: Timestamp) -> Vec<UserId> {
        let mut registry = self.write();
        let mut gone = Vec::new();
        let Registry { by_user, online } = &mut *registry;
        by_user.retain(|user, connections| {
            connections.retain(|connection| connection.detached_for(now).is_none_or(|ms| ms < RESUME_WINDOW_MS));
            let present = connections
                .iter()
                .any(|connection| connection.detached_for(now).is_none_or(|ms| ms < OFFLINE_AFTER_MS));
            if !present && online.remove(user) {
                gone.push(*user);
            }
            !connections.is_empty()
        });
        gone
    }

    /// Those of the users who are online.
    pub(crate) fn online_among<'a>(&self, users: impl Iterator<Item = &'a UserId>) -> Vec<UserId> {
        let registry = self.read();
        users.filter(|user| registry.online.contains(user)).copied().collect()
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Registry> {
        self.registry.read().expect("nothing panics while holding this lock")
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Registry> {
        self.registry.write().expect("nothing panics while holding this lock")
    }
}

impl Connection {
    /// Waits until there may be something to take.
    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Why the socket must close, where it must.
    pub(crate) fn closing(&self, socket: SocketId) -> Option<Closing> {
        let log = self.lock();
        if log.socket == Some(socket) { log.closing } else { Some(log.closing.unwrap_or(Closing::TakenOver)) }
    }

    /// The next events for the socket, at most `most`; an error says that it must close.
    pub(crate) fn take(&self, socket: SocketId, most: usize) -> Result<Vec<Numbered>, Closing> {
        let mut log = self.lock();
        if let Some(closing) = log.closing {
            return Err(closing);
        }
        if log.socket != Some(socket) {
            return Err(Closing::TakenOver);
        }
        let skip = log.index_after(log.sent);
        let taken: Vec<Numbered> = log
            .entries
            .iter()
            .enumerate()
            .skip(skip)
            .take(most)
            .map(|(i, body)| (log.first + i as u64, Arc::clone(body)))
            .collect();
        if let Some((seq, _)) = taken.last() {
            log.sent = *seq;
        }
        log.unsent_bytes -= taken.iter().map(|(_, body)| body.len()).sum::<usize>();
        Ok(taken)
    }

    /// Forgets what the client has applied.
    pub(crate) fn acknowledge(&self, seq: u64) {
        let mut log = self.lock();
        let applied = seq.min(log.sent);
        while log.first <= applied {
            log.forget_first();
        }
    }

    /// Notes that the socket is gone.
    pub(crate) fn detach(&self, socket: SocketId, now: Timestamp) {
        let mut log = self.lock();
        if log.socket == Some(socket) {
            log.socket = None;
            log.detached_at = now;
        }
    }

    fn attach(&self, seq: u64) -> Option<SocketId> {
        let mut log = self.lock();
        let known = log.first - 1..=log.last();
        if log.closing == Some(Closing::SessionEnded) || !known.contains(&seq) {
            return None;
        }
        log.closing = None;
        log.sent = seq;
        let skip = log.index_after(seq);
        log.unsent_bytes = log.entries.iter().skip(skip).map(|body| body.len()).sum();
        log.allowed = (UNSENT_EVENTS + log.last() - seq, UNSENT_BYTES + log.unsent_bytes);
        log.sockets += 1;
        let socket = SocketId(log.sockets);
        log.socket = Some(socket);
        self.wake.notify_waiters();
        self.wake.notify_one();
        Some(socket)
    }

    fn append(&self, body: &Arc<str>) {
        let mut log = self.lock();
        log.entries.push_back(Arc::clone(body));
        log.bytes += body.len();
        log.unsent_bytes += body.len();
        let (events, bytes) = log.allowed;
        if log.socket.is_some() && (log.last() - log.sent > events || log.unsent_bytes > bytes) {
            log.closing.get_or_insert(Closing::Slow);
        }
        while log.entries.len() > KEPT_EVENTS || log.bytes > KEPT_BYTES {
            log.forget_first();
        }
        drop(log);
        self.wake.notify_one();
    }

    fn close(&self, closing: Closing) {
        self.lock().closing = Some(closing);
        self.wake.notify_one();
    }

    fn detached_for(&self, now: Timestamp) -> Option<i64> {
        let log = self.lock();
        if log.socket.is_some() { None } else { Some(now.0 - log.detached_at.0) }
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.log.lock().expect("nothing panics while holding this lock")
    }
}

impl Log {
    /// Sequence number of the newest event.
    fn last(&self) -> u64 {
        self.first + self.entries.len() as u64 - 1
    }

    /// Index of the first entry after a sequence number.
    fn index_after(&self, seq: u64) -> usize {
        usize::try_from((seq + 1).saturating_sub(self.first)).unwrap_or(usize::MAX)
    }

    fn forget_first(&mut self) {
        if let Some(body) = self.entries.pop_front() {
            self.bytes -= body.len();
            if self.first > self.sent {
                self.unsent_bytes -= body.len();
                self.sent = self.first;
            }
            self.first += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::event::GuildDeleted;

    use super::*;
    use crate::secret::Secret;

    struct Client {
        hub: Hub,
        user: UserId,
        connection: Arc<Connection>,
        socket: SocketId,
        resume: SecretHash,
    }

    fn client() -> Client {
        let hub = Hub::default();
        let (user, session) = ("1".parse().unwrap(), "2".parse().unwrap());
        let resume = Secret::token().hash();
        let (connection, socket, came_online) = hub.connect(user, session, resume.clone());
        assert!(came_online);
        Client { hub, user, connection, socket, resume }
    }

    impl Client {
        fn tell(&self, times: usize) {
            let event = Event::GuildDeleted(GuildDeleted { guild_id: "7".parse().unwrap() });
            for _ in 0..times {
                self.hub.tell(&Audience::Users(&[self.user]), &event);
            }
        }

        fn take(&self, socket: SocketId) -> Vec<u64> {
            self.connection.take(socket, 10_000).unwrap().into_iter().map(|(seq, _)| seq).collect()
        }
    }

    #[test]
    fn events_are_taken_once_and_in_order() {
        let client = client();
        client.tell(3);
        assert_eq!(client.take(client.socket), [1, 2, 3]);
        client.tell(1);
        assert_eq!(client.take(client.socket), [4]);
        assert!(client.take(client.socket).is_empty());
    }

    #[test]
    fn a_resume_goes_on_after_what_the_client_knows() {
        let client = client();
        client.tell(5);
        client.take(client.socket);
        client.connection.acknowledge(2);
        client.connection.detach(client.socket, Timestamp(0));
        client.tell(2);
        assert!(client.hub.resume(&client.resume, 1).is_none(), "1 is forgotten, so 2 could be missing");
        assert!(client.hub.resume(&client.resume, 8).is_none(), "8 has not happened");
        let (_, socket, _) = client.hub.resume(&client.resume, 4).unwrap();
        assert_eq!(client.take(socket), [5, 6, 7]);
        assert_eq!(client.connection.take(client.socket, 1).unwrap_err(), Closing::TakenOver);
    }

    #[test]
    fn a_socket_that_lags_is_closed_and_can_resume() {
        let client = client();
        client.tell(1_001);
        assert_eq!(client.connection.take(client.socket, 1).unwrap_err(), Closing::Slow);
        client.connection.detach(client.socket, Timestamp(0));
        let (_, socket, _) = client.hub.resume(&client.resume, 0).unwrap();
        client.tell(5);
        assert_eq!(client.take(socket).len(), 1_006, "catching up is no lag");
    }

    #[test]
    fn a_log_that_is_full_forgets_its_oldest() {
        let client = client();
        client.connection.detach(client.socket, Timestamp(0));
        client.tell(KEPT_EVENTS + 10);
        assert!(client.hub.resume(&client.resume, 9).is_none());
        let (_, socket, _) = client.hub.resume(&client.resume, 10).unwrap();
        assert_eq!(client.take(socket).len(), KEPT_EVENTS);
    }

    #[test]
    fn a_user_goes_offline_some_time_after_the_last_socket() {
        let client = client();
        assert!(client.hub.sweep(Timestamp(1_000_000)).is_empty());
        client.connection.detach(client.socket, Timestamp(1_000_000));
        assert!(client.hub.sweep(Timestamp(1_000_000 + OFFLINE_AFTER_MS - 1)).is_empty());
        assert_eq!(client.hub.sweep(Timestamp(1_000_000 + OFFLINE_AFTER_MS)), [client.user]);
        assert!(client.hub.resume(&client.resume, 0).is_some_and(|(_, _, came_online)| came_online));
    }

    #[test]
    fn a_connection_is_forgotten_after_the_resume_window() {
        let client = client();
        client.connection.detach(client.socket, Timestamp(0));
        client.hub.sweep(Timestamp(RESUME_WINDOW_MS));
        assert!(client.hub.resume(&client.resume, 0).is_none());
    }

    #[test]
    fn one_connection_too_many_ends_the_oldest() {
        let client = client();
        for _ in 0..CONNECTIONS_PER_USER {
            client.hub.connect(client.user, client.connection.session, Secret::token().hash());
        }
        assert_eq!(client.connection.take(client.socket, 1).unwrap_err(), Closing::TakenOver);
        assert!(client.hub.resume(&client.resume, 0).is_none());
    }

    #[test]
    fn an_ended_session_cannot_be_resumed() {
        let client = client();
        client.hub.end_session(client.connection.session);
        assert_eq!(client.connection.take(client.socket, 1).unwrap_err(), Closing::SessionEnded);
        assert!(client.hub.resume(&client.resume, 0).is_none());
    }
}
