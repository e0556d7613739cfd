//! What one does about others in voice channels.

use dioxus::prelude::*;
use protocol::id::{ChannelId, GuildId, UserId};
use protocol::request::guild::{DisconnectMember, MemberPatch, MoveBody, MoveMember, UpdateMember};
use protocol::voice::Restraint;

use super::App;
use crate::net;
use crate::platform;

impl App {
    /// What was decided about the user on the server of their call.
    #[must_use]
    pub fn own_restraint(self) -> Restraint {
        let state = self.state.read();
        let guild_id = self.voice.read().channel_id().and_then(|channel_id| state.guild_of(channel_id));
        let restraint = guild_id.zip(state.my_id()).map(|(guild_id, me)| state.restraint(guild_id, me));
        restraint.unwrap_or_default()
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
            let is_deafened = self.voice.peek().flags().deafened || self.own_restraint().server_deafened;
            platform::set_deafened(is_deafened);
        }
    }
}
