//! A UDP socket that receives and sends several datagrams at a time.

use std::io::{self, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddr};

use mio::net::UdpSocket;
use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSockRef, UdpSocketState};

/// Room for one datagram, or for several that the kernel joined (GRO).
const BUFFER: usize = 65_536;
const KERNEL_BUFFER: usize = 8 << 20;

pub(crate) struct Socket {
    pub(crate) socket: UdpSocket,
    state: UdpSocketState,
}

/// Where what is received is put; one serves many sockets.
pub(crate) struct Buffers {
    contents: Vec<Vec<u8>>,
    meta: [RecvMeta; BATCH_SIZE],
}

impl Default for Buffers {
    fn default() -> Self {
        let contents = (0..BATCH_SIZE).map(|_| vec![0; BUFFER]).collect();
        Self { contents, meta: [RecvMeta::default(); BATCH_SIZE] }
    }
}

impl Socket {
    /// On a free port of the loopback interface.
    pub(crate) fn bind() -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let state = UdpSocketState::new(UdpSockRef::from(&socket))?;
        // What the system refuses is missed only as lost packets, which are counted.
        let _ = state.set_recv_buffer_size(UdpSockRef::from(&socket), KERNEL_BUFFER);
        let _ = state.set_send_buffer_size(UdpSockRef::from(&socket), KERNEL_BUFFER);
        Ok(Self { socket, state })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.socket.local_addr().expect("a bound socket has an address")
    }

    /// Takes in one batch; answers whether there may be more.
    pub(crate) fn receive(&self, buffers: &mut Buffers, mut take: impl FnMut(SocketAddr, &[u8])) -> bool {
        let received = self.socket.try_io(|| {
            let mut slices: Vec<_> = buffers.contents.iter_mut().map(|buffer| IoSliceMut::new(buffer)).collect();
            self.state.recv(UdpSockRef::from(&self.socket), &mut slices, &mut buffers.meta)
        });
        let count = received.unwrap_or(0);
        for (meta, buffer) in buffers.meta.iter().zip(&buffers.contents).take(count) {
            for contents in buffer[..meta.len].chunks(meta.stride.max(1)) {
                take(meta.addr, contents);
            }
        }
        count == BATCH_SIZE
    }

    /// Sends one datagram, or several of `segment` bytes, the last possibly shorter.
    pub(crate) fn send(&self, destination: SocketAddr, contents: &[u8], segment: Option<usize>) {
        let transmit = Transmit { destination, ecn: None, contents, segment_size: segment, src_ip: None };
        // What does not go out is lost, and counted as such.
        let _ = self.socket.try_io(|| self.state.try_send(UdpSockRef::from(&self.socket), &transmit));
    }
}
