//! Figures from a release build.

use anyhow::Result;
use xshell::{Shell, cmd};

use crate::{test, tool, web};

/// Builds what is measured, then measures.
pub(crate) fn run(name: &str, json: bool) -> Result<()> {
    let sh = Shell::new()?;
    sh.change_dir(tool::root());
    if name == "start" {
        web::build()?;
        test::prepare_browsers(&sh)?;
    }
    cmd!(sh, "cargo build --quiet --release --package server --package e2e --bins").quiet().run()?;
    let json = json.then_some("--json");
    cmd!(sh, "cargo run --quiet --release --package e2e --bin bench -- {name} {json...}").quiet().run()?;
    Ok(())
}
