//! From what happened to the connections that are to know of it.
//!
//! Each gateway connection has a log of events with sequence numbers. The socket's task reads from it at its own pace,
//! and it is what a resume goes on from. Publishing only appends: it never waits for anyone. A log is bounded: a socket
//! that lags is closed and can resume; a log that is full forgets its oldest events, after which a resume from before
//! them is answered with a new snapshot.
//!
//! Two kinds of things are told. What a transaction changed is published after its commit, in the order of the commits.
//! What only memory holds (presence, voice) is told as it is at the moment of telling, under one lock: whoever changes it
//! tells of it afterwards, so that the last to tell tells how it stands.

mod connection;
mod log;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use protocol::account::{Presence, Status};
use protocol::event::Event;
use protocol::id::{SessionId, UserId};
use protocol::limits;

pub(crate) use self::connection::{Closing, Connection, SocketId};
pub(crate) use self::log::Numbered;
use crate::secret::SecretHash;
use crate::store::Committed;

/// How long a connection without a socket can be resumed.
const RESUME_WINDOW: Duration = Duration::from_secs(120);
/// How long a user without a socket still counts as online, so that a reload does not show.
const OFFLINE_AFTER: Duration = Duration::from_secs(8);

/// Who is to know.
pub(crate) enum Audience<'a> {
    Users(&'a [UserId]),
    /// The clients of these sign-ins.
    Sessions(&'a [SessionId]),
}

/// How often somebody has lost sight of something. An audience that was read before the last time may be told no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Epoch(u64);

/// The audience was read in an earlier epoch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outdated;

#[derive(Default)]
pub(crate) struct Hub {
    registry: RwLock<Registry>,
    /// Held while something is told as it stands.
    telling: Mutex<Epoch>,
}

#[derive(Default)]
struct Registry {
    by_user: BTreeMap<UserId, Vec<Arc<Connection>>>,
    by_session: HashMap<SessionId, Vec<Arc<Connection>>>,
    by_resume: HashMap<SecretHash, Arc<Connection>>,
    online: BTreeSet<UserId>,
}

impl Hub {
    /// Tells of something that a transaction changed.
    pub(crate) fn publish(&self, _after: &Committed, audience: &Audience<'_>, event: &Event) {
        self.append(audience, event);
    }

    /// Tells users that they lost sight of something, after which nobody is told by an audience that was read before.
    pub(crate) fn publish_loss(&self, _after: &Committed, users: &[UserId], event: &Event) {
        let mut epoch = self.telling();
        epoch.0 += 1;
        self.append(&Audience::Users(users), event);
    }

    /// Tells of something that a transaction changed, together with how things stand in memory.
    pub(crate) fn publish_current(&self, _after: &Committed, audience: &Audience<'_>, event: impl FnOnce() -> Event) {
        self.tell_in_order(audience, event);
    }

    /// Tells how things stand in memory; none of it overtakes what else is told of them.
    pub(crate) fn tell_in_order(&self, audience: &Audience<'_>, event: impl FnOnce() -> Event) {
        let _telling = self.telling();
        self.append(audience, &event());
    }

    /// Tells of a passing thing that needs no order, such as typing.
    pub(crate) fn tell(&self, audience: &Audience<'_>, event: &Event) {
        self.append(audience, event);
    }

    /// Tells how things stand in memory, to an audience that was read in `epoch` or later.
    pub(crate) fn tell_current(
        &self,
        epoch: Epoch,
        audience: &Audience<'_>,
        event: impl FnOnce() -> Event,
    ) -> Result<(), Outdated> {
        let current = self.telling();
        if *current != epoch {
            return Err(Outdated);
        }
        self.append(audience, &event());
        Ok(())
    }

    /// To be asked before an audience is read.
    pub(crate) fn epoch(&self) -> Epoch {
        *self.telling()
    }

    fn append(&self, audience: &Audience<'_>, event: &Event) {
        let body: Arc<str> = serde_json::to_string(event).expect("events are serialisable").into();
        let registry = self.read();
        match audience {
            Audience::Users(users) => {
                for connection in users.iter().filter_map(|user| registry.by_user.get(user)).flatten() {
                    connection.append(&body);
                }
            }
            Audience::Sessions(sessions) => {
                for connection in sessions.iter().filter_map(|session| registry.by_session.get(session)).flatten() {
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
        let (connection, socket) = Connection::new(user, session, resume);
        let connection = Arc::new(connection);
        let mut registry = self.write();
        registry.insert(&connection);
        let own = registry.by_user.get(&user).map_or(&[][..], Vec::as_slice);
        if own.len() > limits::CONNECTIONS_PER_USER {
            let spare = own.iter().position(|one| !one.has_socket()).unwrap_or(0);
            let spare = Arc::clone(&own[spare]);
            registry.remove(&spare);
            spare.close(Closing::TakenOver);
        }
        let came_online = registry.online.insert(user);
        (connection, socket, came_online)
    }

    /// Puts a new socket on a connection that has missed nothing it cannot be told; `seq` is the last event it knows.
    pub(crate) fn resume(&self, resume: &SecretHash, seq: u64) -> Option<(Arc<Connection>, SocketId, bool)> {
        let mut registry = self.write();
        let connection = Arc::clone(registry.by_resume.get(resume)?);
        let socket = connection.attach(seq)?;
        let came_online = registry.online.insert(connection.user);
        Some((connection, socket, came_online))
    }

    /// Ends every connection of a session.
    pub(crate) fn end_session(&self, session: SessionId) {
        let mut registry = self.write();
        for connection in registry.by_session.get(&session).cloned().unwrap_or_default() {
            registry.remove(&connection);
            connection.close(Closing::SessionEnded);
        }
    }

    /// Ends every connection, none of which can be resumed: who is still let in begins anew with a snapshot.
    pub(crate) fn renew_all(&self) {
        let mut registry = self.write();
        for connection in registry.by_resume.values().cloned().collect::<Vec<_>>() {
            registry.remove(&connection);
            connection.close(Closing::Outdated);
        }
    }

    /// Forgets a connection that never came to life.
    pub(crate) fn disconnect(&self, connection: &Arc<Connection>) {
        self.write().remove(connection);
    }

    /// Forgets connections that can no longer be resumed, and names the users who went offline.
    pub(crate) fn sweep(&self, now: Instant) -> Vec<UserId> {
        let mut registry = self.write();
        let is_over =
            |connection: &&Arc<Connection>| connection.detached_for(now).is_some_and(|time| time >= RESUME_WINDOW);
        let over: Vec<_> = registry.by_resume.values().filter(is_over).cloned().collect();
        for connection in &over {
            registry.remove(connection);
        }
        let Registry { by_user, online, .. } = &mut *registry;
        let is_present = |user: &UserId| {
            by_user
                .get(user)
                .into_iter()
                .flatten()
                .any(|connection| connection.detached_for(now).is_none_or(|time| time < OFFLINE_AFTER))
        };
        let gone: Vec<_> = online.iter().filter(|user| !is_present(user)).copied().collect();
        online.retain(|user| gone.binary_search(user).is_err());
        gone
    }

    /// Those of the users who are online.
    pub(crate) fn online_among<'a>(&self, users: impl Iterator<Item = &'a UserId>) -> Vec<UserId> {
        let registry = self.read();
        users.filter(|user| registry.online.contains(user)).copied().collect()
    }

    /// Connections that are up or can be resumed.
    pub(crate) fn count(&self) -> usize {
        self.read().by_user.values().map(Vec::len).sum()
    }

    /// Whether a user is there at the moment.
    pub(crate) fn presence(&self, user_id: UserId) -> Presence {
        let status = if self.read().online.contains(&user_id) { Status::Online } else { Status::Offline };
        Presence { user_id, status }
    }

    fn telling(&self) -> MutexGuard<'_, Epoch> {
        self.telling.lock().expect("nothing panics while holding this lock")
    }

    fn read(&self) -> RwLockReadGuard<'_, Registry> {
        self.registry.read().expect("nothing panics while holding this lock")
    }

    fn write(&self) -> RwLockWriteGuard<'_, Registry> {
        self.registry.write().expect("nothing panics while holding this lock")
    }
}

impl Registry {
    fn insert(&mut self, connection: &Arc<Connection>) {
        self.by_user.entry(connection.user).or_default().push(Arc::clone(connection));
        self.by_session.entry(connection.session).or_default().push(Arc::clone(connection));
        self.by_resume.insert(connection.resume.clone(), Arc::clone(connection));
    }

    fn remove(&mut self, connection: &Arc<Connection>) {
        let is_other = |one: &Arc<Connection>| !Arc::ptr_eq(one, connection);
        if let Some(own) = self.by_user.get_mut(&connection.user) {
            own.retain(is_other);
            if own.is_empty() {
                self.by_user.remove(&connection.user);
            }
        }
        if let Some(own) = self.by_session.get_mut(&connection.session) {
            own.retain(is_other);
            if own.is_empty() {
                self.by_session.remove(&connection.session);
            }
        }
        self.by_resume.remove(&connection.resume);
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
    fn a_resume_goes_on_after_what_the_client_knows() {
        let client = client();
        client.tell(5);
        client.take(client.socket);
        client.connection.acknowledge(2);
        client.connection.detach(client.socket, Instant::now());
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
        client.connection.detach(client.socket, Instant::now());
        let (_, socket, _) = client.hub.resume(&client.resume, 0).unwrap();
        client.tell(5);
        assert_eq!(client.take(socket).len(), 1_006, "catching up is no lag");
    }

    #[test]
    fn nobody_resumes_what_may_be_outdated() {
        let client = client();
        client.tell(1);
        client.hub.renew_all();
        assert_eq!(client.connection.take(client.socket, 1).unwrap_err(), Closing::Outdated);
        assert!(client.hub.resume(&client.resume, 0).is_none());
        assert_eq!(client.hub.sweep(Instant::now()), [client.user], "who does not come back is offline");
    }

    #[test]
    fn only_the_clients_of_a_session_are_told_what_is_for_it() {
        let client = client();
        let other: SessionId = "3".parse().unwrap();
        let (elsewhere, socket, came_online) = client.hub.connect(client.user, other, Secret::token().hash());
        assert!(!came_online, "the user was there already");
        let event = Event::GuildDeleted(GuildDeleted { guild_id: "7".parse().unwrap() });
        client.hub.tell(&Audience::Sessions(&[other]), &event);
        assert!(client.take(client.socket).is_empty());
        assert_eq!(elsewhere.take(socket, 10).unwrap().len(), 1);
    }

    #[test]
    fn an_audience_that_may_have_lost_sight_since_it_was_read_is_not_told() {
        let client = client();
        let epoch = client.hub.epoch();
        let users = [client.user];
        let gone = Event::GuildDeleted(GuildDeleted { guild_id: "7".parse().unwrap() });
        client.hub.publish_loss(&Committed::for_test(), &users, &gone);
        assert_eq!(client.take(client.socket), [1]);
        let presence = || Event::PresenceUpdated(client.hub.presence(client.user));
        assert_eq!(client.hub.tell_current(epoch, &Audience::Users(&users), presence), Err(Outdated));
        assert!(client.take(client.socket).is_empty());
        assert_eq!(client.hub.tell_current(client.hub.epoch(), &Audience::Users(&users), presence), Ok(()));
        assert_eq!(client.take(client.socket), [2]);
    }

    #[test]
    fn a_user_goes_offline_some_time_after_the_last_socket() {
        let client = client();
        let now = Instant::now();
        assert!(client.hub.sweep(now).is_empty());
        client.connection.detach(client.socket, now);
        assert!(client.hub.sweep(now + OFFLINE_AFTER - Duration::from_millis(1)).is_empty());
        assert_eq!(client.hub.sweep(now + OFFLINE_AFTER), [client.user]);
        assert!(client.hub.resume(&client.resume, 0).is_some_and(|(_, _, came_online)| came_online));
    }

    #[test]
    fn a_connection_is_forgotten_after_the_resume_window() {
        let client = client();
        let now = Instant::now();
        client.connection.detach(client.socket, now);
        client.hub.sweep(now + RESUME_WINDOW);
        assert!(client.hub.resume(&client.resume, 0).is_none());
    }

    #[test]
    fn one_connection_too_many_ends_the_oldest() {
        let client = client();
        for _ in 0..limits::CONNECTIONS_PER_USER {
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
