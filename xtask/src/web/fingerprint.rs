//! Whether anything changed since the last build.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use super::{Effort, Paths};

/// A hash over everything that the page is made from.
pub(super) fn of(paths: &Paths, effort: Effort) -> Result<String> {
    let mut files = Vec::new();
    for name in ["client", "protocol/src", "xtask/src/web"] {
        collect(&paths.root.join(name), &mut files)?;
    }
    for name in ["Cargo.lock", "Cargo.toml", "protocol/Cargo.toml", "xtask/src/web.rs"] {
        files.push(paths.root.join(name));
    }
    files.sort();
    let mut hash = Sha256::new();
    hash.update(format!("{effort:?}"));
    for file in files {
        let name = file.strip_prefix(&paths.root).unwrap_or(&file);
        hash.update(name.to_string_lossy().as_bytes());
        hash.update(fs::read(&file).with_context(|| format!("reading {}", file.display()))?);
    }
    Ok(hex(&hash.finalize()))
}

/// The first characters of a content hash, enough to name a file.
pub(super) fn short(content: &[u8]) -> String {
    let mut text = hex(&Sha256::digest(content));
    text.truncate(12);
    text
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            if !["dist", "node_modules", "target"].contains(&name) {
                collect(&path, into)?;
            }
        } else {
            into.push(path);
        }
    }
    Ok(())
}
