//! Places in the client, and their paths.

use protocol::id::{ChannelId, GuildId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    Setup {
        token: String,
    },
    SignIn,
    Invite {
        code: String,
    },
    /// Rooms with people in them; the home.
    Live,
    /// Conversations over all servers; a tab on small screens.
    Chats,
    /// The list of servers; a tab on small screens.
    Servers,
    /// The account; a tab on small screens.
    You,
    Guild(GuildId),
    Channel(GuildId, ChannelId),
    GuildSettings(GuildId, GuildTab),
    Settings(UserTab),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuildTab {
    Overview,
    Channels,
    Invites,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserTab {
    Account,
    Appearance,
    Devices,
    Sounds,
    Sessions,
}

impl GuildTab {
    pub const ALL: [Self; 3] = [Self::Overview, Self::Channels, Self::Invites];

    fn name(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Channels => "channels",
            Self::Invites => "invites",
        }
    }
}

impl UserTab {
    pub const ALL: [Self; 5] = [Self::Account, Self::Appearance, Self::Devices, Self::Sounds, Self::Sessions];

    fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Appearance => "appearance",
            Self::Devices => "devices",
            Self::Sounds => "sounds",
            Self::Sessions => "sessions",
        }
    }
}

impl Route {
    /// Reads a path; what it does not know is home.
    #[must_use]
    pub fn parse(path: &str) -> Self {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let found = match parts.as_slice() {
            ["setup", token] => Some(Self::Setup { token: (*token).to_owned() }),
            ["sign-in"] => Some(Self::SignIn),
            ["invite", code] => Some(Self::Invite { code: (*code).to_owned() }),
            ["chats"] => Some(Self::Chats),
            ["servers"] => Some(Self::Servers),
            ["you"] => Some(Self::You),
            ["servers", guild] => guild.parse().ok().map(Self::Guild),
            ["servers", guild, "settings", tab] => guild.parse().ok().map(|guild| {
                let tab = GuildTab::ALL.into_iter().find(|known| known.name() == *tab);
                Self::GuildSettings(guild, tab.unwrap_or(GuildTab::Overview))
            }),
            ["servers", guild, channel] => match (guild.parse(), channel.parse()) {
                (Ok(guild), Ok(channel)) => Some(Self::Channel(guild, channel)),
                _ => None,
            },
            ["settings", tab] => {
                let tab = UserTab::ALL.into_iter().find(|known| known.name() == *tab);
                Some(Self::Settings(tab.unwrap_or(UserTab::Account)))
            }
            _ => None,
        };
        found.unwrap_or(Self::Live)
    }

    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Setup { token } => format!("/setup/{token}"),
            Self::SignIn => "/sign-in".into(),
            Self::Invite { code } => format!("/invite/{code}"),
            Self::Live => "/".into(),
            Self::Chats => "/chats".into(),
            Self::Servers => "/servers".into(),
            Self::You => "/you".into(),
            Self::Guild(guild) => format!("/servers/{guild}"),
            Self::Channel(guild, channel) => format!("/servers/{guild}/{channel}"),
            Self::GuildSettings(guild, tab) => format!("/servers/{guild}/settings/{}", tab.name()),
            Self::Settings(tab) => format!("/settings/{}", tab.name()),
        }
    }

    /// The guild that the place is in.
    #[must_use]
    pub fn guild(&self) -> Option<GuildId> {
        match self {
            Self::Guild(guild) | Self::Channel(guild, _) | Self::GuildSettings(guild, _) => Some(*guild),
            Self::Setup { .. }
            | Self::SignIn
            | Self::Invite { .. }
            | Self::Live
            | Self::Chats
            | Self::Servers
            | Self::You
            | Self::Settings(_) => None,
        }
    }

    #[must_use]
    pub fn channel(&self) -> Option<ChannelId> {
        if let Self::Channel(_, channel) = self { Some(*channel) } else { None }
    }
}
