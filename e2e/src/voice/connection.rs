//! A peer connection of the `rtc` crate: a microphone and slots.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use rtc::interceptor::Registry;
use rtc::media_stream::MediaStreamTrack;
use rtc::peer_connection::configuration::media_engine::MediaEngine;
use rtc::peer_connection::configuration::setting_engine::SettingEngineBuilder;
use rtc::peer_connection::configuration::{RTCConfigurationBuilder, RTCOfferOptions};
use rtc::peer_connection::event::RTCPeerConnectionEvent;
use rtc::peer_connection::message::RTCMessage;
use rtc::peer_connection::sdp::RTCSessionDescription;
use rtc::peer_connection::state::RTCPeerConnectionState;
use rtc::peer_connection::transport::{CandidateConfig, CandidateHostConfig, RTCIceCandidate};
use rtc::peer_connection::{RTCPeerConnection, RTCPeerConnectionBuilder};
use rtc::rtp::Packet;
use rtc::rtp::header::{EXTENSION_PROFILE_ONE_BYTE, Extension};
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodingParameters, RTCRtpEncodingParameters, RTCRtpHeaderExtensionCapability, RtpCodecKind,
};
use rtc::rtp_transceiver::{RTCRtpSenderId, RTCRtpTransceiverDirection, RTCRtpTransceiverInit};
use rtc::sansio::Protocol;
use rtc::shared::{TaggedBytesMut, TransportContext, TransportProtocol};

use super::Lines;

const AUDIO_LEVEL: &str = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
/// The pace of ICE checks that RFC 8445 section 14.2 asks for; `rtc` takes four times as long.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);
/// Checks without an answer after which a pair of addresses is given up.
const CHECKS: u16 = 100;
const OPUS: u8 = 111;
const SSRC: u32 = 70_000;
/// RFC 6464: speech at 20 dB below overload.
const LEVEL: u8 = 0x80 | 20;
/// The size of 20 ms of speech.
const PAYLOAD_BYTES: usize = 80;
/// Samples in a packet.
const SAMPLES: u32 = 960;

pub(super) struct Connection {
    address: SocketAddr,
    connection: RTCPeerConnection,
    sender: RTCRtpSenderId,
    level_id: u8,
    sequence: u16,
}

/// What has come out of a connection.
pub(super) enum Output {
    Transmit(SocketAddr, BytesMut),
    State(RTCPeerConnectionState),
    Sound(Packet),
}

impl Connection {
    /// A connection and its offer.
    pub(super) fn new(now: Instant, address: SocketAddr, lines: Lines) -> (Self, String) {
        let mut engine = MediaEngine::default();
        engine.register_default_codecs().expect("the default codecs");
        let level = RTCRtpHeaderExtensionCapability { uri: AUDIO_LEVEL.to_owned() };
        engine.register_header_extension(level, RtpCodecKind::Audio, None).expect("a free id");
        let settings = SettingEngineBuilder::new().with_ice_connection_attempts(Some(CHECK_INTERVAL), Some(CHECKS));
        let mut connection = RTCPeerConnectionBuilder::new()
            .with_configuration(RTCConfigurationBuilder::new().build())
            .with_media_engine(engine)
            .with_setting_engine(settings.build())
            .with_interceptor_registry(Registry::new())
            .build(now)
            .expect("a connection");
        let sender = connection.add_track(microphone()).expect("a track");
        let slots = [(RtpCodecKind::Audio, lines.audio), (RtpCodecKind::Video, lines.video)];
        for (kind, count) in slots {
            for _ in 0..count {
                let init = RTCRtpTransceiverInit {
                    direction: RTCRtpTransceiverDirection::Recvonly,
                    ..RTCRtpTransceiverInit::default()
                };
                connection.add_transceiver_from_kind(kind, Some(init)).expect("a slot");
            }
        }
        let mut this = Self { address, connection, sender, level_id: 0, sequence: 0 };
        let offer = this.offer(now, None);
        this.level_id = extension_id(&offer, AUDIO_LEVEL);
        (this, offer)
    }

    /// A new offer with new ICE credentials.
    pub(super) fn restart(&mut self, now: Instant) -> String {
        self.offer(now, Some(RTCOfferOptions { ice_restart: true }))
    }

    fn offer(&mut self, now: Instant, options: Option<RTCOfferOptions>) -> String {
        let candidate = CandidateHostConfig {
            base_config: CandidateConfig {
                network: "udp".to_owned(),
                address: self.address.ip().to_string(),
                port: self.address.port(),
                component: 1,
                ..CandidateConfig::default()
            },
            ..CandidateHostConfig::default()
        };
        let candidate = candidate.new_candidate_host().expect("a candidate");
        let candidate = RTCIceCandidate::from(&candidate).to_json().expect("a candidate");
        let offer = self.connection.create_offer(options).expect("an offer");
        let sdp = offer.sdp.clone();
        self.connection.set_local_description(now, offer).expect("its own offer");
        self.connection.add_local_candidate(candidate).expect("its own candidate");
        sdp
    }

    pub(super) fn accept(&mut self, now: Instant, answer: &str) {
        let answer = RTCSessionDescription::answer(answer.to_owned()).expect("an answer");
        self.connection.set_remote_description(now, answer).expect("an answer to the offer");
    }

    pub(super) fn handle(&mut self, now: Instant, source: SocketAddr, contents: &[u8]) {
        let transport = TransportContext {
            local_addr: self.address,
            peer_addr: source,
            transport_protocol: TransportProtocol::UDP,
            ecn: None,
        };
        // What a connection cannot read is lost, as on any client.
        let _ = self.connection.handle_read(TaggedBytesMut { now, transport, message: BytesMut::from(contents) });
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        let _ = self.connection.handle_timeout(now);
    }

    pub(super) fn next_timeout(&mut self, now: Instant) -> Instant {
        let next = self.connection.poll_timeout().unwrap_or(now + Duration::from_secs(1));
        next.max(now + Duration::from_millis(1))
    }

    /// Sends 20 ms of sound, whose payload says when that was.
    pub(super) fn talk(&mut self, now: Instant, stamp: u64) {
        self.sequence = self.sequence.wrapping_add(1);
        let mut payload = [0x78; PAYLOAD_BYTES];
        payload[1..9].copy_from_slice(&stamp.to_be_bytes());
        let mut packet = Packet::default();
        packet.header.version = 2;
        packet.header.payload_type = OPUS;
        packet.header.ssrc = SSRC;
        packet.header.sequence_number = self.sequence;
        packet.header.timestamp = u32::from(self.sequence).wrapping_mul(SAMPLES);
        packet.header.extension = true;
        packet.header.extension_profile = EXTENSION_PROFILE_ONE_BYTE;
        packet.header.extensions = vec![Extension { id: self.level_id, payload: Bytes::from_static(&[LEVEL]) }];
        packet.payload = Bytes::copy_from_slice(&payload);
        let mut sender = self.connection.rtp_sender(self.sender).expect("the microphone");
        sender.write_rtp(now, packet).expect("a packet as it was negotiated");
    }

    pub(super) fn poll(&mut self) -> Option<Output> {
        if let Some(message) = self.connection.poll_write() {
            return Some(Output::Transmit(message.transport.peer_addr, message.message));
        }
        while let Some(message) = self.connection.poll_read() {
            if let RTCMessage::RtpPacket(_, packet) = message.message {
                return Some(Output::Sound(packet));
            }
        }
        while let Some(event) = self.connection.poll_event() {
            if let RTCPeerConnectionEvent::OnConnectionStateChangeEvent(state) = event {
                return Some(Output::State(state));
            }
        }
        None
    }
}

/// When a packet of [`Connection::talk`] was sent.
pub(super) fn stamp(packet: &Packet) -> Option<u64> {
    Some(u64::from_be_bytes(*packet.payload.get(1..)?.first_chunk()?))
}

fn microphone() -> MediaStreamTrack {
    let encoding = RTCRtpEncodingParameters {
        rtp_coding_parameters: RTCRtpCodingParameters { ssrc: Some(SSRC), ..RTCRtpCodingParameters::default() },
        codec: RTCRtpCodec {
            mime_type: "audio/opus".to_owned(),
            clock_rate: 48_000,
            channels: 2,
            sdp_fmtp_line: "minptime=10;useinbandfec=1".to_owned(),
            rtcp_feedback: Vec::new(),
        },
        ..RTCRtpEncodingParameters::default()
    };
    let [stream, track, label] = ["stream", "track", "label"].map(str::to_owned);
    MediaStreamTrack::new(stream, track, label, RtpCodecKind::Audio, vec![encoding])
}

fn extension_id(sdp: &str, uri: &str) -> u8 {
    let lines = sdp.lines().filter_map(|line| line.strip_prefix("a=extmap:")?.split_once(' '));
    let mut ids = lines.filter(|(_, named)| *named == uri).filter_map(|(id, _)| id.parse().ok());
    ids.next().expect("the extension is offered")
}
