//! One life of a media thread: an SFU, and what brings it datagrams, commands and the time.

use std::collections::BTreeSet;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use sfu::{Datagram, Event, Join, Output, PeerId, Sfu, Transmit};
use tokio::sync::mpsc;
use tokio::time::sleep_until;
use turn::{Handled, Stun};

use super::outbox::Outbox;
use super::pace::Pace;
use super::receiver::Batch;
use super::relay::{Parcel, Passed, Relay, is_stun};
use super::socket::Socket;
use super::spread::Spread;
use super::uplink::Uplink;
use crate::room::Command;

/// Commands that are done before the socket gets its turn again.
const COMMANDS: usize = 32;
/// Datagrams that wait to be sent until all are.
const OUTGOING: usize = 1_024;
/// Batches that are read before other work gets its turn.
const BATCHES: usize = 8;
/// A socket that has failed for so long is worth a new start, though that ends every call on it.
const LONGEST_FAILURE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(64);

pub(super) struct Driver<'a> {
    pub(super) sfu: Sfu,
    pub(super) stun: Stun,
    pub(super) socket: Socket,
    /// Waits until it is worth a system call.
    pub(super) outgoing: Vec<Transmit>,
    pub(super) pace: Pace,
    pub(super) relay: &'a mut Relay,
    pub(super) spread: &'a mut Spread,
    pub(super) uplink: &'a Uplink,
    pub(super) outbox: &'a mut Outbox,
    /// Who joined and is not gone: those to be told of if this life ends.
    pub(super) seated: &'a mut BTreeSet<PeerId>,
}

impl Driver<'_> {
    /// Works until nobody can send commands any more, or the socket fails for good.
    pub(super) async fn run(mut self, commands: &mut mpsc::Receiver<Command>) -> io::Result<()> {
        let mut orders = Vec::with_capacity(COMMANDS);
        let mut batch = Batch::default();
        let mut failures = Failures::default();
        self.socket.writable().await?;
        loop {
            let deadline = self.flush();
            tokio::select! {
                readable = failures.paused(self.socket.readable()) => {
                    let received = readable.and_then(|()| self.receive(&mut batch));
                    failures.note(Instant::now(), received)?;
                }
                parcel = self.relay.receive() => self.unpack(&parcel),
                datagrams = self.spread.receive() => self.send_for_another(datagrams),
                () = until(deadline) => self.sfu.handle_timeout(Instant::now()),
                count = commands.recv_many(&mut orders, COMMANDS) => {
                    if count == 0 {
                        return Ok(());
                    }
                    for command in orders.drain(..) {
                        self.obey(Instant::now(), command);
                        self.flush();
                    }
                }
                () = self.outbox.drain() => {}
            }
        }
    }

    fn receive(&mut self, batch: &mut Batch) -> io::Result<()> {
        // The thread has nothing else to do that could not wait for so short a time.
        thread::sleep(self.pace.gather());
        for _ in 0..BATCHES {
            self.socket.receive(batch)?;
            // An address is claimed before its client is answered, and so before what the batch may have from there.
            for parcel in self.relay.waiting() {
                self.unpack(&parcel);
            }
            let now = Instant::now();
            let mut received = 0;
            for datagram in self.socket.datagrams(batch) {
                received += 1;
                match self.stun.handle(now, datagram.source, datagram.contents) {
                    Handled::Answer(answer) => {
                        let (source, destination) = (datagram.destination, datagram.source);
                        self.outgoing.push(Transmit { source, destination, contents: answer.into() });
                    }
                    Handled::Dropped => {}
                    Handled::NotMine => self.take(now, datagram),
                }
            }
            self.send();
            self.note_received(now, received);
            if batch.is_last() {
                break;
            }
        }
        Ok(())
    }

    /// Takes a datagram, or hands it over. One that others claim may be for a peer of ours all the same: whoever can forge
    /// its address can have another thread claim it.
    fn take(&mut self, now: Instant, datagram: Datagram<'_>) {
        match self.relay.pass(datagram) {
            Passed::No => {}
            Passed::On { is_heard } => {
                if is_heard {
                    self.pace.note_sent(1);
                }
                if self.sfu.peer_at(datagram.source).is_none() {
                    return;
                }
            }
        }
        self.sfu.handle(now, datagram);
        self.drain();
    }

    /// Takes what reached other threads.
    fn unpack(&mut self, parcel: &Parcel) {
        let now = Instant::now();
        self.relay.note_claims(now, parcel);
        let mut received = 0;
        for stray in parcel.strays() {
            received += 1;
            self.sfu.handle(now, stray);
            if is_stun(stray.contents)
                && let Some(peer) = self.sfu.peer_at(stray.source)
            {
                self.relay.claim(parcel.from(), stray.source, peer);
            }
            self.drain();
        }
        self.send();
        self.note_received(now, received);
    }

    /// Sends what is to be sent. The claims leave before the answers, which bring what they are for.
    fn send(&mut self) {
        self.relay.flush();
        self.spread.hand_over(&mut self.outgoing);
        self.socket.send(&mut self.outgoing);
    }

    /// Sends what a busier thread has handed over; it is heard, and so nothing here may gather for long.
    fn send_for_another(&mut self, mut datagrams: Vec<Transmit>) {
        self.pace.note_sent(datagrams.len());
        self.socket.send(&mut datagrams);
    }

    fn note_received(&mut self, now: Instant, count: usize) {
        self.pace.note_received(now, count);
        self.relay.tell_unheard(self.pace.is_unheard());
    }

    fn obey(&mut self, now: Instant, command: Command) {
        match command {
            // Whoever asks is told that the thread cannot be reached, and comes back.
            Command::Join(..) if self.outbox.is_full() => tracing::warn!("events pile up: nobody more is let in"),
            Command::Join(entry, answered) => {
                let join = Join {
                    room: entry.room,
                    peer: entry.peer,
                    grant: entry.grant,
                    state: entry.state,
                    audio_bitrate: entry.audio_bitrate,
                    replaces: entry.replaces,
                    offer: &entry.offer,
                    sources: &entry.sources,
                };
                let answer = self.sfu.join(now, join);
                if answer.is_ok() {
                    self.seated.insert(entry.peer);
                }
                if answered.send(answer).is_err() {
                    self.leave(now, entry.peer);
                }
            }
            Command::Restart { peer, offer, answered } => drop(answered.send(self.sfu.restart(peer, &offer))),
            Command::Leave(peer) => self.leave(now, peer),
            Command::SetGrant(peer, grant) => self.sfu.set_grant(now, peer, grant),
            Command::SetState(peer, state) => self.sfu.set_state(now, peer, state),
            Command::SetAudioBitrate(peer, bitrate) => self.sfu.set_audio_bitrate(now, peer, bitrate),
            Command::SetWishes(peer, wishes) => self.sfu.set_wishes(now, peer, &wishes),
            Command::Ping(answered) => drop(answered.send(())),
            #[cfg(test)]
            Command::Panic => panic!("as a test asked"),
        }
    }

    fn leave(&mut self, now: Instant, peer: PeerId) {
        self.seated.remove(&peer);
        self.sfu.leave(now, peer);
    }

    /// Sends all that the SFU has to say, and answers with when there is something to do by then.
    fn flush(&mut self) -> Option<Instant> {
        let deadline = self.drain();
        self.send();
        let now = Instant::now();
        self.spread.revise(now);
        self.sfu.set_uplink(self.uplink.share(now, self.sfu.uplink_taken(now)));
        deadline.into_iter().chain(self.spread.next()).min()
    }

    /// Takes what the SFU has to say.
    fn drain(&mut self) -> Option<Instant> {
        loop {
            match self.sfu.poll_output() {
                Output::Transmit(transmit) => {
                    if sfu::is_rtp(&transmit.contents) {
                        self.pace.note_sent(1);
                    }
                    self.outgoing.push(transmit);
                    if self.outgoing.len() >= OUTGOING {
                        self.send();
                    }
                }
                Output::Event(event) => {
                    if let Event::Gone { peer, .. } = &event {
                        self.seated.remove(peer);
                    }
                    self.outbox.push(event);
                }
                Output::Timeout(at) => return at,
            }
        }
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(at) => sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

/// Failures to receive, one after another. A single one says nothing: the system reports the fate of a datagram that
/// was sent (ECONNREFUSED, ENETUNREACH), or a shortage that passes (ENOBUFS). Where they go on, reading pauses, so
/// that a socket which is always "readable" does not keep the thread busy with its error.
#[derive(Default)]
struct Failures {
    count: u32,
    began: Option<Instant>,
    resume: Option<Instant>,
}

impl Failures {
    fn note(&mut self, now: Instant, received: io::Result<()>) -> io::Result<()> {
        let Err(error) = received else {
            *self = Self::default();
            return Ok(());
        };
        let began = *self.began.get_or_insert(now);
        if now.saturating_duration_since(began) > LONGEST_FAILURE {
            return Err(error);
        }
        let pause = Duration::from_millis(1 << self.count.min(6)).min(LONGEST_PAUSE);
        self.resume = (self.count > 0).then(|| now + pause);
        if self.count == 0 {
            tracing::debug!(%error, "nothing could be received");
        }
        self.count += 1;
        Ok(())
    }

    /// Waits for the end of the pause, then for what it is given.
    async fn paused<T>(&self, then: impl Future<Output = T>) -> T {
        if let Some(resume) = self.resume {
            sleep_until(resume.into()).await;
        }
        then.await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure() -> io::Result<()> {
        Err(io::ErrorKind::ConnectionRefused.into())
    }

    #[test]
    fn a_single_failure_pauses_nothing_and_repeated_ones_pause_briefly() {
        let now = Instant::now();
        let mut failures = Failures::default();
        failures.note(now, failure()).unwrap();
        assert_eq!(failures.resume, None);
        for _ in 0..100 {
            failures.note(now, failure()).unwrap();
            assert!(failures.resume.is_some_and(|at| at > now && at <= now + LONGEST_PAUSE));
        }
        failures.note(now, Ok(())).unwrap();
        assert_eq!((failures.count, failures.resume), (0, None));
    }

    #[test]
    fn only_failures_without_end_end_a_life() {
        let now = Instant::now();
        let mut failures = Failures::default();
        failures.note(now, failure()).unwrap();
        failures.note(now + LONGEST_FAILURE, failure()).unwrap();
        assert!(failures.note(now + LONGEST_FAILURE + LONGEST_PAUSE, failure()).is_err());
        let mut failures = Failures::default();
        failures.note(now, failure()).unwrap();
        failures.note(now + LONGEST_FAILURE, Ok(())).unwrap();
        failures.note(now + 2 * LONGEST_FAILURE, failure()).unwrap();
    }
}
