//! Rooms.

use serde::{Deserialize, Serialize};

use super::requests;
use crate::id::{ChannelId, PeerId};
use crate::voice::{Answer, Offer, PeerFlags, Wish};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinBody {
    pub offer: Offer,
    #[serde(default)]
    pub flags: PeerFlags,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wishes {
    /// What each video slot should show; a slot that is not named shows nothing.
    pub video: Vec<Wish>,
}

/// How what came was played, as the client counts it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Playback {
    /// Times that a picture stood still (W3C `freezeCount`), over all pictures since the connection began.
    pub freezes: u32,
}

requests! {
    /// Takes a seat in a voice channel; a seat that the user has elsewhere ends.
    JoinVoice(channel_id: ChannelId): SignedIn Post "/channels/{channel_id}/voice", JoinBody => Answer;
    /// Restarts ICE, or grows the number of slots, by a new offer on the same connection.
    RestartVoice(peer_id: PeerId): SignedIn Post "/voice/{peer_id}/offer", Offer => Answer;
    UpdateVoice(peer_id: PeerId): SignedIn Patch "/voice/{peer_id}", PeerFlags => ();
    SetVoiceWishes(peer_id: PeerId): SignedIn Put "/voice/{peer_id}/wishes", Wishes => ();
    ReportPlayback(peer_id: PeerId): SignedIn Put "/voice/{peer_id}/playback", Playback => ();
    LeaveVoice(peer_id: PeerId): SignedIn Delete "/voice/{peer_id}", () => ();
}
