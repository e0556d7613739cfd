//! Connections and transactions of both engines behind one type.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use protocol::id::ChannelId;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Postgres, Sqlite, Transaction, query};

use tokio::time::timeout;

use super::group::{Member, Writer};
use super::order::{Order, Ticket};
use super::{Error, Result};

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

const READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 16;
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
const COMMIT_TIME: Duration = Duration::from_secs(5);

/// A database that is migrated and open.
#[derive(Clone)]
pub(crate) struct Store(Engine);

#[derive(Clone)]
enum Engine {
    Sqlite { writer: Writer, readers: SqlitePool },
    Postgres { pool: PgPool, order: Arc<Order> },
}

/// A transaction. Dropped without [`Tx::commit`], it is rolled back.
pub(crate) struct Tx {
    pub(super) engine: EngineTx,
}

pub(super) enum EngineTx {
    Sqlite(SqliteTx),
    Postgres(PostgresTx),
}

pub(super) struct PostgresTx {
    transaction: Transaction<'static, Postgres>,
    /// There in a transaction that may write.
    order: Option<Arc<Order>>,
}

impl PostgresTx {
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }
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
/// Those that committed later wait with theirs until this is dropped, so events leave in the order of the commits.
#[must_use = "what was committed is to be published"]
pub(crate) struct Committed {
    _ticket: Option<Ticket>,
}

/// How a transaction holds a thing and all that belongs to it until it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hold {
    /// Nobody changes who is a member and what channels there are, but others may rely on it too.
    Shared,
    /// This transaction alone reads and changes it.
    Alone,
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
                let $connection = transaction.connection();
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
                let $connection = transaction.connection();
                $query.await.map(drop)
            }
        }
    };
}
pub(super) use execute;

#[cfg(test)]
impl Committed {
    pub(crate) fn for_test() -> Self {
        Self { _ticket: None }
    }
}

impl Store {
    /// Opens `sqlite:PATH` or `postgres://..` and brings it to this program's schema.
    ///
    /// # Errors
    /// Where the address is none of these, the database cannot be reached, or it is newer than this program.
    pub(crate) async fn open(url: &str) -> Result<Self> {
        let engine = match url.split_once(':') {
            Some(("sqlite", _)) => open_sqlite(url).await?,
            Some(("postgres" | "postgresql", _)) => open_postgres(url).await?,
            _ => return Err(Error::Address),
        };
        Ok(Self(engine))
    }

    /// Begins a transaction that may write.
    pub(crate) async fn write(&self) -> Result<Tx> {
        let engine = match &self.0 {
            Engine::Sqlite { writer, .. } => EngineTx::Sqlite(SqliteTx::Write(writer.begin().await?)),
            Engine::Postgres { pool, order } => {
                EngineTx::Postgres(PostgresTx { transaction: pool.begin().await?, order: Some(Arc::clone(order)) })
            }
        };
        Ok(Tx { engine })
    }

    /// Begins a transaction that only reads, and sees one state of the database throughout.
    pub(crate) async fn read(&self) -> Result<Tx> {
        let engine = match &self.0 {
            Engine::Sqlite { readers, .. } => EngineTx::Sqlite(SqliteTx::Read(readers.begin().await?)),
            Engine::Postgres { pool, .. } => {
                let transaction = pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
                EngineTx::Postgres(PostgresTx { transaction, order: None })
            }
        };
        Ok(Tx { engine })
    }

    /// Whether a commit since the last call has failed in a way that leaves open whether it happened. SQLite's never do.
    pub(crate) fn take_doubt(&self) -> bool {
        match &self.0 {
            Engine::Sqlite { .. } => false,
            Engine::Postgres { order, .. } => order.take_doubt(),
        }
    }

    /// Takes a doubt back that could not be cleared.
    pub(crate) fn doubt(&self) {
        match &self.0 {
            Engine::Sqlite { .. } => {}
            Engine::Postgres { order, .. } => order.doubt(),
        }
    }

    /// Waits for open transactions and closes the database.
    pub(crate) async fn close(&self) {
        match &self.0 {
            Engine::Sqlite { writer, readers, .. } => {
                readers.close().await;
                writer.close().await;
            }
            Engine::Postgres { pool, .. } => pool.close().await,
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
            EngineTx::Postgres(PostgresTx { transaction, order }) => {
                let ticket = order.as_ref().map(Order::enter);
                // Those behind it wait for its ticket: one connection that hangs must not hold up all.
                let committed = match timeout(COMMIT_TIME, transaction.commit()).await {
                    Ok(committed) => committed.map_err(Error::from),
                    Err(_elapsed) => Err(Error::Abandoned),
                };
                if let (Some(order), Err(error)) = (&order, &committed)
                    && error.is_outage()
                {
                    order.doubt();
                }
                committed?;
                if let Some(ticket) = &ticket {
                    ticket.reached().await;
                }
                ticket
            }
        };
        Ok(Committed { _ticket: ticket })
    }

    /// Holds what an id names, a guild or a user. SQLite has one writer at a time, which holds everything.
    pub(super) async fn hold(&mut self, id: i64, hold: Hold) -> Result<()> {
        let Some(connection) = self.postgres_writer() else { return Ok(()) };
        let lock = match hold {
            Hold::Shared => query("select pg_advisory_xact_lock_shared($1)"),
            Hold::Alone => query("select pg_advisory_xact_lock($1)"),
        };
        lock.bind(id).execute(connection).await?;
        Ok(())
    }

    /// Holds the guild of a channel.
    pub(super) async fn hold_guild_of(&mut self, channel: ChannelId, hold: Hold) -> Result<()> {
        let Some(connection) = self.postgres_writer() else { return Ok(()) };
        let lock = match hold {
            Hold::Shared => query("select pg_advisory_xact_lock_shared(guild_id) from channels where id = $1"),
            Hold::Alone => query("select pg_advisory_xact_lock(guild_id) from channels where id = $1"),
        };
        lock.bind(channel.get()).execute(connection).await?;
        Ok(())
    }

    fn postgres_writer(&mut self) -> Option<&mut PgConnection> {
        match &mut self.engine {
            EngineTx::Postgres(transaction) if transaction.order.is_some() => Some(transaction.connection()),
            EngineTx::Postgres(_) | EngineTx::Sqlite(_) => None,
        }
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
    Ok(Engine::Postgres { pool, order: Arc::default() })
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
