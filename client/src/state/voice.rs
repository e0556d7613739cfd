//! Who sits in which voice channel, and who speaks.

use std::collections::{BTreeMap, BTreeSet};

use protocol::event::{VoiceLeft, VoiceSpeakers};
use protocol::id::{ChannelId, GuildId, PeerId, UserId};
use protocol::voice::{Restraint, VoiceState};

use super::{Effect, State};

/// The seats of all voice channels that the user can see. A user has one at most.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seats {
    by_user: BTreeMap<UserId, VoiceState>,
    /// Who is heard in a channel; those with nobody are not kept.
    speaking: BTreeMap<ChannelId, BTreeSet<PeerId>>,
    /// Who leads the conversation in a channel.
    dominant: BTreeMap<ChannelId, PeerId>,
}

impl Seats {
    pub(super) fn enter(&mut self, guild_id: GuildId, states: Vec<VoiceState>) {
        self.leave_guild(guild_id);
        self.by_user.extend(states.into_iter().map(|state| (state.user_id, state)));
    }

    pub(super) fn leave_guild(&mut self, guild_id: GuildId) {
        self.by_user.retain(|_, state| state.guild_id != guild_id);
        let by_user = &self.by_user;
        let is_known = |channel_id: &ChannelId| by_user.values().any(|state| state.channel_id == *channel_id);
        self.speaking.retain(|channel_id, _| is_known(channel_id));
        self.dominant.retain(|channel_id, _| is_known(channel_id));
    }

    pub(super) fn leave_channel(&mut self, channel_id: ChannelId) {
        self.by_user.retain(|_, state| state.channel_id != channel_id);
        self.speaking.remove(&channel_id);
        self.dominant.remove(&channel_id);
    }

    #[must_use]
    pub fn of(&self, user_id: UserId) -> Option<&VoiceState> {
        self.by_user.get(&user_id)
    }

    /// The seats of one channel, those who sit longest first.
    #[must_use]
    pub fn in_channel(&self, channel_id: ChannelId) -> Vec<&VoiceState> {
        let mut list: Vec<_> = self.by_user.values().filter(|state| state.channel_id == channel_id).collect();
        list.sort_by_key(|state| state.peer_id);
        list
    }

    /// The channels with somebody in them.
    #[must_use]
    pub fn channels(&self) -> Vec<(GuildId, ChannelId)> {
        let mut list: Vec<_> = self.by_user.values().map(|state| (state.guild_id, state.channel_id)).collect();
        list.sort_unstable();
        list.dedup();
        list
    }

    #[must_use]
    pub fn is_speaking(&self, state: &VoiceState) -> bool {
        let speakers = self.speaking.get(&state.channel_id);
        speakers.is_some_and(|speakers| speakers.contains(&state.peer_id)) && !state.is_silent()
    }

    /// Who leads the conversation in a channel, also while nobody speaks.
    #[must_use]
    pub fn dominant(&self, channel_id: ChannelId) -> Option<PeerId> {
        self.dominant.get(&channel_id).copied()
    }

    /// Whether a priority speaker other than this user talks in a channel.
    #[must_use]
    pub fn is_talked_over(&self, channel_id: ChannelId, user_id: Option<UserId>) -> bool {
        let mut others = self.by_user.values().filter(|state| Some(state.user_id) != user_id);
        others.any(|state| state.channel_id == channel_id && state.flags.priority && self.is_speaking(state))
    }

    /// Whether a connection is a priority speaker's.
    #[must_use]
    pub fn has_priority(&self, peer_id: PeerId) -> bool {
        self.by_user.values().any(|state| state.peer_id == peer_id && state.flags.priority)
    }

    #[must_use]
    pub fn user_of(&self, peer_id: PeerId) -> Option<UserId> {
        self.by_user.values().find(|state| state.peer_id == peer_id).map(|state| state.user_id)
    }

    /// Shows a seat before the server has confirmed it.
    pub fn seat(&mut self, state: VoiceState) -> Option<VoiceState> {
        let peer_id = state.peer_id;
        let before = self.by_user.insert(state.user_id, state);
        if let Some(before) = before.as_ref().filter(|before| before.peer_id != peer_id) {
            self.hush(before.channel_id, before.peer_id);
        }
        before
    }

    /// Frees a user's seat if it is that of one of these connections, without waiting for the server.
    pub fn free(&mut self, user_id: UserId, peers: &[PeerId]) {
        let Some(state) = self.by_user.get(&user_id).filter(|state| peers.contains(&state.peer_id)) else { return };
        let (channel_id, peer_id) = (state.channel_id, state.peer_id);
        self.by_user.remove(&user_id);
        self.hush(channel_id, peer_id);
    }

    pub(super) fn restrain(&mut self, guild_id: GuildId, user_id: UserId, restraint: Restraint) {
        if let Some(state) = self.by_user.get_mut(&user_id).filter(|state| state.guild_id == guild_id) {
            state.restraint = restraint;
        }
    }

    fn hush(&mut self, channel_id: ChannelId, peer_id: PeerId) {
        if let Some(speakers) = self.speaking.get_mut(&channel_id) {
            speakers.remove(&peer_id);
            if speakers.is_empty() {
                self.speaking.remove(&channel_id);
            }
        }
    }

    /// Nobody is known to speak or to lead, as while the server is away.
    pub fn hush_all(&mut self) {
        self.speaking.clear();
        self.dominant.clear();
    }
}

impl State {
    pub(super) fn voice_state_updated(&mut self, state: VoiceState) -> Option<Effect> {
        let (channel_id, user_id) = (state.channel_id, state.user_id);
        let before = self.seats.seat(state);
        let moved = before.is_none_or(|before| before.channel_id != channel_id);
        Some(if moved { Effect::SeatTaken { channel_id, user_id } } else { Effect::Spoken(channel_id) })
    }

    pub(super) fn voice_left(&mut self, left: VoiceLeft) -> Option<Effect> {
        self.seats.of(left.user_id).filter(|state| state.peer_id == left.peer_id)?;
        self.seats.free(left.user_id, &[left.peer_id]);
        Some(Effect::SeatLeft { channel_id: left.channel_id, user_id: left.user_id })
    }

    pub(super) fn voice_speakers(&mut self, heard: VoiceSpeakers) -> Option<Effect> {
        let channel_id = heard.channel_id;
        match heard.dominant_peer_id {
            Some(peer_id) => self.seats.dominant.insert(channel_id, peer_id),
            None => self.seats.dominant.remove(&channel_id),
        };
        let speakers: BTreeSet<PeerId> = heard.speakers.iter().map(|speaker| speaker.peer_id).collect();
        if speakers.is_empty() {
            self.seats.speaking.remove(&heard.channel_id);
        } else {
            self.seats.speaking.insert(heard.channel_id, speakers);
        }
        Some(Effect::Spoken(channel_id))
    }
}
