//! Figures for Prometheus, in the OpenMetrics text format.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use protocol::id::ChannelId;
use protocol::voice::{Limitation, Quality};

use super::extract::{From, is_forwarded};
use crate::app::App;
use crate::domain::voice::{Measured, measured};
use crate::error::{Error, Result};

const CONTENT_TYPE: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// To those who may know. Behind a proxy that is not known as one, everybody seems to come from its address.
pub(super) async fn get(State(app): State<App>, From(address): From, headers: HeaderMap) -> Result<Response> {
    let is_reader = app.metrics_readers.iter().any(|net| net.contains(&address));
    let is_hidden = is_forwarded(&headers) && app.trusted_proxies.is_empty();
    if !is_reader || is_hidden {
        return Err(Error::NotFound);
    }
    let text = written(&measured(&app), app.hub.count())?;
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response())
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Room {
    channel: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RoomDirected {
    channel: String,
    direction: Direction,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Peer {
    channel: String,
    peer: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Directed {
    channel: String,
    peer: String,
    direction: Direction,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Picture {
    channel: String,
    peer: String,
    mid: String,
    limitation: &'static str,
}

/// Seen from the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
enum Direction {
    In,
    Out,
}

type Share = Gauge<f64, AtomicU64>;

/// How all in a room fare.
#[derive(Default)]
struct Rooms {
    peers: Family<Room, Gauge>,
    bitrate: Family<RoomDirected, Gauge>,
    loss: Family<RoomDirected, Share>,
    freezes: Family<Room, Gauge>,
}

/// How each peer fares.
#[derive(Default)]
struct Peers {
    bitrate: Family<Directed, Gauge>,
    loss: Family<Directed, Share>,
    jitter: Family<Peer, Share>,
    round_trip: Family<Peer, Share>,
    available: Family<Peer, Gauge>,
    freezes: Family<Peer, Gauge>,
    pictures: Family<Picture, Gauge>,
    widths: Family<Picture, Gauge>,
}

fn written(measured: &[Measured], connections: usize) -> Result<String> {
    let mut registry = Registry::with_prefix("hubbub");
    let gauge: Gauge = Gauge::default();
    gauge.set(whole(connections));
    registry.register("gateway_connections", "Gateway connections that are up or can be resumed", gauge);
    let (rooms, peers) = (Rooms::default(), Peers::default());
    rooms.register(&mut registry);
    peers.register(&mut registry);
    let mut inside = BTreeMap::<ChannelId, Vec<&Measured>>::new();
    for of_one in measured {
        inside.entry(of_one.channel).or_default().push(of_one);
        peers.set(of_one);
    }
    for (channel, inside) in inside {
        rooms.set(channel, &inside);
    }
    let mut text = String::new();
    encode(&mut text, &registry).map_err(Error::internal)?;
    Ok(text)
}

impl Rooms {
    fn register(&self, registry: &mut Registry) {
        registry.register("room_peers", "Peers in a room whose media flows", self.peers.clone());
        registry.register("room_bitrate", "What all in a room send and are sent, in bit/s", self.bitrate.clone());
        let help = "Share of packets lost of late, on average over all in a room";
        registry.register_with_unit("room_loss", help, Unit::Ratios, self.loss.clone());
        let help = "Times that a picture stood still for those in a room, since each connected";
        registry.register("room_freezes", help, self.freezes.clone());
    }

    fn set(&self, channel: ChannelId, inside: &[&Measured]) {
        let room = Room { channel: channel.to_string() };
        self.peers.get_or_create(&room).set(whole(inside.len()));
        let freezes = inside.iter().map(|of_one| i64::from(of_one.playback.freezes)).sum();
        self.freezes.get_or_create(&room).set(freezes);
        for direction in [Direction::In, Direction::Out] {
            let ways: Vec<_> = inside.iter().map(|of_one| way(&of_one.quality, direction)).collect();
            let labels = RoomDirected { channel: channel.to_string(), direction };
            self.bitrate.get_or_create(&labels).set(ways.iter().map(|(bits, _)| bits).sum());
            let loss = ways.iter().map(|(_, loss)| loss).sum::<f64>() / ways.len().max(1) as f64;
            self.loss.get_or_create(&labels).set(loss);
        }
    }
}

/// Bit/s, and the share of packets lost.
fn way(quality: &Quality, direction: Direction) -> (i64, f64) {
    let (bits, permille) = match direction {
        Direction::In => (quality.bitrate_up, quality.loss_up_permille),
        Direction::Out => (quality.bitrate_down, quality.loss_down_permille),
    };
    (bits.into(), f64::from(permille) / 1_000.0)
}

impl Peers {
    fn register(&self, registry: &mut Registry) {
        let help = "What a peer sends and is sent, in bit/s";
        registry.register("peer_bitrate", help, self.bitrate.clone());
        let (loss, jitter, round_trip) = (self.loss.clone(), self.jitter.clone(), self.round_trip.clone());
        registry.register_with_unit("peer_loss", "Share of packets lost of late", Unit::Ratios, loss);
        registry.register_with_unit("peer_jitter", "Interarrival jitter (RFC 3550)", Unit::Seconds, jitter);
        registry.register_with_unit("peer_round_trip", "Round trip of reports", Unit::Seconds, round_trip);
        let help = "What the way to a peer carries beside sound, in bit/s";
        registry.register("peer_available_bitrate", help, self.available.clone());
        let help = "Times that a picture stood still, as the client counts since it connected";
        registry.register("peer_freezes", help, self.freezes.clone());
        let help = "What is sent of a picture, in bit/s, by what limits it";
        registry.register("picture_bitrate", help, self.pictures.clone());
        registry.register("picture_width", "Width of a picture as it is sent, in pixels", self.widths.clone());
    }

    fn set(&self, Measured { channel, peer, quality, playback }: &Measured) {
        let (channel, peer) = (channel.to_string(), peer.to_string());
        for direction in [Direction::In, Direction::Out] {
            let labels = Directed { channel: channel.clone(), peer: peer.clone(), direction };
            let (bits, loss) = way(quality, direction);
            self.bitrate.get_or_create(&labels).set(bits);
            self.loss.get_or_create(&labels).set(loss);
        }
        let labels = Peer { channel: channel.clone(), peer: peer.clone() };
        self.jitter.get_or_create(&labels).set(f64::from(quality.jitter_ms) / 1_000.0);
        if let Some(ms) = quality.round_trip_ms {
            self.round_trip.get_or_create(&labels).set(f64::from(ms) / 1_000.0);
        }
        if let Some(bits) = quality.available_bitrate {
            self.available.get_or_create(&labels).set(bits.into());
        }
        self.freezes.get_or_create(&labels).set(playback.freezes.into());
        for picture in &quality.pictures {
            let (mid, limitation) = (picture.mid.0.clone(), name(picture.limitation));
            let labels = Picture { channel: channel.clone(), peer: peer.clone(), mid, limitation };
            self.pictures.get_or_create(&labels).set(picture.bitrate.into());
            self.widths.get_or_create(&labels).set(picture.width.into());
        }
    }
}

fn name(limitation: Limitation) -> &'static str {
    match limitation {
        Limitation::None => "none",
        Limitation::Bandwidth => "bandwidth",
        Limitation::Uplink => "uplink",
        Limitation::Publisher => "publisher",
        Limitation::Unknown => "unknown",
    }
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use protocol::request::voice::Playback;
    use protocol::voice::{Mid, PictureQuality};

    use super::*;

    fn measured(peer: &str) -> Measured {
        let picture = PictureQuality {
            mid: Mid("8".into()),
            width: 640,
            height: 360,
            bitrate: 500_000,
            limitation: Limitation::Bandwidth,
        };
        let quality = Quality {
            loss_down_permille: 25,
            round_trip_ms: Some(40),
            jitter_ms: 7,
            bitrate_up: 40_000,
            bitrate_down: 540_000,
            available_bitrate: Some(600_000),
            pictures: vec![picture],
            ..Quality::default()
        };
        Measured {
            channel: "2".parse().unwrap(),
            peer: peer.parse().unwrap(),
            quality,
            playback: Playback { freezes: 2 },
        }
    }

    #[test]
    fn rooms_and_peers_are_told_as_they_fare() {
        let text = written(&[measured("5"), measured("6")], 3).unwrap();
        let expected = [
            "hubbub_gateway_connections 3",
            r#"hubbub_room_peers{channel="2"} 2"#,
            r#"hubbub_peer_loss_ratios{channel="2",peer="5",direction="Out"} 0.025"#,
            r#"hubbub_room_bitrate{channel="2",direction="In"} 80000"#,
            r#"hubbub_room_loss_ratios{channel="2",direction="Out"} 0.025"#,
            r#"hubbub_room_freezes{channel="2"} 4"#,
            r#"hubbub_peer_bitrate{channel="2",peer="6",direction="Out"} 540000"#,
            r#"hubbub_peer_jitter_seconds{channel="2",peer="5"} 0.007"#,
            r#"hubbub_peer_round_trip_seconds{channel="2",peer="5"} 0.04"#,
            r#"hubbub_peer_available_bitrate{channel="2",peer="6"} 600000"#,
            r#"hubbub_peer_freezes{channel="2",peer="6"} 2"#,
            r#"hubbub_picture_bitrate{channel="2",peer="5",mid="8",limitation="bandwidth"} 500000"#,
            r#"hubbub_picture_width{channel="2",peer="5",mid="8",limitation="bandwidth"} 640"#,
        ];
        for line in expected {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }
}
