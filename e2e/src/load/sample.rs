//! Hears a sample of what is sent, so that many can listen on a core that others need.

use mio::net::UdpSocket;
use nix::libc::{BPF_ABS, BPF_ALU, BPF_AND, BPF_B, BPF_H, BPF_JEQ, BPF_JGE, BPF_JMP, BPF_K, BPF_LD, BPF_RET};
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::UdpGroSegment;
use socket2::{SockFilter, SockRef};

/// Of RTP packets that one is let through whose sequence number is a multiple of this; all else is.
pub(super) const EVERY: u16 = 16;

/// Has the kernel drop the rest before it costs the listener anything. Losses are then those of the sample.
pub(super) fn attach(socket: &UdpSocket) {
    // What the kernel joined would be let through or dropped by its first packet.
    setsockopt(socket, UdpGroSegment, &false).expect("the kernel has UDP GRO");
    SockRef::from(socket).attach_filter(&program()).expect("the kernel has socket filters");
}

/// A classic BPF program over the UDP header, 8 bytes, and what follows (RFC 7983, RFC 5761).
fn program() -> [SockFilter; 12] {
    let load = |width: u32, offset| SockFilter::new(code(BPF_LD | width | BPF_ABS), 0, 0, offset);
    let and = |mask| SockFilter::new(code(BPF_ALU | BPF_AND | BPF_K), 0, 0, mask);
    // How many instructions are left out where the test holds, and where it does not.
    let jump = |test: u32, number, (yes, no)| SockFilter::new(code(BPF_JMP | test | BPF_K), yes, no, number);
    let end = |bytes| SockFilter::new(code(BPF_RET | BPF_K), 0, 0, bytes);
    [
        load(BPF_B, 8),
        // STUN or DTLS goes to the end.
        jump(BPF_JGE, 128, (0, 9)),
        jump(BPF_JGE, 192, (8, 0)),
        load(BPF_B, 9),
        and(0x7f),
        jump(BPF_JGE, 64, (0, 1)),
        // So does RTCP.
        jump(BPF_JGE, 96, (0, 4)),
        load(BPF_H, 10),
        and(u32::from(EVERY) - 1),
        jump(BPF_JEQ, 0, (1, 0)),
        end(0),
        end(u32::MAX),
    ]
}

fn code(code: u32) -> u16 {
    u16::try_from(code).expect("an instruction has 16 bits")
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, UdpSocket as StdSocket};

    use super::*;

    #[test]
    fn of_rtp_every_sixteenth_is_let_through_and_all_of_the_rest() {
        let listener = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        attach(&listener);
        let sender = StdSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        sender.connect(listener.local_addr().unwrap()).unwrap();
        for sequence in 0..64 {
            for marked in [111, 111 | 0x80] {
                sender.send(&[0x80, marked, 1, sequence, 7]).unwrap();
            }
        }
        let others = [[0, 1, 0, 1], [22, 254, 253, 1], [0x80, 200, 0, 1], [0x81, 206, 0, 1]];
        for other in others {
            sender.send(&other).unwrap();
        }
        let mut buffer = [0; 10];
        let received = std::iter::from_fn(|| listener.recv(&mut buffer).ok().map(|length| buffer[..length].to_vec()));
        let received: Vec<_> = received.collect();
        let sequences: Vec<_> = received[..8].iter().map(|packet| packet[3]).collect();
        assert_eq!(sequences, [0, 0, 16, 16, 32, 32, 48, 48]);
        assert_eq!(received[8..], others);
    }
}
