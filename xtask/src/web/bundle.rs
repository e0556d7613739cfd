//! Names by content, and the few files whose names are fixed.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::compile::Page;
use super::fingerprint::short;
use super::{Paths, say};

/// Style sheets in the order in which they apply.
const STYLES: &[&str] = &["tokens", "base", "widgets", "entry", "shell", "chat", "voice", "settings", "narrow"];
/// Files that keep their names, because others refer to them by it.
const FIXED: &[&str] = &["icon.svg", "icon-maskable.svg", "icon-192.png", "icon-512.png", "icon-maskable-512.png"];

/// Writes `client/dist` anew.
pub(super) fn write(paths: &Paths, page: &Page) -> Result<()> {
    say("writing client/dist");
    let assets = paths.client.join("assets");
    let fresh = paths.client.join("dist.new");
    remove(&fresh)?;
    fs::create_dir_all(fresh.join("assets"))?;
    let mut shell = Shell { folder: fresh.clone(), files: Vec::new() };

    let wasm = shell.add("client", "wasm", &page.wasm)?;
    let mut javascript = page.javascript.clone();
    for (number, (import, text)) in page.snippets.iter().enumerate() {
        let name = shell.add(&format!("snippet{number}"), "js", text.as_bytes())?;
        javascript = javascript.replace(import.as_str(), &format!("/{name}"));
    }
    let client = shell.add("client", "js", javascript.as_bytes())?;
    let boot = read(&assets, "boot.js")?.replace("{{client}}", &client).replace("{{wasm}}", &wasm);
    let boot = shell.add("boot", "js", boot.as_bytes())?;
    let mut styles = String::new();
    for name in STYLES {
        styles.push_str(&read(&assets, &format!("{name}.css"))?);
    }
    let styles = shell.add("client", "css", minify(&styles).as_bytes())?;

    for name in FIXED {
        fs::write(fresh.join(name), fs::read(assets.join(name)).with_context(|| format!("reading {name}"))?)?;
    }
    fs::write(fresh.join("manifest.webmanifest"), read(&assets, "manifest.webmanifest")?)?;
    let html = read(&assets, "index.html")?
        .replace("{{styles}}", &styles)
        .replace("{{boot}}", &boot)
        .replace("{{client}}", &client)
        .replace("{{wasm}}", &wasm);
    fs::write(fresh.join("index.html"), &html)?;
    let list: Vec<String> = shell.files.iter().map(|name| format!("/{name}")).collect();
    let worker = read(&assets, "service-worker.js")?
        .replace("{{version}}", &short(html.as_bytes()))
        .replace("\"{{files}}\"", &serde_json::to_string(&list)?);
    fs::write(fresh.join("service-worker.js"), worker)?;

    remove(&paths.dist)?;
    fs::rename(&fresh, &paths.dist).context("putting the new client/dist in its place")
}

/// The files under `assets/`.
struct Shell {
    folder: std::path::PathBuf,
    files: Vec<String>,
}

impl Shell {
    fn add(&mut self, stem: &str, extension: &str, content: &[u8]) -> Result<String> {
        let name = format!("assets/{stem}-{}.{extension}", short(content));
        fs::write(self.folder.join(&name), content)?;
        self.files.push(name.clone());
        Ok(name)
    }
}

fn read(folder: &Path, name: &str) -> Result<String> {
    fs::read_to_string(folder.join(name)).with_context(|| format!("reading client/assets/{name}"))
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Drops comments and indentation, which is what compresses worst in our style sheets.
fn minify(styles: &str) -> String {
    let mut plain = String::with_capacity(styles.len());
    let mut rest = styles;
    while let Some(start) = rest.find("/*") {
        plain.push_str(&rest[..start]);
        rest = rest[start..].find("*/").map_or("", |end| &rest[start + end + 2..]);
    }
    plain.push_str(rest);
    let mut lines = String::with_capacity(plain.len());
    for line in plain.lines().map(str::trim).filter(|line| !line.is_empty()) {
        lines.push_str(line);
        lines.push('\n');
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::minify;

    #[test]
    fn comments_and_indentation_are_dropped() {
        assert_eq!(minify("/* a */\n.b {\n  color: red; /* c */\n}\n/* open"), ".b {\ncolor: red;\n}\n");
    }
}
