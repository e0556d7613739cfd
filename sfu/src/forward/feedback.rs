//! RTCP (RFC 3550, RFC 4585, RFC 5104) read into what we act on, and written.

use bytes::Bytes;
use rtc_rtcp::packet::{Packet, marshal, unmarshal};
use rtc_rtcp::payload_feedbacks::full_intra_request::FullIntraRequest;
use rtc_rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc_rtcp::payload_feedbacks::receiver_estimated_maximum_bitrate::ReceiverEstimatedMaximumBitrate;
use rtc_rtcp::receiver_report::ReceiverReport;
use rtc_rtcp::reception_report::ReceptionReport;
use rtc_rtcp::sender_report::SenderReport;
use rtc_rtcp::transport_feedbacks::transport_layer_nack::{
    NackPair, TransportLayerNack, nack_pairs_from_sequence_numbers,
};

use super::arrivals::{self, Arrivals};
use crate::peer::guard::{Fault, guarded};

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const TRANSPORT_FEEDBACK: u8 = 205;
const PAYLOAD_FEEDBACK: u8 = 206;
const GENERIC_NACK: u8 = 1;
const PICTURE_LOSS: u8 = 1;
const FULL_INTRA: u8 = 4;
/// Both for transport-wide feedback and for what is application's own, of which we know REMB.
const EXTENDED: u8 = 15;

/// More in one packet is not repair but a flood.
const MOST_NACKED: usize = 128;

/// What a client tells us.
#[derive(Debug, PartialEq)]
pub(crate) enum Feedback {
    SenderReport {
        ssrc: u32,
        ntp: u64,
        rtp: u32,
    },
    /// About one of our slots.
    Reception(ReceptionReport),
    Nack {
        ssrc: u32,
        sequences: Vec<u16>,
    },
    KeyFrame {
        ssrc: u32,
    },
    /// Which packets arrived.
    Arrivals(Arrivals),
    /// What the client estimates that its way can carry (REMB), in bit/s.
    Estimate(u32),
}

/// Reads a compound packet. What we do not act on, or is malformed, is left out. Of the arrival of `left` packets it may tell,
/// which counts down.
pub(crate) fn read(mut compound: Bytes, left: &mut u32) -> Result<Vec<Feedback>, Fault> {
    let mut feedback = Vec::new();
    while let Some(mut packet) = take_packet(&mut compound) {
        if packet[0] & 0x1f == EXTENDED {
            feedback.extend(arrivals::read(&packet, left).map(Feedback::Arrivals));
            feedback.extend(read_estimate(&packet).map(Feedback::Estimate));
        } else if is_acted_on(&packet) {
            let packets = guarded(|| unmarshal(&mut packet))?.unwrap_or_default();
            feedback.extend(packets.iter().flat_map(|packet| interpret(packet.as_ref())));
        }
    }
    Ok(feedback)
}

/// The next packet of a compound (RFC 3550 section 6.4.1): version, count, type, and the length in words after the first.
fn take_packet(compound: &mut Bytes) -> Option<Bytes> {
    let header = compound.get(..4)?;
    let length = 4 + 4 * usize::from(u16::from_be_bytes([header[2], header[3]]));
    let is_whole = header[0] >> 6 == 2 && length <= compound.len();
    is_whole.then(|| compound.split_to(length))
}

/// draft-alvestrand-rmcat-remb section 2.2.
fn read_estimate(packet: &[u8]) -> Option<u32> {
    let is_estimate = packet[1] == PAYLOAD_FEEDBACK && packet.get(12..16)? == b"REMB";
    let [_, high, middle, low] = *packet.get(16..20).filter(|_| is_estimate)?.first_chunk()?;
    let mantissa = u64::from(u32::from_be_bytes([0, high & 3, middle, low]));
    let bits = mantissa.checked_shl(u32::from(high >> 2)).unwrap_or(u64::MAX);
    Some(u32::try_from(bits).unwrap_or(u32::MAX))
}

/// The rest does not reach the library.
fn is_acted_on(packet: &[u8]) -> bool {
    let (count, kind) = (packet[0] & 0x1f, packet[1]);
    matches!(
        (kind, count),
        (SENDER_REPORT | RECEIVER_REPORT, _)
            | (TRANSPORT_FEEDBACK, GENERIC_NACK)
            | (PAYLOAD_FEEDBACK, PICTURE_LOSS | FULL_INTRA)
    )
}

fn interpret(packet: &dyn Packet) -> Vec<Feedback> {
    let packet = packet.as_any();
    if let Some(report) = packet.downcast_ref::<SenderReport>() {
        let sender = Feedback::SenderReport { ssrc: report.ssrc, ntp: report.ntp_time, rtp: report.rtp_time };
        let receptions = report.reports.iter().cloned().map(Feedback::Reception);
        return std::iter::once(sender).chain(receptions).collect();
    }
    if let Some(report) = packet.downcast_ref::<ReceiverReport>() {
        return report.reports.iter().cloned().map(Feedback::Reception).collect();
    }
    if let Some(nack) = packet.downcast_ref::<TransportLayerNack>() {
        let sequences = nack.nacks.iter().flat_map(|pair| pair.into_iter());
        return vec![Feedback::Nack { ssrc: nack.media_ssrc, sequences: sequences.take(MOST_NACKED).collect() }];
    }
    if let Some(request) = packet.downcast_ref::<PictureLossIndication>() {
        return vec![Feedback::KeyFrame { ssrc: request.media_ssrc }];
    }
    if let Some(request) = packet.downcast_ref::<FullIntraRequest>() {
        let entries = request.fir.iter().map(|entry| Feedback::KeyFrame { ssrc: entry.ssrc });
        return entries.collect();
    }
    Vec::new()
}

/// What we tell a client, as one compound packet (RFC 3550 section 6.1: a report comes first).
pub(crate) struct Compound {
    ssrc: u32,
    packets: Vec<Box<dyn Packet>>,
    /// Written already.
    last: Vec<u8>,
}

impl Compound {
    /// Begins with a receiver report from this SSRC of ours.
    pub(crate) fn receiver(ssrc: u32, mut reports: Vec<ReceptionReport>) -> Self {
        reports.truncate(31);
        let report = ReceiverReport { ssrc, reports, ..ReceiverReport::default() };
        Self { ssrc, packets: vec![Box::new(report)], last: Vec::new() }
    }

    pub(crate) fn sender(reports: Vec<SenderReport>) -> Self {
        let packets = reports.into_iter().map(|report| Box::new(report) as Box<dyn Packet>);
        Self { ssrc: 0, packets: packets.collect(), last: Vec::new() }
    }

    pub(crate) fn key_frame(&mut self, media_ssrc: u32) {
        self.packets.push(Box::new(PictureLossIndication { sender_ssrc: self.ssrc, media_ssrc }));
    }

    pub(crate) fn nack(&mut self, media_ssrc: u32, sequences: &[u16]) {
        let nacks: Vec<NackPair> = nack_pairs_from_sequence_numbers(sequences);
        self.packets.push(Box::new(TransportLayerNack { sender_ssrc: self.ssrc, media_ssrc, nacks }));
    }

    pub(crate) fn bitrate(&mut self, bits_per_second: u32, ssrcs: Vec<u32>) {
        #[expect(clippy::cast_precision_loss, reason = "REMB has 18 bits of mantissa")]
        let bitrate = bits_per_second as f32;
        self.packets.push(Box::new(ReceiverEstimatedMaximumBitrate { sender_ssrc: self.ssrc, bitrate, ssrcs }));
    }

    /// Adds transport-wide feedback, as it was written.
    pub(crate) fn arrivals(&mut self, written: &[u8]) {
        self.last.extend_from_slice(written);
    }

    pub(crate) fn write(&self) -> Option<Bytes> {
        let mut written = guarded(|| marshal(&self.packets).ok()).ok().flatten()?;
        written.extend_from_slice(&self.last);
        Some(written.freeze())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut compound = Compound::receiver(1, Vec::new());
        compound.key_frame(7);
        compound.nack(8, &[1, 2, 40]);
        compound.bitrate(2_500_000, vec![7]);
        let read = read(compound.write().unwrap(), &mut 0).unwrap();
        let nack = Feedback::Nack { ssrc: 8, sequences: vec![1, 2, 40] };
        assert_eq!(read, [Feedback::KeyFrame { ssrc: 7 }, nack, Feedback::Estimate(2_500_000)]);
    }

    #[test]
    fn what_we_do_not_act_on_reaches_no_parser_and_spoils_nothing() {
        // Transport-wide feedback that says nothing of the 65,535 packets that it is about, and an extended report.
        let flood = [0x8f, 205, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 255, 255, 0, 0, 0, 0, 0x3f, 255, 0x3f, 255];
        let strange = [0x80, 207, 0, 2, 0, 0, 0, 1, 4, 0, 255, 255];
        let mut compound = Compound::receiver(1, Vec::new());
        compound.nack(8, &[1]);
        let compound = [&flood, &strange[..], &compound.write().unwrap()].concat();
        assert_eq!(read(compound.into(), &mut 0).unwrap(), [Feedback::Nack { ssrc: 8, sequences: vec![1] }]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes: Vec<u8>) {
            let _ = read(Bytes::from(bytes), &mut 9_000);
        }
    }
}
