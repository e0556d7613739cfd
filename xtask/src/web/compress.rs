//! A brotli and a gzip file beside each file that shrinks, so that the server never compresses.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::Result;

use super::{Effort, say};

/// Bytes that the first page takes on the wire.
#[derive(Default)]
pub(super) struct Sizes {
    pub(super) brotli: usize,
    pub(super) gzip: usize,
}

/// Compresses what lies in a folder and below it.
pub(super) fn beside(dist: &Path, effort: Effort) -> Result<Sizes> {
    say("compressing");
    let mut sizes = Sizes::default();
    for folder in [dist.to_path_buf(), dist.join("assets")] {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
            if path.is_file() && ["html", "js", "css", "wasm", "svg", "webmanifest"].contains(&extension) {
                let content = fs::read(&path)?;
                let brotli = brotli(&content, effort)?;
                let gzip = gzip(&content, effort)?;
                if folder != *dist || extension == "html" {
                    sizes.brotli += brotli.len().min(content.len());
                    sizes.gzip += gzip.len().min(content.len());
                }
                write_smaller(&path, extension, "br", (&content, &brotli))?;
                write_smaller(&path, extension, "gz", (&content, &gzip))?;
            }
        }
    }
    Ok(sizes)
}

fn write_smaller(path: &Path, extension: &str, coding: &str, (plain, packed): (&[u8], &[u8])) -> Result<()> {
    if packed.len() < plain.len() {
        fs::write(path.with_extension(format!("{extension}.{coding}")), packed)?;
    }
    Ok(())
}

fn brotli(content: &[u8], effort: Effort) -> Result<Vec<u8>> {
    let quality = match effort {
        Effort::Release => 11,
        Effort::Fast => 4,
    };
    let mut packed = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams { quality, lgwin: 22, ..Default::default() };
    brotli::BrotliCompress(&mut &content[..], &mut packed, &parameters)?;
    Ok(packed)
}

fn gzip(content: &[u8], effort: Effort) -> Result<Vec<u8>> {
    let level = match effort {
        Effort::Release => flate2::Compression::best(),
        Effort::Fast => flate2::Compression::fast(),
    };
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
    encoder.write_all(content)?;
    Ok(encoder.finish()?)
}
