//! The voice connection: what to do when, without doing any of it. Time is an argument.

pub mod codec;
pub mod duck;
pub mod focus;
pub mod hearing;
pub mod layout;
pub mod openings;
pub mod quality;
mod seat;
mod signal;
mod telling;
pub mod wishes;

pub use seat::Call;
pub use signal::{Command, Ending, JoinError, Link, OfferError, Phase};
pub use telling::{Telling, Told};
