//! Which modules at the top of its crate a source file names.

use std::collections::BTreeSet;

use anyhow::{Result, anyhow};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The modules at the top of the crate that a file names by a path from `crate` or through `super`, also within macros.
/// Test modules may name what they like.
pub(super) fn of(text: &str, depth: usize) -> Result<BTreeSet<String>> {
    let tokens: TokenStream = text.parse().map_err(|error| anyhow!("{error}"))?;
    let mut found = BTreeSet::new();
    walk(tokens, depth, &mut found);
    Ok(found)
}

/// `depth` counts the modules around the tokens, so that as many `super` lead to the top of the crate.
fn walk(tokens: TokenStream, depth: usize, found: &mut BTreeSet<String>) {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            TokenTree::Group(group) => walk(group.stream(), depth, found),
            TokenTree::Ident(ident) if ident == "mod" => {
                if let [TokenTree::Ident(name), TokenTree::Group(body), ..] = &tokens[at..] {
                    at += 2;
                    if name != "tests" {
                        walk(body.stream(), depth + 1, found);
                    }
                }
            }
            TokenTree::Ident(ident) if ident == "crate" => found.extend(after_separator(&tokens[at..])),
            TokenTree::Ident(ident) if ident == "super" => {
                let mut supers = 1;
                while let [TokenTree::Punct(_), TokenTree::Punct(_), TokenTree::Ident(next), ..] = &tokens[at..]
                    && next == "super"
                {
                    supers += 1;
                    at += 3;
                }
                match &tokens[at..] {
                    path if supers == depth => found.extend(after_separator(path)),
                    [TokenTree::Punct(_), TokenTree::Punct(_), TokenTree::Group(paths), ..] => {
                        at += 3;
                        walk(paths.stream(), depth.saturating_sub(supers), found);
                    }
                    _ => {}
                }
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// The first names of a path, or of the paths in a pair of braces, that follow `::`.
fn after_separator(tokens: &[TokenTree]) -> Vec<String> {
    let [TokenTree::Punct(first), TokenTree::Punct(second), next, ..] = tokens else { return Vec::new() };
    if first.as_char() != ':' || second.as_char() != ':' {
        return Vec::new();
    }
    match next {
        TokenTree::Ident(name) => vec![name.to_string()],
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
            let tokens: Vec<_> = group.stream().into_iter().collect();
            let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
            let paths = tokens.split(is_comma);
            paths.filter_map(|path| path.first()).map(ToString::to_string).collect()
        }
        TokenTree::Group(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str, depth: usize) -> Vec<String> {
        of(text, depth).unwrap().into_iter().collect()
    }

    #[test]
    fn paths_from_the_crate_are_seen_alone_in_braces_and_in_macros() {
        assert_eq!(names("use crate::domain::message;", 1), ["domain"]);
        assert_eq!(names("use crate::{app::{App, hub}, domain};", 1), ["app", "domain"]);
        assert_eq!(names("fn f() { warn!(at = crate::clock::now(), \"{}\", crate::hub::X) }", 1), ["clock", "hub"]);
        assert_eq!(names("pub(crate) fn domain() {} // crate::http", 1), [""; 0]);
    }

    #[test]
    fn as_many_supers_as_there_are_modules_lead_to_the_top() {
        assert_eq!(names("use super::{http, app};", 1), ["app", "http"]);
        assert_eq!(names("use super::sibling;", 2), [""; 0]);
        assert_eq!(names("use super::super::http::x;", 2), ["http"]);
        assert_eq!(names("use super::{sibling, super::http};", 2), ["http"]);
        assert_eq!(names("mod inner { use super::super::http; }", 1), ["http"]);
    }

    #[test]
    fn test_modules_are_left_out() {
        assert_eq!(names("use crate::app; #[cfg(test)] mod tests { use crate::http; }", 1), ["app"]);
    }
}
