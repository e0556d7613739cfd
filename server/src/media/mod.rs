//! The edge that speaks UDP: a thread that drives the SFU, and answers STUN.

mod backlog;
mod burst;
mod driver;
mod outbox;
mod pace;
mod pump;
mod sender;
mod socket;
mod thread;

use std::io;
use std::net::{SocketAddr, UdpSocket};

use protocol::limits;
use sfu::{Certificate, Config, Limits};

use self::thread::MediaThread;
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

/// Starts the media thread; it ends when nobody can send it commands any more.
pub fn start(socket: UdpSocket, announced: Vec<SocketAddr>, ends: Ends) -> Result<(), Error> {
    let limits = Limits {
        peers_per_room: limits::ROOM_PEERS,
        offer_bytes: limits::OFFER_BYTES,
        audio_slots: limits::AUDIO_SLOTS,
        video_slots: limits::VIDEO_SLOTS,
        ..Limits::default()
    };
    let config = Config { addresses: announced, certificate: Certificate::generate()?, limits };
    let thread = MediaThread::new(socket, config, ends);
    std::thread::Builder::new().name("media".into()).spawn(move || thread.run())?;
    Ok(())
}

#[cfg(test)]
mod tests;
