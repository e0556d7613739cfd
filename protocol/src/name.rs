//! Which names and texts are taken. Clients call these before they send, the server before it stores.

use crate::limits;

/// Why a text is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("is empty")]
    Empty,
    #[error("is longer than {0} characters")]
    TooLong(usize),
    #[error("is shorter than {0} characters")]
    TooShort(usize),
    #[error("may hold only lower-case letters, digits, '.', '_' and '-', and begins with a letter or a digit")]
    Characters,
    #[error("holds control characters")]
    Control,
}

/// A user name, which is unique on an instance.
///
/// # Errors
/// Says which rule the name breaks.
pub fn username(text: &str) -> Result<(), Invalid> {
    length(text, limits::USERNAME_CHARS)?;
    let mut bytes = text.bytes();
    let first = bytes.next().is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let rest = bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte));
    if first && rest { Ok(()) } else { Err(Invalid::Characters) }
}

/// A display name, a guild's name or a channel's name; surrounding white space does not count.
///
/// # Errors
/// Says which rule the name breaks.
pub fn title(text: &str) -> Result<&str, Invalid> {
    let text = text.trim();
    length(text, limits::NAME_CHARS)?;
    if text.chars().any(char::is_control) { Err(Invalid::Control) } else { Ok(text) }
}

/// A channel's topic; may be empty.
///
/// # Errors
/// Says which rule the topic breaks.
pub fn topic(text: &str) -> Result<&str, Invalid> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(text);
    }
    length(text, limits::TOPIC_CHARS)?;
    if text.chars().any(char::is_control) { Err(Invalid::Control) } else { Ok(text) }
}

/// A message's text; surrounding white space does not count.
///
/// # Errors
/// Says which rule the text breaks.
pub fn content(text: &str) -> Result<&str, Invalid> {
    let text = text.trim();
    length(text, limits::MESSAGE_CHARS)?;
    if text.chars().any(|c| c == '\0') { Err(Invalid::Control) } else { Ok(text) }
}

/// A new password.
///
/// # Errors
/// Says which rule the password breaks.
pub fn password(text: &str) -> Result<(), Invalid> {
    if text.chars().count() < limits::PASSWORD_MIN_CHARS {
        return Err(Invalid::TooShort(limits::PASSWORD_MIN_CHARS));
    }
    if text.len() > limits::PASSWORD_MAX_BYTES {
        return Err(Invalid::TooLong(limits::PASSWORD_MAX_BYTES));
    }
    Ok(())
}

fn length(text: &str, most: usize) -> Result<(), Invalid> {
    if text.is_empty() {
        return Err(Invalid::Empty);
    }
    if text.chars().count() > most {
        return Err(Invalid::TooLong(most));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_are_lower_case_and_plain() {
        assert_eq!(username("ada.lovelace-1815"), Ok(()));
        for text in ["Ada", "a b", "ä", "-a", ".a", "a\u{0}"] {
            assert_eq!(username(text), Err(Invalid::Characters), "{text:?}");
        }
        assert_eq!(username(""), Err(Invalid::Empty));
        assert_eq!(username(&"a".repeat(33)), Err(Invalid::TooLong(32)));
    }

    #[test]
    fn titles_are_trimmed_and_counted_in_characters() {
        assert_eq!(title("  Café  "), Ok("Café"));
        assert_eq!(title(&"ä".repeat(100)).map(str::len), Ok(200));
        assert_eq!(title("a\nb"), Err(Invalid::Control));
        assert_eq!(title("   "), Err(Invalid::Empty));
    }
}
