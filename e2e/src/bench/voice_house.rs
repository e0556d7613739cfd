//! A guild with a voice channel and members, to measure in.

use protocol::channel::ChannelKind;
use protocol::id::ChannelId;
use protocol::request::account::{Register, RegisterBody, SetUp, SetupBody};
use protocol::request::invite::{CreateGuildInvite, InviteTerms};

use crate::{Client, Process, account, first_channel};

pub(super) struct House {
    pub(super) members: Vec<Client>,
    pub(super) channel: ChannelId,
}

impl House {
    pub(super) async fn open(process: &Process, size: usize) -> Self {
        let visitor = Client::new(process.origin().to_owned());
        let token = process.setup_token().expect("a new instance").to_owned();
        let admin = visitor.signed_in(SetUp { body: SetupBody { token, account: account("admin") } }).await;
        let guild = admin.create_guild("Bench").await;
        let invite = CreateGuildInvite { guild_id: guild.guild.id, body: InviteTerms::default() };
        let code = admin.call(invite).await.expect("an invite").code;
        let mut members = vec![admin];
        for number in 1..size {
            let body = RegisterBody { invite_code: code.clone(), account: account(&format!("member{number}")) };
            members.push(visitor.signed_in(Register { body }).await);
        }
        Self { members, channel: first_channel(&guild, ChannelKind::Voice).id }
    }
}
