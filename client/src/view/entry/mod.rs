//! Coming in: set-up, sign-in, invite.

mod account;
mod frame;
mod invite;
mod setup;
mod sign_in;

pub(super) use account::complaint;
pub(super) use invite::Invite;
pub(super) use setup::GuildForm;
pub(super) use setup::{NeedsSetup, Setup};
pub(super) use sign_in::SignIn;
