//! Servers and channels.

use dioxus::prelude::*;
use protocol::channel::Channel;
use protocol::event::{ChannelDeleted, Event, GuildDeleted};
use protocol::guild::GuildSnapshot;
use protocol::id::{ChannelId, GuildId};
use protocol::request::channel::{
    ChannelPatch, CreateChannel, DeleteChannel, NewChannel, ReorderChannels, UpdateChannel,
};
use protocol::request::guild::{CreateGuild, DeleteGuild, GuildBody, LeaveGuild, UpdateGuild};
use protocol::request::invite::AcceptInvite;

use super::App;
use crate::net::{self, Failure};
use crate::state::{Sibling, move_channel};

impl App {
    fn entered(mut self, snapshot: &GuildSnapshot) {
        self.state.write().enter(snapshot.clone());
    }

    /// # Errors
    /// The server's refusal, or that it could not be reached.
    pub async fn create_guild(self, name: String) -> Result<GuildSnapshot, Failure> {
        let snapshot = net::send(CreateGuild { body: GuildBody { name } }).await?;
        self.entered(&snapshot);
        Ok(snapshot)
    }

    /// # Errors
    /// The server's refusal, or that it could not be reached.
    pub async fn accept_invite(self, code: String) -> Result<GuildSnapshot, Failure> {
        let snapshot = net::send(AcceptInvite { code, body: () }).await?;
        self.entered(&snapshot);
        Ok(snapshot)
    }

    /// # Errors
    /// The server's refusal, or that it could not be reached.
    pub async fn rename_guild(self, guild_id: GuildId, name: String) -> Result<(), Failure> {
        let guild = net::send(UpdateGuild { guild_id, body: GuildBody { name } }).await?;
        self.apply_own(Event::GuildUpdated(guild));
        Ok(())
    }

    pub fn delete_guild(self, guild_id: GuildId) {
        self.spawn(async move {
            let answer = net::send(DeleteGuild { guild_id, body: () }).await;
            self.left_guild(guild_id, answer);
        });
    }

    pub fn leave_guild(self, guild_id: GuildId) {
        self.spawn(async move {
            let answer = net::send(LeaveGuild { guild_id, body: () }).await;
            self.left_guild(guild_id, answer);
        });
    }

    fn left_guild(self, guild_id: GuildId, answer: Result<(), Failure>) {
        match answer {
            Ok(()) => {
                self.go(crate::state::Route::Live);
                self.apply_own(Event::GuildDeleted(GuildDeleted { guild_id }));
            }
            Err(failure) => self.complain(&failure),
        }
    }

    /// # Errors
    /// The server's refusal, or that it could not be reached.
    pub async fn create_channel(self, guild_id: GuildId, channel: NewChannel) -> Result<Channel, Failure> {
        let channel = net::send(CreateChannel { guild_id, body: channel }).await?;
        self.apply_own(Event::ChannelCreated(channel.clone()));
        Ok(channel)
    }

    pub fn update_channel(self, channel_id: ChannelId, patch: ChannelPatch) {
        self.spawn(async move {
            match net::send(UpdateChannel { channel_id, body: patch }).await {
                Ok(channel) => self.apply_own(Event::ChannelUpdated(channel)),
                Err(failure) => self.complain(&failure),
            }
        });
    }

    pub fn delete_channel(self, guild_id: GuildId, channel_id: ChannelId) {
        self.spawn(async move {
            match net::send(DeleteChannel { channel_id, body: () }).await {
                Ok(()) => self.apply_own(Event::ChannelDeleted(ChannelDeleted { guild_id, channel_id })),
                Err(failure) => self.complain(&failure),
            }
        });
    }

    /// Moves a channel; it stands there at once, and back where it was should the server refuse.
    pub fn move_channel(mut self, guild_id: GuildId, channel_id: ChannelId, to: Sibling) {
        let Some(before) = self.state.peek().guilds.get(&guild_id).cloned() else { return };
        let places = move_channel(&before, channel_id, to);
        if places.is_empty() {
            return;
        }
        if let Some(guild) = self.state.write().guilds.get_mut(&guild_id) {
            for place in &places {
                if let Some(channel) = guild.channels.get_mut(&place.id) {
                    channel.position = place.position;
                    channel.parent_id = place.parent_id;
                }
            }
        }
        self.spawn(async move {
            match net::send(ReorderChannels { guild_id, body: places }).await {
                Ok(channels) => channels.into_iter().for_each(|channel| self.apply_own(Event::ChannelUpdated(channel))),
                Err(failure) => {
                    self.complain(&failure);
                    self.state.write().guilds.insert(guild_id, before);
                }
            }
        });
    }
}
