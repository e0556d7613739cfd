//! One client's session: ICE-lite, DTLS, SRTP, and what it publishes and receives.

pub(crate) mod certificate;
pub(crate) mod dtls;
pub(crate) mod guard;
pub(crate) mod ice;
pub(crate) mod records;
pub(crate) mod sdp;
pub(crate) mod seal;
pub(crate) mod srtp;

use std::collections::BTreeMap;
use std::time::Instant;

use bytes::Bytes;
use rtc_rtp::header::Header;
use rtc_shared::marshal::Unmarshal;

use crate::forward::egress::{Plain, Slot};
use crate::forward::feedback::{Compound, Feedback, read};
use crate::forward::ingress::Ingress;
use crate::forward::{Media, TrackId};
use crate::io::{Grant, MediaKind, Mid, PeerId, PeerState, RoomId, Shown, SlotView, Source};
use crate::stats::Epoch;
use dtls::Dtls;
use guard::{Fault, guarded};
use ice::Ice;
use sdp::Section;
use srtp::Srtp;

/// How far a session has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Connecting { since: Instant },
    Connected,
    Suspended { since: Instant },
}

pub(crate) struct Peer {
    pub(crate) room: RoomId,
    pub(crate) grant: Grant,
    pub(crate) state: PeerState,
    pub(crate) phase: Phase,
    /// When the last authentic packet came.
    pub(crate) heard: Instant,
    pub(crate) ice: Ice,
    pub(crate) dtls: Dtls,
    pub(crate) srtp: Option<Srtp>,
    pub(crate) sections: Vec<Section>,
    pub(crate) sources: BTreeMap<Mid, Source>,
    pub(crate) ingress: Ingress,
    pub(crate) slots: Vec<Slot>,
    pub(crate) report: Report,
    /// The sender of our receiver reports.
    pub(crate) ssrc: u32,
    pub(crate) cname: String,
    pub(crate) answers: u64,
    /// Of its microphone, as the next answer says.
    pub(crate) audio_bitrate: u32,
}

/// What the reports of a connected peer keep between two of them.
#[derive(Clone, Copy, Default)]
pub(crate) struct Report {
    /// The timer runs.
    pub(crate) armed: bool,
    /// Media flowed since the last report.
    pub(crate) active: bool,
    pub(crate) rounds: u32,
    pub(crate) expected: u32,
    pub(crate) lost: u32,
    pub(crate) rtt_ms: Option<f32>,
    /// Packets that may still be asked for, and be sent again, before the next report.
    pub(crate) requests_left: u32,
    pub(crate) repairs_left: u32,
}

impl Report {
    /// Whether one more packet may be looked for.
    pub(crate) fn may_repair(&mut self) -> bool {
        let left = self.requests_left.checked_sub(1).filter(|_| self.repairs_left > 0);
        self.requests_left = left.unwrap_or(self.requests_left);
        left.is_some()
    }
}

/// What became of a packet for a slot.
pub(crate) enum Sending {
    Nothing,
    Packet(Bytes),
    /// The slot shows another track from this packet on; here is the one of before.
    Switched(Bytes, Option<TrackId>),
}

impl Peer {
    /// Whether the client has ever been connected.
    pub(crate) fn is_present(&self) -> bool {
        !matches!(self.phase, Phase::Connecting { .. })
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.phase == Phase::Connected
    }

    /// Whether others may see and hear a track of this peer.
    pub(crate) fn publishes(&self, source: Source) -> bool {
        self.is_connected() && self.grant.publish(source) && self.state.publish(source)
    }

    /// Whether anything may be sent to this peer.
    pub(crate) fn listens(&self) -> bool {
        self.is_connected() && self.grant.listen
    }

    /// Whether sound or pictures may be sent to this peer.
    fn receives(&self, kind: MediaKind) -> bool {
        self.listens() && (kind == MediaKind::Video || !self.state.deafened)
    }

    /// Decrypts an RTP packet. The outer `None` is a packet that is not authentic.
    pub(crate) fn receive_rtp(&mut self, now: Instant, packet: &[u8]) -> Result<Option<Option<Media>>, Fault> {
        let Some(srtp) = &mut self.srtp else {
            return Ok(None);
        };
        let Ok(header) = guarded(|| Header::unmarshal(&mut &*packet))? else {
            return Ok(None);
        };
        let Some(source) = self.ingress.admit(&header) else {
            return Ok(None);
        };
        let Some(opened) = srtp.open_rtp(&header, packet)? else {
            return Ok(None);
        };
        self.dtls.confirm();
        Ok(Some(self.ingress.receive(now, source, (&header, opened.freeze()))))
    }

    /// Decrypts and reads an RTCP packet; `None` if it is not authentic.
    pub(crate) fn receive_rtcp(&mut self, packet: &[u8]) -> Result<Option<Vec<Feedback>>, Fault> {
        let Some(srtp) = &mut self.srtp else {
            return Ok(None);
        };
        let Some(opened) = srtp.open_rtcp(packet)? else {
            return Ok(None);
        };
        self.dtls.confirm();
        read(opened.freeze()).map(Some)
    }

    /// Writes a packet for one of the slots.
    pub(crate) fn send(&mut self, index: usize, media: &Media, epoch: Epoch) -> Result<Sending, Fault> {
        let receives = self.receives(media.track.source.kind());
        let (Some(slot), Some(srtp)) = (self.slots.get_mut(index), &mut self.srtp) else {
            return Ok(Sending::Nothing);
        };
        if !receives {
            slot.interrupt();
            return Ok(Sending::Nothing);
        }
        let before = slot.shows;
        let Some(plain) = slot.place(media, epoch) else {
            return Ok(Sending::Nothing);
        };
        let Some(sealed) = srtp.seal_rtp(plain)? else {
            return Ok(Sending::Nothing);
        };
        self.report.active = true;
        if slot.shows == before { Ok(Sending::Packet(sealed)) } else { Ok(Sending::Switched(sealed, before)) }
    }

    /// Encrypts a packet that was sent before.
    pub(crate) fn seal(&mut self, plain: Plain) -> Result<Option<Bytes>, Fault> {
        match &mut self.srtp {
            Some(srtp) => srtp.seal_rtp(plain),
            None => Ok(None),
        }
    }

    pub(crate) fn seal_rtcp(&mut self, compound: &Compound) -> Result<Option<Bytes>, Fault> {
        let Some(written) = compound.write() else {
            return Ok(None);
        };
        match &mut self.srtp {
            Some(srtp) => srtp.seal_rtcp(&written),
            None => Ok(None),
        }
    }

    /// A compound packet that asks for everything that is due from this publisher.
    pub(crate) fn due_repairs(&mut self, now: Instant) -> Option<Compound> {
        let mut compound = Compound::receiver(self.ssrc, Vec::new());
        let mut any = false;
        for (_, track) in self.ingress.tracks() {
            let Some(ssrc) = track.ssrc else {
                continue;
            };
            let sequences = track.missing.take_due(now);
            if !sequences.is_empty() {
                compound.nack(ssrc, &sequences);
                any = true;
            }
            if track.key_frames.take_due(now) {
                compound.key_frame(ssrc);
                any = true;
            }
        }
        any.then_some(compound)
    }

    /// When [`Self::due_repairs`] has something to say.
    pub(crate) fn next_repair(&mut self, now: Instant) -> Option<Instant> {
        let tracks = self.ingress.tracks().filter(|(_, track)| track.ssrc.is_some());
        tracks.flat_map(|(_, track)| [track.missing.next(), track.key_frames.next(now)]).flatten().min()
    }

    pub(crate) fn slot_by_mid(&self, mid: &Mid) -> Option<usize> {
        self.slots.iter().position(|slot| slot.media().mid == *mid)
    }

    pub(crate) fn slot_by_ssrc(&self, ssrc: u32) -> Option<usize> {
        self.slots.iter().position(|slot| slot.ssrc == ssrc)
    }

    pub(crate) fn view(&self, csrc: impl Fn(PeerId) -> u32) -> Vec<SlotView> {
        let slots = self.slots.iter();
        slots
            .map(|slot| SlotView {
                mid: slot.media().mid.clone(),
                shows: slot.shows.map(|track| Shown { peer: track.peer, source: track.source, csrc: csrc(track.peer) }),
            })
            .collect()
    }
}
