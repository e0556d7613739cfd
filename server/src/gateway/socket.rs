//! One socket from hello to close.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use protocol::error::ErrorBody;
use protocol::gateway::{ClientFrame, ServerFrame, close};
use protocol::limits;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::app::App;
use crate::clock;
use crate::domain::{presence, session, snapshot};
use crate::error::Error;
use crate::hub::{Closing, Connection, Numbered, SocketId};
use crate::secret::{Secret, SecretHash};

const HEARTBEAT_INTERVAL_MS: u32 = 20_000;
const HEARTBEAT_INTERVAL: Duration = Duration::from_millis(HEARTBEAT_INTERVAL_MS as u64);
/// Two pings may be lost before the socket counts as dead. Clients answer them by themselves (RFC 6455 section 5.5.3), also a
/// browser's hidden page, whose own heartbeats may come once a minute.
const SILENCE: Duration = Duration::from_millis(2 * HEARTBEAT_INTERVAL_MS as u64 + 5_000);
const OPENING_TIME: Duration = Duration::from_secs(10);
/// Frames before a socket is identified: a resume that fails, an identify, and some heartbeats.
const OPENING_FRAMES: usize = 8;
/// An open socket is a use of its session.
const NOTE_USE_EVERY: Duration = Duration::from_secs(600);
const CLOSING_TIME: Duration = Duration::from_secs(1);
const RECONNECT_AFTER_MS: u32 = 500;
/// A socket that was flushed waits this long before the next flush, so that events of a busy channel share one.
const GATHER: Duration = Duration::from_millis(10);
const BATCH: usize = 64;
/// Answers that wait at most: more than a client may ask for in ten seconds.
const ANSWERS: usize = limits::GATEWAY_FRAMES_PER_10_S as usize + 4;

type Sink = SplitSink<WebSocket, Message>;
type Stream = SplitStream<WebSocket>;

/// Why a socket ends: the close code, and what is said before it.
struct End {
    code: u16,
    farewell: Option<ServerFrame>,
}

impl End {
    fn refused(code: u16, error: &Error) -> Self {
        Self { code, farewell: Some(ServerFrame::Error(error.body())) }
    }

    fn invalid_frame(reason: impl std::fmt::Display) -> Self {
        Self::refused(close::INVALID_FRAME, &Error::InvalidRequest(format!("the frame is not valid here: {reason}")))
    }
}

impl From<Closing> for End {
    fn from(closing: Closing) -> Self {
        match closing {
            Closing::Slow => Self { code: close::SLOW_CONSUMER, farewell: None },
            Closing::TakenOver => Self { code: close::TAKEN_OVER, farewell: None },
            Closing::Outdated => Self { code: close::TRY_AGAIN_LATER, farewell: None },
            Closing::SessionEnded => Self::refused(close::UNAUTHORIZED, &Error::Unauthorized),
        }
    }
}

/// A socket that has lost its client: there is nobody to say a word to.
struct Lost;

enum Stop {
    End(End),
    Lost,
}

impl From<End> for Stop {
    fn from(end: End) -> Self {
        Self::End(end)
    }
}

impl From<Lost> for Stop {
    fn from(_: Lost) -> Self {
        Self::Lost
    }
}

/// A socket's hold on a connection, given up when dropped, whatever ends it.
struct Attached {
    connection: Arc<Connection>,
    id: SocketId,
}

impl Drop for Attached {
    fn drop(&mut self) {
        self.connection.detach(self.id, clock::instant());
    }
}

/// Serves a socket until it ends.
pub(super) async fn serve(app: App, socket: WebSocket) {
    let (mut sink, mut stream) = socket.split();
    let opened = timeout(OPENING_TIME, open(&app, &mut sink, &mut stream)).await;
    let stop = match opened {
        Ok(Ok(attached)) => run(&app, &mut sink, &mut stream, &attached).await,
        Ok(Err(stop)) => stop,
        Err(_elapsed) => End { code: close::HEARTBEAT_TIMEOUT, farewell: None }.into(),
    };
    if let Stop::End(end) = stop {
        let _ = timeout(CLOSING_TIME, close_with(&mut sink, end)).await;
    }
}

/// Hello, then identify or resume, in a few frames.
async fn open(app: &App, sink: &mut Sink, stream: &mut Stream) -> Result<Attached, Stop> {
    send(sink, &ServerFrame::Hello { heartbeat_interval_ms: HEARTBEAT_INTERVAL_MS }).await?;
    for _ in 0..OPENING_FRAMES {
        match next_frame(stream).await? {
            ClientFrame::Identify { ticket } => return identify(app, sink, &ticket).await,
            ClientFrame::Resume { resume_token, seq } => {
                if let Some((connection, id, came_online)) = app.hub.resume(&SecretHash::of(&resume_token), seq) {
                    let attached = Attached { connection, id };
                    if came_online {
                        presence::announce(app, attached.connection.user);
                    }
                    send(sink, &ServerFrame::Resumed).await?;
                    return Ok(attached);
                }
                send(sink, &ServerFrame::InvalidSession).await?;
            }
            ClientFrame::Heartbeat { .. } => send(sink, &ServerFrame::HeartbeatAck).await?,
        }
    }
    Err(End::refused(close::RATE_LIMITED, &Error::RateLimited { retry_after_ms: 10_000 }).into())
}

async fn identify(app: &App, sink: &mut Sink, ticket: &str) -> Result<Attached, Stop> {
    let unauthorized = || End::refused(close::UNAUTHORIZED, &Error::Unauthorized);
    let found = app.tickets.redeem(ticket, clock::now()).ok_or_else(unauthorized)?;
    let resume = Secret::token();
    // Registered before the snapshot is read: what happens in between is in one of them, or harmlessly in both.
    let (connection, id, came_online) = app.hub.connect(found.user.user.id, found.id, resume.hash());
    let attached = Attached { connection, id };
    if came_online {
        presence::announce(app, attached.connection.user);
    }
    match prepare(app, &found, resume).await {
        Ok(frame) => send(sink, &frame).await?,
        Err(error) => {
            app.hub.disconnect(&attached.connection);
            let is_refused = matches!(error, Error::Unauthorized);
            let code = if is_refused { close::UNAUTHORIZED } else { close::TRY_AGAIN_LATER };
            return Err(End::refused(code, &error).into());
        }
    }
    Ok(attached)
}

async fn prepare(app: &App, found: &session::LiveSession, resume: Secret) -> crate::error::Result<ServerFrame> {
    if !session::is_live(app, found.id).await? {
        return Err(Error::Unauthorized);
    }
    let ready = snapshot::ready(app, found.user.clone(), found.id, resume).await?;
    Ok(ServerFrame::Ready(Box::new(ready)))
}

/// Moves events out and frames in until either ends.
async fn run(app: &App, sink: &mut Sink, stream: &mut Stream, attached: &Attached) -> Stop {
    let (answers, mut queued) = mpsc::channel(ANSWERS);
    let mut shutdown = app.shutdown.clone();
    tokio::select! {
        stop = write(sink, attached, &mut queued) => stop,
        stop = read(app, stream, (&attached.connection, &answers)) => stop,
        _ = shutdown.wait_for(|over| *over) => {
            let farewell = Some(ServerFrame::Reconnect { after_ms: RECONNECT_AFTER_MS });
            End { code: close::GOING_AWAY, farewell }.into()
        }
    }
}

async fn write(sink: &mut Sink, attached: &Attached, answers: &mut mpsc::Receiver<ServerFrame>) -> Stop {
    let mut pinged = Instant::now();
    loop {
        let mut batch: Vec<_> = match attached.connection.take(attached.id, BATCH) {
            Ok(events) => events.iter().map(event_message).collect(),
            Err(closing) => return End::from(closing).into(),
        };
        while let Ok(answer) = answers.try_recv() {
            batch.push(message(&answer));
        }
        if pinged.elapsed() >= HEARTBEAT_INTERVAL {
            pinged = Instant::now();
            batch.push(Message::Ping(Bytes::new()));
        }
        if batch.is_empty() {
            tokio::select! {
                () = sleep_until(pinged + HEARTBEAT_INTERVAL) => continue,
                () = attached.connection.woken() => continue,
                answer = answers.recv() => match answer {
                    Some(answer) => batch.push(message(&answer)),
                    None => return Stop::Lost,
                },
            }
        }
        if let Err(stop) = deliver(sink, attached, batch).await {
            return stop;
        }
        sleep(GATHER).await;
    }
}

/// Feeds and flushes a batch, but not past the moment when the socket lags too far behind.
async fn deliver(sink: &mut Sink, attached: &Attached, batch: Vec<Message>) -> Result<(), Stop> {
    let sending = async {
        for message in batch {
            sink.feed(message).await?;
        }
        sink.flush().await
    };
    tokio::pin!(sending);
    loop {
        tokio::select! {
            sent = &mut sending => return sent.map_err(|_| Stop::Lost),
            () = attached.connection.woken() => if let Some(closing) = attached.connection.closing(attached.id) {
                return Err(End::from(closing).into());
            },
        }
    }
}

async fn read(
    app: &App,
    stream: &mut Stream,
    (connection, answers): (&Connection, &mpsc::Sender<ServerFrame>),
) -> Stop {
    let mut noted = Instant::now();
    let mut window = Instant::now();
    let mut frames = 0;
    loop {
        let Ok(message) = timeout(SILENCE, stream.next()).await else {
            return End { code: close::HEARTBEAT_TIMEOUT, farewell: None }.into();
        };
        if window.elapsed() > Duration::from_secs(10) {
            window = Instant::now();
            frames = 0;
        }
        frames += 1;
        if frames > limits::GATEWAY_FRAMES_PER_10_S {
            return End::refused(close::RATE_LIMITED, &Error::RateLimited { retry_after_ms: 10_000 }).into();
        }
        match frame(message) {
            Ok(None) => {}
            Ok(Some(ClientFrame::Heartbeat { seq })) => {
                connection.acknowledge(seq);
                if noted.elapsed() >= NOTE_USE_EVERY {
                    noted = Instant::now();
                    session::note_use(app, connection.session);
                }
                if answers.try_send(ServerFrame::HeartbeatAck).is_err() {
                    // A client that sends and does not read.
                    return End::from(Closing::Slow).into();
                }
            }
            Ok(Some(ClientFrame::Identify { .. } | ClientFrame::Resume { .. })) => {
                return End::invalid_frame("this socket is identified already").into();
            }
            Err(stop) => return stop,
        }
    }
}

async fn next_frame(stream: &mut Stream) -> Result<ClientFrame, Stop> {
    loop {
        if let Some(frame) = frame(stream.next().await)? {
            return Ok(frame);
        }
    }
}

/// The frame in a message; none in those that only show life.
fn frame(message: Option<Result<Message, axum::Error>>) -> Result<Option<ClientFrame>, Stop> {
    match message {
        Some(Ok(Message::Text(text))) => {
            serde_json::from_str(&text).map(Some).map_err(|error| End::invalid_frame(error).into())
        }
        Some(Ok(Message::Binary(_))) => Err(End::invalid_frame("frames are text").into()),
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(None),
        Some(Ok(Message::Close(_)) | Err(_)) | None => Err(Stop::Lost),
    }
}

async fn send(sink: &mut Sink, frame: &ServerFrame) -> Result<(), Lost> {
    sink.send(message(frame)).await.map_err(|_| Lost)
}

async fn close_with(sink: &mut Sink, end: End) -> Result<(), Lost> {
    let reason = match &end.farewell {
        Some(ServerFrame::Error(ErrorBody { message, .. })) => message.chars().take(100).collect::<String>().into(),
        Some(_) | None => "".into(),
    };
    if let Some(frame) = &end.farewell {
        send(sink, frame).await?;
    }
    sink.send(Message::Close(Some(CloseFrame { code: end.code, reason }))).await.map_err(|_| Lost)
}

fn message(frame: &ServerFrame) -> Message {
    Message::text(serde_json::to_string(frame).expect("frames are serialisable"))
}

/// The frame of an event, put together from parts so that the event is serialised once for all its receivers.
fn event_message((seq, body): &Numbered) -> Message {
    Message::text(format!(r#"{{"op":"event","seq":{seq},"event":{body}}}"#))
}

#[cfg(test)]
mod tests {
    use protocol::event::{Event, GuildDeleted};

    use super::*;

    #[test]
    fn an_event_put_together_is_the_frame_of_the_protocol() {
        let event = Event::GuildDeleted(GuildDeleted { guild_id: "7".parse().unwrap() });
        let body = serde_json::to_string(&event).unwrap();
        let Message::Text(text) = event_message(&(3, body.into())) else { panic!("events are text") };
        let frame: ServerFrame = serde_json::from_str(&text).unwrap();
        assert_eq!(frame, ServerFrame::Event { seq: 3, event: Box::new(event) });
    }
}
