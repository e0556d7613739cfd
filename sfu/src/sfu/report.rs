use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rtc_rtcp::sender_report::SenderReport;

use super::forward::TELL_INTERVAL;
use super::{Sfu, transmit};
use crate::bandwidth::Bandwidth;
use crate::forward::TrackId;
use crate::forward::feedback::Compound;
use crate::forward::ingress::Track;
use crate::io::{Event, MediaKind, PeerId, PictureQuality, Quality, RoomId, Source};
use crate::peer::guard::Fault;
use crate::peer::sdp::codec::REMB;
use crate::peer::{Peer, Report};
use crate::speaker::Talk;
use crate::timer::Timer;

const REPORT_INTERVAL: Duration = Duration::from_secs(1);
/// How late the time may be told for reports to keep their pace.
const LATE: Duration = Duration::from_millis(20);
/// Reports between two events on quality.
const QUALITY_ROUNDS: u32 = 3;
/// To one who is silent and hears nothing.
const QUIET_INTERVAL: Duration = Duration::from_secs(6);
/// What one subscriber may have sent again in a second.
const MOST_REPAIRS: u32 = 512;
/// What one subscriber may ask for in a second, whether or not we have it.
const MOST_REQUESTS: u32 = 4_096;
/// Of the arrival of how many packets it may tell in a second: several times what one way is sent.
const MOST_TOLD_OF: u32 = 16_384;
/// The most of the loss below that a publisher is told of.
const MOST_TOLD: f32 = 0.1;
/// 16.16 fixed point, in which delays since a report are told.
const FRACTIONS: u128 = 65_536;

/// What flows to and from a peer.
enum Flow {
    Media,
    /// Or comfort noise that nobody hears.
    Nothing,
}

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
            Timer::Arrivals(peer) => self.tell_arrivals(now, peer),
            Timer::Probe(peer) => self.probe(now, peer),
            Timer::Pace(peer) => self.release(now, peer),
            Timer::Layers(peer) => self.revise_layers(now, peer),
            Timer::Speakers(room) => self.tell_speakers(now, room),
            Timer::Codecs(room) => self.take_up_codecs(now, room),
        }
    }

    /// Something came of this peer, so it is to be reported on.
    pub(super) fn note_received(&mut self, now: Instant, id: PeerId) {
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.report.active = true;
        }
        self.arm_report(now, id);
    }

    /// Somebody is silent, and may be reported on later.
    pub(super) fn note_rest(&mut self, now: Instant, id: PeerId) {
        if let Some(peer) = self.peers.get_mut(&id)
            && !std::mem::replace(&mut peer.report.active, true)
        {
            self.timers.set_by(Timer::Report(id), self.epoch.shared(now + QUIET_INTERVAL - LATE));
        }
    }

    /// Media flows for this peer, so it is to be reported on soon.
    pub(super) fn arm_report(&mut self, now: Instant, id: PeerId) {
        if let Some(peer) = self.peers.get_mut(&id)
            && !std::mem::replace(&mut peer.report.armed, true)
        {
            peer.report.traffic.begin(now);
            peer.report.refill();
            self.timers.set_by(Timer::Report(id), self.epoch.shared(now + REPORT_INTERVAL - LATE));
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
        peer.report.rounds += 1;
        let round = peer.report.rounds;
        self.pause_unwanted(now, id);
        match self.send_reports(now, id) {
            Err(Fault) => self.fail(now, id),
            Ok(Flow::Nothing) => {
                self.timers.set(Timer::Report(id), self.epoch.shared(now + QUIET_INTERVAL - LATE));
                self.tell_quality(now, id);
            }
            Ok(Flow::Media) => {
                self.arm_report(now, id);
                if round % QUALITY_ROUNDS == 0 {
                    self.tell_quality(now, id);
                }
            }
        }
    }

    /// Answers with what there was to report on.
    fn send_reports(&mut self, now: Instant, id: PeerId) -> Result<Flow, Fault> {
        let senders = self.sender_reports(now, id);
        let lost_below = self.lost_below(TrackId { peer: id, source: Source::Microphone });
        let bitrate = self.config.limits.video_bitrate;
        let Some(peer) = self.peers.get_mut(&id) else {
            return Ok(Flow::Nothing);
        };
        let flow = if senders.is_empty() && peer.ingress.is_silent(now) { Flow::Nothing } else { Flow::Media };
        let mut compounds = Vec::new();
        compounds.extend(peer.receiver_report(now, (bitrate, lost_below)));
        if !senders.is_empty() && peer.listens() {
            compounds.push(Compound::sender(senders));
        }
        let path = peer.ice.selected();
        for compound in compounds {
            if let Some(contents) = peer.seal_rtcp(&compound)? {
                transmit(&mut self.outputs, path, contents);
            }
        }
        Ok(flow)
    }

    /// The share of a track's packets that the subscriber who fares worst loses.
    fn lost_below(&self, track: TrackId) -> f32 {
        let losses = self.subscribers(track).into_iter().filter_map(|(id, index)| {
            let slot = self.peers.get(&id)?.slots.get(index).filter(|slot| slot.shows == Some(track))?;
            slot.downlink.loss
        });
        losses.fold(0.0, f32::max)
    }

    fn tell_arrivals(&mut self, now: Instant, id: PeerId) {
        let begin = self.epoch.begin();
        let Some(peer) = self.peers.get_mut(&id).filter(|peer| peer.is_connected()) else {
            return;
        };
        let path = peer.ice.selected();
        while let Some(compound) = peer.feedback_on_arrivals(begin) {
            match peer.seal_rtcp(&compound) {
                Ok(Some(contents)) => transmit(&mut self.outputs, path, contents),
                Ok(None) => {}
                Err(Fault) => return self.fail(now, id),
            }
        }
    }

    /// About each slot that something was sent on since the last time.
    fn sender_reports(&mut self, now: Instant, id: PeerId) -> Vec<SenderReport> {
        let count = self.peers.get(&id).map_or(0, |peer| peer.slots.len());
        let mut reports = Vec::new();
        for index in 0..count {
            let Some(slot) = self.peers.get(&id).map(|peer| &peer.slots[index]) else {
                break;
            };
            let layer = slot.sends.map(|sends| sends.layer).unwrap_or_default();
            let sender = slot.shows.and_then(|TrackId { peer, source }| {
                let publisher = self.peers.get_mut(&peer)?;
                publisher.ingress.encoding(source, layer)?.sender
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

    fn tell_quality(&mut self, now: Instant, id: PeerId) {
        let pictures = self.picture_qualities(id);
        if let Some(peer) = self.peers.get_mut(&id) {
            let quality = Quality { pictures, ..peer.quality(now) };
            self.event(Event::Quality { peer: id, quality });
        }
    }

    fn picture_qualities(&mut self, id: PeerId) -> Vec<PictureQuality> {
        let Some(peer) = self.peers.get(&id) else {
            return Vec::new();
        };
        let shown = peer.slots.iter().filter(|slot| slot.kind == MediaKind::Video && slot.shows.is_some());
        let period = QUALITY_ROUNDS * u32::try_from(REPORT_INTERVAL.as_secs()).unwrap_or(1);
        let qualities = shown.map(|slot| {
            let sent = slot
                .shows
                .zip(slot.sends)
                .and_then(|(track, sends)| self.peers.get(&track.peer)?.ingress.track(track.source)?.size(sends.layer));
            let octets = slot.sent.octets.wrapping_sub(slot.sent.octets_told);
            PictureQuality {
                mid: slot.media().mid.clone(),
                size: sent.and_then(|sent| sent.size).unwrap_or_default(),
                bitrate: octets.saturating_mul(8) / period,
                limitation: slot.limitation,
            }
        });
        let qualities = qualities.collect();
        for slot in self.peers.get_mut(&id).into_iter().flat_map(|peer| &mut peer.slots) {
            slot.sent.octets_told = slot.sent.octets;
        }
        qualities
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
        if let Some(Talk { speakers, dominant }) = change {
            self.event(Event::Speakers { room: id, speakers, dominant });
        }
    }
}

/// As reports tell it (RFC 3550 section 6.4.1): an encoder of Opus that is told of loss sends each packet once more, in small,
/// within the next. That helps subscribers who lose some, so it is told of their loss as of its own; no more of it than does
/// not make it send less.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and 25")]
fn fraction(lost_below: f32) -> u8 {
    (lost_below.clamp(0.0, MOST_TOLD) * 256.0) as u8
}

impl Report {
    fn refill(&mut self) {
        (self.requests_left, self.repairs_left, self.arrivals_left) = (MOST_REQUESTS, MOST_REPAIRS, MOST_TOLD_OF);
    }
}

impl Peer {
    /// How this publisher's tracks arrive, and how much video it may send; `None` if nothing
    /// ever came.
    fn receiver_report(&mut self, now: Instant, (bitrate, lost_below): (u32, f32)) -> Option<Compound> {
        let mut reports = Vec::new();
        let mut video = Vec::new();
        let (mut expected, mut lost) = (0, 0);
        let takes_remb = |track: &Track| track.media.codecs.iter().any(|offered| offered.feedback.contains(&REMB));
        let told: BTreeSet<Source> =
            self.ingress.tracks().filter(|(_, track)| takes_remb(track)).map(|(source, _)| source).collect();
        for (source, encoding) in self.ingress.encodings() {
            let (Some(ssrc), Some(reception)) = (encoding.ssrc, &mut encoding.reception) else {
                continue;
            };
            let sender = encoding.sender.map(|sender| {
                let delay = now.saturating_duration_since(sender.received).as_micros();
                let delay = u32::try_from(delay * FRACTIONS / 1_000_000).unwrap_or(u32::MAX);
                (sender.last_report, delay)
            });
            let (expected_now, lost_now, mut report) = reception.report(ssrc, sender);
            encoding.lossy.note(now, f32::from(report.fraction_lost) / 256.0);
            if source == Source::Microphone {
                report.fraction_lost = report.fraction_lost.max(fraction(lost_below));
            }
            expected += expected_now;
            lost += lost_now;
            reports.push(report);
            if source.kind() == MediaKind::Video && told.contains(&source) {
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
    fn quality(&mut self, now: Instant) -> Quality {
        let (bitrate_up, bitrate_down) = self.report.traffic.take(now);
        let expected = std::mem::take(&mut self.report.expected);
        let lost = std::mem::take(&mut self.report.lost);
        let up = self.ingress.encodings();
        let up = up.filter_map(|(_, encoding)| Some(encoding.reception.as_ref()?.jitter_ms()));
        let jitter_up = up.fold(0.0, f32::max);
        let down = self.slots.iter().filter(|slot| slot.shows.is_some());
        let down: Vec<_> = down.map(|slot| &slot.downlink).collect();
        let losses: Vec<f32> = down.iter().filter_map(|slot| slot.loss).collect();
        Quality {
            loss_up: lost as f32 / expected.max(1) as f32,
            loss_down: losses.iter().sum::<f32>() / losses.len().max(1) as f32,
            jitter_ms: down.iter().map(|slot| slot.jitter_ms).fold(jitter_up, f32::max),
            rtt_ms: self.report.rtt_ms,
            bitrate_up,
            bitrate_down,
            available: self.bandwidth.as_ref().and_then(Bandwidth::known),
            pictures: Vec::new(),
        }
    }
}
