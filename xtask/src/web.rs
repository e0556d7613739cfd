//! The web client: from Rust to the files that the server embeds.
//!
//! `client/dist` holds `index.html`, `service-worker.js`, the manifest and its icons under their own names, everything
//! else under `assets/` with a content hash in the name, and a `.br` and a `.gz` beside each file that shrinks.

mod bundle;
mod compile;
mod compress;
mod fingerprint;

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::tool;

/// How much time the build may spend on making the page small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effort {
    /// As small as can be: the profile `web`, wasm-opt, the strongest compression.
    Release,
    /// For tests and for working on the client: seconds instead of minutes. `HUBBUB_WEB=fast` asks for it.
    Fast,
}

/// Where things are.
struct Paths {
    root: PathBuf,
    client: PathBuf,
    dist: PathBuf,
    /// Cargo's target folder.
    target: PathBuf,
    /// Tools that are kept between clones.
    cache: PathBuf,
}

/// Builds `client/dist`, unless what it is made from has not changed.
pub(crate) fn build() -> Result<()> {
    let effort = match std::env::var("HUBBUB_WEB").as_deref() {
        Ok("fast") => Effort::Fast,
        _ => Effort::Release,
    };
    let paths = Paths::find()?;
    let fingerprint = fingerprint::of(&paths, effort)?;
    let stamp = paths.dist.join(".stamp");
    if fs::read_to_string(&stamp).is_ok_and(|kept| kept == fingerprint) {
        say("client/dist is up to date");
        return Ok(());
    }
    let began = Instant::now();
    let wasm = compile::wasm(&paths, effort)?;
    let page = compile::bindings(&paths, &wasm, effort)?;
    bundle::write(&paths, &page)?;
    let sizes = compress::beside(&paths.dist, effort)?;
    fs::write(&stamp, fingerprint).context("writing the build's stamp")?;
    say(&format!(
        "client/dist is ready after {} s: the first page is {} kB with brotli, {} kB with gzip",
        began.elapsed().as_secs(),
        sizes.brotli / 1000,
        sizes.gzip / 1000
    ));
    Ok(())
}

fn say(line: &str) {
    eprintln!("web: {line}");
}

impl Paths {
    fn find() -> Result<Self> {
        let metadata = cargo_metadata::MetadataCommand::new().no_deps().exec().context("asking cargo for the paths")?;
        let root = metadata.workspace_root.into_std_path_buf();
        let client = root.join("client");
        Ok(Self {
            dist: client.join("dist"),
            client,
            target: metadata.target_directory.into_std_path_buf(),
            cache: tool::cache()?,
            root,
        })
    }
}
