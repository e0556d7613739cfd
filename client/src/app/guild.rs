//! Servers and channels.

use dioxus::prelude::*;
use protocol::channel::Channel;
use protocol::event::{ChannelDeleted, Event, GuildDeleted};
use protocol::guild::{Guild, GuildSnapshot};
use protocol::id::{ChannelId, GuildId};
use protocol::request::channel::{
    ChannelPatch, CreateChannel, DeleteChannel, NewChannel, ReorderChannels, UpdateChannel,
};
use protocol::request::guild::{CreateGuild, DeleteGuild, GuildBody, GuildPatch, LeaveGuild, UpdateGuild};
use protocol::request::invite::AcceptInvite;

use super::App;
use crate::net::{self, Failure};
use crate::state::{Sibling, move_channel};

impl App {
    /// Takes in a guild, unless its event came first and others after it.
    fn entered(mut self, snapshot: &GuildSnapshot) {
        let is_known = self.state.peek().guilds.contains_key(&snapshot.guild.id);
        if !is_known {
            self.state.write().enter(snapshot.clone());
        }
    }

    /// What an answer can be compared with: an event that changed it since is newer, or the answer's own.
    fn held_channel(self, channel_id: ChannelId) -> Option<Channel> {
        self.state.peek().channel(channel_id).map(|channel| Channel { last_message_id: None, ..channel.clone() })
    }

    fn held_guild(self, guild_id: GuildId) -> Option<Guild> {
        self.state.peek().guilds.get(&guild_id).map(|guild| guild.info.clone())
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
    pub async fn update_guild(self, guild_id: GuildId, patch: GuildPatch) -> Result<(), Failure> {
        let before = self.held_guild(guild_id);
        let guild = net::send(UpdateGuild { guild_id, body: patch }).await?;
        if self.held_guild(guild_id) == before {
            self.apply_own(Event::GuildUpdated(guild));
        }
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
        if self.held_channel(channel.id).is_none() {
            self.apply_own(Event::ChannelCreated(channel.clone()));
        }
        Ok(channel)
    }

    /// # Errors
    /// The server's refusal, or that it could not be reached.
    pub async fn update_channel(self, channel_id: ChannelId, patch: ChannelPatch) -> Result<(), Failure> {
        let before = self.held_channel(channel_id);
        let channel = net::send(UpdateChannel { channel_id, body: patch }).await?;
        if self.held_channel(channel_id) == before {
            self.apply_own(Event::ChannelUpdated(channel));
        }
        Ok(())
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
        let guild = self.state.peek().guilds.get(&guild_id).cloned();
        let places = guild.map(|guild| move_channel(&guild, channel_id, to)).unwrap_or_default();
        if places.is_empty() {
            return;
        }
        let moves = self.state.write().move_channels(guild_id, &places);
        self.spawn(async move {
            // Where it has worked, the events tell where everything stands, in the order of all moves.
            if let Err(failure) = net::send(ReorderChannels { guild_id, body: places }).await {
                self.complain(&failure);
                self.state.write().take_back(guild_id, &moves);
            }
        });
    }
}
