//! One file for each behaviour, all under a virtual clock.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

mod common;

mod bitrate;
mod codecs;
mod contract;
mod conversation;
mod deafen;
mod flood;
mod forged;
mod grants;
mod h264;
mod handshake;
mod hear;
mod layered_plans;
mod layers;
mod lease;
mod leave;
mod malformed;
mod mute;
mod offers;
mod operations;
mod pacing;
mod plans;
mod quality;
mod repair;
mod restart;
mod rooms;
mod scalable;
mod speakers;
mod sweep;
mod uplink;
mod video;
