//! What every part of the server works with.

use std::net::IpAddr;
use std::sync::Arc;

use protocol::id::{ChannelId, UserId};
use tokio::sync::watch;

use crate::clock::Ids;
use crate::hub::Hub;
use crate::limiter::Limiter;
use crate::password::Passwords;
use crate::room::Rooms;
use crate::seat::Seats;
use crate::store::{self, Store};
use crate::ticket::Tickets;

pub(crate) type App = Arc<Context>;

pub(crate) struct Context {
    pub(crate) store: Store,
    pub(crate) hub: Hub,
    pub(crate) ids: Ids,
    pub(crate) passwords: Passwords,
    pub(crate) tickets: Tickets,
    pub(crate) rooms: Rooms,
    pub(crate) seats: Seats,
    pub(crate) failures: Limiter<IpAddr>,
    pub(crate) typing: Limiter<(UserId, ChannelId)>,
    /// Origins beside the server's own whose pages may use it.
    pub(crate) origins: Vec<String>,
    /// Turns true when the server begins to shut down.
    pub(crate) shutdown: watch::Receiver<bool>,
}

/// Wrong passwords, invites and set-up links of one address in an hour, after which it has to wait.
const FAILURES_PER_HOUR: u32 = 10;
const HOUR_MS: i64 = 3_600_000;
const TYPING_EVERY_MS: i64 = 3_000;

/// What the shell gives a context at the start.
pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) rooms: Rooms,
    pub(crate) origins: Vec<String>,
    pub(crate) shutdown: watch::Receiver<bool>,
}

impl Context {
    pub(crate) async fn new(parts: Parts) -> store::Result<Self> {
        let Parts { store, rooms, origins, shutdown } = parts;
        let mut tx = store.read().await?;
        let floor = store::id::greatest(&mut tx).await?;
        drop(tx);
        Ok(Self {
            store,
            hub: Hub::default(),
            ids: Ids::above(floor),
            passwords: Passwords::default(),
            tickets: Tickets::default(),
            rooms,
            seats: Seats::default(),
            failures: Limiter::new(FAILURES_PER_HOUR, HOUR_MS),
            typing: Limiter::new(1, TYPING_EVERY_MS),
            origins,
            shutdown,
        })
    }
}
