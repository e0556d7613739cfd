//! What was acknowledged survives whatever happens to the process.

use std::time::Duration;

use e2e::{Client, Process, account, first_channel};
use protocol::channel::ChannelKind;
use protocol::id::{ChannelId, MessageId};
use protocol::request::account::{SetUp, SetupBody};
use protocol::request::instance::GetInstance;
use protocol::request::message::{GetHistory, HistoryQuery};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

const KILLS: u32 = 12;
const SENDERS: u32 = 4;

#[tokio::test]
async fn a_killed_server_has_lost_no_acknowledged_message() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = Process::start(folder.path()).await;
    let body = SetupBody { token: process.setup_token().unwrap().to_owned(), account: account("admin") };
    let admin = Client::new(process.origin().to_owned()).signed_in(SetUp { body }).await;
    let guild = admin.create_guild("Tea house").await;
    let channel = first_channel(&guild, ChannelKind::Text).id;
    let mut acknowledged = Vec::new();
    for kill in 0..KILLS {
        let client = admin.at(process.origin());
        let until = Instant::now() + Duration::from_millis(u64::from(37 * kill % 100) + 50);
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| tokio::spawn(send_until(client.clone(), channel, (kill, sender), until)))
            .collect();
        tokio::time::sleep_until(until).await;
        process.kill().await;
        for sender in senders {
            acknowledged.extend(sender.await.unwrap());
        }
        process = Process::start(folder.path()).await;
    }
    let stored = all_ids(&admin.at(process.origin()), channel).await;
    assert!(acknowledged.len() > KILLS as usize, "only {} messages were sent", acknowledged.len());
    for id in &acknowledged {
        assert!(stored.contains(id), "{id} was acknowledged and is gone");
    }
    assert!(stored.is_sorted());
}

#[tokio::test]
async fn a_request_in_flight_is_finished_when_the_server_is_asked_to_stop() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path()).await;
    let body = SetupBody { token: process.setup_token().unwrap().to_owned(), account: account("admin") };
    let admin = Client::new(process.origin().to_owned()).signed_in(SetUp { body }).await;
    let guild = admin.create_guild("Tea house").await;
    let channel = first_channel(&guild, ChannelKind::Text).id;
    let mut gateway = admin.gateway().await;
    let body = r#"{"nonce":"in-flight","content":"finished"}"#;
    let head = format!(
        "POST /api/v1/channels/{channel}/messages HTTP/1.1\r\nhost: hubbub\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        admin.token(),
        body.len(),
    );
    let mut socket = TcpStream::connect(process.origin().trim_start_matches("http://")).await.unwrap();
    let (first, rest) = body.split_at(10);
    socket.write_all(format!("{head}{first}").as_bytes()).await.unwrap();
    socket.flush().await.unwrap();
    assert!(admin.call(GetInstance { body: () }).await.is_ok(), "the server has had time to read what was sent");
    process.terminate().await;
    assert_eq!(gateway.closed().await, 1001, "clients are told to go");
    socket.write_all(rest.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(process.ended().await);
    let process = Process::start(folder.path()).await;
    assert_eq!(all_ids(&admin.at(process.origin()), channel).await.len(), 1);
}

/// Sends one message after another, also into the kill, and answers with those that were acknowledged.
async fn send_until(client: Client, channel: ChannelId, (kill, sender): (u32, u32), until: Instant) -> Vec<MessageId> {
    let mut acknowledged = Vec::new();
    for number in 0.. {
        let nonce = format!("{kill}-{sender}-{number}");
        let sending = client.try_send(channel, &nonce, "kept");
        match timeout_at(until + Duration::from_secs(5), sending).await {
            Ok(Some(message)) => acknowledged.push(message.id),
            Ok(None) | Err(_) => break,
        }
    }
    acknowledged
}

async fn all_ids(client: &Client, channel: ChannelId) -> Vec<MessageId> {
    let mut ids = Vec::new();
    let mut before = None;
    loop {
        let body = HistoryQuery { before, limit: Some(100), ..HistoryQuery::default() };
        let page = client.call(GetHistory { channel_id: channel, body }).await.expect("history");
        let mut older: Vec<_> = page.messages.iter().map(|message| message.id).collect();
        older.append(&mut ids);
        ids = older;
        before = ids.first().copied();
        if !page.has_before {
            return ids;
        }
    }
}
