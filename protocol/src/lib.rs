//! What Hubbub's server and its clients say to each other.
//!
//! [`request`] holds the REST API, [`gateway`] the frames of the WebSocket, [`event`] what the server tells, and the
//! nouns that both carry stand beside them. No I/O, no async; builds for wasm32. `PROTOCOL.md` is the same in prose.

pub mod account;
pub mod channel;
pub mod error;
pub mod event;
pub mod gateway;
pub mod guild;
pub mod id;
pub mod instance;
pub mod invite;
pub mod limits;
pub mod message;
pub mod name;
pub mod permission;
pub mod request;
pub mod time;
pub mod voice;
