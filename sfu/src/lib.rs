//! Hubbub's selective forwarding unit, sans-IO: datagrams, time and commands go in, datagrams
//! and events come out. It owns no socket, reads no clock and draws no chance but from its seed.
//! (One exception: rtc-dtls takes its keys and randoms from the operating system.)
//!
//! # Contract
//!
//! After every call, call [`Sfu::poll_output`] until it returns [`Output::Timeout`], and call
//! [`Sfu::handle_timeout`] when that time has come. Time must not go backwards.
//!
//! A client offers once and is answered once. Its offer has `sendonly` m-lines for what it may
//! publish, which [`Join::sources`] names by mid, and `recvonly` m-lines, each a *slot*. All are
//! in one BUNDLE with `rtcp-mux`; `sendrecv` is taken as one of the two. What a slot shows
//! changes without negotiation: [`Event::Slots`] says so. [`Sfu::restart`] takes another offer,
//! for an ICE restart or for more slots. Data channels are refused. (Browsers offer every codec
//! that they know on every m-line, 6 KB for video; a client with many slots restricts them by
//! `setCodecPreferences`, or its offer is too long.)
//!
//! **Audio slots** are filled by us. While there are no more tracks than slots, every track
//! keeps its slot; beyond that the loudest speakers have them (RFC 6464 levels, or packet sizes
//! of clients that send none). The sound of a shared screen competes like a microphone, but is
//! displaced by nobody. The CSRC of each packet names the peer: see [`Answer::csrc`].
//!
//! **Video slots** are filled by the client's wishes ([`Sfu::set_wishes`]); a slot goes over to
//! another track at its next key frame.
//!
//! Only what is authentic keeps a peer alive: STUN checks with our password, and SRTP and SRTCP
//! that decrypt. See [`Event::Suspended`].

mod demux;
mod forward;
mod io;
mod peer;
mod random;
mod room;
mod sfu;
mod speaker;
mod stats;
mod timer;

pub use io::{
    Answer, Config, Datagram, Event, GoneReason, Grant, Join, Limits, MediaKind, Mid, Output, PeerId, PeerState,
    Quality, RoomId, Shown, Slot, SlotView, Source, Speaker, Transmit, Wish,
};
pub use peer::certificate::{Certificate, CertificateError};
pub use peer::sdp::offer::OfferError;
pub use sfu::{JoinError, Sfu};

/// A media thread takes its `Sfu` with it.
const _: () = {
    const fn moves_between_threads<T: Send>() {}
    moves_between_threads::<Sfu>();
};
