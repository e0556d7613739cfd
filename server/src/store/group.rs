//! SQLite's one writer, shared: transactions that others wait behind are committed together.
//!
//! A commit costs a wait for the disk, and SQLite lets one connection write at a time, so transactions one by one are as fast
//! as the disk syncs. Here each is a savepoint within a group. Whoever ends while nobody waits commits the group; whoever
//! ends while others wait leaves that to them, and is told the outcome. No one is told of success before the disk has it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnection, SqlitePool};
use sqlx::{Sqlite, Transaction, query};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedMutexGuard, watch};
use tokio::time::timeout;

use super::order::{Order, Ticket};
use super::{Error, Result};

/// Transactions that one commit holds at most.
const MOST: usize = 128;
/// How long an ended transaction waits for those behind it before it sees to the commit itself: they may have been cancelled.
const PATIENCE: Duration = Duration::from_millis(5);

/// The queue to the one connection that writes.
#[derive(Clone)]
pub(super) struct Writer {
    pool: SqlitePool,
    turn: Arc<Mutex<Option<Group>>>,
    waiting: Arc<AtomicUsize>,
    order: Arc<Order>,
}

/// Transactions that will be committed together.
struct Group {
    transaction: Transaction<'static, Sqlite>,
    /// Those that have ended well.
    members: usize,
    outcome: watch::Sender<Option<Outcome>>,
}

type Outcome = std::result::Result<(), Arc<sqlx::Error>>;
type Turn = OwnedMutexGuard<Option<Group>>;

/// One transaction of a group. Dropped without [`Member::commit`], what it did is undone and the rest of the group goes on.
pub(super) struct Member {
    writer: Writer,
    /// There until the transaction has ended.
    turn: Option<Turn>,
}

impl Writer {
    pub(super) fn new(pool: SqlitePool) -> Self {
        Self { pool, turn: Arc::default(), waiting: Arc::default(), order: Arc::default() }
    }

    /// Waits for the turn, and begins.
    pub(super) async fn begin(&self) -> Result<Member> {
        let waiting = Waiting::new(&self.waiting);
        let mut turn = Arc::clone(&self.turn).lock_owned().await;
        drop(waiting);
        if turn.is_none() {
            let transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
            *turn = Some(Group { transaction, members: 0, outcome: watch::Sender::new(None) });
        }
        let mut member = Member { writer: self.clone(), turn: Some(turn) };
        query("savepoint member").execute(member.connection()).await?;
        Ok(member)
    }

    pub(super) async fn close(&self) {
        drop(self.turn.lock().await.take());
        self.pool.close().await;
    }

    fn has_waiting(&self) -> bool {
        self.waiting.load(Ordering::Acquire) > 0
    }

    /// Waits until the group is committed; if those that were to see to it are gone, sees to it.
    async fn settled(&self, mut outcome: watch::Receiver<Option<Outcome>>) -> Result<()> {
        loop {
            let settled = timeout(PATIENCE, outcome.wait_for(Option::is_some)).await;
            match settled.map(|outcome| outcome.ok().and_then(|outcome| outcome.clone())) {
                Ok(Some(outcome)) => return outcome.map_err(Error::Commit),
                Ok(None) => return Err(Error::Abandoned),
                Err(_elapsed) => {
                    if let Ok(mut turn) = self.turn.try_lock() {
                        finish(&mut turn).await;
                    }
                }
            }
        }
    }
}

impl Member {
    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        let group = self.turn.as_mut().and_then(|turn| turn.as_mut());
        &mut group.expect("a member holds its turn, and a group, until it has ended").transaction
    }

    /// Ends the transaction well, and waits until it is on the disk and those before it have been told of.
    pub(super) async fn commit(mut self) -> Result<Ticket> {
        query("release member").execute(self.connection()).await?;
        let ticket = Order::enter(&self.writer.order);
        let mut turn = self.turn.take().expect("a member holds its turn until it has ended");
        let group = turn.as_mut().expect("a member's turn holds its group");
        group.members += 1;
        let outcome = group.outcome.subscribe();
        if group.members >= MOST || !self.writer.has_waiting() {
            finish(&mut turn).await;
        }
        drop(turn);
        self.writer.settled(outcome).await?;
        ticket.reached().await;
        Ok(ticket)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let Some(mut turn) = self.turn.take() else { return };
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(undo(turn, self.writer.clone()))),
            // Without a runtime only the whole group can be undone, by the connection itself.
            Err(_) => drop(turn.take()),
        }
    }
}

/// Undoes what the last member did, and commits the others if nobody else will.
async fn undo(mut turn: Turn, writer: Writer) {
    let Some(group) = turn.as_mut() else { return };
    let back = query("rollback to member").execute(&mut *group.transaction).await;
    let released = query("release member").execute(&mut *group.transaction).await;
    if back.and(released).is_err() {
        drop(turn.take());
    } else if !writer.has_waiting() {
        finish(&mut turn).await;
    }
}

/// Commits the group and tells its members.
async fn finish(turn: &mut Option<Group>) {
    let Some(Group { transaction, members, outcome }) = turn.take() else { return };
    if members > 0 {
        outcome.send_replace(Some(transaction.commit().await.map_err(Arc::new)));
    }
}

/// Counts one who waits for the turn, also when the waiting is given up.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
