use std::collections::BTreeMap;
use std::fmt::Write;

use sfu::{MediaKind, Mid, Source};

/// What a client offers, in the words of one browser or the other.
#[derive(Clone)]
pub(crate) struct Layout {
    pub(crate) publish: Vec<Source>,
    pub(crate) audio_slots: usize,
    pub(crate) video_slots: usize,
    pub(crate) opus: u8,
    pub(crate) vp8: u8,
    /// The codec under that number.
    pub(crate) video: &'static str,
    pub(crate) level_id: u8,
    pub(crate) mid_id: u8,
    /// Names the SSRCs in the offer.
    pub(crate) names_ssrcs: bool,
    /// Sends its pictures in so many encodings together.
    pub(crate) encodings: usize,
    /// Knows retransmission (RFC 4588) and transport-wide feedback.
    pub(crate) is_modern: bool,
    /// Knows VP9 and the dependency descriptor.
    pub(crate) is_layered: bool,
}

pub(crate) const STREAM_ID: u8 = 10;
pub(crate) const REPAIRED_STREAM_ID: u8 = 11;
pub(crate) const TRANSPORT_SEQUENCE: u8 = 5;
pub(crate) const RTX: u8 = 97;
pub(crate) const VP9: u8 = 98;
pub(crate) const VP9_RTX: u8 = 99;
pub(crate) const DEPENDENCIES: u8 = 12;
pub(crate) const RED: u8 = 63;
pub(crate) const STREAM_IDS: [&str; 3] = ["q", "h", "f"];

impl Layout {
    pub(crate) fn new(publish: &[Source], audio_slots: usize, video_slots: usize) -> Self {
        Self {
            publish: publish.to_vec(),
            audio_slots,
            video_slots,
            opus: 111,
            vp8: 96,
            video: "VP8/90000",
            level_id: 1,
            mid_id: 4,
            names_ssrcs: true,
            encodings: 1,
            is_modern: false,
            is_layered: false,
        }
    }

    /// A microphone and these many audio slots.
    pub(crate) fn voice(audio_slots: usize) -> Self {
        Self::new(&[Source::Microphone], audio_slots, 0)
    }

    /// A microphone, a camera, two audio slots and these many video slots.
    pub(crate) fn video(video_slots: usize) -> Self {
        Self::new(&[Source::Microphone, Source::Camera], 2, video_slots)
    }

    /// As [`Self::video`], as browsers do it: pictures in three encodings, retransmission and transport-wide feedback.
    pub(crate) fn modern(video_slots: usize) -> Self {
        Self { encodings: 3, is_modern: true, names_ssrcs: false, ..Self::video(video_slots) }
    }

    /// As [`Self::modern`], with VP9 in layers of one stream.
    pub(crate) fn layered(video_slots: usize) -> Self {
        Self { is_layered: true, ..Self::modern(video_slots) }
    }

    pub(crate) fn sources(&self) -> BTreeMap<Mid, Source> {
        let publish = self.publish.iter();
        publish.map(|source| (Mid::from(mid(*source)), *source)).collect()
    }

    pub(crate) fn sdp(&self, identity: &Identity) -> String {
        let mut mids = String::new();
        let mut media = String::new();
        for source in &self.publish {
            let ssrc = self.names_ssrcs.then(|| identity.ssrc(*source));
            write!(mids, " {}", mid(*source)).unwrap();
            media += &self.section((mid(*source), source.kind()), ("sendonly", ssrc), identity);
        }
        for (kind, letter, count) in
            [(MediaKind::Audio, 'a', self.audio_slots), (MediaKind::Video, 'v', self.video_slots)]
        {
            for index in 0..count {
                let name = format!("{letter}{index}");
                write!(mids, " {name}").unwrap();
                media += &self.section((&name, kind), ("recvonly", None), identity);
            }
        }
        format!(
            "v=0\r\no=- 42 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n\
             a=group:BUNDLE{mids}\r\na=msid-semantic: WMS\r\n{media}"
        )
    }

    fn section(
        &self,
        (mid, kind): (&str, MediaKind),
        (direction, ssrc): (&str, Option<u32>),
        identity: &Identity,
    ) -> String {
        let (name, number, codec) = match kind {
            MediaKind::Audio => ("audio", self.opus, "opus/48000/2"),
            MediaKind::Video => ("video", self.vp8, self.video),
        };
        let again = match kind {
            MediaKind::Video if self.is_layered => format!(" {RTX} {VP9} {VP9_RTX}"),
            MediaKind::Video if self.is_modern => format!(" {RTX}"),
            MediaKind::Audio if self.is_modern => format!(" {RED}"),
            MediaKind::Audio | MediaKind::Video => String::new(),
        };
        let mut text = format!(
            "m={name} 9 UDP/TLS/RTP/SAVPF {number}{again}\r\nc=IN IP4 0.0.0.0\r\n\
             a=ice-ufrag:{}\r\na=ice-pwd:{}\r\na=fingerprint:sha-256 {}\r\n\
             a=setup:actpass\r\na=mid:{mid}\r\na={direction}\r\na=rtcp-mux\r\na=rtcp-rsize\r\n\
             a=extmap:{} urn:ietf:params:rtp-hdrext:sdes:mid\r\n\
             a=extmap:3 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\r\n\
             a=rtpmap:{number} {codec}\r\n",
            identity.ufrag, identity.password, identity.fingerprint, self.mid_id,
        );
        match kind {
            MediaKind::Audio => {
                write!(text, "a=extmap:{} urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n", self.level_id)
            }
            MediaKind::Video => write!(
                text,
                "a=rtcp-fb:{number} nack\r\na=rtcp-fb:{number} nack pli\r\n\
                 a=rtcp-fb:{number} goog-remb\r\n\
                 a=fmtp:{number} packetization-mode=1;profile-level-id=42e01f\r\n"
            ),
        }
        .unwrap();
        match kind {
            MediaKind::Video if self.is_modern => text += &self.modern_lines(direction),
            MediaKind::Audio if self.is_modern => {
                let opus = self.opus;
                write!(text, "a=rtpmap:{RED} red/48000/2\r\na=fmtp:{RED} {opus}/{opus}\r\n").unwrap();
            }
            MediaKind::Audio | MediaKind::Video => {}
        }
        if let Some(ssrc) = ssrc {
            write!(text, "a=ssrc:{ssrc} cname:client\r\n").unwrap();
        }
        text
    }

    fn modern_lines(&self, direction: &str) -> String {
        let vp8 = self.vp8;
        let mut text = format!(
            "a=rtcp-fb:{vp8} transport-cc\r\na=rtpmap:{RTX} rtx/90000\r\na=fmtp:{RTX} apt={vp8}\r\n\
             a=extmap:{TRANSPORT_SEQUENCE} \
             http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n\
             a=extmap:{STREAM_ID} urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n\
             a=extmap:{REPAIRED_STREAM_ID} urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id\r\n"
        );
        if self.is_layered {
            write!(
                text,
                "a=extmap-allow-mixed\r\na=rtpmap:{VP9} VP9/90000\r\na=fmtp:{VP9} profile-id=0\r\n\
                 a=rtcp-fb:{VP9} nack\r\na=rtcp-fb:{VP9} nack pli\r\na=rtcp-fb:{VP9} transport-cc\r\n\
                 a=rtpmap:{VP9_RTX} rtx/90000\r\na=fmtp:{VP9_RTX} apt={VP9}\r\n\
                 a=extmap:{DEPENDENCIES} \
                 https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension\r\n"
            )
            .unwrap();
        }
        if direction == "sendonly" && self.encodings > 1 {
            let ids = &STREAM_IDS[..self.encodings];
            for id in ids {
                write!(text, "a=rid:{id} send\r\n").unwrap();
            }
            write!(text, "a=simulcast:send {}\r\n", ids.join(";")).unwrap();
        }
        text
    }
}

pub(crate) struct Identity {
    pub(crate) peer: u64,
    pub(crate) ufrag: String,
    pub(crate) password: String,
    pub(crate) fingerprint: String,
}

impl Identity {
    pub(crate) fn ssrc(&self, source: Source) -> u32 {
        let base = u32::try_from(self.peer).unwrap() * 100;
        base + match source {
            Source::Microphone => 1,
            Source::Camera => 2,
            Source::Screen => 3,
            Source::ScreenAudio => 4,
        }
    }

    /// Of one of a picture's encodings; that of an only one is [`Self::ssrc`].
    pub(crate) fn encoding_ssrc(&self, source: Source, layer: usize) -> u32 {
        self.ssrc(source) + 10 * u32::try_from(layer).unwrap()
    }
}

pub(crate) fn mid(source: Source) -> &'static str {
    match source {
        Source::Microphone => "mic",
        Source::Camera => "cam",
        Source::Screen => "scr",
        Source::ScreenAudio => "sca",
    }
}
