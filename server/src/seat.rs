//! Who sits in which voice channel. A seat is held by media: when it stops, the seat is freed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use protocol::id::{ChannelId, GuildId, PeerId, SessionId, UserId};
use protocol::permission::Permissions;
use protocol::request::voice::Playback;
use protocol::voice::{PeerFlags, Quality, Restraint, VoiceState};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(crate) state: VoiceState,
    /// What the user may do there.
    pub(crate) permissions: Permissions,
    /// It is where those go who do nothing, and where nobody speaks.
    pub(crate) is_afk: bool,
    /// Since when nothing was heard or seen of the user; none: they speak.
    pub(crate) quiet_since: Option<Instant>,
    pub(crate) session: SessionId,
    pub(crate) phase: Phase,
    /// As media last measured it.
    pub(crate) quality: Quality,
    /// As its client last counted.
    pub(crate) playback: Playback,
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
    /// Decisions about members and channels so far. Counted under the lock.
    decisions: AtomicU64,
}

/// Something was decided since.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outdated;

impl Seats {
    /// Keeps a seat for a peer that is about to enter its room; false where there is no place beside as many others.
    pub(crate) fn reserve(&self, seat: Seat, has_place: impl FnOnce(usize) -> bool) -> bool {
        let mut seats = self.lock();
        let is_other = |other: &&Seat| {
            let is_here = other.state.channel_id == seat.state.channel_id && other.phase != Phase::Suspended;
            is_here && other.state.user_id != seat.state.user_id
        };
        let others: BTreeSet<_> = seats.values().filter(is_other).map(|other| other.state.user_id).collect();
        let has_place = has_place(others.len());
        if has_place {
            seats.insert(seat.state.peer_id, seat);
        }
        has_place
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

    /// Notes how well a seat's connection works.
    pub(crate) fn note_quality(&self, peer: PeerId, quality: Quality) {
        if let Some(seat) = self.lock().get_mut(&peer) {
            seat.quality = quality;
        }
    }

    /// Notes what a seat's client counts.
    pub(crate) fn note_playback(&self, peer: PeerId, playback: Playback) {
        if let Some(seat) = self.lock().get_mut(&peer) {
            seat.playback = playback;
        }
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
    pub(crate) fn set_flags(&self, peer: PeerId, flags: PeerFlags, tell_media: impl FnOnce(&Seat)) {
        if let Some(seat) = self.lock().get_mut(&peer) {
            seat.state.flags = flags;
            tell_media(seat);
        }
    }

    /// Has media told how a seat stands before anyone can change it.
    pub(crate) fn with(&self, peer: PeerId, tell_media: impl FnOnce(&Seat)) {
        if let Some(seat) = self.lock().get(&peer) {
            tell_media(seat);
        }
    }

    /// Notes what was decided about a member, and answers with the seats that it changes.
    pub(crate) fn restrain(&self, (guild, user): (GuildId, UserId), restraint: Restraint) -> Vec<VoiceState> {
        let mut seats = self.lock();
        self.decisions.fetch_add(1, Ordering::Relaxed);
        let own = seats.values_mut().filter(|seat| seat.state.guild_id == guild && seat.state.user_id == user);
        let changed = own.filter(|seat| seat.state.restraint != restraint);
        let changed = changed.map(|seat| {
            seat.state.restraint = restraint;
            seat.state.clone()
        });
        changed.collect()
    }

    /// Notes where those of a guild go who do nothing, and answers with the seats that it changes.
    pub(crate) fn set_afk(&self, guild: GuildId, channel: Option<ChannelId>) -> Vec<VoiceState> {
        let mut seats = self.lock();
        self.decisions.fetch_add(1, Ordering::Relaxed);
        let there = |seat: &Seat| channel == Some(seat.state.channel_id);
        let changed = seats.values_mut().filter(|seat| seat.state.guild_id == guild && seat.is_afk != there(seat));
        let changed = changed.map(|seat| {
            seat.is_afk = !seat.is_afk;
            seat.state.clone()
        });
        changed.collect()
    }

    /// Notes who speaks in a channel; the others there have stopped by now.
    pub(crate) fn note_speakers(&self, channel: ChannelId, speakers: &BTreeSet<PeerId>, now: Instant) {
        for (peer, seat) in self.lock().iter_mut().filter(|(_, seat)| seat.state.channel_id == channel) {
            seat.quiet_since = if speakers.contains(peer) { None } else { Some(seat.quiet_since.unwrap_or(now)) };
        }
    }

    /// Who has been quiet for how long, of those who are no longer to be counted on. A picture is a sign of life.
    pub(crate) fn idle(&self, now: Instant, least: Duration) -> Vec<(VoiceState, Duration)> {
        let mut seats = self.lock();
        for seat in seats.values_mut().filter(|seat| seat.state.flags.camera || seat.state.flags.screen) {
            seat.quiet_since = seat.quiet_since.map(|since| since.max(now));
        }
        let there = seats.values().filter(|seat| seat.phase == Phase::Present && !seat.is_afk);
        let quiet = there.filter_map(|seat| {
            let quiet = now.saturating_duration_since(seat.quiet_since?);
            Some((seat.state.clone(), quiet))
        });
        quiet.filter(|(_, quiet)| *quiet >= least).collect()
    }

    /// To be asked before it is read what was decided about a member.
    pub(crate) fn decisions(&self) -> u64 {
        let _seats = self.lock();
        self.decisions.load(Ordering::Relaxed)
    }

    /// Notes what was decided about a seat's user and channel, as it was read after `decisions`.
    pub(crate) fn correct(
        &self,
        peer: PeerId,
        (restraint, is_afk): (Restraint, bool),
        decisions: u64,
    ) -> Result<(), Outdated> {
        let mut seats = self.lock();
        if self.decisions.load(Ordering::Relaxed) != decisions {
            return Err(Outdated);
        }
        if let Some(seat) = seats.get_mut(&peer) {
            seat.state.restraint = restraint;
            seat.is_afk = is_afk;
        }
        Ok(())
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
    use std::sync::LazyLock;

    use protocol::voice::PeerFlags;

    use super::*;
    use crate::clock;

    fn seat(user: &str, peer: &str) -> Seat {
        let flags = PeerFlags::default();
        Seat {
            state: VoiceState {
                guild_id: "1".parse().unwrap(),
                channel_id: "2".parse().unwrap(),
                user_id: user.parse().unwrap(),
                peer_id: peer.parse().unwrap(),
                flags,
                restraint: Restraint::default(),
            },
            permissions: Permissions::MEMBER,
            is_afk: false,
            quiet_since: Some(start()),
            session: "3".parse().unwrap(),
            phase: Phase::Entering,
            quality: Quality::default(),
            playback: Playback::default(),
        }
    }

    /// The same at each call.
    fn start() -> Instant {
        static START: LazyLock<Instant> = LazyLock::new(clock::instant);
        *START
    }

    fn peers(seats: &[Seat]) -> Vec<String> {
        seats.iter().map(|seat| seat.state.peer_id.to_string()).collect()
    }

    #[test]
    fn a_seat_shows_from_when_it_is_settled_and_while_its_media_runs() {
        let seats = Seats::default();
        let peer = "10".parse().unwrap();
        let shown = || seats.of_guild("1".parse().unwrap()).len();
        assert!(seats.reserve(seat("5", "10"), |_| true));
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
        assert!(seats.reserve(seat("5", "10"), |_| true));
        assert!(seats.reserve(seat("5", "11"), |_| true));
        assert!(seats.reserve(seat("6", "12"), |_| true));
        assert!(seats.settled("5".parse().unwrap()).is_none());
        assert_eq!(peers(&seats.settle("11".parse().unwrap()).unwrap()), ["10"]);
        assert_eq!(seats.settled("5".parse().unwrap()), Some("11".parse().unwrap()));
        assert!(seats.settle("10".parse().unwrap()).is_none(), "the later one has replaced it");
        assert!(seats.reserve(seat("5", "9"), |_| true));
        assert!(seats.settle("9".parse().unwrap()).is_none());
        assert_eq!(peers(&seats.settle("12".parse().unwrap()).unwrap()), [""; 0]);
    }

    #[test]
    fn a_place_is_counted_by_users_who_are_there_or_on_their_way() {
        let seats = Seats::default();
        let two = |others| others < 2;
        assert!(seats.reserve(seat("5", "10"), two));
        assert!(seats.reserve(seat("6", "11"), two));
        assert!(!seats.reserve(seat("7", "12"), two), "it is full");
        assert!(seats.reserve(seat("6", "13"), two), "who is there may come again");
        assert!(seats.settle("13".parse().unwrap()).is_some());
        assert!(seats.set_suspended("13".parse().unwrap(), true).is_some());
        assert!(seats.reserve(seat("7", "14"), two), "a seat without media is free");
    }

    #[test]
    fn what_was_read_before_a_decision_does_not_undo_it() {
        let seats = Seats::default();
        let (guild, user, peer) = ("1".parse().unwrap(), "5".parse().unwrap(), "10".parse().unwrap());
        let muted = Restraint { server_muted: true, server_deafened: false };
        seats.reserve(seat("5", "10"), |_| true);
        let before = seats.decisions();
        assert_eq!(seats.restrain((guild, user), muted).len(), 1);
        assert!(seats.restrain((guild, user), muted).is_empty(), "no news");
        assert_eq!(seats.correct(peer, (Restraint::default(), false), before), Err(Outdated));
        assert_eq!(seats.get(peer).unwrap().state.restraint, muted);
        assert_eq!(seats.correct(peer, (Restraint::default(), true), seats.decisions()), Ok(()));
        let seat = seats.get(peer).unwrap();
        assert_eq!((seat.state.restraint, seat.is_afk), (Restraint::default(), true));
    }

    #[test]
    fn idle_is_who_neither_speaks_nor_sends_a_picture_outside_of_the_afk_channel() {
        let seats = Seats::default();
        let (channel, least) = ("2".parse().unwrap(), Duration::from_secs(60));
        let peer: PeerId = "10".parse().unwrap();
        seats.reserve(seat("5", "10"), |_| true);
        let at = |seconds| start() + Duration::from_secs(seconds);
        let idle =
            |seconds| seats.idle(at(seconds), least).into_iter().map(|(_, quiet)| quiet.as_secs()).collect::<Vec<_>>();
        assert!(idle(100).is_empty(), "it is not in yet");
        seats.settle(peer);
        assert_eq!((idle(59), idle(60)), (vec![], vec![60]));
        seats.note_speakers(channel, &[peer].into(), at(60));
        assert!(idle(1_000).is_empty(), "whoever speaks on and on is told of once");
        seats.note_speakers(channel, &BTreeSet::new(), at(1_000));
        seats.note_speakers(channel, &BTreeSet::new(), at(1_030));
        assert_eq!((idle(1_059), idle(1_060)), (vec![], vec![60]));
        seats.set_flags(peer, PeerFlags { camera: true, ..PeerFlags::default() }, |_| ());
        assert!(idle(2_000).is_empty());
        seats.set_flags(peer, PeerFlags::default(), |_| ());
        assert_eq!((idle(2_059), idle(2_060)), (vec![], vec![60]));
        assert_eq!(seats.set_afk("1".parse().unwrap(), Some(channel)).len(), 1);
        assert!(idle(3_000).is_empty());
        assert_eq!(seats.set_afk("1".parse().unwrap(), None).len(), 1);
    }
}
