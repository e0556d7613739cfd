//! What one does about others in voice channels.

use dioxus::prelude::*;
use protocol::id::{ChannelId, GuildId, UserId};
use protocol::request::guild::{DisconnectMember, MemberPatch, MoveBody, MoveMember, UpdateMember};
use protocol::voice::Restraint;

use super::App;
use crate::net;
use crate::platform;
use crate::text;

impl App {
    /// What was decided about the user on the server of their call.
    fn own_restraint(self) -> Restraint {
        let state = self.state.read();
        let guild_id = self.voice.read().channel_id().and_then(|channel_id| state.guild_of(channel_id));
        let restraint = guild_id.zip(state.my_id()).map(|(guild_id, me)| state.restraint(guild_id, me));
        restraint.unwrap_or_default()
    }

    /// Why the user's microphone stays off whatever they do, in a sentence.
    #[must_use]
    pub fn held_microphone(self) -> Option<&'static str> {
        if self.own_restraint().server_muted {
            return Some(text::held_muted());
        }
        let state = self.state.read();
        let channel_id = self.voice.read().channel_id()?;
        let guild = state.guild_of(channel_id).and_then(|guild_id| state.guilds.get(&guild_id))?;
        (guild.info.afk.afk_channel_id == Some(channel_id)).then(text::held_afk)
    }

    /// Why the user hears nothing whatever they do, in a sentence.
    #[must_use]
    pub fn held_headphones(self) -> Option<&'static str> {
        self.own_restraint().server_deafened.then(text::held_deafened)
    }

    /// Silences or deafens a member on a server, or lifts that.
    pub fn restrain(self, (guild_id, user_id): (GuildId, UserId), patch: MemberPatch) {
        self.spawn(async move {
            // Where it has worked, the event tells how the member stands, in the order of all decisions.
            if let Err(failure) = net::send(UpdateMember { guild_id, user_id, body: patch }).await {
                self.complain(&failure);
            }
        });
    }

    /// Sends a member to another voice channel.
    pub fn move_member(self, (guild_id, user_id): (GuildId, UserId), channel_id: ChannelId) {
        self.spawn(async move {
            if let Err(failure) = net::send(MoveMember { guild_id, user_id, body: MoveBody { channel_id } }).await {
                self.complain(&failure);
            }
        });
    }

    /// Ends a member's seat in a voice channel.
    pub fn disconnect_member(self, (guild_id, user_id): (GuildId, UserId)) {
        self.spawn(async move {
            if let Err(failure) = net::send(DisconnectMember { guild_id, user_id, body: () }).await {
                self.complain(&failure);
            }
        });
    }

    /// Something was decided about somebody: who may not speak or hear sends and plays nothing, whatever they have chosen.
    pub(super) fn obey_restraint(self) {
        if self.voice.peek().is_in_call() {
            self.open_or_shut_microphone();
            let is_deafened = self.voice.peek().flags().deafened || self.held_headphones().is_some();
            platform::set_deafened(is_deafened);
        }
    }
}
