//! Everything from sources to a running server.

use anyhow::Result;
use xshell::{Shell, cmd};

use crate::{tool, web};

/// Builds the web client and the server, then runs it with these flags.
pub(crate) fn run(flags: &[String]) -> Result<()> {
    let sh = Shell::new()?;
    sh.change_dir(tool::root());
    println!("1/3 building the web client");
    web::build()?;
    println!("2/3 building the server");
    cmd!(sh, "cargo build --release --package server").quiet().run()?;
    println!("3/3 starting");
    cmd!(sh, "cargo run --quiet --release --package server -- serve {flags...}").quiet().run()?;
    Ok(())
}
