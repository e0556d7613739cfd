//! The order in which transactions are to be told of: that of their commits, and whether all were told of.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

#[derive(Default)]
pub(super) struct Order {
    tickets: Mutex<Tickets>,
    changed: Notify,
    /// A commit has failed in a way that leaves open whether it happened.
    is_in_doubt: AtomicBool,
}

#[derive(Default)]
struct Tickets {
    next: u64,
    open: BTreeSet<u64>,
}

/// A place in the order; given up when dropped.
pub(super) struct Ticket {
    number: u64,
    order: Arc<Order>,
}

impl Order {
    /// Takes the next place. Whoever takes it while holding the locks of its transaction stands behind all that it has seen.
    pub(super) fn enter(order: &Arc<Self>) -> Ticket {
        let mut tickets = order.tickets.lock().expect("nothing panics while holding this lock");
        let number = tickets.next;
        tickets.next += 1;
        tickets.open.insert(number);
        Ticket { number, order: Arc::clone(order) }
    }

    pub(super) fn doubt(&self) {
        self.is_in_doubt.store(true, Ordering::Relaxed);
    }

    pub(super) fn take_doubt(&self) -> bool {
        self.is_in_doubt.swap(false, Ordering::Relaxed)
    }
}

impl Ticket {
    /// Waits until no earlier place is held.
    pub(super) async fn reached(&self) {
        loop {
            let changed = self.order.changed.notified();
            if self.is_first() {
                return;
            }
            changed.await;
        }
    }

    fn is_first(&self) -> bool {
        let tickets = self.order.tickets.lock().expect("nothing panics while holding this lock");
        tickets.open.first() == Some(&self.number)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.order.tickets.lock().expect("nothing panics while holding this lock").open.remove(&self.number);
        self.order.changed.notify_waiters();
    }
}
