//! Single-use tickets that carry a session over to the gateway.

use std::collections::HashMap;
use std::sync::Mutex;

use protocol::time::Timestamp;

use crate::secret::{Secret, SecretHash};
use crate::store::session::LiveSession;

const LIFE_MS: i64 = 30_000;
/// Beyond it those whose time is over go at once.
const MOST: usize = 100_000;

#[derive(Default)]
pub(crate) struct Tickets {
    open: Mutex<HashMap<SecretHash, (Timestamp, LiveSession)>>,
}

impl Tickets {
    pub(crate) fn issue(&self, session: LiveSession, now: Timestamp) -> Secret {
        let ticket = Secret::token();
        let mut open = self.open.lock().expect("nothing panics while holding this lock");
        if open.len() >= MOST {
            open.retain(|_, (until, _)| *until > now);
        }
        open.insert(ticket.hash(), (Timestamp(now.0 + LIFE_MS), session));
        ticket
    }

    /// The session behind a ticket, once and in time.
    pub(crate) fn redeem(&self, ticket: &str, now: Timestamp) -> Option<LiveSession> {
        let mut open = self.open.lock().expect("nothing panics while holding this lock");
        open.remove(&SecretHash::of(ticket)).filter(|(until, _)| *until > now).map(|(_, session)| session)
    }

    /// Forgets tickets whose time is over.
    pub(crate) fn sweep(&self, now: Timestamp) {
        self.open.lock().expect("nothing panics while holding this lock").retain(|_, (until, _)| *until > now);
    }
}
