//! The way of events to the rest of the server, which may be slower than media.

use sfu::Event;
use tokio::sync::mpsc;

use super::backlog::Backlog;

pub(super) struct Outbox {
    sender: mpsc::Sender<Event>,
    backlog: Backlog,
}

impl Outbox {
    pub(super) fn new(sender: mpsc::Sender<Event>) -> Self {
        Self { sender, backlog: Backlog::default() }
    }

    /// Whether the rest of the server lags so far behind that nobody more can be let in.
    pub(super) fn is_full(&self) -> bool {
        self.backlog.is_full()
    }

    pub(super) fn push(&mut self, event: Event) {
        self.backlog.push(event);
        while let Ok(permit) = self.sender.try_reserve()
            && let Some(event) = self.backlog.pop()
        {
            permit.send(event);
        }
    }

    /// Sends what waits as the way becomes free; pending while nothing waits. May be cancelled at any time.
    pub(super) async fn drain(&mut self) {
        while !self.backlog.is_empty() {
            let Ok(permit) = self.sender.reserve().await else { break };
            if let Some(event) = self.backlog.pop() {
                permit.send(event);
            }
        }
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests {
    use sfu::PeerId;

    use super::*;

    fn connected(peer: u64) -> Event {
        Event::Connected { peer: PeerId(peer) }
    }

    #[tokio::test]
    async fn what_waits_is_sent_as_soon_as_there_is_room_without_another_event() {
        let (sender, mut receiver) = mpsc::channel(1);
        let mut outbox = Outbox::new(sender);
        for peer in 1..=3 {
            outbox.push(connected(peer));
        }
        let received = async {
            let mut received = Vec::new();
            while received.len() < 3 {
                received.extend(receiver.recv().await);
            }
            received
        };
        tokio::select! {
            () = outbox.drain() => unreachable!("it goes on for ever"),
            received = received => assert_eq!(received, [1, 2, 3].map(connected)),
        }
    }

    #[tokio::test]
    async fn what_waits_is_not_overtaken() {
        let (sender, mut receiver) = mpsc::channel(1);
        let mut outbox = Outbox::new(sender);
        outbox.push(connected(1));
        outbox.push(connected(2));
        assert_eq!(receiver.recv().await, Some(connected(1)));
        outbox.push(connected(3));
        assert_eq!(receiver.recv().await, Some(connected(2)));
    }
}
