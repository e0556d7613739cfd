//! 500 members with one connection each in one channel: how late messages arrive, and how many a second it bears.

use std::time::Duration;

use futures_util::StreamExt;
use protocol::channel::ChannelKind;
use protocol::id::ChannelId;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_tungstenite::tungstenite::Message;

use super::house::House;
use super::{Report, Samples, rounded};
use crate::gateway::Socket;
use crate::{Client, Process};

const CONNECTIONS: usize = 500;
const SENDERS: usize = 20;
/// With the marker and the padding, the size of PERFORMANCE's message.
const MESSAGE_BYTES: usize = 400;
const STEADY_RATE: u32 = 100;
const STEADY: Duration = Duration::from_secs(10);
const STEP: Duration = Duration::from_secs(4);
const BOUND_MS: f64 = 250.0;
const MARKER: &str = "sent-at:";

pub(super) async fn run() -> Report {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let process = Process::start(folder.path()).await;
    let House { members, channel } = House::open(&process, CONNECTIONS, ChannelKind::Text).await;
    let mut steady = measure(&members, channel, STEADY_RATE, STEADY).await;
    eprintln!("{STEADY_RATE} messages/s: p99 {:.1} ms", steady.percentile(0.99));
    let mut borne = 0;
    for rate in (1..).map(|step| step * STEADY_RATE) {
        let mut samples = measure(&members, channel, rate, STEP).await;
        let expected = f64::from(rate) * STEP.as_secs_f64() * CONNECTIONS as f64;
        let complete = samples.len() as f64 >= 0.99 * expected;
        let late = samples.percentile(0.99);
        eprintln!("{rate} messages/s: p99 {late:.1} ms, {} of {expected} deliveries", samples.len());
        if late > BOUND_MS || !complete {
            break;
        }
        borne = rate;
    }
    Report::from_iter([
        ("connections".to_owned(), CONNECTIONS.into()),
        ("deliver_ms_p50".to_owned(), rounded(steady.percentile(0.5))),
        ("deliver_ms_p99".to_owned(), rounded(steady.percentile(0.99))),
        ("messages_per_s_at_250ms".to_owned(), borne.into()),
        ("rss_mb".to_owned(), rounded(process.resident_mb())),
    ])
}

/// Sends at a steady rate for a while, and answers with how late each delivery was.
async fn measure(members: &[Client], channel: ChannelId, rate: u32, time: Duration) -> Samples {
    let epoch = Instant::now();
    let mut listening = JoinSet::new();
    for member in members {
        let socket = member.gateway().await.into_socket();
        listening.spawn(listen(socket, epoch, time * 2));
    }
    // Presence events of the connections that came and went would be measured too.
    let start = Instant::now() + Duration::from_millis(500);
    tokio::time::sleep_until(start).await;
    let total = rate * u32::try_from(time.as_secs()).expect("a few seconds");
    let mut ticks = interval(Duration::from_secs(1) / rate);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut sending = JoinSet::new();
    for number in 0..total {
        ticks.tick().await;
        let member = members[number as usize % SENDERS].clone();
        let content = format!("{MARKER}{} ", epoch.elapsed().as_nanos());
        let content = format!("{content:x<MESSAGE_BYTES$}");
        let nonce = format!("{rate}-{}-{number}", time.as_secs());
        sending.spawn(async move { member.try_send(channel, &nonce, &content).await.is_some() });
    }
    sending.join_all().await;
    let mut samples = Samples::default();
    let expected = total as usize;
    for part in listening.join_all().await {
        debug_assert!(part.len() <= expected);
        samples.append(part);
    }
    samples
}

/// Takes messages until none has come for a second, and notes how late each is.
async fn listen(mut socket: Socket, epoch: Instant, most: Duration) -> Samples {
    let mut samples = Samples::default();
    let end = Instant::now() + most + Duration::from_secs(5);
    let mut quiet_until = end;
    while let Ok(Some(Ok(message))) = tokio::time::timeout_at(quiet_until.min(end), socket.next()).await {
        let arrived = epoch.elapsed().as_nanos();
        if let Message::Text(text) = message
            && let Some((_, rest)) = text.split_once(MARKER)
            && let Some(sent) = rest.split(' ').next().and_then(|digits| digits.parse::<u128>().ok())
        {
            samples.push(arrived.saturating_sub(sent) as f64 / 1e6);
            quiet_until = Instant::now() + Duration::from_secs(1);
        }
    }
    samples
}
