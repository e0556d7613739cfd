//! The edge that speaks WebSocket: one socket per client, events out, heartbeats in.

mod socket;

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::response::Response;
use protocol::limits;

use crate::app::App;

/// Small buffers: a connection that is idle should cost little.
const READ_BUFFER: usize = 4_096;
const WRITE_BUFFER: usize = 16_384;

pub(crate) async fn upgrade(State(app): State<App>, upgrade: WebSocketUpgrade) -> Response {
    upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_message_size(limits::GATEWAY_FRAME_BYTES)
        .max_frame_size(limits::GATEWAY_FRAME_BYTES)
        .on_upgrade(|socket| socket::serve(app, socket))
}
