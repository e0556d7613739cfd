//! Speed and memory, as figures to print; nothing here passes or fails.

mod chat;
mod house;
mod sfu_audio;
mod sfu_idle;
mod sfu_join;
mod sfu_rooms;
mod sfu_scale;
mod sfu_video;
mod start;
mod versus;
mod voice_join;
mod voice_latency;

use serde_json::{Map, Value};

/// Units stand in the keys.
pub type Report = Map<String, Value>;

/// The benches that there are.
pub const NAMES: &[&str] = &[
    "chat",
    "sfu_audio",
    "sfu_idle",
    "sfu_join",
    "sfu_rooms",
    "sfu_scale",
    "sfu_video",
    "start",
    "voice_join",
    "voice_latency",
];

/// Runs a bench by its name; none where there is no such bench.
pub async fn run(name: &str) -> Option<Report> {
    match name {
        "chat" => Some(chat::run().await),
        "sfu_audio" => Some(alone(sfu_audio::run).await),
        "sfu_idle" => Some(alone(sfu_idle::run).await),
        "sfu_join" => Some(alone(sfu_join::run).await),
        "sfu_rooms" => Some(alone(sfu_rooms::run).await),
        "sfu_scale" => Some(alone(sfu_scale::run).await),
        "sfu_video" => Some(alone(sfu_video::run).await),
        "start" => Some(start::run().await),
        "voice_join" => Some(voice_join::run().await),
        "voice_latency" => Some(voice_latency::run().await),
        _ => None,
    }
}

/// Runs a bench that waits for nobody on a thread of its own.
async fn alone(run: fn() -> Report) -> Report {
    tokio::task::spawn_blocking(run).await.expect("the bench ends well")
}

/// Figures that can be asked for percentiles.
#[derive(Debug, Default)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    pub(crate) fn push(&mut self, figure: f64) {
        self.0.push(figure);
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The smallest sample that `share` (0 to 1) of all samples do not exceed.
    pub(crate) fn percentile(&mut self, share: f64) -> f64 {
        assert!(!self.0.is_empty(), "nothing was measured");
        self.0.sort_by(f64::total_cmp);
        let rank = (share * self.0.len() as f64).ceil() as usize;
        self.0[rank.clamp(1, self.0.len()) - 1]
    }
}

/// Two decimals are more than the machine can repeat.
pub(crate) fn rounded(value: f64) -> Value {
    Value::from((value * 100.0).round() / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples() {
        let mut samples = Samples((1..=100).rev().map(f64::from).collect());
        assert_eq!([samples.percentile(0.5), samples.percentile(0.99), samples.percentile(1.0)], [50.0, 99.0, 100.0]);
    }
}
