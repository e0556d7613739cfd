//! What every part of the server works with.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use protocol::id::{ChannelId, SessionId, UserId};
use protocol::limits;
use tokio::sync::watch;

use crate::clock::{self, Ids};
use crate::hub::Hub;
use crate::limiter::Limiter;
use crate::pass::Passes;
use crate::password::Passwords;
use crate::room::Rooms;
use crate::seat::Seats;
use crate::speaking::Speaking;
use crate::store::{self, Store};
use crate::ticket::Tickets;
use crate::untold::Untold;

pub(crate) type App = Arc<Context>;

pub(crate) struct Context {
    pub(crate) store: Store,
    pub(crate) hub: Hub,
    pub(crate) ids: Ids,
    pub(crate) passwords: Passwords,
    pub(crate) tickets: Tickets,
    pub(crate) rooms: Rooms,
    pub(crate) seats: Seats,
    pub(crate) passes: Passes,
    pub(crate) speaking: Speaking,
    pub(crate) untold: Untold,
    /// Wrong codes and links, by network.
    pub(crate) wrong_codes: Limiter<IpAddr>,
    /// Wrong passwords, by network.
    pub(crate) wrong_passwords: Limiter<IpAddr>,
    /// Sign-ins of a user name from a network that have not succeeded.
    pub(crate) sign_ins: Limiter<(IpAddr, String)>,
    pub(crate) gateway_tickets: Limiter<SessionId>,
    /// Offers to rooms, whose parsing costs the media thread time.
    pub(crate) offers: Limiter<UserId>,
    pub(crate) typing: Limiter<(UserId, ChannelId)>,
    /// Origins beside the server's own whose pages may use it.
    pub(crate) origins: Vec<String>,
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// Who may read the metrics.
    pub(crate) metrics_readers: Vec<IpNet>,
    /// Turns true when the server begins to shut down.
    pub(crate) shutdown: watch::Receiver<bool>,
}

/// After so many wrong invites or set-up links in an hour a network has to wait.
const WRONG_CODES_PER_HOUR: u32 = 10;
/// Many people may share one network; one user name is guessed at from it less often.
const WRONG_PASSWORDS_PER_HOUR: u32 = 100;
const SIGN_INS_PER_HOUR: u32 = 10;
const HOUR: Duration = Duration::from_secs(3_600);
/// Enough for many tabs that all reconnect.
const TICKETS_PER_MINUTE: u32 = 60;
const MINUTE: Duration = Duration::from_secs(60);
const TYPING_EVERY: Duration = Duration::from_secs(3);

/// What the shell gives a context at the start.
pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) rooms: Rooms,
    pub(crate) origins: Vec<String>,
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// Who may read the metrics.
    pub(crate) metrics_readers: Vec<IpNet>,
    pub(crate) shutdown: watch::Receiver<bool>,
}

#[cfg(test)]
impl Parts {
    /// With nothing that a test does not name.
    pub(crate) fn of(store: Store, rooms: Rooms, shutdown: watch::Receiver<bool>) -> Self {
        let (origins, trusted_proxies, metrics_readers) = (Vec::new(), Vec::new(), Vec::new());
        Self { store, rooms, origins, trusted_proxies, metrics_readers, shutdown }
    }
}

impl Context {
    pub(crate) async fn new(parts: Parts) -> store::Result<Self> {
        let Parts { store, rooms, origins, trusted_proxies, metrics_readers, shutdown } = parts;
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
            passes: Passes::default(),
            speaking: Speaking::default(),
            untold: Untold::default(),
            wrong_codes: Limiter::new(WRONG_CODES_PER_HOUR, HOUR),
            wrong_passwords: Limiter::new(WRONG_PASSWORDS_PER_HOUR, HOUR),
            sign_ins: Limiter::new(SIGN_INS_PER_HOUR, HOUR),
            gateway_tickets: Limiter::new(TICKETS_PER_MINUTE, MINUTE),
            offers: Limiter::new(limits::OFFERS_PER_MINUTE, MINUTE),
            typing: Limiter::new(1, TYPING_EVERY),
            origins,
            trusted_proxies,
            metrics_readers,
            shutdown,
        })
    }

    /// Forgets what no longer counts.
    pub(crate) fn sweep(&self) {
        self.tickets.sweep(clock::now());
        let now = clock::instant();
        self.wrong_codes.sweep(now);
        self.wrong_passwords.sweep(now);
        self.sign_ins.sweep(now);
        self.gateway_tickets.sweep(now);
        self.offers.sweep(now);
        self.typing.sweep(now);
        self.passes.sweep(now);
    }
}
