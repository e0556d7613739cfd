//! Further offers on the connection that there is: for another way, and for what the answer says.

use super::{Call, Timer};
use crate::call::signal::{Command, OfferError, Phase};
use crate::time::Moment;

/// From an attempt that failed to the next, in milliseconds.
const SEARCH_EVERY_MS: u64 = 500;

impl Call {
    /// How [`Command::Offer`] ended.
    pub fn handle_offered(&mut self, attempt: u32, offered: Result<(), OfferError>, now: Moment) {
        if attempt != self.attempt {
            return;
        }
        let restarts_ice = self.offered.take() == Some(true);
        match offered {
            Ok(()) if restarts_ice => self.end_search(),
            Ok(()) => {}
            Err(error) => self.offer_failed(error, now),
        }
        self.catch_up();
    }

    /// The server knows of the way that is looked for.
    fn end_search(&mut self) {
        self.searches = 0;
        self.timer = self.timer.filter(|timer| !matches!(timer, Timer::Retry(_)));
    }

    fn offer_failed(&mut self, error: OfferError, now: Moment) {
        match (self.phase, error) {
            (Phase::Reconnecting, OfferError::Passing) => self.retry(now),
            (Phase::Reconnecting, OfferError::Gone) => self.open(Phase::Rejoining, now),
            // The way of before may serve, and whether the seat is there the gateway tells.
            (Phase::Connected, _) if self.timer.is_none() && self.searches > 0 => {
                self.timer = Some(Timer::Retry(now.after(SEARCH_EVERY_MS)));
            }
            (Phase::Idle | Phase::Joining | Phase::Connected | Phase::Rejoining, _) => {}
        }
    }

    /// What may be sent to the room has changed. Whoever is not connected is told by the next answer.
    pub fn renegotiate(&mut self) {
        self.is_outdated = true;
        self.catch_up();
    }

    /// Offers wait for the answer to the one before, unless it is a way that is looked for.
    pub(super) fn catch_up(&mut self) {
        if self.is_outdated && self.phase == Phase::Connected && self.offered.is_none() {
            self.offer(false);
        }
    }

    /// Looks for another way; media goes on as long as that of before serves.
    pub(super) fn search(&mut self) {
        self.searches = self.searches.saturating_sub(1);
        self.offer(true);
    }

    fn offer(&mut self, restarts_ice: bool) {
        if let Some(peer_id) = self.peer_id {
            self.attempt += 1;
            (self.offered, self.is_outdated) = (Some(restarts_ice), false);
            self.commands.push_back(Command::Offer { attempt: self.attempt, peer_id, restarts_ice });
        }
    }
}
