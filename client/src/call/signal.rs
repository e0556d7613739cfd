//! What a call and the shell around it tell each other.

use protocol::id::{ChannelId, PeerId};
use protocol::voice::PeerFlags;

/// How the connection is to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    #[default]
    Idle,
    /// In, as far as the user is concerned; media is on its way.
    Joining,
    Connected,
    /// The way was lost: ICE restarts on the same connection.
    Reconnecting,
    /// The server has forgotten the connection: a new one takes the same seat.
    Rejoining,
}

/// What the shell is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Make a connection and an offer, and ask for the seat. Replaces the connection there was.
    Open { attempt: u32, channel_id: ChannelId, flags: PeerFlags },
    /// Make another offer on the same connection. Takes the place of one whose answer has not come.
    Offer { attempt: u32, peer_id: PeerId, restarts_ice: bool },
    /// Tell the server.
    Leave(PeerId),
    /// Tell the server what changed.
    Update(PeerId, PeerFlags),
    /// Drop the connection, whose id in the room this was, and its devices.
    Close(Option<PeerId>),
    /// The seat is lost for good.
    Ended(Ending),
}

/// Why a seat was lost without the user's doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The user sits elsewhere now.
    Replaced,
    Removed,
    /// Somebody who may has ended it.
    Disconnected,
    /// The server's sentence.
    Refused(String),
    /// The browser cannot make the connection; with its own words.
    Broken(String),
}

/// Why asking for a seat failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JoinError {
    /// May well work later.
    Passing,
    Refused(String),
    Broken(String),
}

/// Why an offer on a connection failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferError {
    Passing,
    /// The server has no such connection.
    Gone,
}

/// What the browser says of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    Up,
    Shaky,
    Down,
}
