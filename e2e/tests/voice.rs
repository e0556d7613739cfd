//! Rooms, from the join to the end of a seat, with real media.

#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one event among all")]

use std::time::Duration;

use e2e::voice::{self, Lines, Voice};
use e2e::{Client, Gateway, Instance, PASSWORD, first_channel, refusal};
use protocol::account::Transport;
use protocol::channel::ChannelKind;
use protocol::error::ErrorCode;
use protocol::event::Event;
use protocol::guild::GuildSnapshot;
use protocol::id::{ChannelId, PeerId};
use protocol::limits;
use protocol::request::account::{ListSessions, RevokeSession, SignIn, SignInBody};
use protocol::request::channel::DeleteChannel;
use protocol::request::guild::RemoveMember;
use protocol::request::voice::{JoinBody, JoinVoice, LeaveVoice, Playback, ReportPlayback, RestartVoice, UpdateVoice};
use protocol::voice::{Offer, PeerFlags, VoiceEnd, VoiceState};
use tokio::time::{Instant, sleep_until, timeout};

/// How long a packet that was on its way may still take.
const SOON: Duration = Duration::from_millis(300);
/// The lease of a seat, and what it takes to tell of its end.
const LEASE: Duration = Duration::from_secs(11);

/// A server, the owner of a guild, and its voice channel.
struct House {
    instance: Instance,
    owner: Client,
    guild: GuildSnapshot,
    channel: ChannelId,
}

impl House {
    async fn open() -> Self {
        Self::open_on(Instance::start().await).await
    }

    async fn open_on(instance: Instance) -> Self {
        let owner = instance.admin().await;
        let guild = owner.create_guild("Tea house").await;
        let channel = first_channel(&guild, ChannelKind::Voice).id;
        Self { instance, owner, guild, channel }
    }

    async fn member(&self, name: &str) -> Client {
        let client = self.instance.user(&self.owner, name).await;
        self.owner.invite(&self.guild, &client).await;
        client
    }

    async fn join(&self, client: &Client) -> Voice {
        Voice::join(client, self.channel).await.expect("a seat")
    }
}

/// The same user on another device.
async fn elsewhere(client: &Client) -> Client {
    let username = client.user().user.username.clone();
    let (password, device) = (PASSWORD.to_owned(), "other".to_owned());
    client.signed_in(SignIn { body: SignInBody { username, password, device, transport: Transport::Bearer } }).await
}

async fn seated(gateway: &mut Gateway, peer: PeerId) -> VoiceState {
    gateway
        .event_where(|event| match event {
            Event::VoiceStateUpdated(state) if state.peer_id == peer => Some(state),
            _ => None,
        })
        .await
}

async fn left(gateway: &mut Gateway, peer: PeerId) {
    timeout(LEASE, gateway.voice_left(peer)).await.expect("the seat is freed in time");
}

/// Half a second passes by another's packets, and in it nothing came of a peer but what was on its way at `since`.
async fn is_silent(listener: &mut Voice, peer: PeerId, (since, clock): (Instant, PeerId)) {
    listener.hears(clock, 25).await;
    assert!(listener.last_of(peer).is_none_or(|last| last < since + SOON), "{peer} is heard still");
}

#[tokio::test]
async fn two_members_hear_each_other_and_not_themselves() {
    let house = House::open().await;
    let mira = house.member("mira").await;
    let mut host = house.join(&house.owner).await;
    let mut mira = house.join(&mira).await;
    host.hears(mira.peer(), 25).await;
    mira.hears(host.peer(), 25).await;
    assert_eq!(host.heard().into_keys().collect::<Vec<_>>(), [mira.peer().into()]);
    assert_eq!(mira.heard().into_keys().collect::<Vec<_>>(), [host.peer().into()]);
}

#[tokio::test]
async fn members_hear_each_other_whichever_media_threads_their_datagrams_reach() {
    let house = House::open_on(Instance::start_with_media_threads(8).await).await;
    let lines = Lines { audio: 8, ..Lines::default() };
    let mut guests = Vec::new();
    for number in 0..6 {
        let member = house.member(&format!("guest{number}")).await;
        guests.push(Voice::join_with(&member, house.channel, lines).await.expect("a seat"));
    }
    let peers: Vec<_> = guests.iter().map(Voice::peer).collect();
    for guest in &mut guests {
        for peer in peers.iter().filter(|peer| **peer != guest.peer()).copied().collect::<Vec<_>>() {
            guest.hears(peer, 10).await;
        }
    }
    // A restart begins with another ufrag of the same thread.
    guests[0].restart().await.expect("an answer");
    guests[0].hears(peers[1], 25).await;
    guests[1].hears(peers[0], 25).await;
}

#[tokio::test]
async fn a_member_sees_who_sits_in_a_channel_before_joining() {
    let house = House::open().await;
    let mira = house.member("mira").await;
    let noor = house.member("noor").await;
    let host = house.join(&house.owner).await;
    let mut gateway = noor.gateway().await;
    let [seat] = &gateway.ready().guilds[0].voice_states[..] else { panic!("one seat is taken") };
    assert_eq!((seat.peer_id, seat.channel_id), (host.peer(), house.channel));
    assert_eq!(seat.user_id, house.owner.user().user.id);
    let mira = house.join(&mira).await;
    assert!(!seated(&mut gateway, mira.peer()).await.flags.muted);
    mira.mute(true).await.unwrap();
    assert!(seated(&mut gateway, mira.peer()).await.flags.muted);
    let peer = mira.peer();
    mira.leave().await.unwrap();
    left(&mut gateway, peer).await;
    assert_eq!(noor.gateway().await.ready().guilds[0].voice_states.len(), 1);
}

#[tokio::test]
async fn muting_silences_within_300_ms_and_unmuting_brings_the_sound_back() {
    let house = House::open().await;
    let mut host = house.join(&house.owner).await;
    let mira = house.join(&house.member("mira").await).await;
    let noor = house.join(&house.member("noor").await).await;
    host.hears(mira.peer(), 5).await;
    mira.mute(true).await.unwrap();
    is_silent(&mut host, mira.peer(), (Instant::now(), noor.peer())).await;
    mira.mute(false).await.unwrap();
    host.hears(mira.peer(), 5).await;
}

#[tokio::test]
async fn who_is_deafened_neither_hears_nor_is_heard() {
    let house = House::open().await;
    let mut host = house.join(&house.owner).await;
    let mut mira = house.join(&house.member("mira").await).await;
    let noor = house.join(&house.member("noor").await).await;
    host.hears(mira.peer(), 5).await;
    mira.hears(noor.peer(), 5).await;
    mira.set_flags(PeerFlags { deafened: true, ..PeerFlags::default() }).await.unwrap();
    let since = Instant::now();
    is_silent(&mut host, mira.peer(), (since, noor.peer())).await;
    for talker in [host.peer(), noor.peer()] {
        assert!(mira.last_of(talker).is_none_or(|last| last < since + SOON));
    }
    mira.set_flags(PeerFlags::default()).await.unwrap();
    mira.hears(noor.peer(), 5).await;
}

#[tokio::test]
async fn leaving_ends_the_media_and_a_second_leave_is_not_found() {
    let house = House::open().await;
    let mira = house.member("mira").await;
    let mut host = house.join(&house.owner).await;
    let mut voice = house.join(&mira).await;
    let noor = house.join(&house.member("noor").await).await;
    let peer = voice.peer();
    host.hears(peer, 5).await;
    voice.connected().await;
    mira.call(LeaveVoice { peer_id: peer, body: () }).await.unwrap();
    is_silent(&mut host, peer, (Instant::now(), noor.peer())).await;
    voice.until("the end of the connection", |heard| heard.is_closed).await;
    assert_eq!(refusal(voice.leave().await), (404, ErrorCode::NotFound));
}

#[tokio::test]
async fn a_client_that_dies_without_a_word_loses_its_seat() {
    let house = House::open().await;
    let mut gateway = house.owner.gateway().await;
    let mut host = house.join(&house.owner).await;
    let mira = house.join(&house.member("mira").await).await;
    let peer = mira.peer();
    host.hears(peer, 5).await;
    drop(mira);
    left(&mut gateway, peer).await;
    assert_eq!(house.owner.gateway().await.ready().guilds[0].voice_states.len(), 1);
}

#[tokio::test]
async fn joining_from_a_second_client_replaces_the_first() {
    let house = House::open().await;
    let mira = house.member("mira").await;
    let mut host = house.join(&house.owner).await;
    let mut gateway = mira.gateway().await;
    let first = house.join(&mira).await;
    host.hears(first.peer(), 5).await;
    let second = house.join(&elsewhere(&mira).await).await;
    assert_eq!(gateway.voice_ended(first.peer()).await.reason, VoiceEnd::Replaced);
    left(&mut gateway, first.peer()).await;
    is_silent(&mut host, first.peer(), (Instant::now(), second.peer())).await;
    let gateway = mira.gateway().await;
    let peers: Vec<_> = gateway.ready().guilds[0].voice_states.iter().map(|seat| seat.peer_id).collect();
    assert_eq!(peers, [host.peer(), second.peer()]);
}

#[tokio::test]
async fn who_is_no_member_finds_no_channel() {
    let house = House::open().await;
    let stranger = house.instance.user(&house.owner, "stranger").await;
    let body = JoinBody { offer: voice::offer().await, flags: PeerFlags::default() };
    let join = |channel_id| JoinVoice { channel_id, body: body.clone() };
    assert_eq!(refusal(stranger.call(join(house.channel)).await), (404, ErrorCode::NotFound));
    assert_eq!(refusal(house.instance.visitor().call(join(house.channel)).await), (401, ErrorCode::Unauthorized));
    let nowhere = ChannelId::try_from(1).unwrap();
    assert_eq!(refusal(house.owner.call(join(nowhere)).await), (404, ErrorCode::NotFound));
    let text = first_channel(&house.guild, ChannelKind::Text).id;
    assert_eq!(refusal(house.owner.call(join(text)).await), (409, ErrorCode::Conflict));
}

#[tokio::test]
async fn a_removed_members_media_and_seat_end_at_once() {
    let house = House::open().await;
    let mira = house.member("mira").await;
    let mut watching = house.owner.gateway().await;
    let mut losing = mira.gateway().await;
    let mut host = house.join(&house.owner).await;
    let noor = house.join(&house.member("noor").await).await;
    let mut voice = house.join(&mira).await;
    host.hears(voice.peer(), 5).await;
    voice.hears(host.peer(), 5).await;
    let (guild_id, user_id) = (house.guild.guild.id, mira.user().user.id);
    house.owner.call(RemoveMember { guild_id, user_id, body: () }).await.unwrap();
    let since = Instant::now();
    assert_eq!(losing.voice_ended(voice.peer()).await.reason, VoiceEnd::Removed);
    left(&mut watching, voice.peer()).await;
    is_silent(&mut host, voice.peer(), (since, noor.peer())).await;
    assert!(voice.last_of(host.peer()).unwrap() < since + SOON, "the removed one still hears");
    voice.until("the end of the connection", |heard| heard.is_closed).await;
}

#[tokio::test]
async fn deleting_the_channel_ends_its_room() {
    let house = House::open().await;
    let mira = house.member("mira").await;
    let mut gateways = [house.owner.gateway().await, mira.gateway().await];
    let mut voices = [house.join(&house.owner).await, house.join(&mira).await];
    for voice in &mut voices {
        voice.connected().await;
    }
    house.owner.call(DeleteChannel { channel_id: house.channel, body: () }).await.unwrap();
    for (gateway, voice) in gateways.iter_mut().zip(&mut voices) {
        assert_eq!(gateway.voice_ended(voice.peer()).await.reason, VoiceEnd::Removed);
        voice.until("the end of the connection", |heard| heard.is_closed).await;
    }
    assert!(house.owner.gateway().await.ready().guilds[0].voice_states.is_empty());
}

#[tokio::test]
async fn a_cut_longer_than_the_lease_frees_the_seat_and_an_ice_restart_brings_the_same_peer_back() {
    let house = House::open().await;
    let mut gateway = house.owner.gateway().await;
    let mut host = house.join(&house.owner).await;
    let mut mira = house.join(&house.member("mira").await).await;
    let peer = mira.peer();
    host.hears(peer, 5).await;
    mira.hears(host.peer(), 5).await;
    mira.cut();
    let cut_at = Instant::now();
    left(&mut gateway, peer).await;
    assert_eq!(house.owner.gateway().await.ready().guilds[0].voice_states.len(), 1);
    sleep_until(cut_at + Duration::from_secs(12)).await;
    mira.restart().await.unwrap();
    mira.heal();
    assert_eq!(seated(&mut gateway, peer).await.channel_id, house.channel);
    host.hears(peer, 5).await;
    mira.hears(host.peer(), 5).await;
}

#[tokio::test]
async fn an_ice_restart_in_a_call_is_not_heard() {
    let house = House::open().await;
    let mut host = house.join(&house.owner).await;
    let mut mira = house.join(&house.member("mira").await).await;
    host.hears(mira.peer(), 5).await;
    mira.restart().await.unwrap();
    let began = Instant::now();
    host.hears(mira.peer(), 25).await;
    mira.hears(host.peer(), 25).await;
    assert!(began.elapsed() < Duration::from_secs(3), "the sound was gone for {:?}", began.elapsed());
}

#[tokio::test]
async fn a_bad_offer_is_refused_with_a_sentence() {
    let house = House::open().await;
    let good = voice::offer().await;
    let long = format!("{}{}", good.sdp, "a=x\r\n".repeat(limits::OFFER_BYTES / 5));
    let without_ice: String = good.sdp.lines().filter(|line| !line.starts_with("a=ice-pwd")).collect();
    let cases = [String::new(), "v=0\r\n".to_owned(), "🦀".repeat(100), good.sdp.replace("BUNDLE", "LS"), without_ice];
    for sdp in cases.into_iter().chain([long, good.sdp.replace("sha-256", "sha-1")]) {
        let start: String = sdp.chars().take(40).collect();
        let body = JoinBody { offer: Offer { sdp, ..good.clone() }, flags: PeerFlags::default() };
        let refused = house.owner.call(JoinVoice { channel_id: house.channel, body }).await.err();
        let refused = refused.unwrap_or_else(|| panic!("{start:?} was taken"));
        assert_eq!((refused.status, refused.body.code), (422, ErrorCode::InvalidOffer), "{start:?}");
        assert!(refused.body.message.contains(' '), "{:?} is no sentence", refused.body.message);
    }
    let [line] = &good.lines[..] else { panic!("one line publishes") };
    let twice = Offer { lines: vec![line.clone(), line.clone()], ..good.clone() };
    let body = JoinBody { offer: twice, flags: PeerFlags::default() };
    let refused = house.owner.call(JoinVoice { channel_id: house.channel, body }).await;
    assert_eq!(refusal(refused), (422, ErrorCode::InvalidOffer));
    assert!(house.owner.gateway().await.ready().guilds[0].voice_states.is_empty());
}

#[tokio::test]
async fn slots_are_counted_by_the_limits_that_clients_are_shown() {
    let house = House::open().await;
    let join = async |audio| Voice::join_with(&house.owner, house.channel, Lines { audio, ..Lines::default() }).await;
    let refused = join(limits::AUDIO_SLOTS + 1).await.err().expect("a refusal");
    assert_eq!((refused.status, refused.body.code), (422, ErrorCode::InvalidOffer));
    assert!(refused.body.message.contains(&limits::AUDIO_SLOTS.to_string()), "{:?}", refused.body.message);
    assert!(house.owner.gateway().await.ready().guilds[0].voice_states.is_empty());
    join(limits::AUDIO_SLOTS).await.expect("a seat").connected().await;
}

#[tokio::test]
async fn a_peer_that_is_unknown_or_of_somebody_else_is_not_found() {
    let house = House::open().await;
    let mira = house.member("mira").await;
    let voice = house.join(&mira).await;
    let offer = voice::offer().await;
    for peer_id in [PeerId::try_from(1).unwrap(), voice.peer()] {
        let restarted = house.owner.call(RestartVoice { peer_id, body: offer.clone() }).await;
        assert_eq!(refusal(restarted), (404, ErrorCode::NotFound));
        let muted = PeerFlags { muted: true, ..PeerFlags::default() };
        assert_eq!(refusal(house.owner.call(UpdateVoice { peer_id, body: muted }).await), (404, ErrorCode::NotFound));
        let reported = house.owner.call(ReportPlayback { peer_id, body: Playback { freezes: 1 } }).await;
        assert_eq!(refusal(reported), (404, ErrorCode::NotFound));
        assert_eq!(refusal(house.owner.call(LeaveVoice { peer_id, body: () }).await), (404, ErrorCode::NotFound));
    }
    let twin = elsewhere(&mira).await;
    let taken_over = twin.call(RestartVoice { peer_id: voice.peer(), body: offer.clone() }).await;
    assert_eq!(refusal(taken_over), (404, ErrorCode::NotFound));
    // Another certificate than the join's would be another client.
    let other_keys = mira.call(RestartVoice { peer_id: voice.peer(), body: offer }).await;
    assert_eq!(refusal(other_keys), (422, ErrorCode::InvalidOffer));
}

#[tokio::test]
async fn revoking_a_session_ends_its_seat() {
    let house = House::open().await;
    let mira = house.member("mira").await;
    let twin = elsewhere(&mira).await;
    let mut watching = house.owner.gateway().await;
    let mut voice = house.join(&mira).await;
    voice.connected().await;
    let sessions = twin.call(ListSessions { body: () }).await.unwrap();
    let other = sessions.iter().find(|session| !session.is_current).unwrap();
    twin.call(RevokeSession { session_id: other.id, body: () }).await.unwrap();
    left(&mut watching, voice.peer()).await;
    voice.until("the end of the connection", |heard| heard.is_closed).await;
}

#[tokio::test]
async fn the_metrics_tell_of_rooms_and_only_to_those_who_may_know() {
    let house = House::open().await;
    let mut host = house.join(&house.owner).await;
    let mira = house.member("mira").await;
    let mira = house.join(&mira).await;
    host.hears(mira.peer(), 25).await;
    let report = ReportPlayback { peer_id: host.peer(), body: Playback { freezes: 3 } };
    house.owner.call(report).await.expect("a note");
    let metrics = async |forwarded_for: Option<&str>| {
        let mut request = reqwest::Client::new().get(format!("{}/metrics", house.instance.origin()));
        if let Some(address) = forwarded_for {
            request = request.header("x-forwarded-for", address);
        }
        request.send().await.expect("an answer")
    };
    let bitrate =
        format!("hubbub_peer_bitrate{{channel=\"{}\",peer=\"{}\",direction=\"Out\"}} ", house.channel, host.peer());
    let told = loop {
        host.hears(mira.peer(), 25).await;
        let told = metrics(None).await.text().await.expect("text");
        let sent = told.lines().find_map(|line| line.strip_prefix(&bitrate)).and_then(|bits| bits.parse::<u32>().ok());
        if sent.is_some_and(|bits| bits > 10_000) {
            break told;
        }
    };
    let freezes = format!("hubbub_peer_freezes{{channel=\"{}\",peer=\"{}\"}} 3", house.channel, host.peer());
    for line in [format!("hubbub_room_peers{{channel=\"{}\"}} 2", house.channel), freezes] {
        assert!(told.lines().any(|found| found == line), "{line} is not in\n{told}");
    }
    assert_eq!(metrics(Some("203.0.113.7")).await.status(), 404, "through a proxy that is not known as one");
}
