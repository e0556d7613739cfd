//! The UDP socket: batches of datagrams in, datagrams out.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr, UdpSocket as StdSocket};

use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit as Outgoing, UdpSockRef, UdpSocketState};
use sfu::Transmit;
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// Room for one datagram, or for several that the kernel joined (GRO).
const BUFFER: usize = 65_536;
const KERNEL_BUFFER: usize = 4 << 20;
/// Batches that are read before other work gets its turn.
const BATCHES: usize = 8;

pub(super) struct Socket {
    socket: UdpSocket,
    state: UdpSocketState,
    local: SocketAddr,
    buffers: Vec<Vec<u8>>,
}

impl Socket {
    pub(super) fn new(socket: StdSocket) -> io::Result<Self> {
        let local = socket.local_addr()?;
        let state = UdpSocketState::new(UdpSockRef::from(&socket))?;
        // The system may grant less; then bursts are lost earlier, which is what a smaller buffer means.
        let _ = state.set_recv_buffer_size(UdpSockRef::from(&socket), KERNEL_BUFFER);
        let _ = state.set_send_buffer_size(UdpSockRef::from(&socket), KERNEL_BUFFER);
        let buffers = (0..BATCH_SIZE).map(|_| vec![0; BUFFER]).collect();
        Ok(Self { socket: UdpSocket::from_std(socket)?, state, local, buffers })
    }

    pub(super) async fn readable(&self) -> io::Result<()> {
        self.socket.readable().await
    }

    /// Hands over what has arrived: source, local address, contents.
    pub(super) fn receive(&mut self, mut take: impl FnMut(SocketAddr, SocketAddr, &[u8])) -> io::Result<()> {
        let Self { socket, state, local, buffers } = self;
        for _ in 0..BATCHES {
            let mut meta = [RecvMeta::default(); BATCH_SIZE];
            let received = socket.try_io(Interest::READABLE, || {
                let mut slices: Vec<_> = buffers.iter_mut().map(|buffer| IoSliceMut::new(buffer)).collect();
                state.recv(UdpSockRef::from(&*socket), &mut slices, &mut meta)
            });
            let count = match received {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            for (meta, buffer) in meta.iter().zip(buffers.iter()).take(count) {
                let source = canonical(meta.addr);
                let to = meta.dst_ip.unwrap_or(local.ip()).to_canonical();
                for datagram in buffer[..meta.len].chunks(meta.stride.max(1)) {
                    take(source, SocketAddr::new(to, local.port()), datagram);
                }
            }
            if count < BATCH_SIZE {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Sends a datagram; one for which the system has no room is lost, as any may be on its way.
    pub(super) fn send(&self, transmit: &Transmit) {
        let outgoing = Outgoing {
            destination: self.to_family(transmit.destination),
            ecn: None,
            contents: &transmit.contents,
            segment_size: None,
            src_ip: Some(self.to_family(transmit.source).ip()).filter(|ip| !ip.is_unspecified()),
        };
        let sent =
            self.socket.try_io(Interest::WRITABLE, || self.state.try_send(UdpSockRef::from(&self.socket), &outgoing));
        if let Err(error) = sent {
            tracing::trace!(%error, "a datagram was not sent");
        }
    }

    /// An IPv6 socket reaches IPv4 by mapped addresses.
    fn to_family(&self, address: SocketAddr) -> SocketAddr {
        match (self.local.ip(), address.ip()) {
            (IpAddr::V6(_), IpAddr::V4(ip)) => SocketAddr::new(ip.to_ipv6_mapped().into(), address.port()),
            (IpAddr::V6(_), IpAddr::V6(_)) | (IpAddr::V4(_), _) => address,
        }
    }
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
