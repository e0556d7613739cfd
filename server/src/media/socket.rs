//! The UDP socket: batches of datagrams in, datagrams out.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr, UdpSocket as StdSocket};

use quinn_udp::{BATCH_SIZE, RecvMeta, UdpSockRef, UdpSocketState};
use sfu::{Datagram, Transmit};
use tokio::io::Interest;
use tokio::net::UdpSocket;

use super::burst::{Burst, bursts};
use super::sender::Sender;

/// Room for one datagram, or for several that the kernel joined (GRO).
const BUFFER: usize = 65_536;
const KERNEL_BUFFER: usize = 4 << 20;

pub(super) struct Socket {
    socket: UdpSocket,
    state: UdpSocketState,
    local: SocketAddr,
    sender: Sender,
    /// Datagrams that the system takes as one.
    most_segments: usize,
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
        let most_segments = state.max_gso_segments();
        Ok(Self { socket: UdpSocket::from_std(socket)?, state, local, sender: Sender::default(), most_segments })
    }

    pub(super) async fn readable(&self) -> io::Result<()> {
        self.socket.readable().await
    }

    /// Waits until the system has said that there is room for what is sent; before, nothing is.
    pub(super) async fn writable(&self) -> io::Result<()> {
        self.socket.writable().await
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
    pub(super) fn datagrams<'a>(&self, batch: &'a Batch) -> impl Iterator<Item = Datagram<'a>> + use<'a> {
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

    /// Sends datagrams, in their order to each place; those for which the system has no room or no way are lost, as any
    /// may be on its way.
    pub(super) fn send(&mut self, datagrams: &mut Vec<Transmit>) {
        for datagram in datagrams.iter_mut() {
            datagram.source = self.to_family(datagram.source);
            datagram.destination = self.to_family(datagram.destination);
        }
        let bursts = bursts(datagrams, self.most_segments);
        let is_alike = |one: &Burst<'_>, next: &Burst<'_>| one.source == next.source && one.segment == next.segment;
        for run in bursts.chunk_by(is_alike) {
            self.send_alike(run);
        }
        datagrams.clear();
    }

    /// Sends bursts from one address with segments of one size.
    fn send_alike(&mut self, bursts: &[Burst<'_>]) {
        let mut left = bursts;
        let mut is_second_try = false;
        while let Some(first) = left.first() {
            let (socket, sender) = (&self.socket, &mut self.sender);
            match socket.try_io(Interest::WRITABLE, || sender.send(socket, left)) {
                Ok(sent) => {
                    left = &left[sent.clamp(1, left.len())..];
                    is_second_try = false;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // The system tells of an earlier datagram's fate here, and has not sent this one.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused && !is_second_try => {
                    is_second_try = true;
                }
                Err(error) => {
                    tracing::trace!(%error, "a datagram was not sent");
                    if first.segment.is_some() && self.most_segments > 1 {
                        // A network card may be unable to take several as one.
                        self.most_segments = 1;
                        first.singly().for_each(|single| self.send_alike(&[single]));
                    }
                    left = &left[1..];
                    is_second_try = false;
                }
            }
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

    async fn pair() -> (Socket, UdpSocket) {
        let bound = StdSocket::bind("127.0.0.1:0").unwrap();
        bound.set_nonblocking(true).unwrap();
        (Socket::new(bound).unwrap(), UdpSocket::bind("127.0.0.1:0").await.unwrap())
    }

    fn to(destination: &str, length: usize) -> Transmit {
        Transmit {
            source: "0.0.0.0:0".parse().unwrap(),
            destination: destination.parse().unwrap(),
            contents: vec![7; length].into(),
        }
    }

    #[tokio::test]
    async fn what_cannot_be_sent_keeps_nothing_else_from_being_sent() {
        let (mut socket, listener) = pair().await;
        socket.writable().await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        // No permission, no way, no such family, and too long.
        let hopeless = [("255.255.255.255:9", 1), ("240.0.0.1:9", 1), ("[2001:db8::1]:9", 1), (&*address, 70_000)];
        let mut datagrams: Vec<_> = hopeless.map(|(destination, length)| to(destination, length)).into();
        datagrams.push(to(&address, 1));
        socket.send(&mut datagrams);
        assert!(datagrams.is_empty());
        assert_eq!(listener.recv(&mut [0; 10]).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn many_datagrams_arrive_each_for_itself_and_in_order() {
        let (mut socket, listener) = pair().await;
        let address = listener.local_addr().unwrap().to_string();
        let lengths = [100, 100, 100, 40, 100, 7, 1_200, 1_200, 1_200];
        socket.writable().await.unwrap();
        socket.send(&mut lengths.map(|length| to(&address, length)).into());
        for length in lengths {
            assert_eq!(listener.recv(&mut [0; 2_000]).await.unwrap(), length);
        }
    }
}
