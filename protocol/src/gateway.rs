//! The frames of the WebSocket at `/gateway`: one JSON object in one text message each.

use serde::{Deserialize, Serialize};

use crate::error::ErrorBody;
use crate::event::{Event, Ready};

/// What a client sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum ClientFrame {
    /// Starts a gateway session with a single-use ticket from `POST /gateway/tickets`.
    Identify { ticket: String },
    /// Goes on with a gateway session whose socket was lost.
    Resume {
        /// From `ready`.
        resume_token: String,
        /// The last event that was applied; 0 where none was.
        seq: u64,
    },
    /// Shows that the client lives; also says what it has applied, so that the server can forget it.
    Heartbeat { seq: u64 },
}

/// What the server sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum ServerFrame {
    /// The first frame: send a heartbeat this often.
    Hello {
        heartbeat_interval_ms: u32,
    },
    /// Answers `identify`: the snapshot that events go on from, with sequence number 0.
    Ready(Box<Ready>),
    /// Answers `resume`, after which the missed events follow.
    Resumed,
    /// Answers `resume` when the session is gone: get a new ticket and identify.
    InvalidSession,
    /// Something happened. Sequence numbers count up from 1 without a gap.
    Event {
        seq: u64,
        event: Box<Event>,
    },
    HeartbeatAck,
    /// The server is going away: reconnect after this time and resume.
    Reconnect {
        after_ms: u32,
    },
    /// The socket closes after this.
    Error(ErrorBody),
    #[serde(other)]
    Unknown,
}

/// WebSocket close codes (RFC 6455 section 7.4.2) that the server uses.
pub mod close {
    /// A frame was no valid [`super::ClientFrame`], or came in the wrong state.
    pub const INVALID_FRAME: u16 = 4000;
    /// The ticket is unknown or used, or the session has ended.
    pub const UNAUTHORIZED: u16 = 4001;
    /// The server is ending, after [`super::ServerFrame::Reconnect`]: resume (RFC 6455 section 7.4.1).
    pub const GOING_AWAY: u16 = 1001;
    /// The server cannot answer at the moment; try again in a while (RFC 6455's registry).
    pub const TRY_AGAIN_LATER: u16 = 1013;
    /// Too many frames.
    pub const RATE_LIMITED: u16 = 4002;
    /// The client read too slowly; resume.
    pub const SLOW_CONSUMER: u16 = 4003;
    /// Neither a frame nor a pong came in time; resume.
    pub const HEARTBEAT_TIMEOUT: u16 = 4004;
    /// The gateway session was resumed on another socket, or the user opened too many.
    pub const TAKEN_OVER: u16 = 4005;
}
