use std::collections::BTreeMap;
use std::time::Instant;

use super::Sfu;
use super::lifecycle::SOURCES;
use crate::bandwidth::Bandwidth;
use crate::forward::TrackId;
use crate::forward::arrivals::Log;
use crate::forward::egress::Slot as EgressSlot;
use crate::forward::ingress::Ingress;
use crate::forward::meter::Meter;
use crate::io::{Answer, Join, MediaKind, Mid, PeerId, RoomId, Slot};
use crate::peer::dtls::Dtls;
use crate::peer::ice::{Credentials, Ice};
use crate::peer::pacer::Pacer;
use crate::peer::sdp::answer::{Session, Ssrcs, write};
use crate::peer::sdp::offer::{Offer, OfferError, OfferedMedia};
use crate::peer::sdp::{Role, Section, check_slots, negotiate};
use crate::peer::{Peer, Phase, Report};
use crate::random::Random;
use crate::timer::Timer;

/// Why a peer was not let in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    #[error("This peer has joined already.")]
    AlreadyJoined,
    #[error("There is no such peer.")]
    UnknownPeer,
    #[error("The room is full.")]
    RoomFull,
    #[error(transparent)]
    Offer(#[from] OfferError),
}

impl Sfu {
    pub(super) fn admit(&mut self, now: Instant, join: Join<'_>) -> Result<Answer, JoinError> {
        if self.peers.contains_key(&join.peer) {
            return Err(JoinError::AlreadyJoined);
        }
        let stays = |peer: &&PeerId| Some(**peer) != join.replaces;
        let present = self.rooms.get(&join.room).map_or(0, |room| room.peers.iter().filter(stays).count());
        if present >= self.config.limits.peers_per_room {
            return Err(JoinError::RoomFull);
        }
        let offer = Offer::parse(join.offer, &self.config.limits)?;
        let sections = negotiate(&offer, join.sources, &[])?;
        check_slots(&sections, &self.config.limits)?;
        let room = self.rooms.entry(join.room).or_default();
        room.peers.insert(join.peer);
        let csrc = room.take_csrc(join.peer);
        let credentials = Credentials::generate(&mut self.random, self.config.id);
        self.routes.add_ufrag(&credentials.ufrag, join.peer);
        let meter = Meter::new(now, self.config.limits.video_bitrate);
        let dtls = Dtls::new(self.config.certificate.clone(), offer.fingerprint);
        let peer = Peer {
            room: join.room,
            grant: join.grant,
            state: join.state,
            phase: Phase::Connecting { since: now },
            heard: now,
            ice: Ice::new(credentials, offer.credentials),
            dtls,
            srtp: None,
            ingress: Ingress::new((join.peer, csrc), &sections, (meter, Meter::of_microphone(now, join.audio_bitrate))),
            slots: Vec::new(),
            sections: Vec::new(),
            sources: join.sources.clone(),
            report: Report::default(),
            arrivals: Log::default(),
            bandwidth: None,
            pacer: Pacer::default(),
            ssrc: self.random.u32(),
            cname: self.random.ice_text(16),
            answers: 0,
            audio_bitrate: join.audio_bitrate,
        };
        self.peers.insert(join.peer, Box::new(peer));
        self.arm_lease(now, join.peer);
        self.answer(join.peer, sections)
    }

    pub(super) fn renegotiate(&mut self, id: PeerId, text: &str) -> Result<Answer, JoinError> {
        let peer = self.peers.get_mut(&id).ok_or(JoinError::UnknownPeer)?;
        let offer = Offer::parse(text, &self.config.limits)?;
        if offer.fingerprint != peer.dtls.client() {
            return Err(OfferError::Changed.into());
        }
        let sections = negotiate(&offer, &peer.sources, &peer.sections)?;
        check_slots(&sections, &self.config.limits)?;
        if offer.credentials.ufrag != peer.ice.remote_ufrag() {
            let credentials = Credentials::generate(&mut self.random, self.config.id);
            self.routes.add_ufrag(&credentials.ufrag, id);
            if let Some(retired) = peer.ice.restart(credentials, offer.credentials) {
                self.routes.remove_ufrag(&retired);
            }
        }
        let (room, is_present) = (peer.room, peer.is_present());
        let answer = self.answer(id, sections);
        self.claim_free_slots(room);
        self.give_up_codecs(room, Some(id).filter(|_| is_present));
        if is_present {
            self.tell_again(id);
        }
        answer
    }

    fn answer(&mut self, id: PeerId, sections: Vec<Section>) -> Result<Answer, JoinError> {
        let peer = self.peers.get_mut(&id).ok_or(JoinError::UnknownPeer)?;
        for section in sections.iter().skip(peer.sections.len()) {
            if let Role::Receive(kind) = section.role {
                let slot = slot_with_unused_ssrcs(&mut self.random, (kind, &section.media), peer);
                peer.slots.push(slot);
            }
        }
        if peer.bandwidth.is_none() && peer.slots.iter().any(EgressSlot::is_measured) {
            peer.bandwidth = Some(Bandwidth::new(peer.slots.iter().any(EgressSlot::is_counted)));
        }
        peer.sections = sections;
        peer.answers += 1;
        let ssrcs = peer.slots.iter().map(|slot| {
            let ssrcs = Ssrcs { first: slot.ssrc, again: slot.repair_ssrc() };
            (&slot.media().mid, ssrcs)
        });
        let ssrcs: BTreeMap<&Mid, Ssrcs> = ssrcs.collect();
        let session = Session {
            credentials: peer.ice.local(),
            fingerprint: self.config.certificate.own_fingerprint(),
            addresses: &self.config.addresses,
            version: peer.answers,
            id: id.0,
            cname: &peer.cname,
            audio_bitrate: peer.audio_bitrate,
        };
        let sdp = write(&session, &peer.sections, |mid| ssrcs.get(mid).copied());
        let slots = peer.slots.iter().map(|slot| Slot { mid: slot.media().mid.clone(), kind: slot.kind });
        Ok(Answer { sdp, slots: slots.collect(), csrc: peer.ingress.csrc() })
    }

    /// Whoever offers again may have missed what was told before.
    fn tell_again(&mut self, id: PeerId) {
        self.changed.insert(id);
        for source in SOURCES.into_iter().filter(|source| source.kind() == MediaKind::Video) {
            self.tell_encodings(TrackId { peer: id, source });
        }
    }

    pub(super) fn arm_lease(&mut self, now: Instant, id: PeerId) {
        if let Some(peer) = self.peers.get(&id) {
            let at = peer.lease_end().max(now);
            self.timers.set(Timer::Lease(id), at);
        }
    }

    pub(super) fn room_of(&self, peer: PeerId) -> Option<RoomId> {
        self.peers.get(&peer).map(|peer| peer.room)
    }
}

/// A slot's SSRCs are unique within a session, also beside those of the client
/// (RFC 3550 section 8).
fn slot_with_unused_ssrcs(random: &mut Random, (kind, media): (MediaKind, &OfferedMedia), peer: &Peer) -> EgressSlot {
    loop {
        let slot = EgressSlot::new(kind, media, random.block());
        let is_used = |ssrc: u32| {
            let own = peer.slots.iter().any(|slot| slot.ssrc == ssrc || slot.repair_ssrc() == Some(ssrc));
            ssrc == 0 || own || ssrc == peer.ssrc || peer.ingress.knows(ssrc)
        };
        if !is_used(slot.ssrc) && slot.repair_ssrc().is_none_or(|again| again != slot.ssrc && !is_used(again)) {
            return slot;
        }
    }
}
