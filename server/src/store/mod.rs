//! The database: SQLite or PostgreSQL, one text of SQL for both.
//!
//! Every function here takes a [`Tx`]; a write that somebody must be allowed to make also takes the proof of it, which
//! only [`access`] can build.

pub(crate) mod access;
pub(crate) mod account;
pub(crate) mod channel;
mod engine;
mod group;
pub(crate) mod guild;
pub(crate) mod id;
pub(crate) mod invite;
pub(crate) mod message;
mod order;
mod row;
pub(crate) mod session;
pub(crate) mod setting;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub(crate) use engine::{Committed, Store, Tx};

/// Why the database did not do as it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "the database is newer than this program: it holds migration {0}, which this program does not know; run a newer hubbub"
    )]
    Newer(i64),
    #[error("the migration {0} differs from the one this database was made with")]
    Altered(i64),
    /// The address itself stands in no log: it may hold a password.
    #[error("the database address is neither sqlite:.. nor postgres://..")]
    Address,
    #[error("the database holds a value that cannot be: {0}")]
    Corrupt(&'static str),
    #[error("database: {0}")]
    Sql(#[from] sqlx::Error),
    /// The commit of a group failed, and with it those of all its members.
    #[error("commit: {0}")]
    Commit(Arc<sqlx::Error>),
    #[error("a commit was given up before its outcome was known")]
    Abandoned,
    #[error("migration: {0}")]
    Migrate(sqlx::migrate::MigrateError),
}

impl Error {
    /// Whether the constraint that makes something unique was hit.
    pub(crate) fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Sql(sqlx::Error::Database(error)) if error.is_unique_violation())
    }

    /// Whether the database cannot be reached, is too busy or has no room, so that trying again later makes sense.
    pub(crate) fn is_outage(&self) -> bool {
        match self {
            Self::Sql(error) => is_outage(error),
            Self::Commit(error) => is_outage(error),
            // The rest of its group failed, which may have been for any of those reasons.
            Self::Abandoned => true,
            Self::Newer(_) | Self::Altered(_) | Self::Address | Self::Corrupt(_) | Self::Migrate(_) => false,
        }
    }
}

/// What passes: of SQLite, `SQLITE_BUSY` and `SQLITE_FULL`; of PostgreSQL, classes 08 (connection), 53 (resources) and 57P
/// (shutting down), `serialization_failure` and `deadlock_detected`.
fn is_passing(code: &str) -> bool {
    ["5", "13", "40001", "40P01"].contains(&code) || ["08", "53", "57P"].iter().any(|class| code.starts_with(class))
}

fn is_outage(error: &sqlx::Error) -> bool {
    if let sqlx::Error::Database(error) = error {
        return error.code().is_some_and(|code| is_passing(&code));
    }
    matches!(error, sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_))
}

pub(crate) type Result<T> = std::result::Result<T, Error>;
