//! What users can do, a file per noun. Each write is one transaction; events go out after its commit.

pub(crate) mod account;
pub(crate) mod channel;
pub(crate) mod doubt;
pub(crate) mod guild;
#[cfg(test)]
mod house;
pub(crate) mod instance;
pub(crate) mod invite;
pub(crate) mod member;
pub(crate) mod message;
pub(crate) mod presence;
pub(crate) mod session;
pub(crate) mod snapshot;
pub(crate) mod untold;
pub(crate) mod voice;
