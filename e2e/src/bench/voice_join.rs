//! How long it takes from joining a voice channel to the first sound of who talks there already.

use protocol::channel::ChannelKind;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::house::House;
use super::{Report, Samples, rounded};
use crate::Process;
use crate::voice::{Lines, Voice};

const JOINS: usize = 40;
/// The slots that the web client has.
const LINES: Lines = Lines { audio: 4, video: 9, talks: true };

pub(super) async fn run() -> Report {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let process = Process::start(folder.path()).await;
    let house = House::open(&process, 2, ChannelKind::Voice).await;
    let [talker, joiner] = &house.members[..] else { unreachable!("two were asked for") };
    let mut talking = Voice::join_with(talker, house.channel, LINES).await.expect("a seat");
    talking.connected().await;
    let [mut offers, mut answers, mut connections, mut sounds] = [(); 4].map(|()| Samples::default());
    for join in 0..JOINS {
        // Not in step with the packets of who talks.
        sleep(Duration::from_millis(7 * join as u64 % 20)).await;
        let start = Instant::now();
        let mut voice = Voice::join_with(joiner, house.channel, LINES).await.expect("a seat");
        note(&mut offers, voice.offered_at().duration_since(start));
        note(&mut answers, start.elapsed());
        voice.connected().await;
        note(&mut connections, start.elapsed());
        voice.has_heard(talking.peer()).await;
        note(&mut sounds, start.elapsed());
        voice.leave().await.expect("it has a seat");
    }
    Report::from_iter([
        ("joins".to_owned(), JOINS.into()),
        ("offer_ms_p50".to_owned(), rounded(offers.percentile(0.5))),
        ("answer_ms_p50".to_owned(), rounded(answers.percentile(0.5))),
        ("connected_ms_p50".to_owned(), rounded(connections.percentile(0.5))),
        ("join_to_audio_ms_p50".to_owned(), rounded(sounds.percentile(0.5))),
        ("join_to_audio_ms_p95".to_owned(), rounded(sounds.percentile(0.95))),
    ])
}

fn note(samples: &mut Samples, time: Duration) {
    samples.push(time.as_secs_f64() * 1e3);
}
