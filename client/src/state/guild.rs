//! Guilds, their channels and members.

use std::collections::BTreeMap;

use protocol::channel::{Channel, ChannelKind};
use protocol::event::{ChannelDeleted, GuildDeleted, MemberAdded, MemberRemoved, MemberUpdated};
use protocol::guild::{Guild as GuildInfo, Member};
use protocol::id::{ChannelId, GuildId, UserId};
use protocol::permission::{self, Facts, Permissions};
use protocol::request::channel::ChannelPlace;
use protocol::time::Timestamp;
use protocol::voice::Restraint;

use super::{Effect, State};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guild {
    pub info: GuildInfo,
    pub channels: BTreeMap<ChannelId, Channel>,
    pub members: BTreeMap<UserId, Membership>,
}

/// What is known of a member beside who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    pub joined_at: Timestamp,
    /// What was decided about them.
    pub restraint: Restraint,
}

impl From<&Member> for Membership {
    fn from(member: &Member) -> Self {
        Self { joined_at: member.joined_at, restraint: member.restraint }
    }
}

/// The channels of a guild as they are listed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tree {
    pub branches: Vec<Branch>,
}

/// A category with what stands in it; first the channels without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    pub category: Option<Channel>,
    pub channels: Vec<Channel>,
}

/// Which way a channel moves among its siblings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sibling {
    Earlier,
    Later,
    /// To where this one stands, pushing it on.
    Before(ChannelId),
    /// To the end of a category, or of the channels without one.
    Into(Option<ChannelId>),
}

impl Guild {
    pub(super) fn new(info: GuildInfo, channels: Vec<Channel>, members: &[Member]) -> Self {
        Self {
            info,
            channels: channels.into_iter().map(|channel| (channel.id, channel)).collect(),
            members: members.iter().map(|member| (member.user.id, member.into())).collect(),
        }
    }

    /// What a user may do here.
    #[must_use]
    pub fn permissions(&self, user_id: Option<UserId>) -> Permissions {
        permission::resolve(Facts {
            is_owner: user_id == Some(self.info.owner_id),
            is_member: user_id.is_some_and(|id| self.members.contains_key(&id)),
        })
    }

    #[must_use]
    pub fn tree(&self) -> Tree {
        let categories = self.siblings(None).into_iter().filter(|channel| channel.kind == ChannelKind::Category);
        let loose = self.siblings(None).into_iter().filter(|channel| channel.kind != ChannelKind::Category);
        let mut branches = vec![Branch { category: None, channels: loose.cloned().collect() }];
        for category in categories {
            let channels = self.siblings(Some(category.id)).into_iter().cloned().collect();
            branches.push(Branch { category: Some(category.clone()), channels });
        }
        Tree { branches }
    }

    /// The channels below one parent, in order. One whose category is gone stands at the top level.
    fn siblings(&self, parent: Option<ChannelId>) -> Vec<&Channel> {
        let home = |channel: &Channel| channel.parent_id.filter(|id| self.channels.contains_key(id));
        let mut list: Vec<&Channel> = self.channels.values().filter(|channel| home(channel) == parent).collect();
        list.sort_by_key(|channel| (channel.position, channel.id));
        list
    }

    /// The channel to show first.
    #[must_use]
    pub fn landing(&self) -> Option<ChannelId> {
        let tree = self.tree();
        let mut channels = tree.branches.iter().flat_map(|branch| &branch.channels);
        channels.find(|channel| channel.kind == ChannelKind::Text).map(|channel| channel.id)
    }
}

impl Tree {
    /// Every channel in the order in which it is shown, categories included.
    pub fn flat(&self) -> impl Iterator<Item = &Channel> {
        self.branches.iter().flat_map(|branch| branch.category.iter().chain(&branch.channels))
    }
}

/// The places to ask for, so that a channel moves as wished; empty where it cannot.
#[must_use]
pub fn move_channel(guild: &Guild, channel_id: ChannelId, to: Sibling) -> Vec<ChannelPlace> {
    let Some(channel) = guild.channels.get(&channel_id) else { return Vec::new() };
    let is_category = channel.kind == ChannelKind::Category;
    let parent = match to {
        Sibling::Earlier | Sibling::Later => channel.parent_id,
        Sibling::Before(other) => guild.channels.get(&other).and_then(|other| other.parent_id),
        Sibling::Into(parent) => parent,
    };
    if is_category && parent.is_some() {
        return Vec::new();
    }
    let alike = |other: &&Channel| (other.kind == ChannelKind::Category) == is_category;
    let mut order: Vec<ChannelId> =
        guild.siblings(parent).into_iter().filter(alike).map(|channel| channel.id).collect();
    let from = order.iter().position(|id| *id == channel_id);
    order.retain(|id| *id != channel_id);
    let index = match (to, from) {
        (Sibling::Earlier, Some(0)) => return Vec::new(),
        (Sibling::Earlier, Some(from)) => from - 1,
        (Sibling::Later, Some(from)) if from < order.len() => from + 1,
        (Sibling::Before(other), _) => order.iter().position(|id| *id == other).unwrap_or(order.len()),
        (Sibling::Into(_), _) => order.len(),
        (Sibling::Earlier | Sibling::Later, _) => return Vec::new(),
    };
    order.insert(index, channel_id);
    let places = order.into_iter().zip(0..).map(|(id, position)| ChannelPlace { id, parent_id: parent, position });
    places.collect()
}

/// A channel that was moved before the server has agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    from: ChannelPlace,
    to: ChannelPlace,
}

fn place_of(channel: &Channel) -> ChannelPlace {
    ChannelPlace { id: channel.id, parent_id: channel.parent_id, position: channel.position }
}

fn put(channel: &mut Channel, place: ChannelPlace) {
    channel.parent_id = place.parent_id;
    channel.position = place.position;
}

impl State {
    /// Puts channels where they are wished; answers with what would have to be taken back.
    pub fn move_channels(&mut self, guild_id: GuildId, places: &[ChannelPlace]) -> Vec<Move> {
        let Some(guild) = self.guilds.get_mut(&guild_id) else { return Vec::new() };
        let moves = places.iter().filter_map(|to| {
            let channel = guild.channels.get_mut(&to.id)?;
            let from = place_of(channel);
            put(channel, *to);
            Some(Move { from, to: *to })
        });
        moves.collect()
    }

    /// The server has refused: what nobody has moved since stands where it stood.
    pub fn take_back(&mut self, guild_id: GuildId, moves: &[Move]) {
        let Some(guild) = self.guilds.get_mut(&guild_id) else { return };
        for undone in moves {
            if let Some(channel) = guild.channels.get_mut(&undone.to.id)
                && place_of(channel) == undone.to
            {
                put(channel, undone.from);
            }
        }
    }

    pub(super) fn guild_updated(&mut self, info: GuildInfo) -> Option<Effect> {
        let guild = self.guilds.get_mut(&info.id)?;
        guild.info = info;
        Some(Effect::Restrained)
    }

    pub(super) fn guild_deleted(&mut self, gone: GuildDeleted) -> Option<Effect> {
        let guild = self.guilds.remove(&gone.guild_id)?;
        for channel_id in guild.channels.keys() {
            self.timelines.remove(channel_id);
        }
        self.seats.leave_guild(gone.guild_id);
        Some(Effect::GuildGone(gone.guild_id))
    }

    pub(super) fn channel_changed(&mut self, mut channel: Channel) -> Option<Effect> {
        let guild = self.guilds.get_mut(&channel.guild_id)?;
        let mut effect = None;
        if let Some(known) = guild.channels.get(&channel.id) {
            channel.last_message_id = channel.last_message_id.max(known.last_message_id);
            let is_other = channel.room.bitrate != known.room.bitrate;
            effect = is_other.then_some(Effect::BitrateChanged(channel.id));
        }
        guild.channels.insert(channel.id, channel);
        effect
    }

    pub(super) fn channel_deleted(&mut self, gone: ChannelDeleted) -> Option<Effect> {
        let guild = self.guilds.get_mut(&gone.guild_id)?;
        guild.channels.remove(&gone.channel_id)?;
        for channel in guild.channels.values_mut() {
            if channel.parent_id == Some(gone.channel_id) {
                channel.parent_id = None;
            }
        }
        self.timelines.remove(&gone.channel_id);
        self.seats.leave_channel(gone.channel_id);
        Some(Effect::ChannelGone(gone.channel_id))
    }

    pub(super) fn member_added(&mut self, added: MemberAdded) -> Option<Effect> {
        let guild = self.guilds.get_mut(&added.guild_id)?;
        guild.members.insert(added.member.user.id, (&added.member).into());
        self.users.insert(added.member.user.id, added.member.user);
        None
    }

    pub(super) fn member_updated(&mut self, updated: MemberUpdated) -> Option<Effect> {
        let MemberUpdated { guild_id, member } = updated;
        let known = self.guilds.get_mut(&guild_id)?.members.get_mut(&member.user.id)?;
        *known = (&member).into();
        self.seats.restrain(guild_id, member.user.id, member.restraint);
        Some(Effect::Restrained)
    }

    pub(super) fn member_removed(&mut self, removed: MemberRemoved) -> Option<Effect> {
        self.guilds.get_mut(&removed.guild_id)?.members.remove(&removed.user_id);
        None
    }

    /// What was decided about a member.
    #[must_use]
    pub fn restraint(&self, guild_id: GuildId, user_id: UserId) -> Restraint {
        let member = self.guilds.get(&guild_id).and_then(|guild| guild.members.get(&user_id));
        member.map(|member| member.restraint).unwrap_or_default()
    }

    /// The guild of a channel.
    #[must_use]
    pub fn guild_of(&self, channel_id: ChannelId) -> Option<GuildId> {
        self.channel(channel_id).map(|channel| channel.guild_id)
    }
}
