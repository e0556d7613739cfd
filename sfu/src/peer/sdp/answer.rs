use std::fmt::Write;
use std::net::SocketAddr;

use super::codec::{EXTENSIONS, Extension, REDUNDANCY, RETRANSMISSION};
use super::offer::{MIXED, OfferedCodec};
use super::{Role, Section};
use crate::io::{MUSIC_BITRATE, MediaKind, Mid, Source};
use crate::peer::certificate::Fingerprint;
use crate::peer::ice::Credentials;

/// Host candidates are the only kind there is (RFC 8445 section 5.1.2.1).
const HOST_PREFERENCE: u32 = 126 << 24;
const COMPONENT: u32 = 256 - 1;

/// What an answer says beside its m-lines.
pub(crate) struct Session<'a> {
    pub(crate) credentials: &'a Credentials,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) addresses: &'a [SocketAddr],
    /// Grows with every answer to one peer.
    pub(crate) version: u64,
    pub(crate) id: u64,
    pub(crate) cname: &'a str,
    /// Of the microphone.
    pub(crate) audio_bitrate: u32,
}

/// What we send on a slot's m-line.
#[derive(Clone, Copy)]
pub(crate) struct Ssrcs {
    pub(crate) first: u32,
    /// For packets that are sent again.
    pub(crate) again: Option<u32>,
}

/// Writes the answer.
pub(crate) fn write(session: &Session<'_>, sections: &[Section], ssrcs: impl Fn(&Mid) -> Option<Ssrcs>) -> String {
    let mut sdp = String::with_capacity(1024 * sections.len());
    let id = session.id >> 1;
    line(&mut sdp, format_args!("v=0"));
    line(&mut sdp, format_args!("o=- {id} {} IN IP4 0.0.0.0", session.version));
    line(&mut sdp, format_args!("s=-"));
    line(&mut sdp, format_args!("t=0 0"));
    let live = sections.iter().filter(|found| found.role != Role::Refused);
    let bundle: String = live.map(|found| format!(" {}", found.media.mid)).collect();
    line(&mut sdp, format_args!("a=group:BUNDLE{bundle}"));
    line(&mut sdp, format_args!("a=msid-semantic: WMS *"));
    line(&mut sdp, format_args!("a=ice-lite"));
    for section in sections {
        if section.role == Role::Refused {
            write_refusal(&mut sdp, section);
        } else {
            write_section(&mut sdp, session, section);
            if let Some(ssrcs) = ssrcs(&section.media.mid) {
                write_ssrcs(&mut sdp, session.cname, (&section.media.mid, ssrcs));
            }
        }
    }
    sdp
}

fn line(sdp: &mut String, text: std::fmt::Arguments<'_>) {
    write!(sdp, "{text}\r\n").expect("a String takes all writes");
}

fn write_refusal(sdp: &mut String, section: &Section) {
    let media = &section.media;
    line(sdp, format_args!("m={} 0 {} {}", media.name, media.protocol, media.first_format));
    line(sdp, format_args!("c=IN IP4 0.0.0.0"));
    line(sdp, format_args!("a=inactive"));
    line(sdp, format_args!("a=mid:{}", media.mid));
}

fn write_section(sdp: &mut String, session: &Session<'_>, section: &Section) {
    let media = &section.media;
    let types = media
        .codecs
        .iter()
        .flat_map(|found| [redundancy(section, found, session.audio_bitrate), Some(found.payload_type), found.repair]);
    let types = types.flatten();
    let types: String = types.map(|number| format!(" {number}")).collect();
    line(sdp, format_args!("m={} 9 {}{types}", media.name, media.protocol));
    line(sdp, format_args!("c=IN IP4 0.0.0.0"));
    line(sdp, format_args!("a=rtcp:9 IN IP4 0.0.0.0"));
    let credentials = session.credentials;
    line(sdp, format_args!("a=ice-ufrag:{}", credentials.ufrag));
    line(sdp, format_args!("a=ice-pwd:{}", credentials.password));
    line(sdp, format_args!("a=fingerprint:sha-256 {}", session.fingerprint));
    line(sdp, format_args!("a=setup:passive"));
    line(sdp, format_args!("a=mid:{}", media.mid));
    if media.is_mixed {
        line(sdp, format_args!("a={MIXED}"));
    }
    for (extension, uri) in EXTENSIONS {
        if let Some(id) = media.extensions.get(&extension)
            && carries(section.role, extension)
        {
            line(sdp, format_args!("a=extmap:{id} {uri}"));
        }
    }
    let direction = match section.role {
        Role::Publish(_) => "recvonly",
        Role::Receive(_) => "sendonly",
        Role::Idle | Role::Refused => "inactive",
    };
    line(sdp, format_args!("a={direction}"));
    line(sdp, format_args!("a=rtcp-mux"));
    if media.reduced_size {
        line(sdp, format_args!("a=rtcp-rsize"));
    }
    write_codecs(sdp, section, session.audio_bitrate);
    if let Role::Publish(_) = section.role {
        write_encodings(sdp, &media.stream_ids);
    }
    write_candidates(sdp, session.addresses);
}

/// We name the streams by SSRC, so what we send carries no mid.
fn carries(role: Role, extension: Extension) -> bool {
    match extension {
        Extension::Mid | Extension::StreamId | Extension::RepairedStreamId => !matches!(role, Role::Receive(_)),
        Extension::AudioLevel | Extension::SendTime => true,
        Extension::TransportSequence | Extension::Dependencies => match role {
            Role::Publish(source) => source.kind() == MediaKind::Video,
            Role::Receive(kind) => kind == MediaKind::Video,
            Role::Idle | Role::Refused => false,
        },
    }
}

fn write_codecs(sdp: &mut String, section: &Section, audio_bitrate: u32) {
    for offered in &section.media.codecs {
        let (number, spec) = (offered.payload_type, offered.codec.spec());
        line(sdp, format_args!("a=rtpmap:{number} {}", spec.encoding));
        let parameters = match section.role {
            Role::Publish(Source::Microphone) => microphone(spec.parameters, audio_bitrate),
            Role::Publish(Source::ScreenAudio) => spec.parameters.replace(PAUSES, ""),
            Role::Publish(Source::Camera | Source::Screen) => match spec.parameters {
                "" => START.to_owned(),
                parameters => format!("{parameters};{START}"),
            },
            Role::Receive(_) | Role::Idle | Role::Refused => spec.parameters.to_owned(),
        };
        if !parameters.is_empty() {
            line(sdp, format_args!("a=fmtp:{number} {parameters}"));
        }
        for feedback in &offered.feedback {
            line(sdp, format_args!("a=rtcp-fb:{number} {feedback}"));
        }
        if let Some(redundant) = redundancy(section, offered, audio_bitrate) {
            line(sdp, format_args!("a=rtpmap:{redundant} {REDUNDANCY}"));
            line(sdp, format_args!("a=fmtp:{redundant} {number}/{number}"));
        }
        if let Some(again) = offered.repair {
            line(sdp, format_args!("a=rtpmap:{again} {RETRANSMISSION}"));
            line(sdp, format_args!("a=fmtp:{again} apt={number}"));
        }
    }
}

/// Music is much already, and is not sent twice.
fn redundancy(section: &Section, offered: &OfferedCodec, audio_bitrate: u32) -> Option<u8> {
    let is_music = section.role == Role::Publish(Source::Microphone) && audio_bitrate >= MUSIC_BITRATE;
    offered.redundancy.filter(|_| !is_music)
}

fn write_encodings(sdp: &mut String, ids: &[String]) {
    for id in ids {
        line(sdp, format_args!("a=rid:{id} recv"));
    }
    if !ids.is_empty() {
        line(sdp, format_args!("a=simulcast:recv {}", ids.join(";")));
    }
}

/// What Chromium takes its way to carry until it knows, in kbit/s. By itself it begins at 300, and where its probes fail it takes
/// half a minute until a camera is sent in full.
const START: &str = "x-google-start-bitrate=1200";

/// Opus's discontinuous transmission spares speech, and clips music.
const PAUSES: &str = "usedtx=1;";
const STEREO: &str = ";stereo=1;sprop-stereo=1";

/// What a microphone is to send (RFC 7587 section 6.1).
fn microphone(parameters: &str, bitrate: u32) -> String {
    let wrong = if bitrate >= MUSIC_BITRATE { PAUSES } else { STEREO };
    format!("{};maxaveragebitrate={bitrate}", parameters.replace(wrong, ""))
}

fn write_candidates(sdp: &mut String, addresses: &[SocketAddr]) {
    for (address, preference) in addresses.iter().zip((0..=u32::from(u16::MAX)).rev()) {
        let priority = HOST_PREFERENCE | preference << 8 | COMPONENT;
        let foundation = u32::from(u16::MAX) - preference + 1;
        let (ip, port) = (address.ip(), address.port());
        line(sdp, format_args!("a=candidate:{foundation} 1 udp {priority} {ip} {port} typ host"));
    }
    line(sdp, format_args!("a=end-of-candidates"));
}

fn write_ssrcs(sdp: &mut String, cname: &str, (mid, ssrcs): (&Mid, Ssrcs)) {
    // A stream of its own for each slot: the slots' contents are not to be played in step.
    line(sdp, format_args!("a=msid:slot-{mid} slot-{mid}"));
    if let Some(again) = ssrcs.again {
        line(sdp, format_args!("a=ssrc-group:FID {} {again}", ssrcs.first));
    }
    for ssrc in [Some(ssrcs.first), ssrcs.again].into_iter().flatten() {
        line(sdp, format_args!("a=ssrc:{ssrc} cname:{cname}"));
        line(sdp, format_args!("a=ssrc:{ssrc} msid:slot-{mid} slot-{mid}"));
    }
}
