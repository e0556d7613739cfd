//! The one media port, on which each thread has a socket of its own.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

use nix::sys::socket::sockopt::ReusePort;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrStorage, bind, setsockopt, socket};

/// So many sockets on the address of the first, among which the system spreads clients by their addresses. The first was
/// bound alone, so that a port which another program has is an error.
pub(super) fn share(first: UdpSocket, count: usize) -> io::Result<Vec<UdpSocket>> {
    if count > 1 {
        setsockopt(&first, ReusePort, &true)?;
    }
    let address = first.local_addr()?;
    let others = (1..count).map(|_| another(address)).collect::<io::Result<Vec<_>>>()?;
    Ok(std::iter::once(first).chain(others).collect())
}

fn another(address: SocketAddr) -> io::Result<UdpSocket> {
    let family = if address.is_ipv6() { AddressFamily::Inet6 } else { AddressFamily::Inet };
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let socket = socket(family, SockType::Datagram, flags, None)?;
    setsockopt(&socket, ReusePort, &true)?;
    bind(socket.as_raw_fd(), &SockaddrStorage::from(address))?;
    Ok(UdpSocket::from(socket))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn clients_are_spread_over_the_sockets_of_one_port_and_no_other_program_gets_it() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let first = UdpSocket::bind(address).unwrap();
            first.set_nonblocking(true).unwrap();
            let port = first.local_addr().unwrap();
            let sockets = share(first, 3).unwrap();
            assert!(sockets.iter().all(|socket| socket.local_addr().unwrap() == port));
            assert!(UdpSocket::bind(port).is_err());
            let clients: Vec<_> = (0..64).map(|_| UdpSocket::bind(address).unwrap()).collect();
            for client in &clients {
                client.send_to(b"hello", port).unwrap();
            }
            let received = sockets.iter().map(|socket| {
                socket.set_nonblocking(false).unwrap();
                socket.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
                std::iter::from_fn(|| socket.recv(&mut [0; 9]).ok()).count()
            });
            let received: Vec<_> = received.collect();
            assert_eq!(received.iter().sum::<usize>(), clients.len());
            assert!(received.iter().all(|count| *count > 0), "{received:?}");
        }
    }
}
