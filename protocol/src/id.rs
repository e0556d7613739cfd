//! Ids: 63-bit, time-ordered, made by the server, strings in JSON.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::time::Timestamp;

/// Milliseconds since the Unix epoch at which ids begin: 2026-01-01T00:00:00Z.
pub const ID_EPOCH_MS: i64 = 1_767_225_600_000;
/// Low bits of an id that tell ids of one millisecond apart.
pub const ID_SEQUENCE_BITS: u32 = 21;

/// Why a text is no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is a decimal number from 1 to 9223372036854775807")]
pub struct InvalidId;

fn parse(text: &str) -> Result<NonZeroU64, InvalidId> {
    if text.is_empty() || text.len() > 19 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(InvalidId);
    }
    let value: u64 = text.parse().map_err(|_| InvalidId)?;
    from_raw(value)
}

fn from_raw(value: u64) -> Result<NonZeroU64, InvalidId> {
    if value > i64::MAX as u64 {
        return Err(InvalidId);
    }
    NonZeroU64::new(value).ok_or(InvalidId)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(NonZeroU64);

        impl $name {
            /// The id as databases keep it; never negative.
            #[must_use]
            pub fn get(self) -> i64 {
                self.0.get().cast_signed()
            }

            /// When the id was made.
            #[must_use]
            pub fn created_at(self) -> Timestamp {
                Timestamp((self.0.get() >> ID_SEQUENCE_BITS).cast_signed() + ID_EPOCH_MS)
            }
        }

        impl TryFrom<i64> for $name {
            type Error = InvalidId;

            fn try_from(value: i64) -> Result<Self, InvalidId> {
                from_raw(u64::try_from(value).map_err(|_| InvalidId)?).map(Self)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                parse(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// An account.
    UserId
    /// One sign-in of an account.
    SessionId
    /// What people call a server.
    GuildId
    /// A text channel, voice channel or category.
    ChannelId
    /// A message.
    MessageId
    /// An invitation; its secret code is another thing.
    InviteId
    /// One connection to the room of a voice channel.
    PeerId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_strings_in_json() {
        let id: UserId = serde_json::from_str("\"42\"").unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"42\"");
    }

    #[test]
    fn numbers_zero_signs_and_overflow_are_refused() {
        for text in ["42", "\"0\"", "\"-1\"", "\"+1\"", "\"\"", "\"9223372036854775808\"", "\" 1\"", "null"] {
            assert!(serde_json::from_str::<UserId>(text).is_err(), "{text} was taken for an id");
        }
    }

    #[test]
    fn the_largest_id_is_accepted() {
        assert_eq!("9223372036854775807".parse::<UserId>().unwrap().get(), i64::MAX);
    }
}
