//! The UDP socket: batches of datagrams in, datagrams out.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr, UdpSocket as StdSocket};

use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit as Outgoing, UdpSockRef, UdpSocketState};
use sfu::{Datagram, Transmit};
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// Room for one datagram, or for several that the kernel joined (GRO).
const BUFFER: usize = 65_536;
const KERNEL_BUFFER: usize = 4 << 20;

pub(super) struct Socket {
    socket: UdpSocket,
    state: UdpSocketState,
    local: SocketAddr,
}

/// What was received in one go.
pub(super) struct Batch {
    buffers: Vec<Vec<u8>>,
    meta: [RecvMeta; BATCH_SIZE],
    count: usize,
}

impl Default for Batch {
    fn default() -> Self {
        let buffers = (0..BATCH_SIZE).map(|_| vec![0; BUFFER]).collect();
        Self { buffers, meta: [RecvMeta::default(); BATCH_SIZE], count: 0 }
    }
}

impl Batch {
    /// Whether there was room for more, so that nothing is left in the socket.
    pub(super) fn is_last(&self) -> bool {
        self.count < BATCH_SIZE
    }
}

impl Socket {
    pub(super) fn new(socket: StdSocket) -> io::Result<Self> {
        let local = socket.local_addr()?;
        let state = UdpSocketState::new(UdpSockRef::from(&socket))?;
        // The system may grant less; then bursts are lost earlier, which is what a smaller buffer means.
        let _ = state.set_recv_buffer_size(UdpSockRef::from(&socket), KERNEL_BUFFER);
        let _ = state.set_send_buffer_size(UdpSockRef::from(&socket), KERNEL_BUFFER);
        Ok(Self { socket: UdpSocket::from_std(socket)?, state, local })
    }

    pub(super) async fn readable(&self) -> io::Result<()> {
        self.socket.readable().await
    }

    /// Receives what has arrived, up to a batch; nothing may have.
    pub(super) fn receive(&self, batch: &mut Batch) -> io::Result<()> {
        let Batch { buffers, meta, count } = batch;
        *count = 0;
        let received = self.socket.try_io(Interest::READABLE, || {
            let mut slices: Vec<_> = buffers.iter_mut().map(|buffer| IoSliceMut::new(buffer)).collect();
            self.state.recv(UdpSockRef::from(&self.socket), &mut slices, meta)
        });
        match received {
            Ok(received) => *count = received,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// The datagrams of a batch, one by one.
    pub(super) fn datagrams<'a>(&self, batch: &'a Batch) -> impl Iterator<Item = Datagram<'a>> {
        let local = self.local;
        let received = batch.meta.iter().zip(&batch.buffers).take(batch.count);
        received.flat_map(move |(meta, buffer)| {
            let source = canonical(meta.addr);
            let to = meta.dst_ip.unwrap_or(local.ip()).to_canonical();
            let destination = SocketAddr::new(to, local.port());
            let parts = buffer[..meta.len].chunks(meta.stride.max(1));
            parts.map(move |contents| Datagram { source, destination, contents })
        })
    }

    /// Sends a datagram; one for which the system has no room or no way is lost, as any may be on its way.
    pub(super) fn send(&self, transmit: &Transmit) {
        let outgoing = Outgoing {
            destination: self.to_family(transmit.destination),
            ecn: None,
            contents: &transmit.contents,
            segment_size: None,
            src_ip: Some(self.to_family(transmit.source).ip()).filter(|ip| !ip.is_unspecified()),
        };
        let send = || self.state.try_send(UdpSockRef::from(&self.socket), &outgoing);
        let mut sent = self.socket.try_io(Interest::WRITABLE, send);
        // The system tells of an earlier datagram's fate here, and has not sent this one.
        if sent.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused) {
            sent = self.socket.try_io(Interest::WRITABLE, send);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_cannot_be_sent_keeps_nothing_else_from_being_sent() {
        let bound = StdSocket::bind("127.0.0.1:0").unwrap();
        bound.set_nonblocking(true).unwrap();
        let socket = Socket::new(bound).unwrap();
        let listener = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let to = |destination: &str, length| Transmit {
            source: "0.0.0.0:0".parse().unwrap(),
            destination: destination.parse().unwrap(),
            contents: vec![7; length].into(),
        };
        socket.socket.writable().await.unwrap();
        // No permission, no way, no such family, and too long.
        for hopeless in [to("255.255.255.255:9", 1), to("240.0.0.1:9", 1), to("[2001:db8::1]:9", 1)] {
            socket.send(&hopeless);
        }
        let address = listener.local_addr().unwrap().to_string();
        socket.send(&to(&address, 70_000));
        socket.send(&to(&address, 1));
        assert_eq!(listener.recv(&mut [0; 10]).await.unwrap(), 1);
    }
}
