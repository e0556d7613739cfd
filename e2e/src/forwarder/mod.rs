//! Forwarders of media in a process of their own: ours, and one to compare it with.

mod hubbub;
mod reference;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader, Lines, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;

use serde::{Deserialize, Serialize};

use crate::load::{CORES, pin, unpin};

/// A peer that is to enter a room.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) room: u64,
    pub(crate) peer: u64,
    /// The line of the offer that it publishes on. All others are slots, which show those who published in the room
    /// before, in their order.
    pub(crate) own: Option<String>,
    pub(crate) is_video: bool,
    /// SDP.
    pub(crate) offer: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Make {
    /// Ours with one thread on one core.
    Hubbub,
    /// Ours with so many threads, on all cores.
    Threads(usize),
    /// A minimal one on str0m with `sendmmsg`.
    Reference,
}

impl Make {
    /// As an argument of the program.
    fn name(self) -> String {
        match self {
            Self::Hubbub => "hubbub".to_owned(),
            Self::Threads(threads) => threads.to_string(),
            Self::Reference => "reference".to_owned(),
        }
    }

    fn named(name: &str) -> Option<Self> {
        match name {
            "hubbub" => Some(Self::Hubbub),
            "reference" => Some(Self::Reference),
            threads => threads.parse().ok().filter(|threads| *threads > 0).map(Self::Threads),
        }
    }

    /// Whether it has one core for itself.
    pub(crate) fn is_on_one_core(self) -> bool {
        match self {
            Self::Hubbub | Self::Reference => true,
            Self::Threads(_) => false,
        }
    }
}

/// A running forwarder; it ends when dropped.
pub(crate) struct Forwarder {
    child: Child,
    requests: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Forwarder {
    pub(crate) fn start(make: Make) -> Self {
        let own = env::current_exe().expect("the path of this program");
        let mut child = Command::new(own.with_file_name("forwarder"))
            .arg(make.name())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("cargo build --package e2e makes the program");
        let requests = child.stdin.take().expect("its input is piped");
        let answers = BufReader::new(child.stdout.take().expect("its output is piped")).lines();
        Self { child, requests, answers }
    }

    /// Has a peer let in; answers with SDP.
    pub(crate) fn join(&mut self, entry: &Entry) -> String {
        let request = serde_json::to_string(entry).expect("an entry is JSON");
        writeln!(self.requests, "{request}").expect("the forwarder runs");
        let answer = self.answers.next().expect("the forwarder runs").expect("the forwarder answers");
        serde_json::from_str(&answer).expect("an answer is a string")
    }

    /// CPU time that it has taken, in seconds, with what the kernel did for it.
    pub(crate) fn cpu(&self) -> f64 {
        self.cpu_by_thread().values().sum()
    }

    /// The same of each of its threads.
    pub(crate) fn cpu_by_thread(&self) -> BTreeMap<PathBuf, f64> {
        let times = self.tasks("schedstat").into_iter().filter_map(|(task, text)| {
            let nanoseconds: f64 = text.split_whitespace().next()?.parse().ok()?;
            Some((task, nanoseconds / 1e9))
        });
        times.collect()
    }

    /// Times that its threads went to sleep of their own accord.
    pub(crate) fn wakeups(&self) -> u64 {
        let statuses = self.tasks("status").into_iter();
        let counts = statuses.filter_map(|(_, text)| {
            let line = text.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
            line.trim().parse::<u64>().ok()
        });
        counts.sum()
    }

    /// Resident memory in kB (10^3 bytes).
    pub(crate) fn resident_kb(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        let kib: f64 = line.trim().trim_end_matches("kB").trim().parse().expect("a number");
        kib * 1.024
    }

    fn tasks(&self, file: &str) -> Vec<(PathBuf, String)> {
        let folder = format!("/proc/{}/task", self.child.id());
        let tasks = fs::read_dir(folder).expect("Linux tells of its processes").flatten().map(|task| task.path());
        tasks.filter_map(|task| fs::read_to_string(task.join(file)).ok().map(|text| (task, text))).collect()
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a forwarder of this make until there are no more requests; false where there is no such make.
#[must_use]
pub fn run(make: &str) -> bool {
    let Some(make) = Make::named(make) else { return false };
    if make.is_on_one_core() {
        pin(CORES[0]);
    } else {
        unpin();
    }
    match make {
        Make::Hubbub => hubbub::run(1),
        Make::Threads(threads) => hubbub::run(threads),
        Make::Reference => reference::run(),
    }
    true
}

/// Reads requests on a thread of its own.
fn requests(take: impl Fn(Entry) + Send + 'static) {
    thread::spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            take(serde_json::from_str(&line).expect("a request is an entry"));
        }
        // The load has ended.
        std::process::exit(0);
    });
}

fn answer(sdp: &str) {
    println!("{}", serde_json::Value::from(sdp));
}
