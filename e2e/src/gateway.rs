//! A client of the gateway.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use protocol::event::{Event, Ready, VoiceEnded};
use protocol::gateway::{ClientFrame, ServerFrame};
use protocol::id::PeerId;
use tokio::net::TcpStream;
use tokio::time::{Instant, interval, timeout, timeout_at};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

/// How long an expected frame may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(10);

/// A socket of the gateway with what a client remembers.
pub struct Gateway {
    socket: Socket,
    origin: String,
    ready: Ready,
    seq: u64,
}

impl Gateway {
    /// Opens a socket and says hello with a ticket.
    pub async fn identify(origin: &str, ticket: String) -> Self {
        let mut socket = open(origin).await;
        send(&mut socket, &ClientFrame::Identify { ticket }).await;
        match receive(&mut socket, PATIENCE).await {
            Some(ServerFrame::Ready(ready)) => Self { socket, origin: origin.to_owned(), ready: *ready, seq: 0 },
            other => panic!("identify was answered with {other:?}"),
        }
    }

    /// What the gateway told at the start.
    #[must_use]
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// The last event's sequence number.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The next event, whose sequence number must follow the last one's.
    pub async fn event(&mut self) -> Event {
        self.event_in(PATIENCE).await
    }

    async fn event_in(&mut self, patience: Duration) -> Event {
        loop {
            match receive(&mut self.socket, patience).await {
                Some(ServerFrame::Event { seq, event }) => {
                    assert_eq!(seq, self.seq + 1, "events follow each other without a gap");
                    self.seq = seq;
                    return *event;
                }
                Some(ServerFrame::HeartbeatAck) => {}
                other => panic!("an event was expected and {other:?} came"),
            }
        }
    }

    /// The first event that `wanted` takes; others are passed over.
    pub async fn event_where<T>(&mut self, wanted: impl Fn(Event) -> Option<T>) -> T {
        self.event_within(PATIENCE, wanted).await
    }

    /// The same, where the events may lie this far apart.
    pub async fn event_within<T>(&mut self, patience: Duration, wanted: impl Fn(Event) -> Option<T>) -> T {
        loop {
            if let Some(found) = wanted(self.event_in(patience).await) {
                return found;
            }
        }
    }

    /// A peer's seat is free.
    pub async fn voice_left(&mut self, peer: PeerId) {
        self.event_where(|event| {
            let Event::VoiceLeft(left) = event else { return None };
            (left.peer_id == peer).then_some(())
        })
        .await;
    }

    /// The end of the user's own seat.
    pub async fn voice_ended(&mut self, peer: PeerId) -> VoiceEnded {
        self.event_where(|event| {
            let Event::VoiceEnded(ended) = event else { return None };
            (ended.peer_id == peer).then_some(ended)
        })
        .await
    }

    pub async fn heartbeat(&mut self) {
        send(&mut self.socket, &ClientFrame::Heartbeat { seq: self.seq }).await;
    }

    /// Sends any text, also what is no frame.
    pub async fn send_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.expect("an open socket");
    }

    /// The bare socket, for who reads it in another way.
    pub(crate) fn into_socket(self) -> Socket {
        self.socket
    }

    /// Waits, without reading, until the server has ended the socket, which sending then shows.
    pub async fn cut_off(&mut self) {
        let mut ticks = interval(Duration::from_millis(500));
        let text = serde_json::to_string(&ClientFrame::Heartbeat { seq: 0 }).expect("frames are serialisable");
        let ended = async {
            loop {
                ticks.tick().await;
                if self.socket.send(Message::text(text.clone())).await.is_err() {
                    return;
                }
            }
        };
        timeout(PATIENCE, ended).await.expect("the socket is ended in time");
    }

    /// Reads for a while, which answers pings, and sends no frame; false where the socket ended.
    pub async fn is_open_without_heartbeats(&mut self, time: Duration) -> bool {
        let end = Instant::now() + time;
        while let Ok(message) = timeout_at(end, self.socket.next()).await {
            if !matches!(message, Some(Ok(Message::Ping(_)))) {
                return false;
            }
        }
        true
    }

    /// How many events still come before the socket ends, however it ends.
    pub async fn events_to_the_end(&mut self) -> u64 {
        let mut events = 0;
        while let Some(frame) = receive(&mut self.socket, PATIENCE).await {
            events += u64::from(matches!(frame, ServerFrame::Event { .. }));
        }
        events
    }

    /// The close code, after any frames before it.
    pub async fn closed(&mut self) -> u16 {
        closed(&mut self.socket).await
    }

    /// Sends a ticket and is gone before the answer.
    pub async fn vanish(origin: &str, ticket: String) {
        let mut socket = open(origin).await;
        send(&mut socket, &ClientFrame::Identify { ticket }).await;
    }

    /// Sends heartbeats and never identifies; answers with the close code.
    pub async fn dawdle(origin: &str) -> u16 {
        let mut socket = open(origin).await;
        for _ in 0..20 {
            send(&mut socket, &ClientFrame::Heartbeat { seq: 0 }).await;
        }
        closed(&mut socket).await
    }

    /// Opens a socket with a ticket that is refused, and answers with the close code.
    pub async fn refused(origin: &str, ticket: String) -> u16 {
        let mut socket = open(origin).await;
        send(&mut socket, &ClientFrame::Identify { ticket }).await;
        closed(&mut socket).await
    }

    /// Loses the socket without a word and resumes on a new one; false where the server no longer knows the session.
    pub async fn cut_and_resume(&mut self) -> bool {
        self.socket = open(&self.origin).await;
        let resume_token = self.ready.resume_token.clone();
        send(&mut self.socket, &ClientFrame::Resume { resume_token, seq: self.seq }).await;
        match receive(&mut self.socket, PATIENCE).await {
            Some(ServerFrame::Resumed) => true,
            Some(ServerFrame::InvalidSession) => false,
            other => panic!("resume was answered with {other:?}"),
        }
    }
}

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn open(origin: &str) -> Socket {
    let url = format!("{}/gateway", origin.replacen("http", "ws", 1));
    // The default buffer of 128 KiB would be most of the cost of a bench with many sockets.
    let config = WebSocketConfig::default().read_buffer_size(4_096);
    let (mut socket, _) = connect_async_with_config(url, Some(config), true).await.expect("a gateway");
    match receive(&mut socket, PATIENCE).await {
        Some(ServerFrame::Hello { .. }) => socket,
        other => panic!("the gateway began with {other:?}"),
    }
}

async fn closed(socket: &mut Socket) -> u16 {
    loop {
        match timeout(PATIENCE, socket.next()).await.expect("the socket closes in time") {
            Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
            Some(Ok(_)) => {}
            other => panic!("the socket ended with {other:?} and no close frame"),
        }
    }
}

async fn send(socket: &mut Socket, frame: &ClientFrame) {
    let text = serde_json::to_string(frame).expect("frames are serialisable");
    socket.send(Message::text(text)).await.expect("an open socket");
}

async fn receive(socket: &mut Socket, patience: Duration) -> Option<ServerFrame> {
    loop {
        match timeout(patience, socket.next()).await.expect("a frame in time") {
            Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).expect("a frame")),
            Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
            Some(Ok(_)) => {}
        }
    }
}
