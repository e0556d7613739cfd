use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes, BytesMut};
use rtc_dtls::config::{ConfigBuilder, ExtendedMasterSecretType, HandshakeConfig};
use rtc_dtls::crypto::Certificate;
use rtc_dtls::crypto_provider::providers::AwsLcRsProvider;
use rtc_dtls::crypto_provider::{HashAlgorithm, RTCCryptoProvider};
use rtc_dtls::endpoint::{Endpoint, EndpointEvent};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc_rtcp::packet::{Packet as Rtcp, marshal, unmarshal};
use rtc_rtcp::transport_feedbacks::transport_layer_nack::{TransportLayerNack, nack_pairs_from_sequence_numbers};
use rtc_rtp::header::{EXTENSION_PROFILE_ONE_BYTE, EXTENSION_PROFILE_TWO_BYTE, Extension, Header};
use rtc_rtp::packet::Packet;
use rtc_shared::TransportProtocol;
use rtc_shared::marshal::{Marshal, Unmarshal};
use rtc_srtp::config::{Config as SrtpConfig, LABEL_EXTRACTOR_DTLS_SRTP};
use rtc_srtp::context::Context;
use rtc_srtp::protection_profile::ProtectionProfile;
use rtc_stun::attributes::{ATTR_USE_CANDIDATE, ATTR_USERNAME};
use rtc_stun::fingerprint::FINGERPRINT;
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::{BINDING_REQUEST, Message, Setter};
use rtc_stun::textattrs::TextAttribute;
use sfu::{Answer, MediaKind, Source};

use super::arrivals::Arrivals;
use super::camera::Camera;
use super::layered;
use super::offer::{DEPENDENCIES, Identity, Layout, STREAM_ID, STREAM_IDS, TRANSPORT_SEQUENCE, VP9, VP9_RTX, mid};
use super::scalable::Scalable;
use super::server_address;

const CHECK_INTERVAL: Duration = Duration::from_secs(2);

pub(crate) struct Received {
    pub(crate) at: Instant,
    pub(crate) mid: String,
    pub(crate) packet: Packet,
}

#[derive(Default)]
pub(crate) struct SendTrack {
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) picture: u16,
    /// The next frame is a key frame.
    pub(crate) key: bool,
}

/// A client that speaks ICE, DTLS and SRTP and nothing else, so that a test sees every packet.
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    pub(crate) layout: Layout,
    pub(crate) identity: Identity,
    pub(crate) server: (String, String),
    pub(crate) received: Vec<Received>,
    pub(crate) feedback: Vec<Box<dyn Rtcp>>,
    pub(crate) tracks: BTreeMap<Source, SendTrack>,
    /// SSRCs of the server's slots to their mids.
    pub(crate) slots: BTreeMap<u32, String>,
    /// SSRCs of what is sent again to those that it was sent under first.
    pub(crate) repairs: BTreeMap<u32, u32>,
    /// What came again.
    pub(crate) repaired: usize,
    pub(crate) cameras: BTreeMap<Source, Camera>,
    /// Those that send layers in one stream.
    pub(crate) layered: BTreeMap<Source, Scalable>,
    /// The payload type of those: VP9, or VP8 with nothing in its payload that descriptors tell.
    pub(crate) layered_type: u8,
    /// Tells how the packets fare that are counted, each so often.
    pub(crate) arrivals: Arrivals,
    /// Nothing leaves and nothing enters.
    pub(crate) cut: bool,
    /// Does not begin a handshake.
    pub(crate) muzzle: bool,
    /// Does not name the pair to use.
    pub(crate) coy: bool,
    /// The server ended the DTLS association.
    pub(crate) closed: bool,
    /// Answers key frame requests.
    pub(crate) obeys: bool,
    dtls: Endpoint,
    config: Arc<HandshakeConfig>,
    dialled: bool,
    srtp: Option<(Context, Context)>,
    outgoing: Vec<Vec<u8>>,
    next_check: Option<Instant>,
    generation: u32,
}

fn provider() -> Arc<dyn RTCCryptoProvider> {
    Arc::new(AwsLcRsProvider::new())
}

impl Client {
    pub(crate) fn new(_now: Instant, peer: u64, layout: &Layout) -> Self {
        let certificate = Certificate::generate_self_signed(vec!["client".to_owned()], provider().crypto());
        let certificate = certificate.unwrap();
        let digest = provider().crypto().hash(HashAlgorithm::Sha256, &certificate.certificate[0]).unwrap();
        let pairs: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
        let config = ConfigBuilder::default()
            .with_crypto_provider(provider())
            .with_certificates(vec![certificate])
            .with_srtp_protection_profiles(vec![
                SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80,
                SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm,
            ])
            .with_extended_master_secret(ExtendedMasterSecretType::Require)
            .with_insecure_skip_verify(true)
            .build(true, Some(server_address()))
            .unwrap();
        let [a, b] = u16::try_from(peer).unwrap().to_be_bytes();
        let address = SocketAddr::from(([198, 18, a, b], 5000));
        Self {
            address,
            layout: layout.clone(),
            identity: Identity {
                peer,
                ufrag: format!("uf{peer:06}"),
                password: format!("password-of-client-{peer:06}"),
                fingerprint: pairs.join(":"),
            },
            server: (String::new(), String::new()),
            received: Vec::new(),
            feedback: Vec::new(),
            tracks: BTreeMap::new(),
            slots: BTreeMap::new(),
            repairs: BTreeMap::new(),
            repaired: 0,
            cameras: BTreeMap::new(),
            layered: BTreeMap::new(),
            layered_type: VP9,
            arrivals: Arrivals::default(),
            cut: false,
            muzzle: false,
            coy: false,
            closed: false,
            obeys: true,
            dtls: Endpoint::new(address, TransportProtocol::UDP, None),
            config: Arc::new(config),
            dialled: false,
            srtp: None,
            outgoing: Vec::new(),
            next_check: None,
            generation: 0,
        }
    }

    pub(crate) fn offer(&self) -> String {
        self.layout.sdp(&self.identity)
    }

    /// Takes new ICE credentials, and the offer that says so.
    pub(crate) fn restart(&mut self) -> String {
        self.generation += 1;
        self.identity.ufrag = format!("u{}x{:04}", self.generation, self.identity.peer);
        self.offer()
    }

    pub(crate) fn accept(&mut self, now: Instant, answer: &Answer) {
        let line = |key: &str| {
            let mut lines = answer.sdp.lines();
            lines.find_map(|line| line.strip_prefix(key)).unwrap().to_owned()
        };
        self.server = (line("a=ice-ufrag:"), line("a=ice-pwd:"));
        let mut mid = "";
        for line in answer.sdp.lines() {
            if let Some(found) = line.strip_prefix("a=mid:") {
                mid = found;
            } else if let Some(group) = line.strip_prefix("a=ssrc-group:FID ") {
                let (first, again) = group.split_once(' ').unwrap();
                self.repairs.insert(again.parse().unwrap(), first.parse().unwrap());
            } else if let Some((ssrc, rest)) = line.strip_prefix("a=ssrc:").and_then(|rest| rest.split_once(' '))
                && rest.starts_with("cname")
            {
                self.slots.insert(ssrc.parse().unwrap(), mid.to_owned());
            }
        }
        self.slots.retain(|ssrc, _| !self.repairs.contains_key(ssrc));
        self.next_check = Some(now);
    }

    /// Begins without an answer of its own.
    pub(crate) fn dial(&mut self, now: Instant) {
        self.next_check = Some(now);
    }

    /// Seals what need not be RTCP; `None` if the library refuses.
    pub(crate) fn seal_raw_rtcp(&mut self, compound: &[u8]) -> Option<Vec<u8>> {
        let (outbound, _) = self.srtp.as_mut()?;
        Some(outbound.encrypt_rtcp(compound).ok()?.to_vec())
    }

    pub(crate) fn take_outgoing(&mut self) -> Vec<Vec<u8>> {
        let datagrams = std::mem::take(&mut self.outgoing);
        if self.cut { Vec::new() } else { datagrams }
    }

    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        let dtls = self.dtls.poll_timeout(&server_address());
        [self.next_check, dtls, self.arrivals.next()].into_iter().flatten().min()
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if self.next_check.is_some_and(|at| at <= now) {
            self.next_check = Some(now + CHECK_INTERVAL);
            let check = self.binding_request(!self.coy);
            self.outgoing.push(check);
        }
        if let Some(feedback) = self.arrivals.take_due(now)
            && let Some(sealed) = self.seal_raw_rtcp(&feedback)
        {
            self.outgoing.push(sealed);
        }
        if self.dialled {
            let _ = self.dtls.handle_timeout(server_address(), now);
            self.drain_dtls();
        }
    }

    pub(crate) fn binding_request(&self, nominates: bool) -> Vec<u8> {
        self.binding_request_with(&self.server.1, nominates)
    }

    pub(crate) fn binding_request_with(&self, password: &str, nominates: bool) -> Vec<u8> {
        let mut message = Message::new();
        message.typ = BINDING_REQUEST;
        message.new_transaction_id().unwrap();
        message.write_header();
        let username = format!("{}:{}", self.server.0, self.identity.ufrag);
        TextAttribute::new(ATTR_USERNAME, username).add_to(&mut message).unwrap();
        if nominates {
            message.add(ATTR_USE_CANDIDATE, &[]);
        }
        let provider = provider();
        MessageIntegrity::new_short_term_integrity_with_provider(password.to_owned(), provider.crypto())
            .add_to(&mut message)
            .unwrap();
        FINGERPRINT.add_to(&mut message).unwrap();
        message.raw
    }

    pub(crate) fn handle(&mut self, now: Instant, contents: &[u8]) {
        if self.cut {
            return;
        }
        match contents[0] {
            0..=3 if !self.dialled && !self.muzzle => {
                self.dialled = true;
                self.dtls.connect(now, server_address(), self.config.clone(), None).unwrap();
                self.drain_dtls();
            }
            20..=63 => self.handle_dtls(now, contents),
            128..=191 if (192..=223).contains(&contents[1]) => self.handle_rtcp(contents),
            128..=191 => self.handle_rtp(now, contents),
            _ => {}
        }
    }

    fn handle_dtls(&mut self, now: Instant, contents: &[u8]) {
        let events = self.dtls.read(now, server_address(), None, BytesMut::from(contents));
        self.drain_dtls();
        for event in events.into_iter().flatten() {
            if let EndpointEvent::HandshakeComplete = event {
                self.srtp = Some(self.keys());
            } else if let EndpointEvent::PeerClosed = event {
                self.closed = true;
            }
        }
    }

    fn keys(&self) -> (Context, Context) {
        let state = self.dtls.get_connection_state(server_address()).unwrap();
        assert_eq!(state.srtp_protection_profile(), SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm);
        let mut config = SrtpConfig { profile: ProtectionProfile::AeadAes128Gcm, ..SrtpConfig::default() };
        let length = config.keying_material_len();
        let material = state.export_keying_material(LABEL_EXTRACTOR_DTLS_SRTP, &[], length).unwrap();
        config.set_session_keys_from_keying_material(material.as_ref(), true).unwrap();
        let keys = &config.keys;
        let context =
            |key: &[u8], salt: &[u8]| Context::new(key, salt, config.profile, None, None, provider().crypto()).unwrap();
        let outbound = context(&keys.local_master_key, &keys.local_master_salt);
        let inbound = context(&keys.remote_master_key, &keys.remote_master_salt);
        (outbound, inbound)
    }

    fn drain_dtls(&mut self) {
        while let Some(transmit) = self.dtls.poll_transmit() {
            self.outgoing.push(transmit.message.to_vec());
        }
    }

    /// Sends what belongs to no media over the association, as a data channel would.
    pub(crate) fn send_data(&mut self, now: Instant, contents: &[u8]) {
        self.dtls.write(now, server_address(), contents).unwrap();
        self.drain_dtls();
    }

    pub(crate) fn close(&mut self, now: Instant) {
        self.dtls.close(now).unwrap();
        self.drain_dtls();
        self.next_check = None;
        self.dialled = false;
    }

    fn handle_rtp(&mut self, now: Instant, contents: &[u8]) {
        let Some((_, inbound)) = &mut self.srtp else {
            return;
        };
        let opened = inbound.decrypt_rtp(contents).unwrap();
        let mut packet = Packet::unmarshal(&mut opened.freeze()).unwrap();
        if let Some(number) = packet.header.get_extension(TRANSPORT_SEQUENCE).filter(|_| self.layout.is_modern) {
            self.arrivals.note(now, u16::from_be_bytes([number[0], number[1]]));
        }
        if let Some(first) = self.repairs.get(&packet.header.ssrc) {
            if packet.payload.is_empty() {
                return;
            }
            self.repaired += 1;
            packet.header.ssrc = *first;
            let is_vp9 = packet.header.payload_type == VP9_RTX;
            packet.header.payload_type = if is_vp9 { VP9 } else { self.layout.vp8 };
            packet.header.sequence_number = packet.payload.get_u16();
        }
        let mid = self.slots[&packet.header.ssrc].clone();
        self.received.push(Received { at: now, mid, packet });
    }

    fn handle_rtcp(&mut self, contents: &[u8]) {
        let Some((_, inbound)) = &mut self.srtp else {
            return;
        };
        let opened = inbound.decrypt_rtcp(contents).unwrap();
        let packets = unmarshal(&mut opened.freeze()).unwrap();
        for packet in &packets {
            let request = packet.as_any();
            let request =
                request.downcast_ref::<rtc_rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication>();
            if let Some(request) = request.filter(|_| self.obeys) {
                for source in [Source::Camera, Source::Screen] {
                    if self.identity.ssrc(source) == request.media_ssrc {
                        self.tracks.entry(source).or_default().key = true;
                    }
                    let is_lowest = self.identity.ssrc(source) == request.media_ssrc;
                    if let Some(camera) = self.layered.get_mut(&source).filter(|_| is_lowest) {
                        camera.wants_key = true;
                    }
                    if let Some(camera) = self.cameras.get_mut(&source) {
                        let ssrc = |layer| self.identity.encoding_ssrc(source, layer);
                        camera.asked((0..3).find(|layer| ssrc(*layer) == request.media_ssrc));
                    }
                }
            }
        }
        self.feedback.extend(packets);
    }

    /// A header as this client would send it next.
    pub(crate) fn header(&mut self, source: Source, level: Option<u8>) -> Header {
        let layout = self.layout.clone();
        let track = self.tracks.entry(source).or_default();
        track.sequence = track.sequence.wrapping_add(1);
        let mut extensions =
            vec![Extension { id: layout.mid_id, payload: Bytes::copy_from_slice(mid(source).as_bytes()) }];
        if let Some(level) = level {
            extensions.push(Extension { id: layout.level_id, payload: Bytes::copy_from_slice(&[127 - level]) });
        }
        Header {
            version: 2,
            extension: true,
            payload_type: match source.kind() {
                MediaKind::Audio => layout.opus,
                MediaKind::Video => layout.vp8,
            },
            sequence_number: track.sequence,
            timestamp: track.timestamp,
            ssrc: self.identity.ssrc(source),
            extension_profile: EXTENSION_PROFILE_ONE_BYTE,
            extensions,
            ..Header::default()
        }
    }

    pub(crate) fn send_sound(&mut self, _now: Instant, source: Source, level: u8) {
        self.tracks.entry(source).or_default().timestamp += 960;
        let header = self.header(source, Some(level));
        let mut payload = [u8::try_from(self.identity.peer % 251).unwrap(); 60];
        payload[59] = mark(source);
        self.send(header, &payload);
    }

    /// Opus's discontinuous transmission: nobody speaks.
    pub(crate) fn send_silence(&mut self) {
        self.tracks.entry(Source::Microphone).or_default().timestamp += 19_200;
        let header = self.header(Source::Microphone, Some(0));
        self.send(header, &[0xf8, 0xff, 0xfe]);
    }

    /// A frame of two packets, with a 15-bit picture id.
    pub(crate) fn send_frame(&mut self, _now: Instant, source: Source) {
        let track = self.tracks.entry(source).or_insert(SendTrack { key: true, ..SendTrack::default() });
        track.timestamp = track.timestamp.wrapping_add(3600);
        track.picture = (track.picture + 1) & 0x7fff;
        let key = std::mem::take(&mut track.key);
        let [high, low] = (track.picture | 0x8000).to_be_bytes();
        let peer = u8::try_from(self.identity.peer % 251).unwrap();
        let header = self.header(source, None);
        self.send(header, &[0x90, 0x80, high, low, u8::from(!key), peer, 0, mark(source)]);
        let mut header = self.header(source, None);
        header.marker = true;
        self.send(header, &[0x80, 0x80, high, low, 7, peer, 0, mark(source)]);
    }

    /// A frame of each encoding that the camera sends, a packet for each 1,100 bytes.
    pub(crate) fn send_picture(&mut self, source: Source) {
        let layout = self.layout.clone();
        let peer = u8::try_from(self.identity.peer % 251).unwrap();
        let camera = self.cameras.entry(source).or_insert_with(|| Camera::new(layout.encodings, peer));
        for frame in camera.shoot() {
            for (index, payload) in frame.payloads.iter().enumerate() {
                let mut header = self.header(source, None);
                header.ssrc = self.identity.encoding_ssrc(source, frame.layer);
                header.sequence_number = frame.sequence.wrapping_add(u16::try_from(index).unwrap());
                header.timestamp = frame.timestamp;
                header.marker = index + 1 == frame.payloads.len();
                if layout.encodings > 1 {
                    let id = Bytes::from_static(STREAM_IDS[frame.layer].as_bytes());
                    header.extensions.push(Extension { id: STREAM_ID, payload: id });
                }
                self.send(header, payload);
            }
        }
    }

    /// The frames of a picture in layers of one stream, a packet for each 1,100 bytes.
    pub(crate) fn send_layers(&mut self, source: Source) {
        let track = self.tracks.entry(source).or_default();
        track.timestamp = track.timestamp.wrapping_add(3_600);
        track.picture = track.picture.wrapping_add(1);
        let (picture, peer) = (track.picture, u8::try_from(self.identity.peer % 251).unwrap());
        let (frames, payload_type) = (self.layered.get_mut(&source).unwrap().shoot(), self.layered_type);
        for (index, frame) in frames.iter().enumerate() {
            let is_highest = index + 1 == frames.len();
            for packet in layered::packets(frame, payload_type, (picture, peer)) {
                let mut header = self.header(source, None);
                header.payload_type = payload_type;
                header.marker = is_highest && packet.ends;
                header.extensions.push(Extension { id: STREAM_ID, payload: Bytes::from_static(b"q") });
                header.extension_profile = EXTENSION_PROFILE_TWO_BYTE;
                header.extensions.push(Extension { id: DEPENDENCIES, payload: packet.descriptor.into() });
                self.send(header, &packet.payload);
            }
        }
    }

    pub(crate) fn send(&mut self, header: Header, payload: &[u8]) {
        if let Some(sealed) = self.seal(header, payload) {
            self.outgoing.push(sealed);
        }
    }

    pub(crate) fn seal(&mut self, header: Header, payload: &[u8]) -> Option<Vec<u8>> {
        let packet = Packet { header, payload: Bytes::copy_from_slice(payload) };
        let (outbound, _) = self.srtp.as_mut()?;
        let sealed = outbound.encrypt_rtp(&packet.marshal().unwrap()).unwrap();
        Some(sealed.to_vec())
    }

    /// Whether it has keys to send with.
    pub(crate) fn is_ready(&self) -> bool {
        self.srtp.is_some()
    }

    pub(crate) fn send_rtcp(&mut self, packets: Vec<Box<dyn Rtcp>>) {
        let sealed = self.seal_rtcp(packets);
        self.outgoing.push(sealed);
    }

    pub(crate) fn seal_rtcp(&mut self, packets: Vec<Box<dyn Rtcp>>) -> Vec<u8> {
        let (outbound, _) = self.srtp.as_mut().unwrap();
        outbound.encrypt_rtcp(&marshal(&packets).unwrap()).unwrap().to_vec()
    }

    /// Asks for packets of a slot once more.
    pub(crate) fn ask_again(&mut self, media_ssrc: u32, sequences: &[u16]) {
        let nacks = nack_pairs_from_sequence_numbers(sequences);
        self.send_rtcp(vec![Box::new(TransportLayerNack { sender_ssrc: 1, media_ssrc, nacks })]);
    }

    /// What a slot received since the last call.
    pub(crate) fn take(&mut self, mid: &str) -> Vec<Received> {
        let (wanted, rest) = std::mem::take(&mut self.received).into_iter().partition(|received| received.mid == mid);
        self.received = rest;
        wanted
    }

    /// The feedback of one kind since the start.
    pub(crate) fn feedback<T: Clone + 'static>(&self) -> Vec<T> {
        let packets = self.feedback.iter();
        packets.filter_map(|packet| packet.as_any().downcast_ref::<T>().cloned()).collect()
    }

    pub(crate) fn slot_ssrc(&self, mid: &str) -> u32 {
        let mut slots = self.slots.iter();
        *slots.find(|(_, found)| *found == mid).unwrap().0
    }
}

/// The last byte of what tells of its source: all that [`Client::send_sound`] and [`Client::send_frame`] send.
pub(crate) fn mark(source: Source) -> u8 {
    match source {
        Source::Microphone => 1,
        Source::Camera => 2,
        Source::Screen => 3,
        Source::ScreenAudio => 4,
    }
}

/// Asserts that sequence numbers go up by one and timestamps never go back.
pub(crate) fn assert_unbroken(received: &[Received]) {
    for pair in received.windows(2) {
        let [a, b] = [&pair[0].packet.header, &pair[1].packet.header];
        assert_eq!(b.sequence_number, a.sequence_number.wrapping_add(1));
        assert!(b.timestamp.wrapping_sub(a.timestamp) < 1 << 31);
    }
}
