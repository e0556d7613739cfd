use std::time::{Duration, Instant};

use rtc_rtcp::sender_report::SenderReport;

use super::forward::TELL_INTERVAL;
use super::{Sfu, transmit};
use crate::forward::TrackId;
use crate::forward::feedback::Compound;
use crate::io::{Event, MediaKind, PeerId, Quality, RoomId};
use crate::peer::guard::Fault;
use crate::peer::{Peer, Report};
use crate::timer::Timer;

const REPORT_INTERVAL: Duration = Duration::from_secs(1);
/// Reports between two events on quality.
const QUALITY_ROUNDS: u32 = 3;
/// Of so many reports to one who is silent and hears nothing, one is sent.
const QUIET_ROUNDS: u32 = 6;
/// What one subscriber may have sent again in a second.
const MOST_REPAIRS: u32 = 512;
/// What one subscriber may ask for in a second, whether or not we have it.
const MOST_REQUESTS: u32 = 4_096;
/// 16.16 fixed point, in which delays since a report are told.
const FRACTIONS: u128 = 65_536;

impl Sfu {
    pub(super) fn handle_timer(&mut self, now: Instant, timer: Timer) {
        match timer {
            Timer::Lease(peer) => self.check_lease(now, peer),
            Timer::Flight(id) => {
                if let Some(peer) = self.peers.get_mut(&id) {
                    peer.dtls.handle_timeout(now);
                }
                self.send_dtls(id);
            }
            Timer::Report(peer) => self.report(now, peer),
            Timer::Repair(peer) => self.send_repairs(now, peer),
            Timer::Speakers(room) => self.tell_speakers(now, room),
        }
    }

    /// Media flows for this peer, so it is to be reported on.
    pub(super) fn arm_report(&mut self, now: Instant, id: PeerId) {
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.report.active = true;
            if !peer.report.armed {
                peer.report.armed = true;
                peer.report.refill();
                self.timers.set(Timer::Report(id), now + REPORT_INTERVAL);
            }
        }
    }

    fn report(&mut self, now: Instant, id: PeerId) {
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        peer.report.armed = false;
        if !std::mem::take(&mut peer.report.active) || !peer.is_connected() {
            return;
        }
        peer.report.armed = true;
        peer.report.refill();
        peer.report.rounds += 1;
        let round = peer.report.rounds;
        self.timers.set(Timer::Report(id), now + REPORT_INTERVAL);
        match self.send_reports(now, id) {
            Err(Fault) => self.fail(now, id),
            Ok(true) if round % QUALITY_ROUNDS == 0 => self.tell_quality(id),
            Ok(_) => {}
        }
    }

    /// Answers whether there was anything to report on.
    fn send_reports(&mut self, now: Instant, id: PeerId) -> Result<bool, Fault> {
        let senders = self.sender_reports(now, id);
        let bitrate = self.config.limits.video_bitrate;
        let Some(peer) = self.peers.get_mut(&id) else {
            return Ok(false);
        };
        if senders.is_empty() && peer.ingress.is_silent() && peer.report.rounds % QUIET_ROUNDS != 0 {
            return Ok(false);
        }
        let mut compounds = Vec::new();
        compounds.extend(peer.receiver_report(now, bitrate));
        if !senders.is_empty() && peer.listens() {
            compounds.push(Compound::sender(senders));
        }
        let path = peer.ice.selected();
        for compound in compounds {
            if let Some(contents) = peer.seal_rtcp(&compound)? {
                transmit(&mut self.outputs, path, contents);
            }
        }
        Ok(true)
    }

    /// About each slot that something was sent on since the last time.
    fn sender_reports(&mut self, now: Instant, id: PeerId) -> Vec<SenderReport> {
        let count = self.peers.get(&id).map_or(0, |peer| peer.slots.len());
        let mut reports = Vec::new();
        for index in 0..count {
            let Some(slot) = self.peers.get(&id).map(|peer| &peer.slots[index]) else {
                break;
            };
            let sender = slot.shows.and_then(|TrackId { peer, source }| {
                let publisher = self.peers.get_mut(&peer)?;
                publisher.ingress.track(source)?.sender
            });
            let Some(peer) = self.peers.get_mut(&id) else {
                break;
            };
            let slot = &mut peer.slots[index];
            if !std::mem::take(&mut slot.sent.fresh) {
                continue;
            }
            if let Some(rtp_time) = slot.rtp_time(sender, now) {
                reports.push(SenderReport {
                    ssrc: slot.ssrc,
                    ntp_time: self.epoch.ntp(now),
                    rtp_time,
                    packet_count: slot.sent.packets,
                    octet_count: slot.sent.octets,
                    ..SenderReport::default()
                });
            }
        }
        reports
    }

    fn tell_quality(&mut self, id: PeerId) {
        if let Some(peer) = self.peers.get_mut(&id) {
            let quality = peer.quality();
            self.event(Event::Quality { peer: id, quality });
        }
    }

    fn tell_speakers(&mut self, now: Instant, id: RoomId) {
        let Some(room) = self.rooms.get_mut(&id) else {
            return;
        };
        let change = room.speakers.take_change(now);
        room.telling = room.speakers.is_lively(now);
        if room.telling {
            self.timers.set(Timer::Speakers(id), now + TELL_INTERVAL);
        }
        if let Some(speakers) = change {
            self.event(Event::Speakers { room: id, speakers });
        }
    }
}

impl Report {
    fn refill(&mut self) {
        (self.requests_left, self.repairs_left) = (MOST_REQUESTS, MOST_REPAIRS);
    }
}

impl Peer {
    /// How this publisher's tracks arrive, and how much video it may send; `None` if nothing
    /// ever came.
    fn receiver_report(&mut self, now: Instant, bitrate: u32) -> Option<Compound> {
        let mut reports = Vec::new();
        let mut video = Vec::new();
        let (mut expected, mut lost) = (0, 0);
        for (source, track) in self.ingress.tracks() {
            let (Some(ssrc), Some(reception)) = (track.ssrc, &mut track.reception) else {
                continue;
            };
            let sender = track.sender.map(|sender| {
                let delay = now.saturating_duration_since(sender.received).as_micros();
                let delay = u32::try_from(delay * FRACTIONS / 1_000_000).unwrap_or(u32::MAX);
                (sender.last_report, delay)
            });
            let (expected_now, lost_now, report) = reception.report(ssrc, sender);
            expected += expected_now;
            lost += lost_now;
            reports.push(report);
            let takes_remb = track.media.codecs.iter().any(|offered| offered.feedback.contains(&"goog-remb"));
            if source.kind() == MediaKind::Video && takes_remb {
                video.push(ssrc);
            }
        }
        self.report.expected = self.report.expected.saturating_add(expected);
        self.report.lost = self.report.lost.saturating_add(lost);
        if reports.is_empty() {
            return None;
        }
        let mut compound = Compound::receiver(self.ssrc, reports);
        if !video.is_empty() {
            compound.bitrate(bitrate, video);
        }
        Some(compound)
    }

    #[expect(clippy::cast_precision_loss, reason = "a statistic needs no more")]
    fn quality(&mut self) -> Quality {
        let expected = std::mem::take(&mut self.report.expected);
        let lost = std::mem::take(&mut self.report.lost);
        let up = self.ingress.tracks();
        let up = up.filter_map(|(_, track)| Some(track.reception.as_ref()?.jitter_ms()));
        let jitter_up = up.fold(0.0, f32::max);
        let down = self.slots.iter().filter(|slot| slot.shows.is_some());
        let down: Vec<_> = down.map(|slot| slot.downlink).collect();
        let losses: Vec<f32> = down.iter().filter_map(|slot| slot.loss).collect();
        Quality {
            loss_up: lost as f32 / expected.max(1) as f32,
            loss_down: losses.iter().sum::<f32>() / losses.len().max(1) as f32,
            jitter_ms: down.iter().map(|slot| slot.jitter_ms).fold(jitter_up, f32::max),
            rtt_ms: self.report.rtt_ms,
        }
    }
}
