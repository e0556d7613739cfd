//! Turns the Fluent files of `locales/` into functions, so that a missing or misspelt message does not compile.
//!
//! Read is what the client needs of Fluent's syntax 1.0: messages, comments, `{ $variable }`, `{ "literal" }` and
//! selections by plural category, `{ $count -> [one] .. *[other] .. }`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The locale whose messages stand in for those that another one lacks.
const BASE: &str = "en";

#[derive(Debug)]
enum Part {
    Text(String),
    Variable(String),
    Select { variable: String, arms: Vec<(String, Vec<Part>)> },
}

type Messages = BTreeMap<String, Vec<Part>>;

fn main() {
    println!("cargo::rerun-if-changed=locales");
    let mut locales = BTreeMap::new();
    for entry in fs::read_dir("locales").expect("the folder `locales` is part of the crate").flatten() {
        let path = entry.path();
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        let text = fs::read_to_string(&path).expect("a Fluent file is readable");
        locales.insert(name, parse(&text, &path));
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("messages.rs");
    fs::write(out, generate(&locales)).expect("the build folder is writable");
}

fn parse(text: &str, path: &Path) -> Messages {
    let mut messages = Messages::new();
    let mut current: Option<(String, String)> = None;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let is_continuation = line.starts_with([' ', '}']) || line.trim().is_empty();
        if is_continuation {
            if let Some((_, value)) = &mut current {
                value.push('\n');
                value.push_str(line.trim());
            }
            continue;
        }
        finish(&mut messages, current.take(), path);
        let (key, value) = line.split_once('=').unwrap_or_else(|| panic!("{}: no message: {line}", path.display()));
        current = Some((key.trim().to_owned(), value.trim().to_owned()));
    }
    finish(&mut messages, current, path);
    messages
}

fn finish(messages: &mut Messages, message: Option<(String, String)>, path: &Path) {
    let Some((key, value)) = message else { return };
    let parts = pattern(value.trim()).unwrap_or_else(|error| panic!("{}: {key}: {error}", path.display()));
    assert!(messages.insert(key.clone(), parts).is_none(), "{}: {key} is there twice", path.display());
}

fn pattern(text: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        if open > 0 {
            parts.push(Part::Text(rest[..open].to_owned()));
        }
        let close = matching(&rest[open..]).ok_or("a brace is not closed")?;
        parts.push(placeable(rest[open + 1..open + close].trim())?);
        rest = &rest[open + close + 1..];
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    Ok(parts)
}

fn matching(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn placeable(text: &str) -> Result<Part, String> {
    if let Some(literal) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        return Ok(Part::Text(literal.to_owned()));
    }
    let variable = text.strip_prefix('$').ok_or("only variables and literals can stand in braces")?;
    let Some((variable, arms)) = variable.split_once("->") else {
        return Ok(Part::Variable(variable.trim().to_owned()));
    };
    let mut list = Vec::new();
    for arm in arms.split("\n").map(str::trim).filter(|arm| !arm.is_empty()) {
        let arm = arm.strip_prefix('*').unwrap_or(arm);
        let (name, value) = arm.strip_prefix('[').and_then(|arm| arm.split_once(']')).ok_or("an arm begins with [")?;
        list.push((name.trim().to_owned(), pattern(value.trim())?));
    }
    Ok(Part::Select { variable: variable.trim().to_owned(), arms: list })
}

/// The variables of a message; true: it selects by it, so it is a number.
fn variables(parts: &[Part], found: &mut BTreeMap<String, bool>) {
    for part in parts {
        match part {
            Part::Text(_) => {}
            Part::Variable(name) => {
                found.entry(name.clone()).or_insert(false);
            }
            Part::Select { variable, arms } => {
                found.insert(variable.clone(), true);
                arms.iter().for_each(|(_, parts)| variables(parts, found));
            }
        }
    }
}

fn generate(locales: &BTreeMap<String, Messages>) -> String {
    let base = &locales[BASE];
    let mut code = String::new();
    for (key, parts) in base {
        let mut names = BTreeMap::new();
        variables(parts, &mut names);
        let others: BTreeSet<&String> =
            locales.keys().filter(|name| *name != BASE && locales[*name].contains_key(key)).collect();
        let function = key.replace('-', "_");
        if names.is_empty() {
            let _ = writeln!(code, "#[must_use]\npub fn {function}() -> &'static str {{\n    match locale() {{");
            for name in &others {
                let _ = writeln!(code, "        {name:?} => {:?},", plain(&locales[*name][key]));
            }
            let _ = writeln!(code, "        _ => {:?},\n    }}\n}}", plain(parts));
            continue;
        }
        let arguments: Vec<String> = names
            .iter()
            .map(|(name, is_number)| {
                format!("{}: {}", name.replace('-', "_"), if *is_number { "u64" } else { "&dyn std::fmt::Display" })
            })
            .collect();
        let _ = writeln!(code, "#[must_use]\npub fn {function}({}) -> String {{", arguments.join(", "));
        code.push_str("    let mut out = String::new();\n    match locale() {\n");
        for name in &others {
            let _ = writeln!(code, "        {name:?} => {{ {} }}", statements(&locales[*name][key], name));
        }
        let _ = writeln!(code, "        _ => {{ {} }}\n    }}\n    out\n}}", statements(parts, BASE));
    }
    code
}

fn plain(parts: &[Part]) -> String {
    let text = |part: &Part| match part {
        Part::Text(text) => text.clone(),
        Part::Variable(name) | Part::Select { variable: name, .. } => panic!("${name} is in a translation only"),
    };
    parts.iter().map(text).collect()
}

fn statements(parts: &[Part], locale: &str) -> String {
    let mut code = String::new();
    for part in parts {
        match part {
            Part::Text(text) if text.chars().count() == 1 => {
                let _ = write!(code, "out.push({:?}); ", text.chars().next().expect("it holds one"));
            }
            Part::Text(text) => {
                let _ = write!(code, "out.push_str({text:?}); ");
            }
            Part::Variable(name) => {
                let _ = write!(code, "write_into(&mut out, &{}); ", name.replace('-', "_"));
            }
            Part::Select { variable, arms } => {
                let _ = write!(code, "match plural({locale:?}, {}) {{ ", variable.replace('-', "_"));
                for (name, parts) in arms.iter().filter(|(name, _)| name != "other") {
                    let _ = write!(code, "{name:?} => {{ {} }} ", statements(parts, locale));
                }
                let other = arms.iter().find(|(name, _)| name == "other").expect("a selection has an arm [other]");
                let _ = write!(code, "_ => {{ {} }} }} ", statements(&other.1, locale));
            }
        }
    }
    code
}
