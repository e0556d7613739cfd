//! Who may import whom, as ARCHITECTURE.md says.

mod imports;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
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
    ("e2e", &["server", "protocol", "sfu"]),
    ("fuzz", &["client", "protocol", "server", "sfu", "turn"]),
    ("xtask", &[]),
];

/// Crates that must not reach the async runtime, not even through others.
const SANS_IO: &[&str] = &["protocol", "sfu", "turn"];

/// The modules of a package, and which of their siblings each may import. A module without a row fails the check: whoever
/// adds one says where it stands. The root (`lib.rs`, `main.rs`) wires everything up and may import all.
struct Modules {
    package: &'static str,
    rows: &'static [(&'static str, &'static [&'static str])],
}

const MODULES: &[Modules] = &[
    Modules {
        package: "server",
        rows: &[
            ("http", &["app", "domain", "error", "gateway"]),
            ("gateway", &["app", "clock", "domain", "error", "hub", "secret"]),
            ("media", &["app", "domain", "error", "room"]),
            ("domain", &["address", "app", "clock", "error", "hub", "room", "seat", "secret", "store"]),
            (
                "app",
                &[
                    "clock", "hub", "limiter", "pass", "password", "room", "seat", "speaking", "store", "ticket",
                    "untold",
                ],
            ),
            ("hub", &["secret", "store"]),
            ("ticket", &["secret", "store"]),
            ("password", &["error"]),
            ("error", &["limiter", "store"]),
            ("store", &["secret"]),
            ("address", &[]),
            ("clock", &[]),
            ("config", &[]),
            ("limiter", &[]),
            ("pass", &["clock"]),
            ("room", &[]),
            ("seat", &[]),
            ("secret", &[]),
            ("speaking", &[]),
            ("tls", &[]),
            ("untold", &[]),
        ],
    },
    Modules {
        package: "client",
        rows: &[
            ("view", &["app", "call", "markdown", "net", "platform", "state", "text", "ui"]),
            ("app", &["call", "markdown", "net", "platform", "state", "text", "time"]),
            ("net", &["platform", "time"]),
            ("text", &["platform"]),
            ("ui", &["platform"]),
            ("call", &["time"]),
            ("markdown", &[]),
            ("platform", &[]),
            ("state", &[]),
            ("time", &[]),
        ],
    },
];

/// Words that may stand only below one folder of a package.
const CONFINED: &[(&str, &str, &[&str])] =
    &[("client", "platform", &["web_sys::", "js_sys::", "wasm_bindgen::", "wasm_bindgen_futures::"])];

/// Fails with every import that breaks a rule.
pub(crate) fn check() -> Result<()> {
    let mut broken = crates()?;
    for modules in MODULES {
        broken.extend(siblings(modules)?);
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
        let allowed = allowed.get(name).with_context(|| format!("{name} has no row in xtask/src/arch"))?;
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

fn siblings(modules: &Modules) -> Result<Vec<String>> {
    let base = tool::root().join(modules.package).join("src");
    let rows: BTreeMap<_, _> = modules.rows.iter().copied().collect();
    let mut broken = Vec::new();
    for path in sources(&base)? {
        let inside = path.strip_prefix(&base)?.with_extension("");
        let inside: Vec<_> = inside.iter().filter_map(OsStr::to_str).filter(|one| *one != "mod").collect();
        let (Some(module), Some(last)) = (inside.first(), inside.last()) else { continue };
        if ["lib", "main", "tests"].contains(last) {
            continue;
        }
        let shown = path.strip_prefix(tool::root())?.display();
        let Some(allowed) = rows.get(module) else {
            broken.push(format!("{shown} belongs to {module}, which has no row in xtask/src/arch"));
            continue;
        };
        let named = imports::of(&fs::read_to_string(&path)?, inside.len()).with_context(|| shown.to_string())?;
        let foreign = named.iter().map(String::as_str).filter(|name| name != module && rows.contains_key(name));
        broken.extend(foreign.filter(|name| !allowed.contains(name)).map(|name| format!("{shown} imports {name}")));
    }
    Ok(broken)
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
