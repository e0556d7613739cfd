//! Figures from a release build.

use std::path::Path;

use anyhow::{Result, bail};
use xshell::{Shell, cmd};

use crate::tool::PythonPackage;
use crate::{test, tool, web};

const PESQ: PythonPackage = PythonPackage { package: "pesq", version: "0.0.4", with: &["numpy==2.4.6"] };

/// What real browsers make of it: a script in `e2e/browser` each.
const OF_BROWSERS: &[(&str, &str)] = &[("lip_sync", "lip-sync.mjs"), ("speech", "speech.mjs"), ("sweep", "sweep.mjs")];

/// Builds what is measured, then measures.
pub(crate) fn run(name: &str, json: bool) -> Result<()> {
    let sh = Shell::new()?;
    sh.change_dir(tool::root());
    if let Some((_, script)) = OF_BROWSERS.iter().find(|(of, _)| *of == name) {
        return browsers(&sh, name, script);
    }
    if name == "start" {
        web::build()?;
        test::prepare_browsers(&sh)?;
    }
    cmd!(sh, "cargo build --quiet --release --package server --package e2e --bins").quiet().run()?;
    let json = json.then_some("--json");
    cmd!(sh, "cargo run --quiet --release --package e2e --bin bench -- {name} {json...}").quiet().run()?;
    Ok(())
}

/// Prints what it measures as it goes, and one JSON object on the last line.
fn browsers(sh: &Shell, name: &str, script: &str) -> Result<()> {
    test::prepare_browsers(sh)?;
    let mut pesq = None;
    match name {
        "speech" => {
            tool::require(sh, Path::new("/usr/share/sounds/alsa/Front_Center.wav"), &["alsa-utils"])?;
            pesq = Some(PESQ.find(sh)?);
        }
        "sweep" => {
            if cmd!(sh, "id -u").quiet().read()? != "0" {
                bail!("network namespaces need root");
            }
            tool::require(sh, Path::new("nft"), &["nftables"])?;
            tool::require(sh, Path::new("tc"), &["iproute2"])?;
        }
        _ => {}
    }
    web::build()?;
    cmd!(sh, "cargo build --quiet --release --package server --bin hubbub").quiet().run()?;
    let target = cargo_metadata::MetadataCommand::new().no_deps().exec()?.target_directory;
    let _folder = sh.push_dir("e2e/browser");
    let mut run = cmd!(sh, "node {script}").env("HUBBUB_PROGRAM", target.join("release/hubbub").as_str());
    if let Some(folder) = pesq {
        run = run.env("HUBBUB_PESQ", folder);
    }
    run.quiet().run()?;
    Ok(())
}
