use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use rtc::interceptor::Registry;
use rtc::media_stream::MediaStreamTrack;
use rtc::peer_connection::configuration::RTCConfigurationBuilder;
use rtc::peer_connection::configuration::media_engine::MediaEngine;
use rtc::peer_connection::configuration::setting_engine::SettingEngineBuilder;
use rtc::peer_connection::event::RTCPeerConnectionEvent;
use rtc::peer_connection::message::RTCMessage;
use rtc::peer_connection::sdp::RTCSessionDescription;
use rtc::peer_connection::state::RTCPeerConnectionState;
use rtc::peer_connection::transport::{CandidateConfig, CandidateHostConfig, RTCIceCandidate};
use rtc::peer_connection::{RTCPeerConnection, RTCPeerConnectionBuilder};
use rtc::rtp_transceiver::rtp_sender::{RTCRtpCodec, RTCRtpCodingParameters, RTCRtpEncodingParameters, RtpCodecKind};
use rtc::rtp_transceiver::{RTCRtpSenderId, RTCRtpTransceiverDirection, RTCRtpTransceiverInit};
use rtc::sansio::Protocol;
use rtc::shared::{TaggedBytesMut, TransportContext, TransportProtocol};

use super::server_address;

/// A client made of the `rtc` crate's whole peer connection: it sends a microphone and has two
/// audio slots and a video slot.
pub(crate) struct FullClient {
    pub(crate) address: SocketAddr,
    pub(crate) connected: bool,
    pub(crate) received: Vec<rtc::rtp::Packet>,
    connection: RTCPeerConnection,
    sender: RTCRtpSenderId,
    ssrc: u32,
    sequence: u16,
}

fn opus() -> RTCRtpCodec {
    RTCRtpCodec {
        mime_type: "audio/opus".to_owned(),
        clock_rate: 48_000,
        channels: 2,
        sdp_fmtp_line: "minptime=10;useinbandfec=1".to_owned(),
        rtcp_feedback: Vec::new(),
    }
}

impl FullClient {
    pub(crate) fn new(now: Instant, number: u16) -> (Self, String) {
        let mut engine = MediaEngine::default();
        engine.register_default_codecs().unwrap();
        let mut connection = RTCPeerConnectionBuilder::new()
            .with_configuration(RTCConfigurationBuilder::new().build())
            .with_setting_engine(SettingEngineBuilder::new().build())
            .with_media_engine(engine)
            .with_interceptor_registry(Registry::new())
            .build(now)
            .unwrap();
        let ssrc = 70_000 + u32::from(number);
        let track = MediaStreamTrack::new(
            "stream".to_owned(),
            "track".to_owned(),
            "label".to_owned(),
            RtpCodecKind::Audio,
            vec![RTCRtpEncodingParameters {
                rtp_coding_parameters: RTCRtpCodingParameters { ssrc: Some(ssrc), ..RTCRtpCodingParameters::default() },
                codec: opus(),
                ..RTCRtpEncodingParameters::default()
            }],
        );
        let sender = connection.add_track(track).unwrap();
        for kind in [RtpCodecKind::Audio, RtpCodecKind::Audio, RtpCodecKind::Video] {
            let init = RTCRtpTransceiverInit {
                direction: RTCRtpTransceiverDirection::Recvonly,
                ..RTCRtpTransceiverInit::default()
            };
            connection.add_transceiver_from_kind(kind, Some(init)).unwrap();
        }
        let [a, b] = number.to_be_bytes();
        let mut client = Self {
            address: SocketAddr::from(([10, 2, a, b], 6000)),
            connected: false,
            received: Vec::new(),
            connection,
            sender,
            ssrc,
            sequence: 0,
        };
        let offer = client.offer(now);
        (client, offer)
    }

    fn offer(&mut self, now: Instant) -> String {
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
        let candidate = candidate.new_candidate_host().unwrap();
        let candidate = RTCIceCandidate::from(&candidate).to_json().unwrap();
        let offer = self.connection.create_offer(None).unwrap();
        let sdp = offer.sdp.clone();
        self.connection.set_local_description(now, offer).unwrap();
        self.connection.add_local_candidate(candidate).unwrap();
        sdp
    }

    pub(crate) fn accept(&mut self, now: Instant, answer: &str) {
        let answer = RTCSessionDescription::answer(answer.to_owned()).unwrap();
        self.connection.set_remote_description(now, answer).unwrap();
    }

    pub(crate) fn handle(&mut self, now: Instant, contents: &[u8]) {
        let message = TaggedBytesMut {
            now,
            transport: TransportContext {
                local_addr: self.address,
                peer_addr: server_address(),
                transport_protocol: TransportProtocol::UDP,
                ecn: None,
            },
            message: BytesMut::from(contents),
        };
        let _ = self.connection.handle_read(message);
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        let _ = self.connection.handle_timeout(now);
    }

    pub(crate) fn next_timeout(&mut self, now: Instant) -> Instant {
        let soon = now + Duration::from_millis(1);
        let next = self.connection.poll_timeout();
        next.unwrap_or(now + Duration::from_secs(1)).max(soon)
    }

    pub(crate) fn take_outgoing(&mut self) -> Vec<Vec<u8>> {
        while let Some(event) = self.connection.poll_event() {
            if let RTCPeerConnectionEvent::OnConnectionStateChangeEvent(state) = event {
                self.connected = state == RTCPeerConnectionState::Connected;
            }
        }
        while let Some(message) = self.connection.poll_read() {
            if let RTCMessage::RtpPacket(_, packet) = message.message {
                self.received.push(packet);
            }
        }
        let mut datagrams = Vec::new();
        while let Some(message) = self.connection.poll_write() {
            if message.transport.peer_addr == server_address() {
                datagrams.push(message.message.to_vec());
            }
        }
        datagrams
    }

    pub(crate) fn send_sound(&mut self, now: Instant) {
        self.sequence += 1;
        let mut packet = rtc::rtp::Packet::default();
        packet.header.version = 2;
        packet.header.payload_type = 111;
        packet.header.ssrc = self.ssrc;
        packet.header.sequence_number = self.sequence;
        packet.header.timestamp = u32::from(self.sequence) * 960;
        packet.payload = bytes::Bytes::from_static(&[9; 60]);
        let mut sender = self.connection.rtp_sender(self.sender).unwrap();
        sender.write_rtp(now, packet).unwrap();
    }
}
