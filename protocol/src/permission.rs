//! Who may do what: the bits, and the one pure function that decides.
//!
//! The server asks it inside the transaction that writes; the client asks it to grey its buttons.

use std::fmt;
use std::ops::{BitAnd, BitOr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A set of permissions; a decimal string in JSON, as Discord's API has it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Permissions(u64);

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $bit:expr;)*) => {
        impl Permissions {
            $($(#[$doc])* pub const $name: Self = Self(1 << $bit);)*
            /// Every permission that there is.
            pub const ALL: Self = Self($((1 << $bit))|*);
            const NAMES: &[(&'static str, Self)] = &[$((stringify!($name), Self::$name)),*];
        }
    };
}

permissions! {
    /// See a channel and read its messages.
    VIEW_CHANNEL = 0;
    SEND_MESSAGES = 1;
    /// Delete messages of others.
    MANAGE_MESSAGES = 2;
    /// Make, change, order and delete channels.
    MANAGE_CHANNELS = 3;
    /// Rename and delete the guild.
    MANAGE_GUILD = 4;
    CREATE_INVITE = 5;
    /// Join a voice channel's room and hear it.
    CONNECT = 6;
    /// Send one's microphone.
    SPEAK = 7;
    /// Send one's camera and one's screen.
    STREAM = 8;
    KICK_MEMBERS = 9;
    /// Silence the microphones of others.
    MUTE_MEMBERS = 10;
    /// Keep others from hearing.
    DEAFEN_MEMBERS = 11;
    /// Move others to another voice channel, also a full one, enter a full one, and end others' seats.
    MOVE_MEMBERS = 12;
    /// Be heard before all others.
    PRIORITY_SPEAKER = 13;
}

impl Permissions {
    pub const NONE: Self = Self(0);

    /// What every member may do.
    pub const MEMBER: Self = Self(
        Self::VIEW_CHANNEL.0
            | Self::SEND_MESSAGES.0
            | Self::CREATE_INVITE.0
            | Self::CONNECT.0
            | Self::SPEAK.0
            | Self::STREAM.0,
    );

    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Permissions {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitAnd for Permissions {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = Self::NAMES.iter().filter(|(_, bit)| self.contains(*bit)).map(|(name, _)| name);
        f.debug_set().entries(held).finish()
    }
}

impl Serialize for Permissions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Permissions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

/// What is known of a user and a guild when a permission is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    pub is_owner: bool,
    pub is_member: bool,
}

/// What a user may do in a guild and its channels.
#[must_use]
pub fn resolve(facts: Facts) -> Permissions {
    match facts {
        Facts { is_member: false, .. } => Permissions::NONE,
        Facts { is_owner: true, .. } => Permissions::ALL,
        Facts { .. } => Permissions::MEMBER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_may_nothing_even_as_the_former_owner() {
        assert_eq!(resolve(Facts { is_owner: true, is_member: false }), Permissions::NONE);
    }

    #[test]
    fn a_member_may_talk_but_not_administer() {
        let held = resolve(Facts { is_owner: false, is_member: true });
        assert!(held.contains(Permissions::SEND_MESSAGES | Permissions::SPEAK));
        assert!(!held.contains(Permissions::MANAGE_CHANNELS));
        assert!(!held.contains(Permissions::MUTE_MEMBERS) && !held.contains(Permissions::MOVE_MEMBERS));
    }

    #[test]
    fn permissions_are_decimal_strings_in_json() {
        let json = serde_json::to_string(&(Permissions::VIEW_CHANNEL | Permissions::CONNECT)).unwrap();
        assert_eq!(json, "\"65\"");
        assert_eq!(serde_json::from_str::<Permissions>(&json).unwrap(), Permissions(65));
    }
}
