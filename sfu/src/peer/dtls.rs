use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use rtc_dtls::endpoint::{Endpoint, EndpointEvent};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc_dtls::state::State;
use rtc_shared::TransportProtocol;
use rtc_shared::error::Error;
use rtc_srtp::config::{Config as SrtpConfig, LABEL_EXTRACTOR_DTLS_SRTP};
use rtc_srtp::protection_profile::ProtectionProfile;

use super::certificate::{CM, Certificate, Fingerprint, GCM};
use super::guard::{Fault, guarded};
use super::records::{Hello, Record, records};

/// Addresses change and the association stays, so rtc-dtls sees one made-up address (RFC 5737).
const CLIENT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 1);

/// What one handshake may cost: an honest one over a bad line needs a fifth of this.
const MOST_DATAGRAMS: usize = 100;
const MOST_FRAGMENTS: usize = 400;
/// How often the last flight is sent again after the handshake's end.
const MOST_LAST_FLIGHTS: u32 = 16;

const FIRST_INTERVAL: Duration = Duration::from_millis(250);
const LONGEST_INTERVAL: Duration = Duration::from_secs(2);
const SHORTEST_GAP: Duration = Duration::from_millis(50);

/// What a datagram led to.
pub(crate) enum Progress {
    None,
    /// The handshake is done and the client is who its offer said.
    Established(Box<SrtpConfig>),
    WrongCertificate,
    /// The client ended the association.
    Closed,
}

/// The DTLS server of one session.
///
/// rtc-dtls clears its retransmission timer on any handshake record, sets it again only with the
/// next flight, and a repeated flight of its server clears the client's timer likewise: when
/// both have heard a part of a flight, both wait for good. So its timer is never used. The
/// datagrams of our last flight are kept and sent again unchanged: to a client that has seen
/// them they are replays, which touch nothing, and what it has not seen completes the flight.
pub(crate) struct Dtls {
    certificate: Certificate,
    client: Fingerprint,
    endpoint: Option<Endpoint>,
    hello: Hello,
    /// Parts of the hello.
    waiting: BytesMut,
    established: bool,
    datagrams_left: usize,
    fragments_left: usize,
    flight: Flight,
    outgoing: Vec<Bytes>,
}

#[derive(Default)]
struct Flight {
    datagrams: Vec<Bytes>,
    sent: Option<Instant>,
    interval: Duration,
    next: Option<Instant>,
    last_flights: u32,
}

impl Dtls {
    pub(crate) fn new(certificate: Certificate, client: Fingerprint) -> Self {
        Self {
            certificate,
            client,
            endpoint: None,
            hello: Hello::default(),
            waiting: BytesMut::new(),
            established: false,
            datagrams_left: MOST_DATAGRAMS,
            fragments_left: MOST_FRAGMENTS,
            flight: Flight::default(),
            outgoing: Vec::new(),
        }
    }

    pub(crate) fn client(&self) -> Fingerprint {
        self.client
    }

    /// When [`Self::handle_timeout`] is due.
    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        self.flight.next
    }

    pub(crate) fn handle(&mut self, now: Instant, contents: &[u8]) -> Result<Progress, Fault> {
        let Some(records) = records(contents) else {
            return Ok(Progress::None);
        };
        if self.established { self.handle_established(now, &records) } else { self.handle_handshake(now, &records) }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if self.flight.next.is_some_and(|next| next <= now) {
            if self.established && self.flight.last_flights >= 3 {
                self.flight.next = None;
            } else {
                self.repeat_flight(now);
            }
        }
    }

    /// The client has sent something under the new keys, so it has our last flight.
    pub(crate) fn confirm(&mut self) {
        self.flight.next = None;
    }

    /// Queues a close_notify.
    pub(crate) fn close(&mut self, now: Instant) {
        self.flight.next = None;
        let Some(mut endpoint) = self.endpoint.take() else {
            return;
        };
        let sent = guarded(|| {
            let closed = endpoint.close(now);
            closed.map(|()| transmits(&mut endpoint)).unwrap_or_default()
        });
        self.outgoing.extend(sent.unwrap_or_default());
    }

    /// What is to be sent, in order.
    pub(crate) fn take_outgoing(&mut self) -> Vec<Bytes> {
        std::mem::take(&mut self.outgoing)
    }

    fn handle_handshake(&mut self, now: Instant, records: &[Record<'_>]) -> Result<Progress, Fault> {
        let Some(datagram) = self.admit(records) else {
            return Ok(Progress::None);
        };
        let hello = records.iter().find(|record| record.is_client_hello());
        let Some(datagram) = self.begin(datagram, hello) else {
            return Ok(Progress::None);
        };
        let (events, sent) = self.read(now, datagram)?;
        let answered = !sent.is_empty();
        self.send_flight(now, sent);
        if hello.is_some() && !answered {
            self.repeat_flight_after_gap(now);
        }
        // A failed step is not fatal: whoever can forge the address could end the handshake.
        // The shell's deadline ends one that does not recover.
        let done = events.iter().flatten();
        let done = done.filter(|event| matches!(event, EndpointEvent::HandshakeComplete));
        if done.count() == 0 {
            return Ok(Progress::None);
        }
        guarded(|| self.establish(now))
    }

    /// What rtc-dtls is to read. Until the client's hello is whole, that is nothing.
    fn begin(&mut self, datagram: BytesMut, hello: Option<&Record<'_>>) -> Option<BytesMut> {
        if self.endpoint.is_some() {
            return Some(datagram);
        }
        let offers_gcm = self.hello.push(hello?);
        self.waiting.extend_from_slice(&datagram);
        let config = self.certificate.handshake(offers_gcm?);
        self.endpoint = Some(Endpoint::new(CLIENT, TransportProtocol::UDP, Some(config)));
        self.hello = Hello::default();
        Some(std::mem::take(&mut self.waiting))
    }

    /// The records that a client in its handshake may send, as one datagram.
    fn admit(&mut self, records: &[Record<'_>]) -> Option<BytesMut> {
        self.datagrams_left = self.datagrams_left.checked_sub(1)?;
        let mut datagram = BytesMut::new();
        for record in records {
            let Some(fragments) = record.fragments_in_handshake() else {
                continue;
            };
            self.fragments_left = self.fragments_left.checked_sub(fragments)?;
            datagram.extend_from_slice(record.bytes());
        }
        (!datagram.is_empty()).then_some(datagram)
    }

    #[expect(clippy::type_complexity, reason = "two lists of one library call, used at once")]
    fn read(
        &mut self,
        now: Instant,
        datagram: BytesMut,
    ) -> Result<(Result<Vec<EndpointEvent>, Error>, Vec<Bytes>), Fault> {
        let Some(endpoint) = &mut self.endpoint else {
            return Ok((Ok(Vec::new()), Vec::new()));
        };
        guarded(|| {
            let events = endpoint.read(now, CLIENT, None, datagram);
            (events, transmits(endpoint))
        })
    }

    fn establish(&mut self, now: Instant) -> Progress {
        let endpoint = self.endpoint.as_ref();
        let Some(state) = endpoint.and_then(|endpoint| endpoint.get_connection_state(CLIENT)) else {
            return Progress::Closed;
        };
        let certificate = state.peer_certificates.first();
        if certificate.map(|der| Fingerprint::of(der)) != Some(self.client) {
            return Progress::WrongCertificate;
        }
        let Some(config) = media_keys(state) else {
            return Progress::Closed;
        };
        self.established = true;
        self.flight.interval = FIRST_INTERVAL;
        self.flight.next = Some(now + FIRST_INTERVAL);
        Progress::Established(Box::new(config))
    }

    fn handle_established(&mut self, now: Instant, records: &[Record<'_>]) -> Result<Progress, Fault> {
        // RFC 6347 section 4.2.4: the client repeats its last flight because it lacks ours.
        if records.iter().any(Record::is_handshake) && self.flight.last_flights < MOST_LAST_FLIGHTS {
            self.repeat_flight_after_gap(now);
        }
        for alert in records.iter().filter(|record| record.is_sealed_alert()) {
            let (events, sent) = self.read(now, BytesMut::from(alert.bytes()))?;
            self.outgoing.extend(sent);
            let closed = match events {
                Ok(events) => events.iter().any(|event| matches!(event, EndpointEvent::PeerClosed)),
                Err(error) => error == Error::ErrAlertFatalOrClose,
            };
            if closed {
                self.endpoint = None;
                return Ok(Progress::Closed);
            }
        }
        Ok(Progress::None)
    }

    fn send_flight(&mut self, now: Instant, sent: Vec<Bytes>) {
        if sent.is_empty() {
            return;
        }
        let first = sent.first().and_then(|datagram| records(datagram));
        let first = first.and_then(|records| records.first().copied());
        if first.is_some_and(|record| record.is_alert()) {
            self.outgoing.extend(sent);
            return;
        }
        self.flight = Flight {
            datagrams: sent.clone(),
            sent: Some(now),
            interval: FIRST_INTERVAL,
            next: Some(now + FIRST_INTERVAL),
            last_flights: 0,
        };
        self.outgoing.extend(sent);
    }

    fn repeat_flight_after_gap(&mut self, now: Instant) {
        let sent = self.flight.sent;
        if sent.is_some_and(|sent| now.duration_since(sent) >= SHORTEST_GAP) {
            let next = self.flight.next;
            self.repeat_flight(now);
            self.flight.next = next;
        }
    }

    fn repeat_flight(&mut self, now: Instant) {
        let flight = &mut self.flight;
        self.outgoing.extend(flight.datagrams.iter().cloned());
        flight.sent = Some(now);
        flight.interval = (flight.interval * 2).min(LONGEST_INTERVAL);
        flight.next = Some(now + flight.interval);
        if self.established {
            flight.last_flights += 1;
        }
    }
}

fn transmits(endpoint: &mut Endpoint) -> Vec<Bytes> {
    std::iter::from_fn(|| endpoint.poll_transmit()).map(|transmit| transmit.message.freeze()).collect()
}

/// The keys of SRTP, made of those of the handshake (RFC 5764 section 4.2).
fn media_keys(state: &State) -> Option<SrtpConfig> {
    let profile = protection(state.srtp_protection_profile())?;
    let mut config = SrtpConfig { profile, ..SrtpConfig::default() };
    let length = config.keying_material_len();
    let material = state.export_keying_material(LABEL_EXTRACTOR_DTLS_SRTP, &[], length).ok()?;
    config.set_session_keys_from_keying_material(material.as_ref(), false).ok()?;
    Some(config)
}

fn protection(profile: SrtpProtectionProfile) -> Option<ProtectionProfile> {
    if profile == GCM {
        Some(ProtectionProfile::AeadAes128Gcm)
    } else if profile == CM {
        Some(ProtectionProfile::Aes128CmHmacSha1_80)
    } else {
        None
    }
}
