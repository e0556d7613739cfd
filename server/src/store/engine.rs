//! Connections and transactions of both engines behind one type.

use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Postgres, Sqlite, Transaction};

use super::group::{Member, Ticket, Writer};
use super::{Error, Result};

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

const READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 16;
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// A database that is migrated and open.
#[derive(Clone)]
pub(crate) struct Store(Engine);

#[derive(Clone)]
enum Engine {
    Sqlite { writer: Writer, readers: SqlitePool },
    Postgres(PgPool),
}

/// A transaction. Dropped without [`Tx::commit`], it is rolled back.
pub(crate) struct Tx {
    pub(super) engine: EngineTx,
}

pub(super) enum EngineTx {
    Sqlite(SqliteTx),
    Postgres(Transaction<'static, Postgres>),
}

pub(super) enum SqliteTx {
    Write(Member),
    Read(Transaction<'static, Sqlite>),
}

impl SqliteTx {
    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        match self {
            Self::Write(member) => member.connection(),
            Self::Read(transaction) => transaction,
        }
    }
}

/// The proof that a transaction was committed; what it changed may be published now.
///
/// On SQLite those that committed later wait with theirs until this is dropped, so events leave in the order of the commits.
#[must_use = "what was committed is to be published"]
pub(crate) struct Committed {
    _ticket: Option<Ticket>,
}

/// Runs one query on the connection of either engine: `on_engine!(tx, connection => query.fetch_one(connection))`.
macro_rules! on_engine {
    ($tx:expr, $connection:ident => $query:expr) => {
        match &mut $tx.engine {
            $crate::store::engine::EngineTx::Sqlite(transaction) => {
                let $connection = transaction.connection();
                $query.await
            }
            $crate::store::engine::EngineTx::Postgres(transaction) => {
                let $connection = &mut **transaction;
                $query.await
            }
        }
    };
}
pub(super) use on_engine;

/// Runs one statement that answers nothing on the connection of either engine.
macro_rules! execute {
    ($tx:expr, $connection:ident => $query:expr) => {
        match &mut $tx.engine {
            $crate::store::engine::EngineTx::Sqlite(transaction) => {
                let $connection = transaction.connection();
                $query.await.map(drop)
            }
            $crate::store::engine::EngineTx::Postgres(transaction) => {
                let $connection = &mut **transaction;
                $query.await.map(drop)
            }
        }
    };
}
pub(super) use execute;

impl Store {
    /// Opens `sqlite:PATH` or `postgres://..` and brings it to this program's schema.
    ///
    /// # Errors
    /// Where the address is none of these, the database cannot be reached, or it is newer than this program.
    pub(crate) async fn open(url: &str) -> Result<Self> {
        let engine = match url.split_once(':') {
            Some(("sqlite", _)) => open_sqlite(url).await?,
            Some(("postgres" | "postgresql", _)) => open_postgres(url).await?,
            _ => return Err(Error::Address(url.to_owned())),
        };
        Ok(Self(engine))
    }

    /// Begins a transaction that may write.
    pub(crate) async fn write(&self) -> Result<Tx> {
        let engine = match &self.0 {
            Engine::Sqlite { writer, .. } => EngineTx::Sqlite(SqliteTx::Write(writer.begin().await?)),
            Engine::Postgres(pool) => EngineTx::Postgres(pool.begin().await?),
        };
        Ok(Tx { engine })
    }

    /// Begins a transaction that only reads, and sees one state of the database throughout.
    pub(crate) async fn read(&self) -> Result<Tx> {
        let engine = match &self.0 {
            Engine::Sqlite { readers, .. } => EngineTx::Sqlite(SqliteTx::Read(readers.begin().await?)),
            Engine::Postgres(pool) => {
                EngineTx::Postgres(pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
            }
        };
        Ok(Tx { engine })
    }

    /// Waits for open transactions and closes the database.
    pub(crate) async fn close(&self) {
        match &self.0 {
            Engine::Sqlite { writer, readers, .. } => {
                readers.close().await;
                writer.close().await;
            }
            Engine::Postgres(pool) => pool.close().await,
        }
    }
}

impl Tx {
    pub(crate) async fn commit(self) -> Result<Committed> {
        let ticket = match self.engine {
            EngineTx::Sqlite(SqliteTx::Write(member)) => Some(member.commit().await?),
            EngineTx::Sqlite(SqliteTx::Read(transaction)) => {
                transaction.commit().await?;
                None
            }
            EngineTx::Postgres(transaction) => {
                transaction.commit().await?;
                None
            }
        };
        Ok(Committed { _ticket: ticket })
    }
}

async fn open_sqlite(url: &str) -> Result<Engine> {
    let options = SqliteConnectOptions::from_str(url)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(ACQUIRE_TIMEOUT);
    let writer =
        SqlitePoolOptions::new().max_connections(1).acquire_timeout(ACQUIRE_TIMEOUT).connect_with(options.clone());
    let writer = writer.await?;
    MIGRATIONS.run(&writer).await.map_err(refused_migration)?;
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_lazy_with(options.pragma("query_only", "true"));
    Ok(Engine::Sqlite { writer: Writer::new(writer), readers })
}

async fn open_postgres(url: &str) -> Result<Engine> {
    let pool = PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_with(PgConnectOptions::from_str(url)?)
        .await?;
    MIGRATIONS.run(&pool).await.map_err(refused_migration)?;
    Ok(Engine::Postgres(pool))
}

fn refused_migration(error: MigrateError) -> Error {
    if let MigrateError::VersionMissing(version) = error {
        return Error::Newer(version);
    }
    if let MigrateError::VersionMismatch(version) = error {
        return Error::Altered(version);
    }
    Error::Migrate(error)
}
