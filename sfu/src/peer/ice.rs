use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;

use bytes::Bytes;
use rtc_stun::attributes::{ATTR_FINGERPRINT, ATTR_MESSAGE_INTEGRITY, ATTR_USE_CANDIDATE, ATTR_USERNAME, AttrType};
use rtc_stun::fingerprint::FINGERPRINT;
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::{BINDING_REQUEST, BINDING_SUCCESS, Message, Setter, TransactionId};
use rtc_stun::xoraddr::XorMappedAddress;

use super::certificate::provider;
use super::guard::guarded;
use crate::io::SfuId;
use crate::random::{Random, ice_char};

/// More addresses than any one client has; the least recently checked makes room.
const MOST_PATHS: usize = 16;
/// Checks of one client that are remembered: those of ten minutes, at a browser's pace.
const REMEMBERED_CHECKS: usize = 256;
/// Credentials of one client that are valid at once: it may restart again before the answer to a restart has come.
const MOST_GENERATIONS: usize = 4;

/// A user name fragment and password of one side (RFC 8839 section 5.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) ufrag: String,
    pub(crate) password: String,
}

impl Credentials {
    pub(crate) fn generate(random: &mut Random, id: SfuId) -> Self {
        Self { ufrag: format!("{}{}", ice_char(id.0), random.ice_text(8)), password: random.ice_text(24) }
    }
}

/// The two ends of a UDP flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
}

/// A STUN binding request whose sender is not yet believed.
pub(crate) struct BindingRequest {
    message: Message,
    local_ufrag: String,
    remote_ufrag: String,
    nominates: bool,
}

impl BindingRequest {
    pub(crate) fn parse(contents: &[u8]) -> Option<Self> {
        guarded(|| Self::read(contents)).ok().flatten()
    }

    fn read(contents: &[u8]) -> Option<Self> {
        let mut message = Message::new();
        message.unmarshal_binary(contents).ok()?;
        if message.typ != BINDING_REQUEST {
            return None;
        }
        // What follows MESSAGE-INTEGRITY is not covered by it (RFC 8489 section 14.5).
        let attributes = &message.attributes.0;
        let covered = attributes.iter().position(|attribute| attribute.typ == ATTR_MESSAGE_INTEGRITY)?;
        let find = |typ: AttrType| attributes[..covered].iter().find(|found| found.typ == typ);
        let username = std::str::from_utf8(&find(ATTR_USERNAME)?.value).ok()?;
        let (local_ufrag, remote_ufrag) = username.split_once(':')?;
        let (local_ufrag, remote_ufrag) = (local_ufrag.to_owned(), remote_ufrag.to_owned());
        let nominates = find(ATTR_USE_CANDIDATE).is_some();
        if message.contains(ATTR_FINGERPRINT) && FINGERPRINT.check(&message).is_err() {
            return None;
        }
        Some(Self { message, local_ufrag, remote_ufrag, nominates })
    }

    /// Our ufrag, by which the peer is found.
    pub(crate) fn ufrag(&self) -> &str {
        &self.local_ufrag
    }
}

/// What a valid check leads to.
pub(crate) struct Checked {
    pub(crate) response: Bytes,
    /// Whether the check is new, and not one that was seen and is repeated, by whomever.
    pub(crate) is_new: bool,
    /// Remote addresses that are no longer valid.
    pub(crate) removed: Vec<SocketAddr>,
    /// Our ufrags of before, which nobody uses any more.
    pub(crate) retired: Vec<String>,
}

/// What both sides agreed on in one exchange (RFC 8445 section 9).
struct Generation {
    local: Credentials,
    remote_ufrag: String,
}

impl Generation {
    fn new(local: Credentials, remote: Credentials) -> Self {
        Self { local, remote_ufrag: remote.ufrag }
    }
}

/// An ICE-lite agent (RFC 8445 section 2.5): it answers checks, never sends one, and is always
/// controlled.
pub(crate) struct Ice {
    /// The one that was checked last, and the newer ones, none of which has been: their answers may be lost.
    generations: VecDeque<Generation>,
    paths: Vec<(Path, Instant)>,
    /// Which checks came, and from where.
    seen: VecDeque<(TransactionId, Path)>,
    selected: Option<Path>,
    provisional: Option<Path>,
}

impl Ice {
    pub(crate) fn new(local: Credentials, remote: Credentials) -> Self {
        Self {
            generations: VecDeque::from([Generation::new(local, remote)]),
            paths: Vec::new(),
            seen: VecDeque::new(),
            selected: None,
            provisional: None,
        }
    }

    fn newest(&self) -> &Generation {
        self.generations.back().expect("the first is kept until another follows")
    }

    pub(crate) fn local(&self) -> &Credentials {
        &self.newest().local
    }

    pub(crate) fn remote_ufrag(&self) -> &str {
        &self.newest().remote_ufrag
    }

    /// The ufrags by which checks may find this agent.
    pub(crate) fn ufrags(&self) -> impl Iterator<Item = &str> {
        self.generations.iter().map(|generation| generation.local.ufrag.as_str())
    }

    pub(crate) fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.paths.iter().map(|(path, _)| path.remote)
    }

    /// Where to send: the pair nominated last, before that the one used last.
    pub(crate) fn selected(&self) -> Option<Path> {
        self.selected.or(self.provisional)
    }

    /// A client may begin its handshake before it nominates a pair.
    pub(crate) fn used(&mut self, path: Path) {
        self.provisional = Some(path);
    }

    /// When a check last came from this address.
    pub(crate) fn last_check(&self, remote: SocketAddr) -> Option<Instant> {
        let times = self.paths.iter().filter(|(path, _)| path.remote == remote);
        times.map(|(_, at)| *at).max()
    }

    /// ICE restart (RFC 8445 section 9). Returns a ufrag that is retired at once.
    pub(crate) fn restart(&mut self, local: Credentials, remote: Credentials) -> Option<String> {
        self.generations.push_back(Generation::new(local, remote));
        // Never the one in use.
        let oldest = (self.generations.len() > MOST_GENERATIONS).then(|| self.generations.remove(1)).flatten();
        oldest.map(|generation| generation.local.ufrag)
    }

    /// Takes a request that is for one of our ufrags; `None` unless it proves the password.
    pub(crate) fn check(&mut self, now: Instant, path: Path, request: BindingRequest) -> Option<Checked> {
        let index = self.generations.iter().position(|known| known.local.ufrag == request.local_ufrag)?;
        let Generation { local, remote_ufrag } = &self.generations[index];
        if request.remote_ufrag != *remote_ufrag {
            return None;
        }
        let (nominates, id) = (request.nominates, request.message.transaction_id);
        let response = answer(request.message, path.remote, &local.password)?;
        if let Some((_, from)) = self.seen.iter().find(|(seen, _)| *seen == id) {
            // A client repeats a check whose answer was lost. Anyone can repeat what he overheard.
            let repeated = Checked { response, is_new: false, removed: Vec::new(), retired: Vec::new() };
            return (*from == path).then_some(repeated);
        }
        self.remember(id, path);
        let retired = self.generations.drain(..index).map(|generation| generation.local.ufrag).collect();
        let removed = self.touch(now, path);
        self.provisional.get_or_insert(path);
        if nominates {
            self.selected = Some(path);
        }
        Some(Checked { response, is_new: true, removed, retired })
    }

    fn remember(&mut self, id: TransactionId, path: Path) {
        if self.seen.len() >= REMEMBERED_CHECKS {
            self.seen.pop_front();
        }
        self.seen.push_back((id, path));
    }

    fn touch(&mut self, now: Instant, path: Path) -> Vec<SocketAddr> {
        if let Some(known) = self.paths.iter_mut().find(|(known, _)| *known == path) {
            known.1 = now;
            return Vec::new();
        }
        let mut removed = Vec::new();
        if self.paths.len() >= MOST_PATHS {
            let selected = self.selected;
            let spare = self.paths.iter().enumerate();
            let spare = spare.filter(|(_, (path, _))| Some(*path) != selected);
            if let Some((oldest, _)) = spare.min_by_key(|(_, (_, at))| *at) {
                removed.push(self.paths.remove(oldest).0.remote);
            }
        }
        self.paths.push((path, now));
        removed.retain(|gone| self.addresses().all(|kept| kept != *gone));
        removed
    }
}

/// Checks the request's integrity and writes the success response (RFC 8445 section 7.3).
fn answer(mut request: Message, mapped: SocketAddr, password: &str) -> Option<Bytes> {
    let crypto = provider().crypto();
    guarded(|| {
        MessageIntegrity::check(&mut request, password.as_bytes(), crypto).ok()?;
        let mut response = Message::new();
        response.typ = BINDING_SUCCESS;
        response.transaction_id = request.transaction_id;
        response.write_header();
        let address = XorMappedAddress { ip: mapped.ip(), port: mapped.port() };
        address.add_to(&mut response).ok()?;
        let integrity = MessageIntegrity::new_raw_integrity_with_provider(password.as_bytes(), crypto);
        integrity.add_to(&mut response).ok()?;
        FINGERPRINT.add_to(&mut response).ok()?;
        Some(Bytes::from(response.raw))
    })
    .ok()
    .flatten()
}
