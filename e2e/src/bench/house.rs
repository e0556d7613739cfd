//! A guild with members, to measure in.

use std::sync::Arc;

use protocol::channel::ChannelKind;
use protocol::id::ChannelId;
use protocol::request::account::{Register, RegisterBody, SetUp, SetupBody};
use protocol::request::invite::{CreateGuildInvite, InviteTerms};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::{Client, Process, account, first_channel};

/// Registrations at once: as many as the server hashes passwords at once.
const REGISTRATIONS: usize = 4;

pub(super) struct House {
    pub(super) members: Vec<Client>,
    pub(super) channel: ChannelId,
}

impl House {
    /// Makes `size` accounts that share a guild, and names its first channel of a kind.
    pub(super) async fn open(process: &Process, size: usize, kind: ChannelKind) -> Self {
        let visitor = Client::new(process.origin().to_owned());
        let token = process.setup_token().expect("a new instance").to_owned();
        let admin = visitor.signed_in(SetUp { body: SetupBody { token, account: account("admin") } }).await;
        let guild = admin.create_guild("Bench").await;
        let invite = CreateGuildInvite { guild_id: guild.guild.id, body: InviteTerms::default() };
        let code = admin.call(invite).await.expect("an invite").code;
        let turns = Arc::new(Semaphore::new(REGISTRATIONS));
        let mut joining = JoinSet::new();
        for number in 1..size {
            let (visitor, code, turns) = (visitor.clone(), code.clone(), Arc::clone(&turns));
            joining.spawn(async move {
                let _turn = turns.acquire().await.expect("an open semaphore");
                let body = RegisterBody { invite_code: code, account: account(&format!("member{number}")) };
                visitor.signed_in(Register { body }).await
            });
        }
        let mut members = joining.join_all().await;
        members.push(admin);
        Self { members, channel: first_channel(&guild, kind).id }
    }
}
