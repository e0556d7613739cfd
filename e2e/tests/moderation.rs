//! What those who may do about others in voice channels, as real media shows it.

#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one event among all")]

use std::time::Duration;

use e2e::voice::{self, Lines, Voice};
use e2e::{Client, Gateway, Instance, Refused, first_channel, refusal};
use protocol::channel::{Channel, ChannelKind};
use protocol::error::ErrorCode;
use protocol::event::Event;
use protocol::guild::{GuildSnapshot, Member};
use protocol::id::{ChannelId, PeerId, UserId};
use protocol::limits;
use protocol::request::channel::{ChannelPatch, CreateChannel, NewChannel, UpdateChannel};
use protocol::request::guild::{
    DisconnectMember, GuildPatch, LeaveGuild, MemberPatch, MoveBody, MoveMember, RemoveMember, UpdateGuild,
    UpdateMember,
};
use protocol::request::voice::{JoinBody, JoinVoice};
use protocol::voice::{PeerFlags, Restraint, VoiceEnd, VoiceState};
use tokio::time::{Instant, sleep_until, timeout};

/// How long a decision may take to be heard.
const SOON: Duration = Duration::from_millis(500);

const MUTED: MemberPatch = MemberPatch { server_muted: Some(true), server_deafened: None };
const UNMUTED: MemberPatch = MemberPatch { server_muted: Some(false), server_deafened: None };
const DEAFENED: MemberPatch = MemberPatch { server_muted: None, server_deafened: Some(true) };
const UNDEAFENED: MemberPatch = MemberPatch { server_muted: None, server_deafened: Some(false) };

/// A server, the owner of a guild, and its two voice channels.
struct House {
    instance: Instance,
    owner: Client,
    guild: GuildSnapshot,
    hall: ChannelId,
    attic: ChannelId,
}

impl House {
    async fn open() -> Self {
        let instance = Instance::start().await;
        let owner = instance.admin().await;
        let guild = owner.create_guild("Tea house").await;
        let hall = first_channel(&guild, ChannelKind::Voice).id;
        let body = NewChannel { kind: ChannelKind::Voice, name: "Attic".into(), parent_id: None };
        let attic = owner.call(CreateChannel { guild_id: guild.guild.id, body }).await.expect("a channel").id;
        Self { instance, owner, guild, hall, attic }
    }

    async fn member(&self, name: &str) -> Client {
        let client = self.instance.user(&self.owner, name).await;
        self.owner.invite(&self.guild, &client).await;
        client
    }

    async fn join(&self, client: &Client) -> Voice {
        Voice::join(client, self.hall).await.expect("a seat")
    }

    async fn decide(&self, by: &Client, about: &Client, body: MemberPatch) -> Result<Member, Refused> {
        by.call(UpdateMember { guild_id: self.guild.guild.id, user_id: id(about), body }).await
    }

    async fn send_to(&self, by: &Client, moved: &Client, channel_id: ChannelId) -> Result<(), Refused> {
        let (guild_id, user_id) = (self.guild.guild.id, id(moved));
        by.call(MoveMember { guild_id, user_id, body: MoveBody { channel_id } }).await
    }

    async fn disconnect(&self, by: &Client, gone: &Client) -> Result<(), Refused> {
        by.call(DisconnectMember { guild_id: self.guild.guild.id, user_id: id(gone), body: () }).await
    }

    async fn set(&self, body: ChannelPatch) -> Result<Channel, Refused> {
        self.owner.call(UpdateChannel { channel_id: self.hall, body }).await
    }

    /// Where who sits, as a newcomer is told.
    async fn seats(&self) -> Vec<(ChannelId, PeerId)> {
        let gateway = self.owner.gateway().await;
        gateway.ready().guilds[0].voice_states.iter().map(|seat| (seat.channel_id, seat.peer_id)).collect()
    }
}

fn id(client: &Client) -> UserId {
    client.user().user.id
}

async fn state_of(gateway: &mut Gateway, peer: PeerId, wanted: impl Fn(&VoiceState) -> bool) -> VoiceState {
    gateway
        .event_where(|event| match event {
            Event::VoiceStateUpdated(state) if state.peer_id == peer && wanted(&state) => Some(state),
            _ => None,
        })
        .await
}

async fn left(gateway: &mut Gateway, peer: PeerId) {
    timeout(Duration::from_secs(1), gateway.voice_left(peer)).await.expect("the seat ends at once");
}

/// Half a second passes by another's packets, and in it nothing came of a peer but what was on its way at `since`.
async fn is_silent(listener: &mut Voice, peer: PeerId, (since, clock): (Instant, PeerId)) {
    listener.hears(clock, 50).await;
    assert!(listener.last_of(peer).is_none_or(|last| last < since + SOON), "{peer} is heard still");
}

#[tokio::test]
async fn nothing_of_a_server_muted_peer_reaches_anybody_whatever_the_peer_says() {
    let house = House::open().await;
    let mira = house.member("mira").await;
    let mut watching = mira.gateway().await;
    let mut host = house.join(&house.owner).await;
    let voice = house.join(&mira).await;
    let noor = house.join(&house.member("noor").await).await;
    host.hears(voice.peer(), 5).await;
    let member = house.decide(&house.owner, &mira, MUTED).await.unwrap();
    let since = Instant::now();
    assert!(member.restraint.server_muted && !member.restraint.server_deafened);
    let state = state_of(&mut watching, voice.peer(), |state| state.restraint.server_muted).await;
    assert!(!state.flags.muted && state.is_silent(), "what the user has chosen stays");
    is_silent(&mut host, voice.peer(), (since, noor.peer())).await;
    voice.mute(true).await.unwrap();
    voice.mute(false).await.unwrap();
    is_silent(&mut host, voice.peer(), (since, noor.peer())).await;
    house.decide(&house.owner, &mira, UNMUTED).await.unwrap();
    host.hears(voice.peer(), 5).await;
}

#[tokio::test]
async fn a_server_mute_outlives_a_rejoin_a_restart_and_leaving_the_guild() {
    let mut house = House::open().await;
    let mira = house.member("mira").await;
    house.decide(&house.owner, &mira, MUTED).await.unwrap();
    let mut host = house.join(&house.owner).await;
    let noor = house.member("noor").await;
    let noor_voice = house.join(&noor).await;
    for _ in 0..2 {
        let mut voice = house.join(&mira).await;
        voice.connected().await;
        is_silent(&mut host, voice.peer(), (Instant::now(), noor_voice.peer())).await;
        assert_eq!(host.packets_of(voice.peer()), 0);
        voice.leave().await.unwrap();
    }
    mira.call(LeaveGuild { guild_id: house.guild.guild.id, body: () }).await.unwrap();
    house.owner.invite(&house.guild, &mira).await;
    drop((host, noor_voice));
    house.instance.stop().await;
    house.instance.resume().await;
    let gateway = mira.at(&house.instance.origin()).gateway().await;
    let members = &gateway.ready().guilds[0].members;
    let restrained: Vec<_> = members.iter().filter(|member| member.restraint != Restraint::default()).collect();
    assert_eq!(restrained.iter().map(|member| member.user.id).collect::<Vec<_>>(), [id(&mira)]);
}

#[tokio::test]
async fn a_server_deafened_peer_hears_nothing_and_is_heard() {
    let house = House::open().await;
    let mira = house.member("mira").await;
    let mut host = house.join(&house.owner).await;
    let mut voice = house.join(&mira).await;
    voice.hears(host.peer(), 5).await;
    house.decide(&house.owner, &mira, DEAFENED).await.unwrap();
    let since = Instant::now();
    host.hears(voice.peer(), 50).await;
    assert!(voice.last_of(host.peer()).is_none_or(|last| last < since + SOON), "the deafened one still hears");
    voice.set_flags(PeerFlags::default()).await.unwrap();
    let before = voice.packets_of(host.peer());
    host.hears(voice.peer(), 25).await;
    assert_eq!(voice.packets_of(host.peer()), before);
    house.decide(&house.owner, &mira, UNDEAFENED).await.unwrap();
    voice.hears(host.peer(), 5).await;
}

#[tokio::test]
async fn a_member_restrains_moves_and_disconnects_nobody_not_even_themselves() {
    let house = House::open().await;
    let (mira, noor) = (house.member("mira").await, house.member("noor").await);
    let _voice = house.join(&mira).await;
    let forbidden = (403, ErrorCode::Forbidden);
    house.decide(&house.owner, &mira, MUTED).await.unwrap();
    for about in [&house.owner, &mira, &noor] {
        for patch in [MUTED, UNMUTED, DEAFENED] {
            assert_eq!(refusal(house.decide(&mira, about, patch).await), forbidden);
        }
        assert_eq!(refusal(house.send_to(&mira, about, house.attic).await), forbidden);
        assert_eq!(refusal(house.disconnect(&mira, about).await), forbidden);
    }
    let stranger = house.instance.user(&house.owner, "stranger").await;
    let unknown = (404, ErrorCode::NotFound);
    assert_eq!(refusal(house.decide(&stranger, &mira, MUTED).await), unknown);
    assert_eq!(refusal(house.decide(&house.owner, &stranger, MUTED).await), unknown);
    assert_eq!(refusal(house.send_to(&house.owner, &stranger, house.attic).await), unknown);
    assert_eq!(refusal(house.send_to(&house.owner, &noor, house.attic).await), (409, ErrorCode::Conflict));
    let text = first_channel(&house.guild, ChannelKind::Text).id;
    assert_eq!(refusal(house.send_to(&house.owner, &mira, text).await), (409, ErrorCode::Conflict));
    assert_eq!(refusal(house.disconnect(&house.owner, &noor).await), (409, ErrorCode::Conflict));
}

#[tokio::test]
async fn who_is_moved_is_heard_in_the_other_room_and_no_longer_in_the_first() {
    let house = House::open().await;
    let (mira, noor) = (house.member("mira").await, house.member("noor").await);
    let mut watching = house.owner.gateway().await;
    let mut own = mira.gateway().await;
    let mut host = house.join(&house.owner).await;
    let clock = house.join(&house.member("clock").await).await;
    let mut upstairs = Voice::join(&noor, house.attic).await.unwrap();
    let voice = house.join(&mira).await;
    host.hears(voice.peer(), 5).await;
    house.send_to(&house.owner, &mira, house.attic).await.unwrap();
    let since = Instant::now();
    let end = own.voice_ended(voice.peer()).await;
    assert_eq!((end.channel_id, end.reason, end.moved_to), (house.hall, VoiceEnd::Moved, Some(house.attic)));
    left(&mut watching, voice.peer()).await;
    is_silent(&mut host, voice.peer(), (since, clock.peer())).await;
    let moved = Voice::join(&mira, house.attic).await.unwrap();
    upstairs.hears(moved.peer(), 5).await;
    assert!(host.heard().keys().all(|csrc| *csrc != moved.peer().into()));
    assert!(house.seats().await.contains(&(house.attic, moved.peer())));
    house.send_to(&house.owner, &mira, house.attic).await.unwrap();
    upstairs.hears(moved.peer(), 5).await;
}

#[tokio::test]
async fn who_is_disconnected_has_no_seat_and_is_told_so() {
    let house = House::open().await;
    let mira = house.member("mira").await;
    let mut watching = house.owner.gateway().await;
    let mut own = mira.gateway().await;
    let mut host = house.join(&house.owner).await;
    let clock = house.join(&house.member("clock").await).await;
    let mut voice = house.join(&mira).await;
    host.hears(voice.peer(), 5).await;
    house.disconnect(&house.owner, &mira).await.unwrap();
    let since = Instant::now();
    assert_eq!(own.voice_ended(voice.peer()).await.reason, VoiceEnd::Disconnected);
    left(&mut watching, voice.peer()).await;
    voice.until("the end of the connection", |heard| heard.is_closed).await;
    is_silent(&mut host, voice.peer(), (since, clock.peer())).await;
    assert!(!house.seats().await.iter().any(|(_, peer)| *peer == voice.peer()));
}

#[tokio::test]
async fn a_full_channel_refuses_all_but_those_who_may_move_and_those_who_are_moved() {
    let house = House::open().await;
    let (mira, noor) = (house.member("mira").await, house.member("noor").await);
    let limited = house.set(ChannelPatch { user_limit: Some(1), ..ChannelPatch::default() }).await.unwrap();
    assert_eq!(limited.room.user_limit, 1);
    let first = house.join(&mira).await;
    let refused = Voice::join(&noor, house.hall).await.err().expect("a refusal");
    assert_eq!((refused.status, refused.body.code), (409, ErrorCode::LimitReached));
    assert_eq!(refused.body.message, "the channel is full");
    assert_eq!(house.seats().await, [(house.hall, first.peer())]);
    // Who sits there may come again, from another device for example.
    let second = house.join(&mira).await;
    let host = house.join(&house.owner).await;
    let upstairs = Voice::join(&noor, house.attic).await.unwrap();
    house.send_to(&house.owner, &noor, house.hall).await.unwrap();
    let moved = house.join(&noor).await;
    let seats = house.seats().await;
    assert!([second.peer(), host.peer(), moved.peer()].iter().all(|peer| seats.contains(&(house.hall, *peer))));
    assert!(!seats.iter().any(|(_, peer)| *peer == upstairs.peer()));
    house.set(ChannelPatch { user_limit: Some(0), ..ChannelPatch::default() }).await.unwrap();
    Voice::join(&house.member("late").await, house.hall).await.expect("a seat");
}

#[tokio::test]
async fn who_joins_is_told_the_rooms_bitrate_as_it_is_by_then() {
    let house = House::open().await;
    let join = async || {
        let body = JoinBody { offer: voice::offer().await, flags: PeerFlags::default() };
        house.owner.call(JoinVoice { channel_id: house.hall, body }).await.expect("a seat").sdp
    };
    let speech = join().await;
    assert!(speech.contains("usedtx=1;maxaveragebitrate=64000"), "{speech}");
    house.set(ChannelPatch { bitrate: Some(limits::MUSIC_BITRATE), ..ChannelPatch::default() }).await.unwrap();
    let music = join().await;
    assert!(music.contains("stereo=1;sprop-stereo=1;maxaveragebitrate=128000"), "{music}");
}

#[tokio::test]
async fn only_who_may_is_a_priority_speaker_and_everybody_sees_who_is() {
    let house = House::open().await;
    let mira = house.member("mira").await;
    let mut watching = mira.gateway().await;
    let first = PeerFlags { priority: true, ..PeerFlags::default() };
    let voice = house.join(&mira).await;
    assert_eq!(refusal(voice.set_flags(first).await), (403, ErrorCode::Forbidden));
    let body = JoinBody { offer: voice::offer().await, flags: first };
    let refused = mira.call(JoinVoice { channel_id: house.hall, body }).await;
    assert_eq!(refusal(refused), (403, ErrorCode::Forbidden));
    let host = house.join(&house.owner).await;
    host.set_flags(first).await.unwrap();
    state_of(&mut watching, host.peer(), |state| state.flags.priority).await;
}

#[tokio::test]
async fn a_priority_speaker_is_heard_before_all_others_by_who_has_one_slot() {
    let house = House::open().await;
    let lines = Lines { audio: 1, talks: false, ..Lines::default() };
    let mut listener = Voice::join_with(&house.member("ear").await, house.hall, lines).await.unwrap();
    listener.connected().await;
    let mira = house.join(&house.member("mira").await).await;
    listener.hears(mira.peer(), 50).await;
    let host = house.join(&house.owner).await;
    host.set_flags(PeerFlags { priority: true, ..PeerFlags::default() }).await.unwrap();
    listener.hears(host.peer(), 50).await;
    let before = listener.packets_of(mira.peer());
    listener.hears(host.peer(), 50).await;
    assert_eq!(listener.packets_of(mira.peer()), before, "the slot is the priority speaker's");
}

#[tokio::test]
async fn nobody_is_heard_in_the_channel_of_those_who_are_away() {
    let house = House::open().await;
    let guild_id = house.guild.guild.id;
    let away = async |channel| {
        let body = GuildPatch { afk_channel_id: Some(channel), ..GuildPatch::default() };
        house.owner.call(UpdateGuild { guild_id, body }).await
    };
    let mira = house.member("mira").await;
    let mut watching = mira.gateway().await;
    let mut host = house.join(&house.owner).await;
    let voice = house.join(&mira).await;
    host.hears(voice.peer(), 5).await;
    assert_eq!(away(Some(house.hall)).await.unwrap().afk.afk_channel_id, Some(house.hall));
    let since = Instant::now();
    let updated = watching.event_where(|event| match event {
        Event::GuildUpdated(guild) => Some(guild.afk.afk_channel_id),
        _ => None,
    });
    assert_eq!(updated.await, Some(house.hall));
    sleep_until(since + 2 * SOON).await;
    assert!(host.last_of(voice.peer()).is_none_or(|last| last < since + SOON), "somebody is heard");
    let late = house.join(&house.member("late").await).await;
    sleep_until(Instant::now() + SOON).await;
    assert_eq!(host.packets_of(late.peer()), 0);
    away(None).await.unwrap();
    host.hears(voice.peer(), 5).await;
    host.hears(late.peer(), 5).await;
    let body = GuildPatch { afk_channel_id: Some(None), ..GuildPatch::default() };
    assert_eq!(refusal(mira.call(UpdateGuild { guild_id, body }).await), (403, ErrorCode::Forbidden));
}

#[tokio::test]
async fn a_room_is_set_within_the_limits_by_who_manages_channels() {
    let house = House::open().await;
    let invalid = (400, ErrorCode::InvalidField);
    for bitrate in [0, limits::MIN_BITRATE - 1, limits::MAX_BITRATE + 1] {
        assert_eq!(
            refusal(house.set(ChannelPatch { bitrate: Some(bitrate), ..ChannelPatch::default() }).await),
            invalid
        );
    }
    let crowd = ChannelPatch { user_limit: Some(limits::USER_LIMIT + 1), ..ChannelPatch::default() };
    assert_eq!(refusal(house.set(crowd).await), invalid);
    let music = ChannelPatch { bitrate: Some(limits::MAX_BITRATE), ..ChannelPatch::default() };
    assert_eq!(house.set(music.clone()).await.unwrap().room.bitrate, limits::MAX_BITRATE);
    let mira = house.member("mira").await;
    let refused = mira.call(UpdateChannel { channel_id: house.hall, body: music.clone() }).await;
    assert_eq!(refusal(refused), (403, ErrorCode::Forbidden));
    let text = first_channel(&house.guild, ChannelKind::Text).id;
    let refused = house.owner.call(UpdateChannel { channel_id: text, body: music }).await;
    assert_eq!(refusal(refused), (409, ErrorCode::Conflict));
}

#[tokio::test]
async fn who_is_removed_while_muted_is_no_member_to_decide_about() {
    let house = House::open().await;
    let mira = house.member("mira").await;
    house.decide(&house.owner, &mira, MUTED).await.unwrap();
    let (guild_id, user_id) = (house.guild.guild.id, id(&mira));
    house.owner.call(RemoveMember { guild_id, user_id, body: () }).await.unwrap();
    assert_eq!(refusal(house.decide(&house.owner, &mira, UNMUTED).await), (404, ErrorCode::NotFound));
}
