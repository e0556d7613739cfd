//! The web client: from Rust to the files that the server embeds.

use anyhow::Result;

/// Builds `client/dist`.
pub(crate) fn build() -> Result<()> {
    Ok(())
}
