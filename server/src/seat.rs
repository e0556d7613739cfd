//! Who sits in which voice channel. A seat is held by media: when it stops, the seat is freed.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use protocol::id::{ChannelId, GuildId, PeerId, SessionId};
use protocol::voice::{PeerFlags, VoiceState};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(crate) state: VoiceState,
    pub(crate) session: SessionId,
    /// Its media has stopped for the moment; others do not see it.
    pub(crate) is_suspended: bool,
}

/// All seats of this instance, one a user at most.
#[derive(Default)]
pub(crate) struct Seats {
    by_peer: Mutex<BTreeMap<PeerId, Seat>>,
}

impl Seats {
    /// Takes a seat; the seats that the user had elsewhere end and are answered with.
    pub(crate) fn take(&self, seat: Seat) -> Vec<Seat> {
        let mut seats = self.lock();
        let ended = remove_where(&mut seats, |other| other.state.user_id == seat.state.user_id);
        seats.insert(seat.state.peer_id, seat);
        ended
    }

    pub(crate) fn get(&self, peer: PeerId) -> Option<Seat> {
        self.lock().get(&peer).cloned()
    }

    pub(crate) fn remove(&self, peer: PeerId) -> Option<Seat> {
        self.lock().remove(&peer)
    }

    pub(crate) fn remove_where(&self, matches: impl Fn(&Seat) -> bool) -> Vec<Seat> {
        remove_where(&mut self.lock(), matches)
    }

    /// Changes a seat's flags, and answers with it.
    pub(crate) fn set_flags(&self, peer: PeerId, flags: PeerFlags) -> Option<Seat> {
        let mut seats = self.lock();
        let seat = seats.get_mut(&peer)?;
        seat.state.flags = flags;
        Some(seat.clone())
    }

    /// Notes that a seat's media stopped or came back, and answers with it where that is news.
    pub(crate) fn set_suspended(&self, peer: PeerId, is_suspended: bool) -> Option<Seat> {
        let mut seats = self.lock();
        let seat = seats.get_mut(&peer).filter(|seat| seat.is_suspended != is_suspended)?;
        seat.is_suspended = is_suspended;
        Some(seat.clone())
    }

    /// The seats of a guild that others see.
    pub(crate) fn of_guild(&self, guild: GuildId) -> Vec<VoiceState> {
        let seats = self.lock();
        let visible = seats.values().filter(|seat| !seat.is_suspended && seat.state.guild_id == guild);
        visible.map(|seat| seat.state.clone()).collect()
    }

    /// Whose clients are in a channel's room.
    pub(crate) fn sessions_in(&self, channel: ChannelId) -> Vec<SessionId> {
        let seats = self.lock();
        seats.values().filter(|seat| seat.state.channel_id == channel).map(|seat| seat.session).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<PeerId, Seat>> {
        self.by_peer.lock().expect("nothing panics while holding this lock")
    }
}

fn remove_where(seats: &mut BTreeMap<PeerId, Seat>, matches: impl Fn(&Seat) -> bool) -> Vec<Seat> {
    let peers: Vec<_> = seats.iter().filter(|(_, seat)| matches(seat)).map(|(peer, _)| *peer).collect();
    peers.iter().filter_map(|peer| seats.remove(peer)).collect()
}
