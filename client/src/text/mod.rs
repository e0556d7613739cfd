//! Everything that is said to people, from the Fluent files of `locales/`.

mod key;
mod when;

pub use key::key_name;
pub use when::{ago, clock, day, moment};

/// The locale that is spoken. There is English so far.
fn locale() -> &'static str {
    "en"
}

/// The plural category (Unicode CLDR) of a number.
fn plural(locale: &str, number: u64) -> &'static str {
    match (locale, number) {
        ("en", 1) => "one",
        _ => "other",
    }
}

fn write_into(out: &mut String, value: &dyn std::fmt::Display) {
    use std::fmt::Write as _;
    // Writing to a String cannot fail.
    let _ = write!(out, "{value}");
}

#[expect(clippy::match_single_binding, reason = "another locale makes more arms")]
mod messages {
    use super::{locale, plural, write_into};

    include!(concat!(env!("OUT_DIR"), "/messages.rs"));
}
pub use messages::*;
