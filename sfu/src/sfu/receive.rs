use std::time::{Duration, Instant};

use super::{Sfu, transmit};
use crate::demux::{Class, classify};
use crate::forward::feedback::Feedback;
use crate::forward::ingress::Received;
use crate::io::{Datagram, GoneReason, PeerId};
use crate::peer::Phase;
use crate::peer::dtls::Progress;
use crate::peer::guard::{Fault, guarded};
use crate::peer::ice::{BindingRequest, Path};
use crate::peer::srtp::Srtp;
use crate::stats::{compact, compact_seconds};
use crate::timer::Timer;

/// How often a publisher is told what arrived.
const ARRIVALS_INTERVAL: Duration = Duration::from_millis(50);

impl Sfu {
    pub(super) fn receive(&mut self, now: Instant, datagram: Datagram<'_>) {
        let path = Path { local: datagram.destination, remote: datagram.source };
        let (contents, arrived) = (datagram.contents, datagram.arrived.min(now));
        let class = classify(contents);
        if class == Some(Class::Stun) {
            self.receive_stun(now, path, contents);
            return;
        }
        let (Some(class), Some(id)) = (class, self.routes.by_address(path.remote)) else {
            return;
        };
        let received = match class {
            Class::Stun => Ok(()),
            Class::Dtls => self.receive_dtls(now, (id, path), contents),
            Class::Rtp => self.receive_rtp(now, id, (arrived, contents)),
            Class::Rtcp => self.receive_rtcp(now, id, (arrived, contents)),
        };
        if received.is_err() {
            self.fail(now, id);
        }
    }

    fn receive_stun(&mut self, now: Instant, path: Path, contents: &[u8]) {
        let Some(request) = BindingRequest::parse(contents) else {
            return;
        };
        let Some(id) = self.routes.by_ufrag(request.ufrag()) else {
            return;
        };
        // Whoever holds a ufrag of ours can forge a source address. He must not take over one
        // that another peer uses.
        let owner = self.routes.by_address(path.remote).filter(|owner| *owner != id);
        if let Some(owner) = owner.and_then(|owner| self.peers.get(&owner))
            && owner.holds(now, path.remote)
        {
            return;
        }
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        let Some(checked) = peer.ice.check(now, path, request) else {
            return;
        };
        if !checked.is_new {
            transmit(&mut self.outputs, Some(path), checked.response);
            return;
        }
        self.routes.add_address(path.remote, id);
        for address in checked.removed {
            self.routes.remove_address(address, id);
        }
        for retired in checked.retired {
            self.routes.remove_ufrag(&retired);
        }
        transmit(&mut self.outputs, Some(path), checked.response);
        self.heard(now, id);
    }

    fn receive_dtls(&mut self, now: Instant, (id, path): (PeerId, Path), contents: &[u8]) -> Result<(), Fault> {
        let Some(peer) = self.peers.get_mut(&id) else {
            return Ok(());
        };
        peer.ice.used(path);
        let progress = peer.dtls.handle(now, contents)?;
        self.send_dtls(id);
        match progress {
            Progress::None => {}
            Progress::Closed => self.gone(now, id, GoneReason::Closed),
            Progress::WrongCertificate => self.gone(now, id, GoneReason::WrongCertificate),
            Progress::Established(config) => {
                let srtp = guarded(|| Srtp::new(*config))?.map_err(|_| Fault)?;
                if let Some(peer) = self.peers.get_mut(&id) {
                    peer.srtp = Some(srtp);
                }
                self.connected(now, id);
            }
        }
        Ok(())
    }

    /// Sends what DTLS has queued and sets its timer.
    pub(super) fn send_dtls(&mut self, id: PeerId) {
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        let path = peer.ice.selected();
        for contents in peer.dtls.take_outgoing() {
            transmit(&mut self.outputs, path, contents);
        }
        match peer.dtls.next_timeout() {
            Some(at) => self.timers.set(Timer::Flight(id), at),
            None => self.timers.cancel(Timer::Flight(id)),
        }
    }

    fn receive_rtp(&mut self, now: Instant, id: PeerId, (arrived, packet): (Instant, &[u8])) -> Result<(), Fault> {
        let Some(peer) = self.peers.get_mut(&id) else {
            return Ok(());
        };
        let Some(received) = peer.receive_rtp(now, (arrived, packet))? else {
            return Ok(());
        };
        if !peer.arrivals.is_empty() {
            self.timers.set_by(Timer::Arrivals(id), now + ARRIVALS_INTERVAL);
        }
        self.heard(now, id);
        match received {
            Some(Received::GoOnResting) => self.note_rest(now, id),
            Some(Received::Rest) => {
                self.note_rest(now, id);
                self.rest(id);
            }
            Some(Received::Media(media)) => {
                self.note_received(now, id);
                self.forward(now, &media);
            }
            None => {
                self.note_received(now, id);
                // It may be that it cannot be understood without a key frame.
                self.arm_repair(now, id);
            }
        }
        Ok(())
    }

    fn receive_rtcp(&mut self, now: Instant, id: PeerId, (arrived, packet): (Instant, &[u8])) -> Result<(), Fault> {
        let Some(peer) = self.peers.get_mut(&id) else {
            return Ok(());
        };
        let Some(feedback) = peer.receive_rtcp(packet)? else {
            return Ok(());
        };
        self.heard(now, id);
        for feedback in feedback {
            self.take_feedback((now, arrived), id, feedback)?;
        }
        Ok(())
    }

    fn take_feedback(
        &mut self,
        (now, arrived): (Instant, Instant),
        id: PeerId,
        feedback: Feedback,
    ) -> Result<(), Fault> {
        let Some(peer) = self.peers.get_mut(&id).filter(|peer| peer.phase == Phase::Connected) else {
            return Ok(());
        };
        match feedback {
            Feedback::SenderReport { ssrc, ntp, rtp } => {
                peer.ingress.sender_report(arrived, ssrc, (ntp, rtp));
            }
            Feedback::Reception(report) => {
                let Some(index) = peer.slot_by_ssrc(report.ssrc) else {
                    return Ok(());
                };
                let slot = &mut peer.slots[index];
                let rate = slot.media().codecs.first().map(|offered| offered.codec.clock_rate());
                let loss = f32::from(report.fraction_lost) / 256.0;
                slot.downlink.loss = Some(loss);
                slot.downlink.lossy.note(now, loss);
                #[expect(clippy::cast_precision_loss, reason = "a statistic needs no more")]
                if let Some(rate) = rate {
                    slot.downlink.jitter_ms = report.jitter as f32 * 1000.0 / rate as f32;
                }
                if report.last_sender_report != 0 {
                    let sent = report.last_sender_report.wrapping_add(report.delay);
                    let rtt = compact(self.epoch.ntp(arrived)).wrapping_sub(sent);
                    // A clock that runs a little fast makes it negative.
                    peer.report.rtt_ms = (rtt < 60 << 16).then(|| compact_seconds(rtt) * 1000.0);
                }
            }
            Feedback::Nack { ssrc, sequences } => self.repair(now, (id, ssrc), &sequences)?,
            Feedback::KeyFrame { ssrc } if peer.listens() && peer.report.may_request() => {
                let slot = peer.slot_by_ssrc(ssrc).map(|index| &peer.slots[index]);
                let sent = slot.and_then(|slot| Some((slot.shows?, slot.sends?.layer)));
                if let Some(sent) = sent {
                    self.request_key_frame(now, sent);
                }
            }
            Feedback::KeyFrame { .. } => {}
            Feedback::Arrivals(arrivals) => {
                if let Some(bandwidth) = &mut peer.bandwidth {
                    let before = bandwidth.estimate();
                    bandwidth.handle(now, &arrivals);
                    if bandwidth.estimate() < before {
                        self.revise_layers(now, id);
                    }
                }
            }
            Feedback::Estimate(bits) => {
                if let Some(bandwidth) = &mut peer.bandwidth {
                    bandwidth.handle_told(bits);
                }
            }
        }
        Ok(())
    }
}
