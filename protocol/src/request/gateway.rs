//! The way into the gateway.

use serde::{Deserialize, Serialize};

use super::requests;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayTicket {
    /// Used once, within 30 seconds, in the gateway's `identify` frame.
    pub ticket: String,
}

requests! {
    CreateGatewayTicket(): SignedIn Post "/gateway/tickets", () => GatewayTicket;
}
