//! The order in which transactions are to be told of: that of their commits.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

#[derive(Default)]
pub(super) struct Order {
    tickets: Mutex<Tickets>,
    changed: Notify,
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
