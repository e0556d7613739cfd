//! Who sits in which voice channel. A seat is held by media: when it stops, the seat is freed.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use protocol::id::{ChannelId, GuildId, PeerId, SessionId, UserId};
use protocol::voice::{PeerFlags, VoiceState};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(crate) state: VoiceState,
    pub(crate) session: SessionId,
    pub(crate) phase: Phase,
}

/// How a seat stands. Others see it while its peer is present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The peer is about to enter its room.
    Entering,
    Present,
    /// The peer's media has stopped for the moment.
    Suspended,
}

/// All seats of this instance, one a user at most.
#[derive(Default)]
pub(crate) struct Seats {
    by_peer: Mutex<BTreeMap<PeerId, Seat>>,
}

impl Seats {
    /// Keeps a seat for a peer that is about to enter its room.
    pub(crate) fn reserve(&self, seat: Seat) {
        self.lock().insert(seat.state.peer_id, seat);
    }

    /// Settles a reserved seat, and takes out the user's earlier ones, with which it answers; none where it was ended
    /// meanwhile, or the user has settled in a later one.
    pub(crate) fn settle(&self, peer: PeerId) -> Option<Vec<Seat>> {
        let mut seats = self.lock();
        let user = seats.get(&peer)?.state.user_id;
        let is_late =
            |(id, seat): (&PeerId, &Seat)| *id > peer && seat.state.user_id == user && seat.phase != Phase::Entering;
        if seats.iter().any(is_late) {
            return None;
        }
        seats.get_mut(&peer)?.phase = Phase::Present;
        Some(remove_where(&mut seats, |other| other.state.user_id == user && other.state.peer_id < peer))
    }

    /// The seat that a user has, which the next one that they settle in replaces.
    pub(crate) fn settled(&self, user: UserId) -> Option<PeerId> {
        let seats = self.lock();
        let mut settled = seats.values().filter(|seat| seat.state.user_id == user && seat.phase != Phase::Entering);
        settled.next().map(|seat| seat.state.peer_id)
    }

    pub(crate) fn get(&self, peer: PeerId) -> Option<Seat> {
        self.lock().get(&peer).cloned()
    }

    pub(crate) fn all(&self) -> Vec<Seat> {
        self.lock().values().cloned().collect()
    }

    pub(crate) fn remove(&self, peer: PeerId) -> Option<Seat> {
        self.lock().remove(&peer)
    }

    pub(crate) fn remove_where(&self, matches: impl Fn(&Seat) -> bool) -> Vec<Seat> {
        remove_where(&mut self.lock(), matches)
    }

    /// Changes a seat's flags, and has media told before anyone else can change them.
    pub(crate) fn set_flags(&self, peer: PeerId, flags: PeerFlags, tell_media: impl FnOnce()) {
        if let Some(seat) = self.lock().get_mut(&peer) {
            seat.state.flags = flags;
            tell_media();
        }
    }

    /// Notes that a seat's media stopped or came back, and answers with it where that is news.
    pub(crate) fn set_suspended(&self, peer: PeerId, is_suspended: bool) -> Option<Seat> {
        let mut seats = self.lock();
        let (from, to) =
            if is_suspended { (Phase::Present, Phase::Suspended) } else { (Phase::Suspended, Phase::Present) };
        let seat = seats.get_mut(&peer).filter(|seat| seat.phase == from)?;
        seat.phase = to;
        Some(seat.clone())
    }

    /// The seats of a guild that others see.
    pub(crate) fn of_guild(&self, guild: GuildId) -> Vec<VoiceState> {
        let seats = self.lock();
        let visible = seats.values().filter(|seat| seat.phase == Phase::Present && seat.state.guild_id == guild);
        visible.map(|seat| seat.state.clone()).collect()
    }

    /// Whose clients are in a channel's room.
    pub(crate) fn sessions_in(&self, channel: ChannelId) -> Vec<SessionId> {
        let seats = self.lock();
        seats.values().filter(|seat| seat.state.channel_id == channel).map(|seat| seat.session).collect()
    }

    /// The guild of a channel with somebody in it.
    pub(crate) fn guild_of(&self, channel: ChannelId) -> Option<GuildId> {
        self.lock().values().find(|seat| seat.state.channel_id == channel).map(|seat| seat.state.guild_id)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<PeerId, Seat>> {
        self.by_peer.lock().expect("nothing panics while holding this lock")
    }
}

fn remove_where(seats: &mut BTreeMap<PeerId, Seat>, matches: impl Fn(&Seat) -> bool) -> Vec<Seat> {
    let peers: Vec<_> = seats.iter().filter(|(_, seat)| matches(seat)).map(|(peer, _)| *peer).collect();
    peers.iter().filter_map(|peer| seats.remove(peer)).collect()
}

#[cfg(test)]
mod tests {
    use protocol::voice::PeerFlags;

    use super::*;

    fn seat(user: &str, peer: &str) -> Seat {
        let flags = PeerFlags { muted: false, deafened: false, camera: false, screen: false };
        Seat {
            state: VoiceState {
                guild_id: "1".parse().unwrap(),
                channel_id: "2".parse().unwrap(),
                user_id: user.parse().unwrap(),
                peer_id: peer.parse().unwrap(),
                flags,
            },
            session: "3".parse().unwrap(),
            phase: Phase::Entering,
        }
    }

    fn peers(seats: &[Seat]) -> Vec<String> {
        seats.iter().map(|seat| seat.state.peer_id.to_string()).collect()
    }

    #[test]
    fn a_seat_shows_from_when_it_is_settled_and_while_its_media_runs() {
        let seats = Seats::default();
        let peer = "10".parse().unwrap();
        let shown = || seats.of_guild("1".parse().unwrap()).len();
        seats.reserve(seat("5", "10"));
        assert_eq!(shown(), 0);
        assert!(seats.set_suspended(peer, false).is_none(), "it is not in yet");
        assert_eq!(seats.settle(peer).unwrap(), []);
        assert_eq!(shown(), 1);
        assert!(seats.set_suspended(peer, true).is_some());
        assert!(seats.set_suspended(peer, true).is_none(), "no news");
        assert_eq!(shown(), 0);
    }

    #[test]
    fn a_user_has_one_seat_whichever_of_two_joins_settles_last() {
        let seats = Seats::default();
        seats.reserve(seat("5", "10"));
        seats.reserve(seat("5", "11"));
        seats.reserve(seat("6", "12"));
        assert!(seats.settled("5".parse().unwrap()).is_none());
        assert_eq!(peers(&seats.settle("11".parse().unwrap()).unwrap()), ["10"]);
        assert_eq!(seats.settled("5".parse().unwrap()), Some("11".parse().unwrap()));
        assert!(seats.settle("10".parse().unwrap()).is_none(), "the later one has replaced it");
        seats.reserve(seat("5", "9"));
        assert!(seats.settle("9".parse().unwrap()).is_none());
        assert_eq!(peers(&seats.settle("12".parse().unwrap()).unwrap()), [""; 0]);
    }
}
