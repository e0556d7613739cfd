//! Several bursts in one system call (`sendmmsg`).

use std::io::{self, IoSlice};
use std::net::IpAddr;
use std::os::fd::AsRawFd;

use nix::libc::{in_addr, in_pktinfo, in6_addr, in6_pktinfo};
use nix::sys::socket::{ControlMessage, MsgFlags, MultiHeaders, SockaddrStorage, sendmmsg};
use tokio::net::UdpSocket;

use super::burst::Burst;

/// Bursts that one call takes.
const BATCH: usize = 64;

/// What calls need again and again, by the control messages that they carry.
#[derive(Default)]
pub(super) struct Sender {
    headers: [Option<MultiHeaders<SockaddrStorage>>; 6],
}

/// The address that datagrams leave from, where it matters.
enum From {
    Any,
    V4(in_pktinfo),
    V6(in6_pktinfo),
}

impl From {
    fn of(address: IpAddr) -> Self {
        match address {
            address if address.is_unspecified() => Self::Any,
            IpAddr::V4(ip) => {
                let address = in_addr { s_addr: u32::from_ne_bytes(ip.octets()) };
                Self::V4(in_pktinfo { ipi_ifindex: 0, ipi_spec_dst: address, ipi_addr: in_addr { s_addr: 0 } })
            }
            IpAddr::V6(ip) => Self::V6(in6_pktinfo { ipi6_addr: in6_addr { s6_addr: ip.octets() }, ipi6_ifindex: 0 }),
        }
    }

    fn control(&self) -> Option<ControlMessage<'_>> {
        match self {
            Self::Any => None,
            Self::V4(info) => Some(ControlMessage::Ipv4PacketInfo(info)),
            Self::V6(info) => Some(ControlMessage::Ipv6PacketInfo(info)),
        }
    }

    /// Room for the control messages, and which of the kept headers has it.
    fn space(&self, is_segmented: bool) -> (usize, Vec<u8>) {
        match (self, is_segmented) {
            (Self::Any, false) => (0, Vec::new()),
            (Self::Any, true) => (1, nix::cmsg_space!(u16)),
            (Self::V4(_), false) => (2, nix::cmsg_space!(in_pktinfo)),
            (Self::V4(_), true) => (3, nix::cmsg_space!(in_pktinfo, u16)),
            (Self::V6(_), false) => (4, nix::cmsg_space!(in6_pktinfo)),
            (Self::V6(_), true) => (5, nix::cmsg_space!(in6_pktinfo, u16)),
        }
    }
}

impl Sender {
    /// Sends some of the bursts, all of one source and one segment's size; answers with how many.
    pub(super) fn send(&mut self, socket: &UdpSocket, bursts: &[Burst<'_>]) -> io::Result<usize> {
        let bursts = &bursts[..bursts.len().min(BATCH)];
        let Some(first) = bursts.first() else { return Ok(0) };
        let from = From::of(first.source);
        let segment = first.segment.as_ref().map(ControlMessage::UdpGsoSegments);
        let controls: Vec<_> = from.control().into_iter().chain(segment).collect();
        let (layout, space) = from.space(first.segment.is_some());
        let headers = self.headers[layout]
            .get_or_insert_with(|| MultiHeaders::preallocate(BATCH, Some(space).filter(|space| space.capacity() > 0)));
        let contents = bursts.iter().flat_map(|burst| burst.datagrams);
        let contents: Vec<_> = contents.map(|datagram| IoSlice::new(&datagram.contents)).collect();
        let mut rest = &*contents;
        let mut messages = Vec::with_capacity(bursts.len());
        for burst in bursts {
            let (message, left) = rest.split_at(burst.datagrams.len());
            messages.push(message);
            rest = left;
        }
        let destinations: Vec<_> = bursts.iter().map(|burst| Some(SockaddrStorage::from(burst.destination))).collect();
        let flags = MsgFlags::empty();
        let sent = sendmmsg(socket.as_raw_fd(), headers, &messages, &destinations, &controls, flags)?;
        Ok(sent.count())
    }
}
