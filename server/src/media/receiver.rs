//! A batch of datagrams from one system call (`recvmmsg`), each with the time at which the system got it: a thread that has
//! to wait for a processor reads late, which must not look like a queue on the way.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr, UdpSocket as StdSocket};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant, SystemTime};

use nix::libc::{in_pktinfo, in6_pktinfo};
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, MultiHeaders, RecvMsg, SockaddrStorage, recvmmsg, setsockopt, sockopt,
};
use nix::sys::time::TimeSpec;
use sfu::Datagram;
use tokio::net::UdpSocket;

/// Datagrams, or what the kernel made of several, that one call takes.
const BATCH: usize = 32;
/// Room for one datagram, or for several that the kernel joined (GRO).
const BUFFER: usize = 65_536;
/// Nothing waits for so long; where the clock says so, it was set meanwhile.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// Has the system note when it got a datagram. Where it cannot, the time at which it is read has to do.
pub(super) fn request_times(socket: &StdSocket) {
    if let Err(error) = setsockopt(socket, sockopt::ReceiveTimestampns, &true) {
        tracing::debug!(%error, "the system does not tell when a datagram came");
    }
}

/// What was received in one go.
pub(super) struct Batch {
    buffers: Vec<Vec<u8>>,
    heads: Vec<Head>,
}

/// Of one buffer's contents.
struct Head {
    source: SocketAddr,
    /// The address of ours that it was sent to, where the system tells.
    to: Option<IpAddr>,
    arrived: Instant,
    length: usize,
    /// Bytes of each of the joined datagrams but the last.
    segment: usize,
}

impl Default for Batch {
    fn default() -> Self {
        Self { buffers: (0..BATCH).map(|_| vec![0; BUFFER]).collect(), heads: Vec::with_capacity(BATCH) }
    }
}

impl Batch {
    pub(super) fn clear(&mut self) {
        self.heads.clear();
    }

    /// Whether there was room for more, so that nothing is left in the socket.
    pub(super) fn is_last(&self) -> bool {
        self.heads.len() < BATCH
    }

    /// Receives what is there, of a socket that has something.
    pub(super) fn receive(&mut self, socket: &UdpSocket) -> io::Result<()> {
        self.clear();
        // New for each call: the system notes in them how much it wrote, and would take that for the room that there is.
        let space = nix::cmsg_space!(in_pktinfo, in6_pktinfo, TimeSpec, i32, i32, i32);
        let mut headers = MultiHeaders::<SockaddrStorage>::preallocate(BATCH, Some(space));
        let mut slices: Vec<_> = self.buffers.iter_mut().map(|buffer| [IoSliceMut::new(buffer)]).collect();
        let received = recvmmsg(socket.as_raw_fd(), &mut headers, &mut slices, MsgFlags::empty(), None)?;
        let clock = Clock { now: Instant::now(), time: SystemTime::now() };
        self.heads.extend(received.map(|message| Head::read(&message, clock)));
        Ok(())
    }

    /// The datagrams, one by one, with the address of the socket that they came to.
    pub(super) fn datagrams(&self, local: SocketAddr) -> impl Iterator<Item = Datagram<'_>> {
        self.heads.iter().zip(&self.buffers).flat_map(move |(head, buffer)| {
            let destination = SocketAddr::new(head.to.unwrap_or(local.ip()).to_canonical(), local.port());
            let parts = buffer[..head.length].chunks(head.segment.max(1));
            parts.map(move |contents| Datagram { source: head.source, destination, arrived: head.arrived, contents })
        })
    }
}

impl Head {
    fn read(message: &RecvMsg<'_, '_, SockaddrStorage>, clock: Clock) -> Self {
        let source = message.address.as_ref().and_then(address);
        let mut head = Self {
            // Nobody has this one; what comes from there is nobody's.
            source: source.unwrap_or_else(|| ([0; 4], 0).into()),
            to: None,
            arrived: clock.now,
            length: message.bytes,
            segment: message.bytes,
        };
        for control in message.cmsgs().into_iter().flatten() {
            #[expect(clippy::wildcard_enum_match_arm, reason = "the system may tell more")]
            match control {
                ControlMessageOwned::Ipv4PacketInfo(info) => head.to = Some(info.ipi_addr.s_addr.to_ne_bytes().into()),
                ControlMessageOwned::Ipv6PacketInfo(info) => head.to = Some(info.ipi6_addr.s6_addr.into()),
                ControlMessageOwned::UdpGroSegments(bytes) => {
                    head.segment = usize::try_from(bytes).unwrap_or(head.length)
                }
                ControlMessageOwned::ScmTimestampns(at) => {
                    head.arrived = clock.at(SystemTime::UNIX_EPOCH + Duration::from(at))
                }
                _ => {}
            }
        }
        head
    }
}

fn address(storage: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = storage.as_sockaddr_in().map(|address| SocketAddr::new(address.ip().into(), address.port()));
    let v6 = || storage.as_sockaddr_in6().map(|address| SocketAddr::new(address.ip().to_canonical(), address.port()));
    v4.or_else(v6)
}

/// One moment by the two clocks of which the system tells by the second.
#[derive(Clone, Copy)]
struct Clock {
    now: Instant,
    time: SystemTime,
}

impl Clock {
    /// The moment at which the second clock showed this time, not long ago.
    fn at(self, time: SystemTime) -> Instant {
        let waited = self.time.duration_since(time).ok().filter(|waited| *waited < LONGEST_WAIT);
        waited.and_then(|waited| self.now.checked_sub(waited)).unwrap_or(self.now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_tells_nothing_of_when_a_datagram_came() {
        let clock = Clock { now: Instant::now(), time: SystemTime::now() };
        let waited = Duration::from_millis(30);
        assert_eq!(clock.at(clock.time - waited), clock.now - waited);
        for set in [clock.time + waited, clock.time - LONGEST_WAIT, SystemTime::UNIX_EPOCH] {
            assert_eq!(clock.at(set), clock.now);
        }
    }
}
