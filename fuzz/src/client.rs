//! The client's side of ICE, DTLS and SRTP, so that a target reaches what lies behind them.

use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use bytes::BytesMut;
use rtc_dtls::config::{ConfigBuilder, ExtendedMasterSecretType, HandshakeConfig};
use rtc_dtls::crypto::Certificate;
use rtc_dtls::crypto_provider::providers::AwsLcRsProvider;
use rtc_dtls::crypto_provider::{HashAlgorithm, RTCCryptoProvider};
use rtc_dtls::endpoint::{Endpoint, EndpointEvent};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc_shared::TransportProtocol;
use rtc_srtp::config::{Config, LABEL_EXTRACTOR_DTLS_SRTP};
use rtc_srtp::context::Context;
use rtc_srtp::protection_profile::ProtectionProfile;
use rtc_stun::attributes::{ATTR_USE_CANDIDATE, ATTR_USERNAME, AttrType};
use rtc_stun::fingerprint::FINGERPRINT;
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::{BINDING_REQUEST, Message, MessageType, Setter};
use rtc_stun::textattrs::TextAttribute;

/// Where the SFU listens.
pub(crate) const SERVER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8443);

/// The mid of a slot.
pub(crate) const VIDEO_SLOT: &str = "3";

const MICROPHONE: u32 = 1;
const CAMERA: u32 = 2;

pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    /// The server's ICE user name fragment and password.
    server: (String, String),
    /// The SSRC on which the video slot receives.
    pub(crate) slot: u32,
    /// STUN messages so far; each has an id of its own.
    checks: u64,
    dtls: Endpoint,
    srtp: Option<Context>,
}

impl Client {
    pub(crate) fn new(port: u16) -> Self {
        let address = SocketAddr::new(SERVER.ip(), port);
        Self {
            address,
            server: Default::default(),
            slot: 0,
            checks: 0,
            dtls: Endpoint::new(address, TransportProtocol::UDP, None),
            srtp: None,
        }
    }

    pub(crate) fn accept(&mut self, answer: &str) {
        let line = |key: &str| answer.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default().to_owned();
        self.server = (line("a=ice-ufrag:"), line("a=ice-pwd:"));
        let section = answer.split("m=").find(|section| section.contains(&format!("a=mid:{VIDEO_SLOT}\r")));
        let ssrc = section.and_then(|section| section.split("a=ssrc:").nth(1)?.split(' ').next()?.parse().ok());
        self.slot = ssrc.expect("the answer names the SSRCs of slots");
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.srtp.is_some()
    }

    /// A check that names the pair.
    pub(crate) fn check(&mut self) -> Vec<u8> {
        self.stun(BINDING_REQUEST, &[(ATTR_USE_CANDIDATE, &[])])
    }

    /// An authentic STUN message.
    pub(crate) fn stun(&mut self, kind: MessageType, attributes: &[(AttrType, &[u8])]) -> Vec<u8> {
        let mut message = Message::new();
        message.typ = kind;
        self.checks += 1;
        message.transaction_id.0[..8].copy_from_slice(&self.checks.to_be_bytes());
        message.write_header();
        let username = TextAttribute::new(ATTR_USERNAME, format!("{}:{}", self.server.0, "client"));
        let _ = username.add_to(&mut message);
        for (attribute, value) in attributes {
            message.add(*attribute, value);
        }
        let provider = provider();
        let integrity =
            MessageIntegrity::new_short_term_integrity_with_provider(self.server.1.clone(), provider.crypto());
        let _ = integrity.add_to(&mut message);
        let _ = FINGERPRINT.add_to(&mut message);
        message.raw
    }

    pub(crate) fn dial(&mut self, now: Instant) {
        self.dtls.connect(now, SERVER, config(), None).expect("a first handshake");
    }

    /// Takes what the server sent for the handshake.
    pub(crate) fn handle(&mut self, now: Instant, contents: &[u8]) {
        if !(20..=63).contains(&contents[0]) {
            return;
        }
        let events = self.dtls.read(now, SERVER, None, BytesMut::from(contents));
        if events.into_iter().flatten().any(|event| matches!(event, EndpointEvent::HandshakeComplete)) {
            self.srtp = Some(self.keys());
        }
    }

    pub(crate) fn take_outgoing(&mut self) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| self.dtls.poll_transmit()).map(|transmit| transmit.message.to_vec()).collect()
    }

    fn keys(&self) -> Context {
        let state = self.dtls.get_connection_state(SERVER).expect("the handshake is complete");
        let mut config = Config { profile: ProtectionProfile::AeadAes128Gcm, ..Config::default() };
        let length = config.keying_material_len();
        let material = state.export_keying_material(LABEL_EXTRACTOR_DTLS_SRTP, &[], length).expect("keys");
        config.set_session_keys_from_keying_material(material.as_ref(), true).expect("keys of the right length");
        let (key, salt) = (&config.keys.local_master_key, &config.keys.local_master_salt);
        Context::new(key, salt, config.profile, None, None, provider().crypto()).expect("keys of the right length")
    }

    /// Encrypts what need not be RTP; none where the library refuses.
    pub(crate) fn seal_rtp(&mut self, packet: &[u8]) -> Option<Vec<u8>> {
        Some(self.srtp.as_mut()?.encrypt_rtp(packet).ok()?.to_vec())
    }

    /// Encrypts what need not be RTCP; none where the library refuses.
    pub(crate) fn seal_rtcp(&mut self, compound: &[u8]) -> Option<Vec<u8>> {
        Some(self.srtp.as_mut()?.encrypt_rtcp(compound).ok()?.to_vec())
    }
}

fn provider() -> Arc<dyn RTCCryptoProvider> {
    Arc::new(AwsLcRsProvider::new())
}

fn certificate() -> &'static Certificate {
    static CERTIFICATE: OnceLock<Certificate> = OnceLock::new();
    CERTIFICATE.get_or_init(|| {
        let names = vec!["client".to_owned()];
        Certificate::generate_self_signed(names, provider().crypto()).expect("a certificate")
    })
}

fn config() -> Arc<HandshakeConfig> {
    let config = ConfigBuilder::default()
        .with_crypto_provider(provider())
        .with_certificates(vec![certificate().clone()])
        .with_srtp_protection_profiles(vec![SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm])
        .with_extended_master_secret(ExtendedMasterSecretType::Require)
        .with_insecure_skip_verify(true)
        .build(true, Some(SERVER));
    Arc::new(config.expect("a sound configuration"))
}

/// Publishes a microphone (mid 0) and a camera (mid 1), and has two slots of each kind.
/// An RTP packet of the camera in VP9, a picture of its own, with this dependency descriptor.
pub(crate) fn layered_packet(number: u16, descriptor: &[u8]) -> Vec<u8> {
    const VP9: u8 = 98;
    const DEPENDENCIES: u8 = 12;
    let [high, low] = number.to_be_bytes();
    let length = u8::try_from(descriptor.len()).expect("a length of one byte");
    let mut packet = vec![0x90, 0x80 | VP9, high, low];
    packet.extend((u32::from(number) * 3_000).to_be_bytes());
    packet.extend(CAMERA.to_be_bytes());
    let words = u8::try_from((descriptor.len() + 2).div_ceil(4)).expect("fewer words than bytes");
    packet.extend([0x10, 0, 0, words, DEPENDENCIES, length]);
    packet.extend(descriptor);
    packet.resize(packet.len().next_multiple_of(4), 0);
    packet.extend([0xa8, 0x80 | high, low, 0, 0, 7]);
    packet
}

pub(crate) fn offer() -> String {
    let digest = provider().crypto().hash(HashAlgorithm::Sha256, &certificate().certificate[0]).expect("a digest");
    let fingerprint: Vec<_> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    let fingerprint = fingerprint.join(":");
    let mut sdp = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2 3 4 5\r\n".to_owned();
    for (mid, ssrc) in [Some(MICROPHONE), Some(CAMERA), None, None, None, None].into_iter().enumerate() {
        let (name, codec, feedback) = match mid % 2 {
            0 => ("audio 9 UDP/TLS/RTP/SAVPF 111", "111 opus/48000/2", ""),
            _ => (
                "video 9 UDP/TLS/RTP/SAVPF 96 98 99",
                "96 VP8/90000",
                "a=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\na=rtcp-fb:96 goog-remb\r\n\
                 a=rtpmap:98 VP9/90000\r\na=rtpmap:99 rtx/90000\r\na=fmtp:99 apt=98\r\na=extmap-allow-mixed\r\n\
                 a=extmap:12 https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension\r\n",
            ),
        };
        let direction = if ssrc.is_some() { "sendonly" } else { "recvonly" };
        let written = write!(
            sdp,
            "m={name}\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:client\r\na=ice-pwd:password-of-the-fuzzing-client\r\n\
             a=fingerprint:sha-256 {fingerprint}\r\na=setup:actpass\r\na=mid:{mid}\r\na={direction}\r\n\
             a=rtcp-mux\r\na=rtcp-rsize\r\na=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n\
             a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=rtpmap:{codec}\r\n{feedback}"
        );
        written.expect("strings take what is written");
        if let Some(ssrc) = ssrc {
            write!(sdp, "a=ssrc:{ssrc} cname:client\r\n").expect("strings take what is written");
        }
    }
    sdp
}
