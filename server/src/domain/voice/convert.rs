//! Between the words of the protocol and those of the SFU.

use std::collections::BTreeMap;

use protocol::id::PeerId;
use protocol::limits;
use protocol::permission::Permissions;
use protocol::voice::{
    Limitation, Mid, Offer, PeerFlags, PictureQuality, PublishedLine, Quality, Shown, Slot, Source, VideoCodec,
    VoiceEnd, VoiceState,
};
use sfu::{GoneReason, Grant, JoinError, PeerState};

use crate::error::{Error, Result};
use crate::seat::Seat;

/// What is music to clients is music to the SFU.
const _: () = assert!(limits::MUSIC_BITRATE == sfu::MUSIC_BITRATE);

/// What the SFU is to enforce, and what it is to know, of a seat.
pub(super) fn standing(seat: &Seat) -> (Grant, PeerState) {
    let may = |permission| seat.permissions.contains(permission);
    let VoiceState { flags, restraint, .. } = &seat.state;
    let grant = Grant {
        audio: may(Permissions::SPEAK) && !restraint.server_muted && !seat.is_afk,
        video: may(Permissions::STREAM),
        screen: may(Permissions::STREAM),
        listen: may(Permissions::CONNECT),
    };
    let state = PeerState {
        muted: flags.muted,
        deafened: seat.state.is_deaf(),
        camera: flags.camera,
        screen: flags.screen,
        priority: flags.priority && may(Permissions::PRIORITY_SPEAKER),
    };
    (grant, state)
}

/// What a client may say of itself. Who hears nothing is also not heard.
pub(super) fn consistent(flags: PeerFlags, permissions: Permissions) -> Result<PeerFlags> {
    if flags.priority && !permissions.contains(Permissions::PRIORITY_SPEAKER) {
        return Err(Error::Forbidden);
    }
    Ok(PeerFlags { muted: flags.muted || flags.deafened, ..flags })
}

pub(super) fn media_peer(peer: PeerId) -> sfu::PeerId {
    sfu::PeerId(peer.get().unsigned_abs())
}

pub(super) fn peer_id(peer: sfu::PeerId) -> Result<PeerId> {
    PeerId::try_from(peer.0.cast_signed()).map_err(Error::internal)
}

pub(super) fn media_source(source: Source) -> Result<sfu::Source> {
    match source {
        Source::Microphone => Ok(sfu::Source::Microphone),
        Source::Camera => Ok(sfu::Source::Camera),
        Source::Screen => Ok(sfu::Source::Screen),
        Source::ScreenAudio => Ok(sfu::Source::ScreenAudio),
        Source::Unknown => Err(Error::InvalidField { field: "source", reason: "is not one that there is".into() }),
    }
}

pub(super) fn source(source: sfu::Source) -> Source {
    match source {
        sfu::Source::Microphone => Source::Microphone,
        sfu::Source::Camera => Source::Camera,
        sfu::Source::Screen => Source::Screen,
        sfu::Source::ScreenAudio => Source::ScreenAudio,
    }
}

pub(super) fn video_codec(codec: sfu::VideoCodec) -> VideoCodec {
    match codec {
        sfu::VideoCodec::Vp8 => VideoCodec::Vp8,
        sfu::VideoCodec::Vp9 => VideoCodec::Vp9,
        sfu::VideoCodec::Av1 => VideoCodec::Av1,
        sfu::VideoCodec::H264 => VideoCodec::H264,
    }
}

pub(super) fn sources(lines: &[PublishedLine]) -> Result<BTreeMap<sfu::Mid, sfu::Source>> {
    let pairs = lines.iter().map(|line| Ok((line.mid.0.as_str().into(), media_source(line.source)?)));
    let sources: BTreeMap<_, _> = pairs.collect::<Result<_>>()?;
    if sources.len() == lines.len() { Ok(sources) } else { Err(Error::InvalidOffer("an m-line is named twice".into())) }
}

pub(super) fn checked(offer: Offer) -> Result<String> {
    if offer.sdp.len() > limits::OFFER_BYTES {
        return Err(Error::InvalidOffer(format!("the offer is longer than {} bytes", limits::OFFER_BYTES)));
    }
    Ok(offer.sdp)
}

pub(super) const CHANNEL_FULL: Error = Error::LimitReached("the channel is full");

pub(super) fn refused_offer(error: JoinError) -> Error {
    match error {
        JoinError::RoomFull => CHANNEL_FULL,
        JoinError::UnknownPeer => Error::NotFound,
        JoinError::AlreadyJoined | JoinError::Offer(_) => Error::InvalidOffer(error.to_string()),
    }
}

pub(super) fn end_reason(reason: GoneReason) -> VoiceEnd {
    match reason {
        GoneReason::LeaseExpired | GoneReason::HandshakeTimeout => VoiceEnd::TimedOut,
        GoneReason::Closed | GoneReason::WrongCertificate | GoneReason::Fault => VoiceEnd::Failed,
    }
}

pub(super) fn slot(view: sfu::SlotView) -> Result<Slot> {
    let mid = Mid(view.mid.as_str().to_owned());
    let Some(shown) = view.shows else { return Ok(Slot { mid, shows: None, csrc: None }) };
    let is_audio = shown.source.kind() == sfu::MediaKind::Audio;
    let shows = Shown { peer_id: peer_id(shown.peer)?, source: source(shown.source) };
    Ok(Slot { mid, shows: Some(shows), csrc: is_audio.then_some(shown.csrc) })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "shares and durations are clamped first")]
pub(super) fn quality(measured: &sfu::Quality) -> Quality {
    let permille = |share: f32| (share.clamp(0.0, 1.0) * 1_000.0).round() as u16;
    let milliseconds = |ms: f32| ms.clamp(0.0, 60_000.0).round() as u32;
    Quality {
        loss_up_permille: permille(measured.loss_up),
        loss_down_permille: permille(measured.loss_down),
        round_trip_ms: measured.rtt_ms.map(milliseconds),
        jitter_ms: milliseconds(measured.jitter_ms),
        bitrate_up: measured.bitrate_up,
        bitrate_down: measured.bitrate_down,
        available_bitrate: measured.available,
        pictures: measured.pictures.iter().map(picture).collect(),
    }
}

fn picture(measured: &sfu::PictureQuality) -> PictureQuality {
    let (width, height) = measured.size;
    PictureQuality {
        mid: Mid(measured.mid.as_str().to_owned()),
        width,
        height,
        bitrate: measured.bitrate,
        limitation: match measured.limitation {
            sfu::Limitation::None => Limitation::None,
            sfu::Limitation::Bandwidth => Limitation::Bandwidth,
            sfu::Limitation::Uplink => Limitation::Uplink,
            sfu::Limitation::Publisher => Limitation::Publisher,
        },
    }
}
