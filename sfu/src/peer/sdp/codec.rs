use crate::io::{MediaKind, VideoCodec};

/// What we forward. Payloads pass unread but for key frames and picture ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Codec {
    Opus,
    Vp8,
    Vp9,
    Av1,
    H264,
}

pub(crate) struct Spec {
    pub(crate) codec: Codec,
    pub(crate) kind: MediaKind,
    /// As in `a=rtpmap`.
    pub(crate) encoding: &'static str,
    /// RTP ticks a second.
    pub(crate) clock_rate: u32,
    /// What our answer says in `a=fmtp`.
    pub(crate) parameters: &'static str,
    /// What the offer's `a=fmtp` must say for the codec to be the one we mean.
    pub(crate) required: &'static [(&'static str, &'static str)],
    /// What it must not contradict: it means these where it says nothing.
    pub(crate) assumed: &'static [(&'static str, &'static str)],
}

/// In the order of preference.
pub(crate) const CODECS: [Spec; 5] = [
    Spec {
        codec: Codec::Opus,
        kind: MediaKind::Audio,
        encoding: "opus/48000/2",
        clock_rate: 48_000,
        parameters: "minptime=10;useinbandfec=1;usedtx=1;stereo=1;sprop-stereo=1",
        required: &[],
        assumed: &[],
    },
    Spec {
        codec: Codec::Vp8,
        kind: MediaKind::Video,
        encoding: "VP8/90000",
        clock_rate: 90_000,
        parameters: "",
        required: &[],
        assumed: &[],
    },
    Spec {
        codec: Codec::Vp9,
        kind: MediaKind::Video,
        encoding: "VP9/90000",
        clock_rate: 90_000,
        parameters: "profile-id=0",
        required: &[],
        assumed: &[("profile-id", "0")],
    },
    Spec {
        codec: Codec::Av1,
        kind: MediaKind::Video,
        encoding: "AV1/90000",
        clock_rate: 90_000,
        parameters: "",
        required: &[],
        assumed: &[("profile", "0"), ("tier", "0")],
    },
    Spec {
        codec: Codec::H264,
        kind: MediaKind::Video,
        encoding: "H264/90000",
        clock_rate: 90_000,
        parameters: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
        required: &[("packetization-mode", "1"), ("profile-level-id", "42")],
        assumed: &[],
    },
];

impl Codec {
    /// Its place among [`CODECS`].
    pub(crate) fn index(self) -> usize {
        match self {
            Self::Opus => 0,
            Self::Vp8 => 1,
            Self::Vp9 => 2,
            Self::Av1 => 3,
            Self::H264 => 4,
        }
    }

    pub(crate) fn spec(self) -> &'static Spec {
        &CODECS[self.index()]
    }

    pub(crate) fn clock_rate(self) -> u32 {
        self.spec().clock_rate
    }

    pub(crate) fn video(self) -> Option<VideoCodec> {
        match self {
            Self::Opus => None,
            Self::Vp8 => Some(VideoCodec::Vp8),
            Self::Vp9 => Some(VideoCodec::Vp9),
            Self::Av1 => Some(VideoCodec::Av1),
            Self::H264 => Some(VideoCodec::H264),
        }
    }

    /// Whether it is forwarded by the dependency descriptor alone: it has layers in one stream.
    pub(crate) fn is_layered(self) -> bool {
        matches!(self, Self::Vp9 | Self::Av1)
    }
}

/// The codec that an offer's `a=rtpmap` and `a=fmtp` values mean.
pub(crate) fn recognise(encoding: &str, parameters: &str) -> Option<Codec> {
    let spec = CODECS.iter().find(|spec| {
        let same = spec.encoding.eq_ignore_ascii_case(encoding);
        let said = |name: &str| {
            let mut pairs = parameters.split(';').filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
        };
        let has = |(name, prefix): &(&str, &str)| said(name).is_some_and(|value| value.starts_with(prefix));
        let allows = |(name, wanted): &(&str, &str)| said(name).is_none_or(|value| value == *wanted);
        same && spec.required.iter().all(has) && spec.assumed.iter().all(allows)
    })?;
    Some(spec.codec)
}

/// RTP header extensions that we read or write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Extension {
    Mid,
    /// Which of the encodings of one m-line a packet belongs to (RFC 8852).
    StreamId,
    /// The same, of a packet that is sent again.
    RepairedStreamId,
    AudioLevel,
    SendTime,
    /// Counts all packets of a connection (draft-holmer-rmcat-transport-wide-cc-extensions-01).
    TransportSequence,
    /// How frames depend on each other (RTP Payload Format For AV1, appendix A).
    Dependencies,
}

pub(crate) const EXTENSIONS: [(Extension, &str); 7] = [
    (Extension::Mid, "urn:ietf:params:rtp-hdrext:sdes:mid"),
    (Extension::StreamId, "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"),
    (Extension::RepairedStreamId, "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"),
    (Extension::AudioLevel, "urn:ietf:params:rtp-hdrext:ssrc-audio-level"),
    (Extension::SendTime, "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"),
    (Extension::TransportSequence, "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"),
    (
        Extension::Dependencies,
        "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
    ),
];

/// Feedback on the arrival of each packet.
pub(crate) const TRANSPORT_FEEDBACK: &str = "transport-cc";
/// A receiver's own estimate of what its way can carry.
pub(crate) const REMB: &str = "goog-remb";

/// The RTCP feedback that we understand (RFC 4585, RFC 5104, draft-holmer-rmcat-transport-wide-cc-extensions,
/// draft-alvestrand-rmcat-remb).
pub(crate) const FEEDBACK: [&str; 5] = ["nack", "nack pli", "ccm fir", TRANSPORT_FEEDBACK, REMB];

/// Packets of Opus that carry the one before as well (RFC 2198).
pub(crate) const REDUNDANCY: &str = "red/48000/2";

/// Packets that are sent again, in a stream of their own (RFC 4588).
pub(crate) const RETRANSMISSION: &str = "rtx/90000";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h264_is_taken_as_constrained_baseline_in_mode_1_alone() {
        let baseline = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";
        assert_eq!(recognise("H264/90000", baseline), Some(Codec::H264));
        let high = baseline.replace("42e01f", "64001f");
        assert_eq!(recognise("H264/90000", &high), None);
        assert_eq!(recognise("H264/90000", ""), None);
        assert_eq!(recognise("H264/90000", "packetization-mode=0;profile-level-id=42e01f"), None);
        assert_eq!(recognise("vp8/90000", ""), Some(Codec::Vp8));
        assert_eq!(recognise("rtx/90000", "apt=96"), None);
    }

    #[test]
    fn vp9_and_av1_are_taken_in_their_first_profile() {
        assert_eq!(recognise("VP9/90000", ""), Some(Codec::Vp9));
        assert_eq!(recognise("VP9/90000", "profile-id=0"), Some(Codec::Vp9));
        assert_eq!(recognise("VP9/90000", "profile-id=2"), None);
        assert_eq!(recognise("AV1/90000", "level-idx=5;profile=0;tier=0"), Some(Codec::Av1));
        assert_eq!(recognise("AV1/90000", "level-idx=5;profile=1;tier=0"), None);
    }
}
