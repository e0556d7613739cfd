use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;

use rtc_sdp::description::common::Attribute;
use rtc_sdp::description::media::MediaDescription;
use rtc_sdp::description::session::SessionDescription;

use super::codec::{Codec, EXTENSIONS, Extension, FEEDBACK, REDUNDANCY, RETRANSMISSION, TRANSPORT_FEEDBACK, recognise};
use crate::io::{Limits, MediaKind, Mid};
use crate::peer::certificate::Fingerprint;
use crate::peer::guard::guarded;
use crate::peer::ice::Credentials;

const MOST_SECTIONS: usize = 64;
const LONGEST_MID: usize = 32;
const MOST_SSRCS: usize = 64;
/// Encodings of one m-line; more are declined.
const MOST_ENCODINGS: usize = 3;
const LONGEST_STREAM_ID: usize = 16;
/// Two forms of header extensions in one stream (RFC 8285 section 6).
pub(super) const MIXED: &str = "extmap-allow-mixed";
/// Each SSRC has a few lines.
const MOST_SSRC_LINES: usize = 8 * MOST_SSRCS;

/// Why an offer was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OfferError {
    #[error("The offer is longer than {0} bytes.")]
    TooLong(usize),
    #[error("The offer has more than {0} slots for sound.")]
    TooManyAudioSlots(usize),
    #[error("The offer has more than {0} slots for pictures.")]
    TooManyVideoSlots(usize),
    #[error("The offer has more than {MOST_SECTIONS} m-lines.")]
    TooManySections,
    #[error("The offer is not SDP.")]
    Syntax,
    #[error("The offer has no m-line.")]
    Empty,
    #[error("The offer has no usable ICE credentials.")]
    IceCredentials,
    #[error("The offer has no SHA-256 fingerprint of a certificate.")]
    Fingerprint,
    #[error("The offer wants us to begin the DTLS handshake; it must say actpass or active.")]
    Setup,
    #[error("All m-lines of the offer must be in one BUNDLE group.")]
    Bundle,
    #[error("The m-line {0:?} has no mid, a bad one, or one that another m-line has.")]
    Mid(String),
    #[error("The m-line {0} does not multiplex RTP and RTCP.")]
    RtcpMux(Mid),
    #[error("The offer has no m-line {0}, or it cannot send what was named as its source.")]
    UnknownSource(Mid),
    #[error("Two m-lines were named as the same source.")]
    DuplicateSource,
    #[error("The m-line {0} has no codec that we forward.")]
    NoCodec(Mid),
    #[error("An m-line that was there before has changed or is missing.")]
    Changed,
}

/// A client's offer, reduced to what we use (RFC 8829).
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    pub(crate) credentials: Credentials,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) media: Vec<OfferedMedia>,
}

/// One m-line.
#[derive(Clone, Debug)]
pub(crate) struct OfferedMedia {
    pub(crate) mid: Mid,
    /// The first four fields of the `m=` line, for a refusal.
    pub(crate) name: String,
    pub(crate) protocol: String,
    pub(crate) first_format: String,
    /// `None` if we refuse the m-line.
    pub(crate) kind: Option<MediaKind>,
    pub(crate) sends: bool,
    pub(crate) receives: bool,
    pub(crate) reduced_size: bool,
    /// Takes header extensions in both forms (RFC 8285 section 6).
    pub(crate) is_mixed: bool,
    pub(crate) codecs: Vec<OfferedCodec>,
    pub(crate) extensions: BTreeMap<Extension, u8>,
    pub(crate) ssrcs: Vec<u32>,
    /// SSRCs of packets that are sent again, each with the one that they were sent under first.
    pub(crate) repairs: BTreeMap<u32, u32>,
    /// The RTP stream ids of the encodings that are sent together, the lowest first (RFC 8853); none where there is one
    /// encoding only.
    pub(crate) stream_ids: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OfferedCodec {
    pub(crate) codec: Codec,
    pub(crate) payload_type: u8,
    /// The payload type under which its packets are sent again.
    pub(crate) repair: Option<u8>,
    /// The payload type under which its packets come with those before.
    pub(crate) redundancy: Option<u8>,
    pub(crate) feedback: Vec<&'static str>,
}

impl Offer {
    pub(crate) fn parse(text: &str, limits: &Limits) -> Result<Self, OfferError> {
        if text.len() > limits.offer_bytes {
            return Err(OfferError::TooLong(limits.offer_bytes));
        }
        let sections = text.lines().filter(|line| line.starts_with("m=")).count();
        if sections > MOST_SECTIONS {
            return Err(OfferError::TooManySections);
        }
        let parsed = guarded(|| SessionDescription::unmarshal(&mut Cursor::new(text.as_bytes())));
        let session = parsed.ok().and_then(Result::ok).ok_or(OfferError::Syntax)?;
        Self::read(&session)
    }

    fn read(session: &SessionDescription) -> Result<Self, OfferError> {
        let media = &session.media_descriptions;
        let transport = media.iter().find(|section| section.media_name.port.value != 0);
        let transport = transport.ok_or(OfferError::Empty)?;
        let lists = [&transport.attributes, &session.attributes];
        let find = |key: &'static str| lists.iter().find_map(|list| value(list, key));
        let is_mixed = has(&session.attributes, MIXED);
        let offer = Self {
            credentials: credentials(find("ice-ufrag"), find("ice-pwd"))?,
            fingerprint: lists.iter().find_map(|list| fingerprint(list)).ok_or(OfferError::Fingerprint)?,
            media: media.iter().map(|section| OfferedMedia::read(section, is_mixed)).collect::<Result<_, _>>()?,
        };
        if !matches!(find("setup"), Some("actpass" | "active")) {
            return Err(OfferError::Setup);
        }
        offer.check_mids()?;
        offer.check_bundle(&session.attributes)?;
        Ok(offer)
    }

    fn check_mids(&self) -> Result<(), OfferError> {
        let mut seen = BTreeSet::new();
        for section in &self.media {
            if !seen.insert(&section.mid) {
                return Err(OfferError::Mid(section.mid.to_string()));
            }
        }
        Ok(())
    }

    fn check_bundle(&self, attributes: &[Attribute]) -> Result<(), OfferError> {
        let groups = values(attributes, "group");
        let bundle = groups.filter_map(|group| group.strip_prefix("BUNDLE"));
        let bundle: BTreeSet<&str> = bundle.flat_map(str::split_whitespace).collect();
        let live = self.media.iter().filter(|section| section.kind.is_some());
        let outside = live.filter(|section| !bundle.contains(&section.mid.as_str()));
        let alone = bundle.is_empty() && self.media.len() == 1;
        if alone || outside.count() == 0 { Ok(()) } else { Err(OfferError::Bundle) }
    }
}

impl OfferedMedia {
    fn read(description: &MediaDescription, is_mixed: bool) -> Result<Self, OfferError> {
        let attributes = &description.attributes;
        let name = &description.media_name;
        let mid = value(attributes, "mid").unwrap_or_default();
        if !is_token(mid) {
            return Err(OfferError::Mid(mid.chars().take(LONGEST_MID).collect()));
        }
        let protocol = name.protos.join("/");
        let secure = matches!(protocol.as_str(), "UDP/TLS/RTP/SAVPF" | "TCP/TLS/RTP/SAVPF" | "RTP/SAVPF");
        let live = secure && (name.port.value != 0 || has(attributes, "bundle-only"));
        let kind = match name.media.as_str() {
            "audio" if live => Some(MediaKind::Audio),
            "video" if live => Some(MediaKind::Video),
            _ => None,
        };
        if kind.is_some() && !has(attributes, "rtcp-mux") {
            return Err(OfferError::RtcpMux(Mid::from(mid)));
        }
        let one_way = |direction: &str| has(attributes, direction) || has(attributes, "inactive");
        Ok(Self {
            mid: Mid::from(mid),
            name: name.media.clone(),
            protocol,
            first_format: name.formats.first().cloned().unwrap_or_default(),
            kind,
            sends: !one_way("recvonly"),
            receives: !one_way("sendonly"),
            reduced_size: has(attributes, "rtcp-rsize"),
            is_mixed: is_mixed || has(attributes, MIXED),
            codecs: codecs(kind, &name.formats, attributes),
            extensions: extensions(attributes),
            ssrcs: ssrcs(attributes),
            repairs: repairs(attributes),
            stream_ids: stream_ids(attributes),
        })
    }
}

fn has(attributes: &[Attribute], key: &str) -> bool {
    attributes.iter().any(|attribute| attribute.key == key)
}

fn values<'a>(attributes: &'a [Attribute], key: &'a str) -> impl Iterator<Item = &'a str> {
    let found = attributes.iter().filter(move |found| found.key == key);
    found.filter_map(|found| found.value.as_deref())
}

fn value<'a>(attributes: &'a [Attribute], key: &'a str) -> Option<&'a str> {
    values(attributes, key).next()
}

fn is_token(mid: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.+{}~!#$%&'*^`|".contains(&byte);
    !mid.is_empty() && mid.len() <= LONGEST_MID && mid.bytes().all(allowed)
}

fn credentials(ufrag: Option<&str>, password: Option<&str>) -> Result<Credentials, OfferError> {
    let usable = |text: &&str, shortest: usize| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte);
        (shortest..=256).contains(&text.len()) && text.bytes().all(allowed)
    };
    let ufrag = ufrag.filter(|text| usable(text, 4));
    let password = password.filter(|text| usable(text, 22));
    match (ufrag, password) {
        (Some(ufrag), Some(password)) => Ok(Credentials { ufrag: ufrag.to_owned(), password: password.to_owned() }),
        (None, _) | (_, None) => Err(OfferError::IceCredentials),
    }
}

fn fingerprint(attributes: &[Attribute]) -> Option<Fingerprint> {
    values(attributes, "fingerprint").find_map(|text| {
        let (hash, digest) = text.split_once(' ')?;
        let known = hash.eq_ignore_ascii_case("sha-256");
        known.then(|| Fingerprint::parse(digest)).flatten()
    })
}

fn codecs(kind: Option<MediaKind>, formats: &[String], attributes: &[Attribute]) -> Vec<OfferedCodec> {
    let encodings = ByFormat::new(attributes, "rtpmap");
    let parameters = ByFormat::new(attributes, "fmtp");
    let feedback = ByFormat::new(attributes, "rtcp-fb");
    let mut codecs: Vec<OfferedCodec> = Vec::new();
    for format in formats.iter().take(MOST_SECTIONS).map(String::as_str) {
        let Some(payload_type) = format.parse().ok().filter(|number: &u8| *number < 128) else {
            continue;
        };
        let encoding = encodings.of(format).first().copied();
        let Some(codec) = encoding.and_then(|text| recognise(text, &parameters.of(format).join(";"))) else {
            continue;
        };
        if Some(codec.spec().kind) == kind && codecs.iter().all(|known| known.codec != codec) {
            let said = [feedback.of(format), feedback.of("*")].concat();
            // Sound is little and is never held back: nobody need count it.
            let is_wanted = |text: &&'static str| kind == Some(MediaKind::Video) || *text != TRANSPORT_FEEDBACK;
            let feedback = FEEDBACK.into_iter().filter(|text| said.contains(text)).filter(is_wanted).collect();
            codecs.push(OfferedCodec { codec, payload_type, repair: None, redundancy: None, feedback });
        }
    }
    let by_encoding = |wanted: &'static str| {
        let matching =
            |format: &&String| encodings.of(format).first().is_some_and(|text| text.eq_ignore_ascii_case(wanted));
        let formats = formats.iter().take(MOST_SECTIONS).filter(matching);
        formats.filter_map(|format| {
            Some((format.parse().ok().filter(|number: &u8| *number < 128)?, parameters.of(format)))
        })
    };
    for (payload_type, parameters) in by_encoding(RETRANSMISSION) {
        let associated = parameters.iter().find_map(|text| text.strip_prefix("apt="));
        let associated = associated.and_then(|text| text.split(';').next()?.trim().parse::<u8>().ok());
        if let Some(offered) = codecs.iter_mut().find(|offered| Some(offered.payload_type) == associated) {
            offered.repair.get_or_insert(payload_type);
        }
    }
    for (payload_type, parameters) in by_encoding(REDUNDANCY) {
        let carried = parameters.iter().find_map(|text| text.split('/').next()?.trim().parse::<u8>().ok());
        if let Some(offered) = codecs.iter_mut().find(|offered| Some(offered.payload_type) == carried) {
            offered.redundancy.get_or_insert(payload_type);
        }
    }
    codecs
}

/// What `a=simulcast:send` names, of alternatives the first (RFC 8853 section 5.1).
fn stream_ids(attributes: &[Attribute]) -> Vec<String> {
    let mut words = value(attributes, "simulcast").unwrap_or_default().split_whitespace();
    let sent = words.find(|word| *word == "send").and_then(|_| words.next()).unwrap_or_default();
    let first = |alternatives: &str| {
        let id = alternatives.split(',').next()?.trim_start_matches('~');
        let is_known = !id.is_empty() && id.len() <= LONGEST_STREAM_ID && id.bytes().all(|b| b.is_ascii_alphanumeric());
        is_known.then(|| id.to_owned())
    };
    let mut ids: Vec<String> = Vec::new();
    for id in sent.split(';').filter_map(first).take(MOST_ENCODINGS) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

fn repairs(attributes: &[Attribute]) -> BTreeMap<u32, u32> {
    let groups = values(attributes, "ssrc-group").take(MOST_SSRCS);
    let pairs = groups.filter_map(|group| {
        let mut ssrcs = group.strip_prefix("FID ")?.split_whitespace();
        let (first, again) = (ssrcs.next()?.parse().ok()?, ssrcs.next()?.parse().ok()?);
        Some((again, first))
    });
    pairs.collect()
}

/// The values of a key by the format that each begins with. Made in one go, for an offer may have thousands.
struct ByFormat<'a>(BTreeMap<&'a str, Vec<&'a str>>);

impl<'a> ByFormat<'a> {
    fn new(attributes: &'a [Attribute], key: &'a str) -> Self {
        let mut lines: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (format, text) in values(attributes, key).filter_map(|line| line.split_once(' ')) {
            lines.entry(format).or_default().push(text.trim());
        }
        Self(lines)
    }

    fn of(&self, format: &str) -> &[&'a str] {
        self.0.get(format).map_or(&[], Vec::as_slice)
    }
}

/// Ids that can be written in either form (RFC 8285 section 4.2).
fn extensions(attributes: &[Attribute]) -> BTreeMap<Extension, u8> {
    let lines = values(attributes, "extmap").filter_map(|line| {
        let mut words = line.split_whitespace();
        let id = words.next()?.split('/').next()?.parse::<u8>().ok()?;
        let uri = words.next()?;
        let known = EXTENSIONS.iter().find(|(_, known)| *known == uri)?;
        (1..=14).contains(&id).then_some((known.0, id))
    });
    lines.collect()
}

/// The SSRCs in order, without those that a group names as repair for another.
fn ssrcs(attributes: &[Attribute]) -> Vec<u32> {
    let groups = values(attributes, "ssrc-group");
    let repair: BTreeSet<&str> = groups
        .filter(|group| group.starts_with("FID") || group.starts_with("FEC"))
        .flat_map(|group| group.split_whitespace().skip(2))
        .collect();
    let mut ssrcs = Vec::new();
    for line in values(attributes, "ssrc").take(MOST_SSRC_LINES) {
        let Some(word) = line.split_whitespace().next() else {
            continue;
        };
        if let Some(ssrc) = word.parse().ok().filter(|_| !repair.contains(&word))
            && !ssrcs.contains(&ssrc)
            && ssrcs.len() < MOST_SSRCS
        {
            ssrcs.push(ssrc);
        }
    }
    ssrcs
}
