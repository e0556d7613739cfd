//! How long a packet takes from one client through the server to another, in a room where most listen.

use protocol::channel::ChannelKind;
use std::time::Duration;

use tokio::time::sleep;

use super::house::House;
use super::{Report, Samples, rounded};
use crate::Process;
use crate::voice::{Lines, Voice};

const PEERS: usize = 25;
const TALKERS: usize = 3;
const WARM_UP: Duration = Duration::from_secs(2);
const MEASURED: Duration = Duration::from_secs(15);

pub(super) async fn run() -> Report {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let process = Process::start(folder.path()).await;
    let house = House::open(&process, PEERS, ChannelKind::Voice).await;
    let mut voices = Vec::new();
    for (number, member) in house.members.iter().enumerate() {
        let lines = Lines { talks: number < TALKERS, ..Lines::default() };
        let mut voice = Voice::join_with(member, house.channel, lines).await.expect("a seat");
        voice.connected().await;
        voices.push(voice);
    }
    let talkers: Vec<_> = voices.iter().take(TALKERS).map(Voice::peer).collect();
    for voice in &mut voices {
        for talker in &talkers {
            if *talker != voice.peer() {
                voice.has_heard(*talker).await;
            }
        }
    }
    sleep(WARM_UP).await;
    let before: Vec<_> = voices.iter().map(|voice| voice.delays().len()).collect();
    sleep(MEASURED).await;
    let mut delays = Samples::default();
    for (voice, before) in voices.iter().zip(before) {
        for delay in voice.delays().into_iter().skip(before) {
            delays.push(delay);
        }
    }
    let sent = MEASURED.as_millis() / 20 * (TALKERS * (PEERS - 1)) as u128;
    eprintln!("{} of about {sent} packets came", delays.len());
    Report::from_iter([
        ("peers".to_owned(), PEERS.into()),
        ("talkers".to_owned(), TALKERS.into()),
        ("packets".to_owned(), delays.len().into()),
        ("delay_ms_p50".to_owned(), rounded(delays.percentile(0.5))),
        ("delay_ms_p99".to_owned(), rounded(delays.percentile(0.99))),
        ("rss_mb".to_owned(), rounded(process.resident_mb())),
    ])
}
