//! Who may import whom, as ARCHITECTURE.md says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use cargo_metadata::{DependencyKind, MetadataCommand};

use crate::tool;

/// Of our own crates, which each may depend on; development dependencies do not count.
const CRATES: &[(&str, &[&str])] = &[
    ("protocol", &[]),
    ("sfu", &[]),
    ("turn", &[]),
    ("server", &["protocol", "sfu", "turn"]),
    ("client", &["protocol"]),
    ("e2e", &["server", "protocol"]),
    ("fuzz", &["client", "protocol", "server", "sfu", "turn"]),
    ("xtask", &[]),
];

/// Crates that must not reach the async runtime, not even through others.
const SANS_IO: &[&str] = &["protocol", "sfu", "turn"];

/// A module and those of its siblings that it must not import.
struct Rule {
    package: &'static str,
    module: &'static str,
    forbidden: &'static [&'static str],
}

const RULES: &[Rule] = &[
    Rule {
        package: "server",
        module: "store",
        forbidden: &["domain", "http", "gateway", "media", "hub", "app", "error"],
    },
    Rule { package: "server", module: "domain", forbidden: &["http", "gateway", "media"] },
    Rule { package: "server", module: "hub", forbidden: &["domain", "http", "gateway", "media", "app", "error"] },
    Rule { package: "server", module: "http", forbidden: &["media"] },
    Rule { package: "server", module: "gateway", forbidden: &["http", "media"] },
    Rule { package: "server", module: "media", forbidden: &["http", "gateway", "store"] },
    Rule { package: "client", module: "state", forbidden: &["net", "call", "platform", "ui", "view"] },
    Rule { package: "client", module: "call", forbidden: &["net", "state", "platform", "ui", "view"] },
    Rule { package: "client", module: "ui", forbidden: &["net", "state", "call", "view"] },
    Rule { package: "client", module: "net", forbidden: &["ui", "view"] },
    Rule { package: "client", module: "platform", forbidden: &["ui", "view"] },
];

/// Words that may stand only below one folder of a package.
const CONFINED: &[(&str, &str, &[&str])] =
    &[("client", "platform", &["web_sys::", "js_sys::", "wasm_bindgen::", "wasm_bindgen_futures::"])];

/// Fails with every import that breaks a rule.
pub(crate) fn check() -> Result<()> {
    let mut broken = crates()?;
    for rule in RULES {
        broken.extend(modules(rule)?);
    }
    for (package, folder, words) in CONFINED {
        broken.extend(confined(package, folder, words)?);
    }
    if broken.is_empty() {
        return Ok(());
    }
    bail!("imports that ARCHITECTURE.md forbids:\n  {}", broken.join("\n  "))
}

fn crates() -> Result<Vec<String>> {
    let metadata = MetadataCommand::new().manifest_path(tool::root().join("Cargo.toml")).exec()?;
    let allowed: BTreeMap<_, _> = CRATES.iter().copied().collect();
    let mut broken = Vec::new();
    for package in metadata.workspace_packages() {
        let name = package.name.as_str();
        let allowed = allowed.get(name).with_context(|| format!("{name} has no row in xtask/src/arch.rs"))?;
        let ours = package.dependencies.iter().filter(|one| one.kind == DependencyKind::Normal && one.path.is_some());
        for dependency in ours.filter(|one| !allowed.contains(&one.name.as_str())) {
            broken.push(format!("{name} depends on {}", dependency.name));
        }
        if SANS_IO.contains(&name) && reaches(&metadata, name, "tokio")? {
            broken.push(format!("{name} reaches tokio"));
        }
    }
    Ok(broken)
}

/// Whether a package depends on another, through normal dependencies only.
fn reaches(metadata: &cargo_metadata::Metadata, from: &str, to: &str) -> Result<bool> {
    let resolve = metadata.resolve.as_ref().context("cargo metadata resolves dependencies")?;
    let nodes: BTreeMap<_, _> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let names: BTreeMap<_, _> = metadata.packages.iter().map(|package| (&package.id, package.name.as_str())).collect();
    let start = metadata.workspace_packages().into_iter().find(|one| one.name.as_str() == from).context("a member")?;
    let mut seen = BTreeSet::new();
    let mut waiting = vec![&start.id];
    while let Some(id) = waiting.pop() {
        if !seen.insert(id) {
            continue;
        }
        if names.get(id) == Some(&to) {
            return Ok(true);
        }
        let normal = nodes.get(id).into_iter().flat_map(|node| &node.deps);
        let normal = normal.filter(|one| one.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal));
        waiting.extend(normal.map(|one| &one.pkg));
    }
    Ok(false)
}

fn modules(rule: &Rule) -> Result<Vec<String>> {
    let mut broken = Vec::new();
    for path in sources(&tool::root().join(rule.package).join("src"))? {
        let relative = path.strip_prefix(tool::root().join(rule.package).join("src"))?;
        let module = relative.components().next().map(|one| one.as_os_str().to_string_lossy().into_owned());
        if module.as_deref().map(|one| one.trim_end_matches(".rs")) != Some(rule.module) {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        for forbidden in rule.forbidden.iter().filter(|one| imports(&text, one)) {
            broken.push(format!("{} imports {forbidden}", path.strip_prefix(tool::root())?.display()));
        }
    }
    Ok(broken)
}

/// Whether a text names `crate::MODULE`, alone or in braces.
fn imports(text: &str, module: &str) -> bool {
    text.match_indices("crate::").any(|(at, _)| {
        let rest = &text[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(list) => {
                let list = list.split('}').next().unwrap_or_default();
                list.split(',').any(|one| one.trim().split("::").next() == Some(module))
            }
            None => rest.split(|c: char| !c.is_alphanumeric() && c != '_').next() == Some(module),
        }
    })
}

fn confined(package: &str, folder: &str, words: &[&str]) -> Result<Vec<String>> {
    let base = tool::root().join(package).join("src");
    let mut broken = Vec::new();
    for path in sources(&base)? {
        if path.starts_with(base.join(folder)) {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        for word in words.iter().filter(|word| text.contains(**word)) {
            broken.push(format!("{} names {word}", path.strip_prefix(tool::root())?.display()));
        }
    }
    Ok(broken)
}

/// All Rust files below a folder.
fn sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_seen_alone_in_braces_and_inline() {
        assert!(imports("use crate::domain::message;", "domain"));
        assert!(imports("use crate::{app::App, domain};", "domain"));
        assert!(imports("let x = crate::domain::message::send();", "domain"));
        assert!(!imports("use crate::domains::message;", "domain"));
        assert!(!imports("use crate::{app::domain};", "domain"));
    }
}
