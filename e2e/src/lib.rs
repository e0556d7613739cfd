//! Headless clients, browser journeys and benches for Hubbub.
//!
//! What stands here is for tests and benches: it panics where something is not as it must be.

pub mod bench;
mod client;
pub mod forwarder;
mod gateway;
mod instance;
mod load;
mod process;
pub mod voice;

pub use client::{Client, Refused, first_channel, refusal};
pub use gateway::Gateway;
pub use instance::{Instance, account};
pub use process::Process;

/// A password that is long enough.
pub const PASSWORD: &str = "correct horse battery";
