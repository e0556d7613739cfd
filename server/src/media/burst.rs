//! Datagrams to one place, which the system takes as one and sends as many (UDP generic segmentation offload).

use std::net::{IpAddr, SocketAddr};

use sfu::Transmit;

/// Bytes of one burst, below what one IP packet can hold.
const MOST_BYTES: usize = 60_000;

/// Datagrams to one place of one size, the last possibly shorter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Burst<'a> {
    pub(super) source: IpAddr,
    pub(super) destination: SocketAddr,
    /// Bytes of each datagram, where there are several.
    pub(super) segment: Option<u16>,
    pub(super) datagrams: &'a [Transmit],
}

impl<'a> Burst<'a> {
    fn new(datagrams: &'a [Transmit]) -> Self {
        let first = &datagrams[0];
        let segment = u16::try_from(first.contents.len()).ok().filter(|_| datagrams.len() > 1);
        Self { source: first.source.ip(), destination: first.destination, segment, datagrams }
    }

    /// Its datagrams, each for itself.
    pub(super) fn singly(&self) -> impl Iterator<Item = Self> {
        self.datagrams.chunks(1).map(Self::new)
    }
}

/// Puts datagrams in order of their destinations, and makes bursts of at most so many of them.
pub(super) fn bursts(datagrams: &mut [Transmit], most: usize) -> Vec<Burst<'_>> {
    // Stable, so that what goes to one place keeps its order.
    datagrams.sort_by_cached_key(|datagram| key(datagram.destination));
    let mut bursts = Vec::with_capacity(datagrams.len());
    let mut rest = &*datagrams;
    while !rest.is_empty() {
        let (burst, left) = rest.split_at(fitting(rest, most));
        bursts.push(Burst::new(burst));
        rest = left;
    }
    bursts
}

/// A number that places seldom share: numbers are put in order faster than addresses.
pub(super) fn key(destination: SocketAddr) -> u64 {
    let host = match destination.ip() {
        IpAddr::V4(ip) => u64::from(ip.to_bits()),
        // The interface, and of the network what tells it from its neighbours.
        IpAddr::V6(ip) => {
            let [_, a, b, c, d, e, f, g] = ip.segments();
            [a, b, c, d, e, f, g].into_iter().fold(0, |sum: u64, part| sum.rotate_left(11) ^ u64::from(part))
        }
    };
    host << 16 ^ u64::from(destination.port())
}

/// How many of the first datagrams make a burst: at least one.
fn fitting(datagrams: &[Transmit], most: usize) -> usize {
    let first = &datagrams[0];
    let size = first.contents.len();
    let most = most.min(MOST_BYTES / size.max(1));
    let mut count = 1;
    for next in datagrams.iter().take(most).skip(1) {
        let is_along = next.destination == first.destination && next.source == first.source;
        if !is_along || next.contents.is_empty() || next.contents.len() > size {
            break;
        }
        count += 1;
        if next.contents.len() < size {
            break;
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sizes of the bursts that datagrams, given by port and length, make.
    fn made(datagrams: &[(u16, usize)], most: usize) -> Vec<(u16, Vec<usize>)> {
        let mut datagrams: Vec<_> = datagrams
            .iter()
            .map(|(port, length)| Transmit {
                source: "0.0.0.0:0".parse().unwrap(),
                destination: SocketAddr::from(([127, 0, 0, 1], *port)),
                contents: vec![0; *length].into(),
            })
            .collect();
        let bursts = bursts(&mut datagrams, most);
        let lengths = |burst: &Burst<'_>| burst.datagrams.iter().map(|datagram| datagram.contents.len()).collect();
        bursts.iter().map(|burst| (burst.destination.port(), lengths(burst))).collect()
    }

    #[test]
    fn what_goes_to_one_place_goes_together_as_long_as_it_is_of_one_size() {
        let datagrams = [(1, 9), (2, 9), (1, 9), (2, 9), (1, 4), (1, 4), (2, 10)];
        let expected = [(1, vec![9, 9, 4]), (1, vec![4]), (2, vec![9, 9]), (2, vec![10])];
        assert_eq!(made(&datagrams, 64), expected);
    }

    #[test]
    fn a_burst_has_its_bounds() {
        assert_eq!(made(&[(1, 9); 5], 2), [(1, vec![9, 9]), (1, vec![9, 9]), (1, vec![9])]);
        assert_eq!(made(&[(1, 9), (1, 9)], 1).len(), 2);
        let large = made(&[(1, 25_000); 3], 64);
        assert_eq!(large.iter().map(|(_, lengths)| lengths.len()).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(made(&[(1, 70_000)], 64).len(), 1);
        assert_eq!(made(&[(1, 0), (1, 0)], 64).len(), 2);
    }
}
