//! The UDP socket: batches of datagrams in, datagrams out.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket as StdSocket};

use nix::errno::Errno;
use quinn_udp::{UdpSockRef, UdpSocketState};
use sfu::{Datagram, Transmit};
use tokio::io::Interest;
use tokio::net::UdpSocket;

use super::burst::{Burst, bursts};
use super::receiver::{self, Batch};
use super::sender::Sender;

const KERNEL_BUFFER: usize = 4 << 20;

pub(super) struct Socket {
    socket: UdpSocket,
    local: SocketAddr,
    sender: Sender,
    /// Datagrams that the system takes as one.
    most_segments: usize,
}

impl Socket {
    pub(super) fn new(socket: StdSocket) -> io::Result<Self> {
        let local = socket.local_addr()?;
        // Sets the socket's options as well: whole datagrams, joined ones, and the address that they came to.
        let state = UdpSocketState::new(UdpSockRef::from(&socket))?;
        // The system may grant less; then bursts are lost earlier, which is what a smaller buffer means.
        let _ = state.set_recv_buffer_size(UdpSockRef::from(&socket), KERNEL_BUFFER);
        let _ = state.set_send_buffer_size(UdpSockRef::from(&socket), KERNEL_BUFFER);
        receiver::request_times(&socket);
        let most_segments = state.max_gso_segments();
        Ok(Self { socket: UdpSocket::from_std(socket)?, local, sender: Sender::default(), most_segments })
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
        batch.clear();
        match self.socket.try_io(Interest::READABLE, || batch.receive(&self.socket)) {
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(()),
            received => received,
        }
    }

    /// The datagrams of a batch, one by one.
    pub(super) fn datagrams<'a>(&self, batch: &'a Batch) -> impl Iterator<Item = Datagram<'a>> + use<'a> {
        batch.datagrams(self.local)
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
                    if first.segment.is_some() && cannot_segment(&error) {
                        tracing::info!(%error, "the network card cannot take several datagrams as one");
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

/// Whether it is for want of generic segmentation offload that a burst was not sent: what else may go wrong passes.
fn cannot_segment(error: &io::Error) -> bool {
    let number = error.raw_os_error().map(Errno::from_raw);
    matches!(number, Some(Errno::EIO | Errno::EINVAL))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    /// By which the kernel's clocks differ at most.
    const ACCURACY: Duration = Duration::from_millis(4);

    fn bound(address: &str) -> Socket {
        let socket = StdSocket::bind(address).unwrap();
        socket.set_nonblocking(true).unwrap();
        Socket::new(socket).unwrap()
    }

    async fn pair() -> (Socket, UdpSocket) {
        (bound("127.0.0.1:0"), UdpSocket::bind("127.0.0.1:0").await.unwrap())
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

    #[test]
    fn only_a_card_that_cannot_is_given_up() {
        let is_for_good = |error: Errno| cannot_segment(&error.into());
        assert!(is_for_good(Errno::EIO) && is_for_good(Errno::EINVAL));
        for passing in [Errno::ENETUNREACH, Errno::EPERM, Errno::ENOBUFS, Errno::EMSGSIZE] {
            assert!(!is_for_good(passing), "{passing}");
        }
    }

    /// Sends some datagrams, and answers with those that came, once all have: from where, to where, and of which length.
    async fn exchange(
        sender: &mut Socket,
        receiver: &Socket,
        lengths: &[usize],
    ) -> Vec<(SocketAddr, SocketAddr, usize)> {
        let destination = SocketAddr::new(sender.local.ip(), receiver.local.port());
        let transmit =
            |length: &usize| Transmit { source: sender.local, destination, contents: vec![7; *length].into() };
        let mut datagrams: Vec<_> = lengths.iter().map(transmit).collect();
        sender.writable().await.unwrap();
        let before = Instant::now();
        sender.send(&mut datagrams);
        // From this machine to itself they come while they are sent, give or take what the clocks differ by.
        let during = before - ACCURACY..Instant::now() + ACCURACY;
        let mut batch = Batch::default();
        let mut received = Vec::new();
        while received.len() < lengths.len() {
            receiver.readable().await.unwrap();
            receiver.receive(&mut batch).unwrap();
            for datagram in receiver.datagrams(&batch) {
                assert!(during.contains(&datagram.arrived), "{:?} of {during:?}", datagram.arrived);
                received.push((datagram.source, datagram.destination, datagram.contents.len()));
            }
        }
        received
    }

    #[tokio::test]
    async fn joined_datagrams_are_told_apart_with_their_addresses_and_when_they_came() {
        for (from, at) in [("127.0.0.1:0", "127.0.0.1:0"), ("[::1]:0", "[::1]:0"), ("127.0.0.1:0", "[::]:0")] {
            let (mut sender, receiver) = (bound(from), bound(at));
            let destination = SocketAddr::new(sender.local.ip(), receiver.local.port());
            // A batch of which the system tells less comes before those of which it tells more.
            for lengths in [&[7][..], &[100, 100, 100, 40], &[1_200, 1_200, 9]] {
                let received = exchange(&mut sender, &receiver, lengths).await;
                let expected: Vec<_> = lengths.iter().map(|length| (sender.local, destination, *length)).collect();
                assert_eq!(received, expected);
            }
        }
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
