//! Resuming, slow consumers, bad frames.

#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one event among all")]

use std::time::Duration;

use e2e::{Gateway, Instance, first_channel};
use protocol::account::Status;
use protocol::channel::ChannelKind;
use protocol::event::Event;
use protocol::gateway::close;

#[tokio::test]
async fn a_cut_socket_resumes_without_loss_or_duplicate() {
    let instance = Instance::start().await;
    let owner = instance.admin().await;
    let guild = owner.create_guild("Tea house").await;
    let channel = first_channel(&guild, ChannelKind::Text).id;
    let mut gateway = owner.gateway().await;
    let mut expected = Vec::new();
    let mut heard = Vec::new();
    for number in 0..30 {
        if number % 3 == 0 {
            assert!(gateway.cut_and_resume().await);
        }
        let content = number.to_string();
        owner.send(channel, &format!("n-{number}"), &content).await.unwrap();
        expected.push(content);
        if number % 2 == 0
            && let Event::MessageCreated(message) = gateway.event().await
        {
            heard.push(message.content);
        }
        gateway.heartbeat().await;
    }
    while heard.len() < expected.len() {
        if let Event::MessageCreated(message) = gateway.event().await {
            heard.push(message.content);
        }
    }
    assert_eq!(heard, expected);
}

#[tokio::test]
async fn a_client_whose_heartbeats_do_not_come_shows_life_by_answering_pings() {
    let instance = Instance::start().await;
    let mut gateway = instance.admin().await.gateway().await;
    assert!(gateway.is_open_without_heartbeats(Duration::from_secs(50)).await);
}

#[tokio::test]
async fn a_restarted_server_asks_for_a_new_start_and_has_lost_nothing() {
    let mut instance = Instance::start().await;
    let owner = instance.admin().await;
    let guild = owner.create_guild("Tea house").await;
    let channel = first_channel(&guild, ChannelKind::Text).id;
    let mut gateway = owner.gateway().await;
    let sent = owner.send(channel, "n-1", "kept").await.unwrap();
    instance.stop().await;
    assert_eq!(gateway.closed().await, close::GOING_AWAY);
    instance.resume().await;
    assert!(!gateway.cut_and_resume().await);
    let ready = owner.gateway().await.ready().clone();
    assert_eq!(ready.guilds[0].channels[0].last_message_id, Some(sent.id));
}

#[tokio::test]
async fn a_slow_consumer_is_closed_while_others_go_on() {
    let instance = Instance::start().await;
    let owner = instance.admin().await;
    let guild = owner.create_guild("Tea house").await;
    let channel = first_channel(&guild, ChannelKind::Text).id;
    let mut slow = owner.gateway().await;
    let mut quick = owner.gateway().await;
    // More than the kernel's own buffers hold.
    let content = "🦀".repeat(4_000);
    let messages = 1_000;
    for number in 0..messages {
        owner.send(channel, &format!("n-{number}"), &content).await.unwrap();
        quick.event_where(|event| matches!(event, Event::MessageCreated(_)).then_some(())).await;
    }
    slow.cut_off().await;
    assert!(slow.events_to_the_end().await < messages, "the slow one missed some");
    assert!(quick.seq() >= messages);
}

#[tokio::test]
async fn what_is_no_frame_closes_the_socket_with_its_reason() {
    let instance = Instance::start().await;
    let owner = instance.admin().await;
    for text in ["", "{}", "[1,2", r#"{"op":"identify"}"#, r#"{"op":"identify","ticket":"again"}"#, "\u{0}"] {
        let mut gateway = owner.gateway().await;
        gateway.send_text(text).await;
        assert_eq!(gateway.closed().await, close::INVALID_FRAME, "{text:?}");
    }
}

#[tokio::test]
async fn a_flood_of_frames_closes_the_socket() {
    let instance = Instance::start().await;
    let mut gateway = instance.admin().await.gateway().await;
    for _ in 0..=protocol::limits::GATEWAY_FRAMES_PER_10_S {
        gateway.heartbeat().await;
    }
    assert_eq!(gateway.closed().await, close::RATE_LIMITED);
}

#[tokio::test]
async fn a_ticket_works_once() {
    let instance = Instance::start().await;
    let owner = instance.admin().await;
    let request = protocol::request::gateway::CreateGatewayTicket { body: () };
    let ticket = owner.call(request).await.unwrap().ticket;
    drop(Gateway::identify(owner.origin(), ticket.clone()).await);
    assert_eq!(Gateway::refused(owner.origin(), ticket).await, close::UNAUTHORIZED);
}

#[tokio::test]
async fn members_see_each_other_come_online() {
    let instance = Instance::start().await;
    let owner = instance.admin().await;
    let member = instance.user(&owner, "bob").await;
    let guild = owner.create_guild("Tea house").await;
    owner.invite(&guild, &member).await;
    let mut gateway = owner.gateway().await;
    assert_eq!(gateway.ready().guilds[0].presences.len(), 1, "the owner themself");
    let _present = member.gateway().await;
    let bob = member.user().user.id;
    let online = |event| match event {
        Event::PresenceUpdated(presence) if presence.user_id == bob => Some(presence.status),
        _ => None,
    };
    assert_eq!(gateway.event_where(online).await, Status::Online);
}

#[tokio::test]
async fn a_client_that_is_gone_during_its_identify_does_not_stay_online() {
    let instance = Instance::start().await;
    let owner = instance.admin().await;
    let member = instance.user(&owner, "bob").await;
    let guild = owner.create_guild("Tea house").await;
    owner.invite(&guild, &member).await;
    let mut gateway = owner.gateway().await;
    let bob = member.user().user.id;
    for _ in 0..12 {
        let request = protocol::request::gateway::CreateGatewayTicket { body: () };
        let ticket = member.call(request).await.unwrap().ticket;
        Gateway::vanish(owner.origin(), ticket).await;
    }
    let offline = |event| match event {
        Event::PresenceUpdated(presence) if presence.user_id == bob => Some(presence.status),
        _ => None,
    };
    while gateway.event_within(Duration::from_secs(15), offline).await != Status::Offline {}
}

#[tokio::test]
async fn a_stranger_has_few_frames_to_identify() {
    let instance = Instance::start().await;
    assert_eq!(Gateway::dawdle(&instance.origin()).await, close::RATE_LIMITED);
}
