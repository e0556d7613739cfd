//! A gateway session of a client, with or without a socket.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use protocol::id::{SessionId, UserId};
use tokio::sync::Notify;

use super::log::{Log, Numbered};
use crate::secret::SecretHash;

/// Why a connection's socket must close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closing {
    /// It reads too slowly.
    Slow,
    /// Another socket resumed the connection, or the user has too many.
    TakenOver,
    /// The session behind it ended.
    SessionEnded,
    /// It may lack what was never told: its client is to begin anew with a snapshot.
    Outdated,
}

/// One socket's time on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SocketId(u64);

pub(crate) struct Connection {
    pub(crate) user: UserId,
    pub(crate) session: SessionId,
    pub(super) resume: SecretHash,
    state: Mutex<State>,
    wake: Notify,
}

struct State {
    log: Log,
    socket: Option<SocketId>,
    sockets: u64,
    detached_at: Option<Instant>,
    closing: Option<Closing>,
}

impl Connection {
    /// A connection with its first socket.
    pub(super) fn new(user: UserId, session: SessionId, resume: SecretHash) -> (Self, SocketId) {
        let socket = SocketId(1);
        let state = State { log: Log::new(), socket: Some(socket), sockets: 1, detached_at: None, closing: None };
        (Self { user, session, resume, state: Mutex::new(state), wake: Notify::new() }, socket)
    }

    /// Waits until there may be something to take.
    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Why the socket must close, where it must.
    pub(crate) fn closing(&self, socket: SocketId) -> Option<Closing> {
        let state = self.lock();
        if state.socket == Some(socket) { state.closing } else { Some(state.closing.unwrap_or(Closing::TakenOver)) }
    }

    /// The next events for the socket, at most `most`; an error says that it must close.
    pub(crate) fn take(&self, socket: SocketId, most: usize) -> Result<Vec<Numbered>, Closing> {
        let mut state = self.lock();
        match state.closing {
            Some(closing) => Err(closing),
            None if state.socket != Some(socket) => Err(Closing::TakenOver),
            None => Ok(state.log.take(most)),
        }
    }

    /// Forgets what the client has applied.
    pub(crate) fn acknowledge(&self, seq: u64) {
        self.lock().log.acknowledge(seq);
    }

    /// Notes that the socket is gone.
    pub(crate) fn detach(&self, socket: SocketId, now: Instant) {
        let mut state = self.lock();
        if state.socket == Some(socket) {
            state.socket = None;
            state.detached_at = Some(now);
        }
    }

    /// Puts a new socket on it, for a client that knows all events up to `seq`; none where it would miss some.
    pub(super) fn attach(&self, seq: u64) -> Option<SocketId> {
        let mut state = self.lock();
        if state.closing == Some(Closing::SessionEnded) || !state.log.rewind(seq) {
            return None;
        }
        state.closing = None;
        state.sockets += 1;
        let socket = SocketId(state.sockets);
        state.socket = Some(socket);
        drop(state);
        self.wake.notify_waiters();
        self.wake.notify_one();
        Some(socket)
    }

    pub(super) fn append(&self, body: &Arc<str>) {
        let mut state = self.lock();
        let lags = state.log.append(body).is_err();
        if lags && state.socket.is_some() {
            state.closing.get_or_insert(Closing::Slow);
        }
        drop(state);
        self.wake.notify_one();
    }

    pub(super) fn close(&self, closing: Closing) {
        self.lock().closing = Some(closing);
        self.wake.notify_one();
    }

    pub(super) fn has_socket(&self) -> bool {
        self.lock().socket.is_some()
    }

    /// How long ago the last socket went; none while there is one.
    pub(super) fn detached_for(&self, now: Instant) -> Option<Duration> {
        let state = self.lock();
        let since = state.detached_at.filter(|_| state.socket.is_none())?;
        Some(now.saturating_duration_since(since))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while holding this lock")
    }
}
