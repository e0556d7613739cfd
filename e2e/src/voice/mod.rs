//! A client of voice channels on a real UDP socket: it talks, and tells whom it hears.

mod connection;
mod driver;

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::id::{ChannelId, PeerId};
use protocol::request::voice::{JoinBody, JoinVoice, LeaveVoice, RestartVoice, UpdateVoice};
use protocol::voice::{Mid, Offer, PeerFlags, PublishedLine, Source};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use self::driver::{Command, Driver};
use crate::client::{Client, Refused};

/// How long what must come may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(15);

/// What a voice client's connection is made of.
#[derive(Clone, Copy, Debug)]
pub struct Lines {
    /// Audio slots.
    pub audio: usize,
    /// Video slots.
    pub video: usize,
    /// Talks from the start: a packet every 20 ms.
    pub talks: bool,
}

impl Default for Lines {
    fn default() -> Self {
        Self { audio: 4, video: 1, talks: true }
    }
}

/// What a connection heard from its beginning.
#[derive(Debug, Default)]
pub struct Heard {
    /// ICE and DTLS are done.
    pub is_connected: bool,
    /// The server ended the connection.
    pub is_closed: bool,
    /// By who talks.
    pub peers: BTreeMap<Csrc, Talk>,
    /// How long packets took from one client of this process to this one, in ms.
    pub delays: Vec<f64>,
}

/// What was heard of one peer.
#[derive(Clone, Copy, Debug)]
pub struct Talk {
    pub packets: u64,
    pub last: Instant,
}

/// Names a peer in the sound that others receive: the low half of its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Csrc(pub u32);

impl From<PeerId> for Csrc {
    fn from(peer: PeerId) -> Self {
        Self(u32::try_from(peer.get() & 0xffff_ffff).expect("32 bits remain"))
    }
}

/// A peer in a room. Dropped, it dies without a word.
pub struct Voice {
    client: Client,
    peer: PeerId,
    offered_at: Instant,
    heard: watch::Receiver<Heard>,
    commands: mpsc::UnboundedSender<Command>,
    driver: JoinHandle<()>,
}

impl Drop for Voice {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Voice {
    /// Joins a voice channel, with a microphone that talks.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn join(client: &Client, channel: ChannelId) -> Result<Self, Refused> {
        Self::join_with(client, channel, Lines::default()).await
    }

    /// Joins a voice channel.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn join_with(client: &Client, channel: ChannelId, lines: Lines) -> Result<Self, Refused> {
        let (mut driver, offer) = Driver::new(lines).await;
        let offered_at = Instant::now();
        let body = JoinBody { offer: with_lines(offer), flags: PeerFlags::default() };
        let answer = client.call(JoinVoice { channel_id: channel, body }).await?;
        driver.accept(&answer.sdp);
        let heard = driver.heard();
        let (commands, orders) = mpsc::unbounded_channel();
        let driver = tokio::spawn(driver.run(orders));
        Ok(Self { client: client.clone(), peer: answer.peer_id, offered_at, heard, commands, driver })
    }

    #[must_use]
    pub fn peer(&self) -> PeerId {
        self.peer
    }

    /// When the offer was made and sent.
    #[must_use]
    pub fn offered_at(&self) -> Instant {
        self.offered_at
    }

    /// Who was heard so far, and how often.
    #[must_use]
    pub fn heard(&self) -> BTreeMap<Csrc, Talk> {
        self.heard.borrow().peers.clone()
    }

    /// The delays in ms of the packets that came since the voice client began; of clients in this process only.
    #[must_use]
    pub fn delays(&self) -> Vec<f64> {
        self.heard.borrow().delays.clone()
    }

    /// Waits until what was heard is as wanted.
    pub async fn until(&mut self, what: &str, wanted: impl FnMut(&Heard) -> bool) {
        let waited = timeout(PATIENCE, self.heard.wait_for(wanted)).await;
        let found = waited.unwrap_or_else(|_| panic!("{what} did not happen within {PATIENCE:?}"));
        drop(found.expect("the connection is driven"));
    }

    pub async fn connected(&mut self) {
        self.until("the connection", |heard| heard.is_connected).await;
    }

    /// Waits for this many more packets of a peer.
    pub async fn hears(&mut self, peer: PeerId, packets: u64) {
        let before = self.packets_of(peer);
        let csrc = Csrc::from(peer);
        let enough = |heard: &Heard| heard.peers.get(&csrc).is_some_and(|talk| talk.packets >= before + packets);
        self.until(&format!("hearing {packets} packets of {peer}"), enough).await;
    }

    /// Waits for the first packet of a peer, which may have come already.
    pub async fn has_heard(&mut self, peer: PeerId) {
        let csrc = Csrc::from(peer);
        self.until(&format!("hearing {peer}"), |heard| heard.peers.contains_key(&csrc)).await;
    }

    /// Packets of a peer that came so far.
    #[must_use]
    pub fn packets_of(&self, peer: PeerId) -> u64 {
        self.heard.borrow().peers.get(&Csrc::from(peer)).map_or(0, |talk| talk.packets)
    }

    /// When the last packet of a peer came.
    #[must_use]
    pub fn last_of(&self, peer: PeerId) -> Option<Instant> {
        self.heard.borrow().peers.get(&Csrc::from(peer)).map(|talk| talk.last)
    }

    /// Tells the server whether the microphone is off; the packets go on, so that it is the server that silences them.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn mute(&self, muted: bool) -> Result<(), Refused> {
        self.set_flags(PeerFlags { muted, ..PeerFlags::default() }).await
    }

    /// # Errors
    /// The server's refusal.
    pub async fn set_flags(&self, flags: PeerFlags) -> Result<(), Refused> {
        self.client.call(UpdateVoice { peer_id: self.peer, body: flags }).await
    }

    /// # Errors
    /// The server's refusal.
    pub async fn leave(self) -> Result<(), Refused> {
        self.client.call(LeaveVoice { peer_id: self.peer, body: () }).await
    }

    /// Loses every datagram in both directions, until healed.
    pub fn cut(&self) {
        self.order(Command::Cut(true));
    }

    pub fn heal(&self) {
        self.order(Command::Cut(false));
    }

    /// Restarts ICE by a new offer.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn restart(&self) -> Result<(), Refused> {
        let (tell, told) = oneshot::channel();
        self.order(Command::Restart(tell));
        let offer = told.await.expect("the connection is driven");
        let answer = self.client.call(RestartVoice { peer_id: self.peer, body: with_lines(offer) }).await?;
        assert_eq!(answer.peer_id, self.peer);
        self.order(Command::Accept(answer.sdp));
        Ok(())
    }

    fn order(&self, command: Command) {
        self.commands.send(command).expect("the connection is driven");
    }
}

/// An offer as [`Voice`] makes it, for who joins in another way.
pub async fn offer() -> Offer {
    let (_, sdp) = Driver::new(Lines::default()).await;
    with_lines(sdp)
}

fn with_lines(sdp: String) -> Offer {
    Offer { sdp, lines: vec![PublishedLine { mid: Mid("0".to_owned()), source: Source::Microphone }] }
}
