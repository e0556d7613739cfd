//! Who is there, who sits where and who speaks, as the gateway tells those it concerns.

#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one event among all")]

use e2e::voice::Voice;
use e2e::{Gateway, Instance, first_channel};
use protocol::account::Status;
use protocol::channel::ChannelKind;
use protocol::event::{Event, VoiceSpeakers};
use protocol::request::voice::UpdateVoice;
use protocol::voice::PeerFlags;

async fn speakers(gateway: &mut Gateway, wanted: impl Fn(&VoiceSpeakers) -> bool) -> VoiceSpeakers {
    gateway
        .event_where(|event| match event {
            Event::VoiceSpeakers(speakers) if wanted(&speakers) => Some(speakers),
            _ => None,
        })
        .await
}

#[tokio::test]
async fn who_joins_another_guild_is_seen_there_as_online_at_once() {
    let instance = Instance::start().await;
    let owner = instance.admin().await;
    let (first, second) = (owner.create_guild("Tea house").await, owner.create_guild("Garden").await);
    let (bob, carol) = (instance.user(&owner, "bob").await, instance.user(&owner, "carol").await);
    owner.invite(&first, &bob).await;
    owner.invite(&second, &carol).await;
    let _online = bob.gateway().await;
    let mut gateway = carol.gateway().await;
    owner.invite(&second, &bob).await;
    let bob_id = bob.user().user.id;
    gateway
        .event_where(|event| matches!(event, Event::MemberAdded(added) if added.member.user.id == bob_id).then_some(()))
        .await;
    let told = gateway.event_where(|event| match event {
        Event::PresenceUpdated(presence) if presence.user_id == bob_id => Some(presence.status),
        _ => None,
    });
    assert_eq!(told.await, Status::Online);
}

#[tokio::test]
async fn a_newcomer_is_told_who_is_there_and_who_sits_where() {
    let instance = Instance::start().await;
    let owner = instance.admin().await;
    let guild = owner.create_guild("Tea house").await;
    let _online = owner.gateway().await;
    let voice = Voice::join(&owner, first_channel(&guild, ChannelKind::Voice).id).await.unwrap();
    let bob = instance.user(&owner, "bob").await;
    let mut gateway = bob.gateway().await;
    owner.invite(&guild, &bob).await;
    let entered = gateway.event_where(|event| if let Event::GuildCreated(guild) = event { Some(guild) } else { None });
    let entered = entered.await;
    assert_eq!(entered.voice_states.iter().map(|seat| seat.peer_id).collect::<Vec<_>>(), [voice.peer()]);
    assert_eq!(entered.presences.len(), 2, "the owner and the newcomer");
}

#[tokio::test]
async fn a_member_outside_the_room_is_told_who_speaks_and_that_nobody_does_any_more() {
    let instance = Instance::start().await;
    let owner = instance.admin().await;
    let guild = owner.create_guild("Tea house").await;
    let channel = first_channel(&guild, ChannelKind::Voice).id;
    let bob = instance.user(&owner, "bob").await;
    owner.invite(&guild, &bob).await;
    let mut gateway = bob.gateway().await;
    let voice = Voice::join(&owner, channel).await.unwrap();
    let told = speakers(&mut gateway, |told| !told.speakers.is_empty()).await;
    assert_eq!((told.channel_id, told.speakers[0].peer_id), (channel, voice.peer()));
    voice.mute(true).await.unwrap();
    speakers(&mut gateway, |told| told.speakers.is_empty()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_changes_at_once_the_last_that_is_told_is_how_it_stands() {
    let instance = Instance::start().await;
    let owner = instance.admin().await;
    let guild = owner.create_guild("Tea house").await;
    let bob = instance.user(&owner, "bob").await;
    owner.invite(&guild, &bob).await;
    let mut gateway = bob.gateway().await;
    let voice = Voice::join(&owner, first_channel(&guild, ChannelKind::Voice).id).await.unwrap();
    let changes: Vec<_> = (0..40)
        .map(|number| {
            let flags = PeerFlags { muted: number % 2 == 0, camera: number % 3 == 0, ..PeerFlags::default() };
            let (client, peer_id) = (owner.clone(), voice.peer());
            tokio::spawn(async move { client.call(UpdateVoice { peer_id, body: flags }).await.unwrap() })
        })
        .collect();
    for change in changes {
        change.await.unwrap();
    }
    let mut last = None;
    for _ in 0..41 {
        last = Some(
            gateway
                .event_where(|event| if let Event::VoiceStateUpdated(state) = event { Some(state) } else { None })
                .await,
        );
    }
    assert_eq!(bob.gateway().await.ready().guilds[0].voice_states, last.into_iter().collect::<Vec<_>>());
}
