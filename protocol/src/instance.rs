//! One installation of Hubbub.

use serde::{Deserialize, Serialize};

use crate::limits::Limits;

/// What anyone may know of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    pub name: String,
    /// The server's version, for example `0.1.0`.
    pub version: String,
    /// No account exists yet: only set-up answers.
    pub needs_setup: bool,
    pub limits: Limits,
}
