//! The real program in a process of its own, which can be killed.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A running `hubbub serve`; killed when dropped.
pub struct Process {
    child: Child,
    origin: String,
    setup_token: Option<String>,
}

impl Process {
    /// Starts the program on a data folder and waits until it is up.
    pub async fn start(data: &Path) -> Self {
        let mut child = Command::new(program())
            .args(["serve", "--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--media", "127.0.0.1:0"])
            .arg("--data")
            .arg(data)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output is piped")).lines();
        let mut setup_token = None;
        let mut origin = None;
        while let Some(line) = lines.next_line().await.expect("its output") {
            if let Some(port) = line.trim().strip_prefix("http://localhost:").filter(|rest| !rest.contains('/')) {
                origin = Some(format!("http://127.0.0.1:{port}"));
            }
            if let Some((_, token)) = line.split_once("/setup/") {
                setup_token = Some(token.to_owned());
            }
            if line.contains("Ctrl+C") {
                break;
            }
        }
        Self { child, origin: origin.expect("the program is up and says where"), setup_token }
    }

    /// Waits until it answers a request.
    pub async fn answers(&self) {
        let answer = reqwest::get(format!("{}/healthz", self.origin)).await.expect("an answer");
        assert!(answer.status().is_success(), "it is healthy");
    }

    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    #[must_use]
    pub fn setup_token(&self) -> Option<&str> {
        self.setup_token.as_deref()
    }

    /// Its resident memory in MB (10^6 bytes).
    #[must_use]
    pub fn resident_mb(&self) -> f64 {
        let pid = self.child.id().expect("it is alive");
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("Linux tells of its processes");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        let kib: f64 = line.trim().trim_end_matches("kB").trim().parse().expect("a number");
        kib * 1_024.0 / 1e6
    }

    /// Asks it to stop, as a service manager does.
    pub async fn terminate(&self) {
        let pid = self.child.id().expect("it is alive").to_string();
        let status = Command::new("kill").args(["-TERM", &pid]).status().await.expect("kill is there");
        assert!(status.success(), "the signal was sent");
    }

    /// Waits for its end; true where it ended well.
    pub async fn ended(mut self) -> bool {
        self.child.wait().await.expect("its end").success()
    }

    /// Ends it as `kill -9` does.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("it was alive");
    }
}

/// The program beside this one in cargo's target folder.
fn program() -> PathBuf {
    let own = env::current_exe().expect("the path of this program");
    let folder = own.ancestors().find(|folder| folder.join("hubbub").is_file());
    folder.map(|folder| folder.join("hubbub")).expect("cargo build --package server makes the program")
}
