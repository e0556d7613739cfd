//! Hubbub's selective forwarding unit, sans-IO: datagrams, time and commands go in, datagrams
//! and events come out. It owns no socket, reads no clock and draws no chance but from its seed.
//! (One exception: rtc-dtls takes its keys and randoms from the operating system.)
//!
//! # Contract
//!
//! After a call that takes `&mut self`, call [`Sfu::poll_output`] until it returns
//! [`Output::Timeout`], and call [`Sfu::handle_timeout`] when that time has come. An early call of
//! it does nothing, a late one does all that is due. `now` should not be before that of an earlier
//! call; if it is, nothing worse happens than that timers fire late.
//!
//! Several calls may come before the polling: nothing is dropped, and outputs keep their order. But
//! they are kept without a bound until they are polled, and one datagram can lead to one for every
//! slot of the room. So the shell polls after each datagram, or bounds its batch.
//!
//! The shell may lose a [`Transmit`], as any network does. Of the events it may leave out those
//! that a later one on the same peer or room makes needless: [`Event::Slots`], [`Event::Encodings`],
//! [`Event::Speakers`] and [`Event::Quality`] tell the whole, and of [`Event::Suspended`] and
//! [`Event::Resumed`] the last one holds. It must not lose the last of them, or an
//! [`Event::Gone`], after which no event names the peer.
//!
//! A library's panic over the data of a session ends that session ([`GoneReason::Fault`]). After a
//! panic that comes out of a call, the `Sfu` must not be used again.
//!
//! # Sessions
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
//! displaced by nobody but a priority speaker ([`PeerState::priority`]). The CSRC of each packet names the peer: see [`Answer::csrc`].
//!
//! **Video slots** are filled by the client's wishes ([`Sfu::set_wishes`]); a slot goes over to
//! another track at its next key frame. Of a camera that is sent in several encodings
//! (`a=simulcast`, the lowest first) each slot gets the one that fits the size of the wish and
//! the client's way, as the client's transport-wide feedback or its REMB tells it; temporal layers
//! are the first to go. Of a stream with spatial layers (VP9, AV1) the layers are chosen in the same
//! way, by the dependency descriptor of its packets. [`Event::Encodings`] tells the publisher which
//! of them nobody wants, and [`Event::Codecs`] which codecs everybody takes.
//!
//! Only what is authentic keeps a peer alive: STUN checks with our password, and SRTP and SRTCP
//! that decrypt. See [`Event::Suspended`].
//!
//! # Several behind one port
//!
//! Each has its [`SfuId`], and a shell that finds the right one for a datagram: a STUN check names
//! it by a ufrag ([`addressee`]), and once it has taken the check, it knows the address that all
//! else comes from ([`Sfu::peer_at`]).

mod allocate;
mod bandwidth;
mod codecs;
mod demux;
mod dominance;
mod forward;
mod io;
mod peer;
mod random;
mod room;
mod sfu;
mod speaker;
mod stats;
mod timer;
mod uplink;

pub use demux::{addressee, is_rtp};
pub use io::{
    Answer, Config, Datagram, Event, GoneReason, Grant, Join, Limitation, Limits, MUSIC_BITRATE, MediaKind, Mid,
    Output, PeerId, PeerState, PictureQuality, Quality, RoomId, SfuId, Shown, Slot, SlotView, Source, Speaker,
    Transmit, VideoCodec, Wish,
};
pub use peer::certificate::{Certificate, CertificateError};
pub use peer::sdp::offer::OfferError;
pub use sfu::{JoinError, Sfu};

/// A media thread takes its `Sfu` with it.
const _: () = {
    const fn moves_between_threads<T: Send>() {}
    moves_between_threads::<Sfu>();
};
