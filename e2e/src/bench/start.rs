//! From nothing to a first screen: how soon the program answers, what it weighs when idle, and what its page costs.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::{Report, Samples, rounded};
use crate::Process;

const ROUNDS: usize = 5;
/// The allocator and the database have settled by then.
const IDLE: Duration = Duration::from_secs(3);

pub(super) async fn run() -> Report {
    let mut ready = Samples::default();
    for _ in 0..ROUNDS {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let begun = Instant::now();
        let process = Process::start(folder.path()).await;
        process.answers().await;
        ready.push(begun.elapsed().as_secs_f64() * 1_000.0);
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let process = Process::start(folder.path()).await;
    sleep(IDLE).await;
    let idle = process.resident_mb();
    let page = first_page(process.origin());
    let figure = |key: &str| rounded(page[key].as_f64().expect("a figure"));
    Report::from_iter([
        ("ready_ms".to_owned(), rounded(ready.percentile(0.5))),
        ("idle_rss_mb".to_owned(), rounded(idle)),
        ("web_transfer_kb".to_owned(), figure("web_transfer_kb")),
        ("first_screen_ms".to_owned(), figure("first_screen_ms")),
    ])
}

/// What Chromium says of the page.
fn first_page(origin: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser");
    let output = Command::new("node").arg("first-page.mjs").arg(origin).current_dir(folder).output();
    let output = output.expect("node, and the packages of e2e/browser (npm ci)");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}
