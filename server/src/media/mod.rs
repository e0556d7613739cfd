//! The edge that speaks UDP: threads that each drive an SFU, and answer STUN.

mod backlog;
mod burst;
mod claims;
mod driver;
mod outbox;
mod pace;
mod port;
mod pump;
mod receiver;
mod relay;
mod sender;
mod socket;
mod spread;
mod thread;
mod uplink;

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use protocol::limits;
use sfu::{Certificate, Config, Limits, SfuId};

use self::thread::{MediaThread, Parts};
use crate::room::Ends;

pub(crate) use self::pump::pump;

/// Why media cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the media socket: {0}")]
    Socket(#[from] io::Error),
    #[error("the media certificate: {0}")]
    Certificate(#[from] sfu::CertificateError),
}

/// How media goes to clients.
#[derive(Debug, Clone, Default)]
pub struct Way {
    /// Where clients reach the media port, the preferred first.
    pub announced: Vec<SocketAddr>,
    /// What may leave in all, in bit/s.
    pub uplink: Option<u64>,
}

/// Starts a media thread for each of the ends, all on the port of one socket; they end when nobody can send them commands
/// any more.
pub fn start(socket: UdpSocket, way: Way, ends: Vec<Ends>) -> Result<(), Error> {
    let sockets = port::share(socket, ends.len())?;
    start_on(sockets, way, (ends, spread::thread_time))
}

/// Starts a media thread on each of the sockets, whose work is told by the clock.
fn start_on(
    sockets: Vec<UdpSocket>,
    Way { announced, uplink }: Way,
    (ends, clock): (Vec<Ends>, fn() -> Duration),
) -> Result<(), Error> {
    let limits = Limits {
        peers_per_room: limits::ROOM_PEERS,
        offer_bytes: limits::OFFER_BYTES,
        audio_slots: limits::AUDIO_SLOTS,
        video_slots: limits::VIDEO_SLOTS,
        ..Limits::default()
    };
    let certificate = Certificate::generate()?;
    let now = Instant::now();
    let threads = ends.len();
    let ways = relay::connect(now, threads).into_iter().zip(spread::connect(now, threads, clock));
    let shared = ways.zip(uplink::divide(now, uplink, threads));
    for (id, ((socket, ends), ((relay, spread), uplink))) in (0..).zip(sockets.into_iter().zip(ends).zip(shared)) {
        let config = Config { id: SfuId(id), addresses: announced.clone(), certificate: certificate.clone(), limits };
        let thread = MediaThread::new(Parts { socket, config, relay, spread, uplink }, ends);
        std::thread::Builder::new().name(format!("media-{id}")).spawn(move || thread.run())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
