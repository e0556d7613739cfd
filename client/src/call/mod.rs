//! The voice connection: what to do when, without doing any of it. Time is an argument.

pub mod codec;
pub mod duck;
pub mod focus;
pub mod hearing;
pub mod layout;
pub mod openings;
pub mod quality;
mod seat;
mod telling;
pub mod wishes;

pub use seat::{Call, Command, Ending, JoinError, Link, Moment, Phase, RestartError};
pub use telling::{Telling, Told};
