//! Guilds, channels and messages, as the API and the gateway tell of them.

#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one event among all")]

use e2e::{Client, Gateway, Instance, first_channel};
use protocol::channel::ChannelKind;
use protocol::error::ErrorCode;
use protocol::event::Event;
use protocol::guild::GuildSnapshot;
use protocol::id::ChannelId;
use protocol::message::Message;
use protocol::request::channel::{
    ChannelPlace, CreateChannel, DeleteChannel, MarkRead, NewChannel, ReadBody, ReorderChannels, StartTyping,
};
use protocol::request::guild::{DeleteGuild, GuildPatch, LeaveGuild, UpdateGuild};
use protocol::request::message::{DeleteMessage, EditMessage, GetHistory, HistoryQuery, MessageEdit};

/// An instance with a guild of two members and a text channel.
struct Scene {
    instance: Instance,
    owner: Client,
    member: Client,
    guild: GuildSnapshot,
    channel: ChannelId,
}

impl Scene {
    async fn set() -> Self {
        Self::set_on(Instance::start().await).await
    }

    async fn set_on(instance: Instance) -> Self {
        let owner = instance.admin().await;
        let member = instance.user(&owner, "bob").await;
        let guild = owner.create_guild("Tea house").await;
        owner.invite(&guild, &member).await;
        let channel = first_channel(&guild, ChannelKind::Text).id;
        Self { instance, owner, member, guild, channel }
    }
}

async fn next_message(gateway: &mut Gateway) -> Message {
    gateway.event_where(|event| if let Event::MessageCreated(message) = event { Some(message) } else { None }).await
}

#[tokio::test]
async fn a_message_reaches_the_others_and_its_sender_with_the_nonce() {
    let scene = Scene::set().await;
    let (mut owner, mut member) = (scene.owner.gateway().await, scene.member.gateway().await);
    let sent = scene.owner.send(scene.channel, "n-1", "  hello *there*  ").await.unwrap();
    assert_eq!(sent.content, "hello *there*");
    assert_eq!(next_message(&mut owner).await, sent);
    assert_eq!(next_message(&mut member).await, Message { nonce: None, ..sent });
}

#[tokio::test]
async fn sending_again_under_the_same_nonce_makes_no_second_message() {
    let scene = Scene::set().await;
    let mut gateway = scene.member.gateway().await;
    let first = scene.owner.send(scene.channel, "n-1", "hello").await.unwrap();
    let second = scene.owner.send(scene.channel, "n-1", "hello").await.unwrap();
    assert_eq!(first, second);
    assert_eq!(next_message(&mut gateway).await.id, first.id);
    assert_eq!(next_message(&mut gateway).await.id, first.id, "told again: the first telling may have failed");
    let page = GetHistory { channel_id: scene.channel, body: HistoryQuery::default() };
    assert_eq!(scene.member.call(page).await.unwrap().messages.len(), 1);
    let other = first_channel(&scene.guild, ChannelKind::Voice).id;
    let elsewhere = scene.owner.send(other, "n-1", "hello").await.err().unwrap();
    assert_eq!(elsewhere.body.code, ErrorCode::Conflict);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racing_messages_are_told_to_everyone_in_the_order_of_their_ids() {
    are_told_in_order(Scene::set().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racing_messages_are_told_in_order_on_postgres() {
    are_told_in_order(Scene::set_on(Instance::start_on_postgres().await).await).await;
}

async fn are_told_in_order(scene: Scene) {
    let mut gateway = scene.member.gateway().await;
    let senders: Vec<_> = (0..50)
        .map(|number| {
            let (client, channel) = (scene.owner.clone(), scene.channel);
            tokio::spawn(async move { client.send(channel, &format!("n-{number}"), "race").await.expect("a message") })
        })
        .collect();
    let mut told = Vec::new();
    for sender in senders {
        sender.await.expect("a sender to its end");
        told.push(next_message(&mut gateway).await.id);
    }
    assert!(told.is_sorted(), "{told:?}");
}

#[tokio::test]
async fn history_comes_by_pages_in_both_directions() {
    let scene = Scene::set().await;
    let mut ids = Vec::new();
    for number in 0..7 {
        ids.push(scene.owner.send(scene.channel, &format!("n-{number}"), &number.to_string()).await.unwrap().id);
    }
    let page = |query| GetHistory { channel_id: scene.channel, body: query };
    let query = HistoryQuery { limit: Some(3), ..HistoryQuery::default() };
    let newest = scene.member.call(page(query)).await.unwrap();
    assert_eq!(newest.messages.iter().map(|message| message.id).collect::<Vec<_>>(), ids[4..]);
    assert!(newest.has_before && !newest.has_after);
    let before = scene.member.call(page(HistoryQuery { before: Some(ids[3]), ..query })).await.unwrap();
    assert_eq!(before.messages.iter().map(|message| message.id).collect::<Vec<_>>(), ids[..3]);
    assert!(!before.has_before && before.has_after);
    let after = scene.member.call(page(HistoryQuery { after: Some(ids[4]), ..query })).await.unwrap();
    assert_eq!(after.messages.iter().map(|message| message.id).collect::<Vec<_>>(), ids[5..]);
    assert!(!after.has_after);
    let wrong = scene.member.call(page(HistoryQuery { limit: Some(0), ..query })).await.err().unwrap();
    assert_eq!(wrong.body.field.as_deref(), Some("limit"));
}

#[tokio::test]
async fn only_the_author_edits_and_only_author_or_owner_delete() {
    let scene = Scene::set().await;
    let by_owner = scene.owner.send(scene.channel, "n-1", "mine").await.unwrap();
    let by_member = scene.member.send(scene.channel, "n-2", "yours").await.unwrap();
    let edit = |message: &Message| EditMessage {
        channel_id: scene.channel,
        message_id: message.id,
        body: MessageEdit { content: "changed".to_owned() },
    };
    let delete = |message: &Message| DeleteMessage { channel_id: scene.channel, message_id: message.id, body: () };
    assert_eq!(scene.owner.call(edit(&by_member)).await.err().unwrap().body.code, ErrorCode::Forbidden);
    let edited = scene.member.call(edit(&by_member)).await.unwrap();
    assert_eq!(edited.content, "changed");
    assert!(edited.edited_at.is_some());
    assert_eq!(scene.member.call(delete(&by_owner)).await.err().unwrap().body.code, ErrorCode::Forbidden);
    scene.owner.call(delete(&by_member)).await.unwrap();
    assert_eq!(scene.member.call(delete(&by_member)).await.err().unwrap().body.code, ErrorCode::NotFound);
}

#[tokio::test]
async fn a_stranger_sees_nothing_of_a_guild() {
    let scene = Scene::set().await;
    let stranger = scene.instance.user(&scene.owner, "eve").await;
    let page = GetHistory { channel_id: scene.channel, body: HistoryQuery::default() };
    assert_eq!(stranger.call(page).await.err().unwrap().status, 404);
    assert_eq!(stranger.send(scene.channel, "n-1", "hi").await.err().unwrap().status, 404);
    let delete = DeleteGuild { guild_id: scene.guild.guild.id, body: () };
    assert_eq!(stranger.call(delete).await.err().unwrap().status, 404);
    let mut gateway = stranger.gateway().await;
    assert!(gateway.ready().guilds.is_empty());
    scene.owner.send(scene.channel, "n-2", "canary").await.unwrap();
    let own = stranger.create_guild("Own").await;
    let channel = first_channel(&own, ChannelKind::Text).id;
    stranger.send(channel, "n-3", "mine").await.unwrap();
    assert_eq!(next_message(&mut gateway).await.content, "mine", "only what is the stranger's own is told");
}

#[tokio::test]
async fn a_member_may_not_administer() {
    let scene = Scene::set().await;
    let guild_id = scene.guild.guild.id;
    let rename = UpdateGuild { guild_id, body: GuildPatch { name: Some("Mine".to_owned()), ..GuildPatch::default() } };
    assert_eq!(scene.member.call(rename.clone()).await.err().unwrap().status, 403);
    assert_eq!(scene.owner.call(rename).await.unwrap().name, "Mine");
    let new = NewChannel { kind: ChannelKind::Text, name: "more".to_owned(), parent_id: None };
    assert_eq!(scene.member.call(CreateChannel { guild_id, body: new }).await.err().unwrap().status, 403);
    assert_eq!(scene.member.call(DeleteGuild { guild_id, body: () }).await.err().unwrap().status, 403);
    assert_eq!(scene.owner.call(LeaveGuild { guild_id, body: () }).await.err().unwrap().body.code, ErrorCode::Conflict);
}

#[tokio::test]
async fn who_left_is_told_nothing_more() {
    let scene = Scene::set().await;
    let (mut owner, mut member) = (scene.owner.gateway().await, scene.member.gateway().await);
    scene.member.call(LeaveGuild { guild_id: scene.guild.guild.id, body: () }).await.unwrap();
    scene.owner.send(scene.channel, "n-1", "secret").await.unwrap();
    owner.event_where(|event| matches!(event, Event::MemberRemoved(_)).then_some(())).await;
    let own = scene.member.create_guild("Own").await;
    let told = member.event_where(|event| match event {
        Event::MessageCreated(message) => panic!("told of {}", message.content),
        Event::GuildCreated(guild) => Some(guild.guild.id),
        _ => None,
    });
    assert_eq!(told.await, own.guild.id);
}

#[tokio::test]
async fn channels_are_made_ordered_and_deleted() {
    let scene = Scene::set().await;
    let guild_id = scene.guild.guild.id;
    let make = |kind, name: &str, parent_id| CreateChannel {
        guild_id,
        body: NewChannel { kind, name: name.to_owned(), parent_id },
    };
    let category = scene.owner.call(make(ChannelKind::Category, "Work", None)).await.unwrap();
    let inside = scene.owner.call(make(ChannelKind::Text, "plans", Some(category.id))).await.unwrap();
    let wrong = scene.owner.call(make(ChannelKind::Text, "nested", Some(inside.id))).await.err().unwrap();
    assert_eq!(wrong.body.field.as_deref(), Some("parent_id"));
    let nested = scene.owner.call(make(ChannelKind::Category, "nested", Some(category.id))).await.err().unwrap();
    assert_eq!(nested.body.code, ErrorCode::InvalidField);
    let place = |id, position| ChannelPlace { id, parent_id: None, position };
    let body = vec![place(inside.id, 0), place(scene.channel, 9)];
    let ordered = scene.owner.call(ReorderChannels { guild_id, body }).await.unwrap();
    assert_eq!(ordered.first().map(|channel| channel.id), Some(inside.id));
    assert_eq!(ordered.last().map(|channel| channel.id), Some(scene.channel));
    scene.owner.call(DeleteChannel { channel_id: category.id, body: () }).await.unwrap();
    let gateway = scene.member.gateway().await;
    assert_eq!(gateway.ready().guilds[0].channels.len(), 3);
}

#[tokio::test]
async fn reading_goes_forward_only_and_reaches_ones_other_clients() {
    let scene = Scene::set().await;
    let first = scene.owner.send(scene.channel, "n-1", "one").await.unwrap();
    let second = scene.owner.send(scene.channel, "n-2", "two").await.unwrap();
    let mut other = scene.member.gateway().await;
    let mark = |id| MarkRead { channel_id: scene.channel, body: ReadBody { last_read_id: id } };
    assert_eq!(scene.member.call(mark(second.id)).await.unwrap().last_read_id, second.id);
    assert_eq!(scene.member.call(mark(first.id)).await.unwrap().last_read_id, second.id);
    let told = other.event_where(|event| if let Event::ReadUpdated(read) = event { Some(read) } else { None }).await;
    assert_eq!(told.last_read_id, second.id);
    assert_eq!(scene.member.gateway().await.ready().read_states, [told]);
}

#[tokio::test]
async fn typing_is_told_to_the_others_at_most_once_in_three_seconds() {
    let scene = Scene::set().await;
    let mut member = scene.member.gateway().await;
    for _ in 0..3 {
        scene.owner.call(StartTyping { channel_id: scene.channel, body: () }).await.unwrap();
    }
    scene.owner.send(scene.channel, "n-1", "done").await.unwrap();
    let mut typings = 0;
    loop {
        match member.event().await {
            Event::TypingStarted(typing) => {
                assert_eq!(typing.user_id, scene.owner.user().user.id);
                typings += 1;
            }
            Event::MessageCreated(_) => break,
            _ => {}
        }
    }
    assert_eq!(typings, 1);
}
