//! A batch of datagrams from one system call (`recvmmsg`), with the times at which the system got them (joined ones have one):
//! a thread that has to wait for a processor reads late, which must not look like a queue on the way.

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
/// What seems to have waited for longer has not: the clock was set meanwhile. Where it was set by less, a batch is mistaken by
/// as much.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// The clocks are read again if more than this passed between them, for the thread was stopped there.
const TOGETHER: Duration = Duration::from_micros(100);
const READINGS: usize = 4;

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
        // Room for the time, the address by either family, how datagrams were joined, and their ECN field; new for each call, for
        // the system notes there how much it wrote, and would take that for the room that there is.
        let space = nix::cmsg_space!(TimeSpec, in_pktinfo, in6_pktinfo, i32, i32);
        let mut headers = MultiHeaders::<SockaddrStorage>::preallocate(BATCH, Some(space));
        let mut slices: Vec<_> = self.buffers.iter_mut().map(|buffer| [IoSliceMut::new(buffer)]).collect();
        let received = recvmmsg(socket.as_raw_fd(), &mut headers, &mut slices, MsgFlags::empty(), None)?;
        let clock = Clock::read();
        self.heads.extend(received.map(|message| Head::read(&message, clock)));
        // The system gives them in their order, however its clock was set.
        let mut latest = None;
        for head in &mut self.heads {
            head.arrived = latest.map_or(head.arrived, |latest: Instant| latest.max(head.arrived));
            latest = Some(head.arrived);
        }
        Ok(())
    }

    /// The datagrams, one by one, with the address of the socket that they came to.
    pub(super) fn datagrams(&self, local: SocketAddr) -> impl Iterator<Item = Datagram<'_>> {
        self.heads.iter().zip(&self.buffers).flat_map(move |(head, buffer)| {
            let destination = SocketAddr::new(head.to.unwrap_or(local.ip()).to_canonical(), local.port());
            let parts = buffer[..head.length].chunks(head.segment);
            parts.map(move |contents| Datagram { source: head.source, destination, arrived: head.arrived, contents })
        })
    }
}

impl Head {
    fn read(message: &RecvMsg<'_, '_, SockaddrStorage>, clock: Clock) -> Self {
        let nothing = Self { source: ([0; 4], 0).into(), to: None, arrived: clock.monotonic, length: 0, segment: 1 };
        let source = message.address.as_ref().and_then(address);
        let is_whole = !message.flags.contains(MsgFlags::MSG_TRUNC);
        let (Some(source), Ok(controls), true) = (source, message.cmsgs(), is_whole) else {
            tracing::trace!(flags = ?message.flags, "a datagram is left, for the system cut it, or what it tells of it");
            return nothing;
        };
        let mut head = Self { source, length: message.bytes, segment: message.bytes.max(1), ..nothing };
        for control in controls {
            #[expect(clippy::wildcard_enum_match_arm, reason = "the system may tell more")]
            match control {
                ControlMessageOwned::Ipv4PacketInfo(info) => head.to = Some(info.ipi_addr.s_addr.to_ne_bytes().into()),
                ControlMessageOwned::Ipv6PacketInfo(info) => head.to = Some(info.ipi6_addr.s6_addr.into()),
                ControlMessageOwned::UdpGroSegments(bytes) => {
                    head.segment = usize::try_from(bytes).ok().filter(|bytes| *bytes > 0).unwrap_or(head.segment);
                }
                ControlMessageOwned::ScmTimestampns(at) => {
                    let at = SystemTime::UNIX_EPOCH.checked_add(at.into());
                    head.arrived = at.map_or(clock.monotonic, |at| clock.at(at));
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

/// One moment by both clocks: the system tells the time of a datagram by that on the wall.
#[derive(Clone, Copy)]
struct Clock {
    monotonic: Instant,
    wall: SystemTime,
}

impl Clock {
    fn read() -> Self {
        let mut reading = Self { monotonic: Instant::now(), wall: SystemTime::now() };
        for _ in 1..READINGS {
            if reading.monotonic.elapsed() < TOGETHER {
                break;
            }
            reading = Self { monotonic: Instant::now(), wall: SystemTime::now() };
        }
        reading
    }

    /// The moment at which the clock on the wall showed this time, not long ago.
    fn at(self, time: SystemTime) -> Instant {
        let waited = self.wall.duration_since(time).ok().filter(|waited| *waited < LONGEST_WAIT);
        waited.and_then(|waited| self.monotonic.checked_sub(waited)).unwrap_or(self.monotonic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_tells_nothing_of_when_a_datagram_came() {
        let clock = Clock::read();
        let waited = Duration::from_millis(30);
        assert_eq!(clock.at(clock.wall - waited), clock.monotonic - waited);
        for set in [clock.wall + waited, clock.wall - LONGEST_WAIT, SystemTime::UNIX_EPOCH] {
            assert_eq!(clock.at(set), clock.monotonic);
        }
    }
}
