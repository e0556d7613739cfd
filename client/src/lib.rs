//! Hubbub's client: web, desktop and phones.

pub mod call;
pub mod markdown;
pub mod net;
pub mod platform;
pub mod state;
