//! Every check, in the order of their cost; the first failure ends the run.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use xshell::{Shell, cmd};

use crate::postgres::Postgres;
use crate::tool::{CargoTool, PythonTool};
use crate::{arch, tool, web};

const NEXTEST: CargoTool = CargoTool { program: "cargo-nextest", package: "cargo-nextest", version: "0.9.143" };
const DENY: CargoTool = CargoTool { program: "cargo-deny", package: "cargo-deny", version: "0.20.2" };
const SHEAR: CargoTool = CargoTool { program: "cargo-shear", package: "cargo-shear", version: "1.11.2" };
const TYPOS: PythonTool = PythonTool { program: "typos", version: "1.52.0", package: "typos-cli" };
const TAPLO: PythonTool = PythonTool { program: "taplo", version: "0.9.3", package: "taplo-cli" };

/// Counts over all checks.
#[derive(Default)]
struct Tally {
    passed: u32,
    failed: u32,
}

/// A check: how many tests passed, where it counts any.
type Check = fn(&Shell) -> Result<u32>;

const CHECKS: &[(&str, Check)] = &[
    ("rustfmt", rustfmt),
    ("taplo", taplo),
    ("typos", typos),
    ("imports", imports),
    ("clippy", clippy),
    ("cargo-deny", deny),
    ("cargo-shear", shear),
    ("leftovers", leftovers),
    ("web client", web_client),
    ("clippy for wasm32", clippy_web),
    ("tests", tests),
    ("doctests", doctests),
    ("journeys", journeys),
];

/// Runs all checks and prints how many passed, each check counting as one beside the tests that it runs.
pub(crate) fn run() -> Result<()> {
    let sh = Shell::new()?;
    sh.change_dir(tool::root());
    let begun = Instant::now();
    let mut tally = Tally::default();
    for (name, check) in CHECKS {
        println!("== {name}");
        let started = Instant::now();
        match check(&sh) {
            Ok(passed) => tally.passed += 1 + passed,
            Err(error) => {
                tally.failed += 1;
                println!("== {name} failed: {error:#}");
                break;
            }
        }
        println!("== {name}: {:.0} s", started.elapsed().as_secs_f32());
    }
    println!("all checks took {:.0} s", begun.elapsed().as_secs_f32());
    println!("{} passed, {} failed", tally.passed, tally.failed);
    if tally.failed > 0 {
        std::process::exit(1);
    }
    Ok(())
}

fn rustfmt(sh: &Shell) -> Result<u32> {
    cmd!(sh, "cargo fmt --all --check").quiet().run()?;
    Ok(0)
}

fn taplo(sh: &Shell) -> Result<u32> {
    let taplo = TAPLO.find(sh)?;
    let files = cmd!(sh, "git ls-files -- *.toml").quiet().read()?;
    let files: Vec<&str> = files.lines().collect();
    cmd!(sh, "{taplo} fmt --check {files...}").env("RUST_LOG", "warn").quiet().run()?;
    Ok(0)
}

fn typos(sh: &Shell) -> Result<u32> {
    let typos = TYPOS.find(sh)?;
    cmd!(sh, "{typos}").quiet().run()?;
    Ok(0)
}

fn imports(_: &Shell) -> Result<u32> {
    arch::check()?;
    Ok(0)
}

fn clippy(sh: &Shell) -> Result<u32> {
    cmd!(sh, "cargo clippy --quiet --workspace --all-targets -- -D warnings").quiet().run()?;
    Ok(0)
}

/// Where only Debian's compiler could build the web client there is no clippy for it, and its build is the check.
fn clippy_web(sh: &Shell) -> Result<u32> {
    let target = "wasm32-unknown-unknown";
    let libraries = cmd!(sh, "rustc --print target-libdir --target {target}").quiet().read()?;
    if Path::new(&libraries).exists() {
        cmd!(sh, "cargo clippy --quiet --package client --target {target} -- -D warnings").quiet().run()?;
    } else {
        println!("the toolchain has no {target}; its lints are not run");
    }
    Ok(0)
}

/// Licences and sources of what we depend on. Advisories need a database that cannot be had everywhere.
fn deny(sh: &Shell) -> Result<u32> {
    let deny = DENY.find(sh)?;
    cmd!(sh, "{deny} --log-level error check licenses bans sources").quiet().run()?;
    Ok(0)
}

fn shear(sh: &Shell) -> Result<u32> {
    let shear = SHEAR.find(sh)?;
    cmd!(sh, "{shear}").quiet().run()?;
    Ok(0)
}

/// Snapshots stand inline in their tests, so a file of them is one that nothing refers to; what proptest found is committed.
fn leftovers(sh: &Shell) -> Result<u32> {
    let snapshots = cmd!(sh, "git ls-files --cached --others --exclude-standard -- *.snap *.snap.new *.pending-snap");
    let regressions = cmd!(sh, "git ls-files --others -- *.proptest-regressions");
    for (found, cure) in [(snapshots, "delete"), (regressions, "commit")] {
        let files = found.quiet().read()?;
        if !files.is_empty() {
            bail!("{cure} these: {}", files.replace('\n', " "));
        }
    }
    Ok(0)
}

fn web_client(_: &Shell) -> Result<u32> {
    web::build()?;
    Ok(0)
}

fn tests(sh: &Shell) -> Result<u32> {
    let nextest = nextest(sh)?;
    // Some tests start the program itself.
    cmd!(sh, "cargo build --quiet --package server --bin hubbub").quiet().run()?;
    let postgres = Postgres::start()?;
    let url = postgres.url();
    let output =
        cmd!(sh, "{nextest} nextest run --workspace --no-fail-fast --status-level slow --final-status-level fail")
            .env("HUBBUB_TEST_POSTGRES", url)
            .env("INSTA_UPDATE", "no")
            .env("NO_COLOR", "1")
            .quiet()
            .ignore_status()
            .output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    print!("{text}");
    if !output.status.success() {
        bail!("see above");
    }
    count_before(&text, " passed").context("nextest did not say how many tests passed")
}

fn nextest(sh: &Shell) -> Result<PathBuf> {
    let installed = cmd!(sh, "cargo nextest --version").quiet().ignore_stdout().ignore_stderr().run().is_ok();
    if installed { Ok(PathBuf::from("cargo")) } else { NEXTEST.find(sh) }
}

fn doctests(sh: &Shell) -> Result<u32> {
    cmd!(sh, "cargo test --quiet --doc --workspace").quiet().ignore_stdout().run()?;
    Ok(0)
}

/// Real browsers against the real program.
fn journeys(sh: &Shell) -> Result<u32> {
    prepare_browsers(sh)?;
    let target = cargo_metadata::MetadataCommand::new().no_deps().exec()?.target_directory;
    let _folder = sh.push_dir("e2e/browser");
    let mut files: Vec<PathBuf> = sh.read_dir(".")?;
    files.retain(|file| file.to_string_lossy().ends_with(".test.mjs"));
    let output = cmd!(sh, "node --test --test-concurrency=1 --test-reporter=spec {files...}")
        .env("HUBBUB_PROGRAM", target.join("debug/hubbub").as_str())
        .env("NO_COLOR", "1")
        .quiet()
        .ignore_status()
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    print!("{text}");
    if !output.status.success() {
        bail!("see above");
    }
    let passed = text.lines().rev().find_map(|line| line.rsplit_once("pass ")?.1.trim().parse().ok());
    passed.context("node did not say how many tests passed")
}

/// What the scripts in `e2e/browser` need.
pub(crate) fn prepare_browsers(sh: &Shell) -> Result<()> {
    tool::require(sh, Path::new("/usr/bin/chromium"), &["chromium"])?;
    tool::require(sh, Path::new("/usr/bin/firefox-esr"), &["firefox-esr"])?;
    tool::require(sh, Path::new("node"), &["nodejs", "npm"])?;
    let _folder = sh.push_dir("e2e/browser");
    cmd!(sh, "npm ci --silent --no-audit --no-fund").quiet().run()?;
    Ok(())
}

/// The number that stands before some words in the last line that holds them.
fn count_before(text: &str, words: &str) -> Option<u32> {
    let line = text.lines().rev().find(|line| line.contains(words))?;
    line.split(words).next()?.rsplit([' ', ',']).next()?.parse().ok()
}
