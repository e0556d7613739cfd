//! One client's session: ICE-lite, DTLS, SRTP, and what it publishes and receives.

pub(crate) mod certificate;
pub(crate) mod dtls;
pub(crate) mod guard;
pub(crate) mod ice;
mod open;
pub(crate) mod pacer;
pub(crate) mod records;
pub(crate) mod sdp;
pub(crate) mod seal;
mod session_key;
pub(crate) mod srtp;
mod traffic;

use std::collections::BTreeMap;
use std::time::Instant;

use bytes::Bytes;
use rtc_rtp::header::Header;
use rtc_shared::marshal::Unmarshal;

use crate::bandwidth::Bandwidth;
use crate::forward::arrivals::Log;
use crate::forward::egress::Slot;
use crate::forward::feedback::{Compound, Feedback, read};
use crate::forward::ingress::{Ingress, Received};
use crate::forward::writer::Writing;
use crate::forward::{Media, TrackId};
use crate::io::{Grant, MediaKind, Mid, PeerId, PeerState, RoomId, Shown, SlotView, Source};
use dtls::Dtls;
use guard::{Fault, guarded};
use ice::Ice;
use pacer::Pacer;
use sdp::Section;
use srtp::Srtp;
use traffic::Traffic;

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
    /// When what it sends arrives, where it wants to know.
    pub(crate) arrivals: Log,
    /// What its way can carry, where it tells.
    pub(crate) bandwidth: Option<Bandwidth>,
    /// Pictures that wait for their turn, each with its slot.
    pub(crate) pacer: Pacer<(usize, Media)>,
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
    /// The timer runs, and not only as for one who is silent.
    pub(crate) armed: bool,
    /// Media flowed since the last report.
    pub(crate) active: bool,
    pub(crate) rounds: u32,
    pub(crate) expected: u32,
    pub(crate) lost: u32,
    pub(crate) rtt_ms: Option<f32>,
    pub(crate) traffic: Traffic,
    /// Before the next report: packets and key frames that may still be asked for, and packets that may be sent again.
    pub(crate) requests_left: u32,
    pub(crate) repairs_left: u32,
    /// Packets of whose arrival it may still tell.
    pub(crate) arrivals_left: u32,
}

impl Report {
    /// Whether one more packet may be looked for.
    pub(crate) fn may_repair(&mut self) -> bool {
        self.repairs_left > 0 && self.may_request()
    }

    /// Whether one more thing may be asked for.
    pub(crate) fn may_request(&mut self) -> bool {
        let left = self.requests_left.checked_sub(1);
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
    pub(crate) fn receive_rtp(
        &mut self,
        now: Instant,
        (arrived, packet): (Instant, &[u8]),
    ) -> Result<Option<Option<Received>>, Fault> {
        let Some(srtp) = &mut self.srtp else {
            return Ok(None);
        };
        let Ok(header) = guarded(|| Header::unmarshal(&mut &*packet))? else {
            return Ok(None);
        };
        let Some(origin) = self.ingress.admit(&header) else {
            return Ok(None);
        };
        let Some(opened) = srtp.open_rtp(&header, packet)? else {
            return Ok(None);
        };
        self.dtls.confirm();
        self.report.traffic.note_up(packet.len());
        if let Some(number) = self.ingress.transport_number(origin, &header) {
            self.arrivals.note(arrived, number);
        }
        Ok(Some(self.ingress.receive(now, origin, (&header, arrived, opened))))
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
        read(opened.freeze(), &mut self.report.arrivals_left).map(Some)
    }

    /// With how many bytes a packet is to wait, for the way is narrow and others were sent on it just now; `None` if it is not to.
    /// Sound never is. What will be left out only waits where others do, for its turn, and with no bytes.
    pub(crate) fn waiting_bytes(&self, now: Instant, (index, media): (usize, &Media)) -> Option<usize> {
        if media.track.source.kind() != MediaKind::Video || !self.pacer.is_busy(now) {
            return None;
        }
        // What is not counted on the way is sent again with the time at which it came.
        let slot = self.slots.get(index).filter(|slot| slot.is_counted() && slot.is_for(media))?;
        if slot.is_of_layers(media) {
            return Some(media.payload.len());
        }
        self.pacer.holds_any().then_some(0)
    }

    /// Writes a packet for one of the slots.
    pub(crate) fn send(&mut self, index: usize, media: &Media, writing: Writing) -> Result<Sending, Fault> {
        let receives = self.receives(media.track.source.kind());
        let (Some(slot), Some(srtp)) = (self.slots.get_mut(index), &mut self.srtp) else {
            return Ok(Sending::Nothing);
        };
        if !receives {
            slot.interrupt();
            return Ok(Sending::Nothing);
        }
        let before = slot.shows;
        let mut bandwidth = self.bandwidth.as_mut().filter(|_| slot.is_counted());
        let transport = bandwidth.as_ref().map(|bandwidth| bandwidth.next_number());
        let Some(plain) = slot.place(media, Writing { transport, ..writing }) else {
            return Ok(Sending::Nothing);
        };
        if let Some(bandwidth) = &mut bandwidth {
            bandwidth.sent(writing.now, plain.size());
            self.pacer.sent(writing.now, (plain.size(), bandwidth.known()));
        }
        let Some(sealed) = srtp.seal_rtp(plain)? else {
            return Ok(Sending::Nothing);
        };
        self.report.active = true;
        self.report.traffic.note_down(sealed.len());
        if slot.shows == before { Ok(Sending::Packet(sealed)) } else { Ok(Sending::Switched(sealed, before)) }
    }

    /// Writes once more a packet that was sent on a slot under a sequence number.
    pub(crate) fn send_again(
        &mut self,
        (index, sequence): (usize, u16),
        media: &Media,
        writing: Writing,
    ) -> Result<Option<Bytes>, Fault> {
        let (Some(slot), Some(srtp)) = (self.slots.get_mut(index), &mut self.srtp) else {
            return Ok(None);
        };
        let mut bandwidth = self.bandwidth.as_mut().filter(|_| slot.is_counted());
        let transport = bandwidth.as_ref().map(|bandwidth| bandwidth.next_number());
        let Some(plain) = slot.replay(sequence, media, Writing { transport, ..writing }) else {
            return Ok(None);
        };
        if let Some(bandwidth) = &mut bandwidth {
            bandwidth.sent(writing.now, plain.size());
            bandwidth.note_repair(writing.now, plain.size());
        }
        self.report.repairs_left -= 1;
        srtp.seal_rtp(plain)
    }

    /// Writes a packet by which the way is measured; none where there is no stream that could carry it.
    pub(crate) fn pad(&mut self, writing: Writing) -> Result<Option<Bytes>, Fault> {
        let slot = self.slots.iter_mut().find(|slot| slot.is_counted() && slot.sent.latest.is_some());
        let (Some(slot), Some(srtp), Some(bandwidth)) = (slot, &mut self.srtp, &mut self.bandwidth) else {
            return Ok(None);
        };
        let Some(plain) = slot.padding(Writing { transport: Some(bandwidth.next_number()), ..writing }) else {
            return Ok(None);
        };
        bandwidth.sent(writing.now, plain.size());
        srtp.seal_rtp(plain)
    }

    /// Feedback on the arrival of what this publisher has sent since the last one.
    pub(crate) fn feedback_on_arrivals(&mut self, begin: Instant) -> Option<Compound> {
        let about = self.ingress.encodings().find_map(|(source, encoding)| {
            let ssrc = encoding.ssrc?;
            (source.kind() == MediaKind::Video).then_some(ssrc)
        });
        let mut compound = Compound::receiver(self.ssrc, Vec::new());
        compound.arrivals(&self.arrivals.take(begin, (self.ssrc, about.unwrap_or(0)))?);
        Some(compound)
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

    /// Whether one more packet may be looked for, to be sent again.
    pub(crate) fn may_repair(&mut self, now: Instant) -> bool {
        self.report.may_repair() && self.bandwidth.as_mut().is_none_or(|bandwidth| bandwidth.may_repair(now))
    }

    /// A compound packet that asks for everything that is due from this publisher.
    pub(crate) fn due_repairs(&mut self, now: Instant) -> Option<Compound> {
        let mut compound = Compound::receiver(self.ssrc, Vec::new());
        let mut any = false;
        for (_, encoding) in self.ingress.encodings() {
            let Some(ssrc) = encoding.ssrc else {
                continue;
            };
            let sequences = encoding.missing.take_due(now);
            if !sequences.is_empty() {
                compound.nack(ssrc, &sequences);
                any = true;
            }
            if encoding.key_frames.take_due(now) {
                compound.key_frame(ssrc);
                any = true;
            }
        }
        any.then_some(compound)
    }

    /// When [`Self::due_repairs`] has something to say.
    pub(crate) fn next_repair(&mut self, now: Instant) -> Option<Instant> {
        let sent = self.ingress.encodings().filter(|(_, encoding)| encoding.ssrc.is_some());
        sent.flat_map(|(_, encoding)| [encoding.missing.next(), encoding.key_frames.next(now)]).flatten().min()
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
