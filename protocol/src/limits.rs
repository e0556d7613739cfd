//! Every size and count that the server holds clients to.

use serde::{Deserialize, Serialize};

macro_rules! limits {
    ($($(#[$doc:meta])* $constant:ident $field:ident: $type:ty = $value:expr;)*) => {
        $($(#[$doc])* pub const $constant: $type = $value;)*

        /// The limits as `GET /instance` shows them to clients.
        ///
        /// A limit that an older server does not name is taken to be this program's.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct Limits {
            $($(#[$doc])* pub $field: $type,)*
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($field: $constant,)* }
            }
        }
    };
}

limits! {
    /// Characters (Unicode scalar values) of a message.
    MESSAGE_CHARS message_chars: usize = 4_000;
    /// Characters of a user name: lower-case letters, digits, `_`, `-` and `.`.
    USERNAME_CHARS username_chars: usize = 32;
    /// Characters of a display name, a guild's name or a channel's name.
    NAME_CHARS name_chars: usize = 100;
    /// Characters of a channel's topic.
    TOPIC_CHARS topic_chars: usize = 1_024;
    /// Least characters of a password.
    PASSWORD_MIN_CHARS password_min_chars: usize = 10;
    /// Bytes of a password.
    PASSWORD_MAX_BYTES password_max_bytes: usize = 1_024;
    /// Characters of a device's name; what is longer is cut.
    DEVICE_CHARS device_chars: usize = 64;
    /// Characters of a message's nonce.
    NONCE_CHARS nonce_chars: usize = 36;
    /// Sessions of one user; one more ends the one that was used longest ago.
    SESSIONS_PER_USER sessions_per_user: usize = 100;
    /// Seconds after its last use at which a session ends: 90 days.
    SESSION_IDLE_S session_idle_s: u32 = 7_776_000;
    /// Gateway connections of one user; one more ends the oldest, of those without a socket if there is one.
    CONNECTIONS_PER_USER connections_per_user: usize = 32;
    /// Guilds that one user may own.
    GUILDS_PER_OWNER guilds_per_owner: usize = 100;
    /// Guilds that one user may be a member of.
    GUILDS_PER_USER guilds_per_user: usize = 200;
    /// Members of one guild.
    MEMBERS_PER_GUILD members_per_guild: usize = 10_000;
    /// Channels of one guild.
    CHANNELS_PER_GUILD channels_per_guild: usize = 500;
    /// Invites of one guild, or of the instance, that can still be used.
    INVITES_PER_GUILD invites_per_guild: usize = 1_000;
    /// Uses that one invite may allow.
    INVITE_USES invite_uses: u32 = 10_000;
    /// Seconds that one invite may live: one year.
    INVITE_AGE_S invite_age_s: u32 = 31_536_000;
    /// Messages of one page of history.
    HISTORY_PAGE history_page: usize = 100;
    /// Bytes of a REST request's body.
    BODY_BYTES body_bytes: usize = 163_840;
    /// Bytes of a gateway frame that a client sends.
    GATEWAY_FRAME_BYTES gateway_frame_bytes: usize = 4_096;
    /// Gateway frames that a client may send in ten seconds.
    GATEWAY_FRAMES_PER_10_S gateway_frames_per_10_s: u32 = 60;
    /// Bytes of an SDP offer.
    OFFER_BYTES offer_bytes: usize = 98_304;
    /// Offers to rooms, joins and restarts, that one user may make in a minute.
    OFFERS_PER_MINUTE offers_per_minute: u32 = 60;
    /// Audio slots of one connection to a room.
    AUDIO_SLOTS audio_slots: usize = 16;
    /// Video slots of one connection to a room.
    VIDEO_SLOTS video_slots: usize = 25;
    /// Peers in one room.
    ROOM_PEERS room_peers: usize = 250;
    /// Users that a voice channel may be limited to.
    USER_LIMIT user_limit: u32 = 99;
    /// Least bit/s of a voice channel's microphones.
    MIN_BITRATE min_bitrate: u32 = 8_000;
    /// Most bit/s of a voice channel's microphones.
    MAX_BITRATE max_bitrate: u32 = 510_000;
    /// Bit/s of a voice channel's microphones where nothing else is said.
    DEFAULT_BITRATE default_bitrate: u32 = 64_000;
    /// Bit/s from which on microphones send music: in stereo, and without pauses.
    MUSIC_BITRATE music_bitrate: u32 = 128_000;
}
