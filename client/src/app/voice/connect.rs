//! The way of a connection: asked for, restarted, closed.

use dioxus::prelude::*;
use protocol::id::{ChannelId, PeerId};
use protocol::request::voice::{JoinBody, JoinVoice, LeaveVoice, RestartVoice};
use protocol::voice::{Offer, PeerFlags, Source};

use super::super::App;
use super::{Pictures, join_error, moment, offer_error, placeholder};
use crate::call::duck::Duck;
use crate::call::focus::Focus;
use crate::call::{Call, JoinError, OfferError, Telling};
use crate::net;
use crate::platform::{self, Connection};

impl App {
    pub(super) fn open_connection(mut self, attempt: u32, channel_id: ChannelId, flags: PeerFlags) {
        self.voice.write().take_connection();
        self.pictures.write().wished = Telling::default();
        self.spawn(async move {
            match self.ask_for_seat(attempt, channel_id, flags).await {
                Ok(peer_id) => {
                    if self.is_current(attempt) {
                        self.show_seat(channel_id, peer_id, self.voice.peek().flags());
                    }
                    self.with_call(|call| call.handle_joined(attempt, peer_id, moment()));
                }
                Err(error) => self.with_call(|call| call.handle_join_failed(attempt, error, moment())),
            }
        });
    }

    fn is_current(self, attempt: u32) -> bool {
        self.voice.peek().call.is_current(attempt)
    }

    async fn ask_for_seat(
        mut self,
        attempt: u32,
        channel_id: ChannelId,
        flags: PeerFlags,
    ) -> Result<PeerId, JoinError> {
        let connection = Connection::new(attempt, self.inputs()).map_err(JoinError::Broken)?;
        let offer = connection.offer(false).await.map_err(JoinError::Broken)?;
        // Left, or on the way elsewhere: the seat is no longer wanted.
        if !self.is_current(attempt) {
            return Err(JoinError::Passing);
        }
        self.pictures.write().slots = offer.video_slots;
        self.voice.write().connection = Some((attempt, connection.clone()));
        let offer = Offer { sdp: offer.sdp, lines: offer.lines };
        let answer = net::send(JoinVoice { channel_id, body: JoinBody { offer, flags } }).await;
        let answer = answer.map_err(|failure| join_error(&failure))?;
        if !self.is_current(attempt) {
            return Ok(answer.peer_id);
        }
        connection.accept(&answer.sdp).await.map_err(JoinError::Broken)?;
        for source in [Source::Microphone, Source::Camera, Source::Screen, Source::ScreenAudio] {
            connection.send(source).await;
        }
        self.pictures.write().due = Some(platform::ticks());
        self.apply_volumes();
        Ok(answer.peer_id)
    }

    pub(super) fn make_offer(self, attempt: u32, peer_id: PeerId, restarts_ice: bool) {
        self.spawn(async move {
            let offered = self.offer_again(attempt, peer_id, restarts_ice).await;
            self.with_call(|call| call.handle_offered(attempt, offered, moment()));
        });
    }

    /// The room's microphones are to send at another bitrate, which the answer to another offer says. If that fails, the
    /// microphone goes on as it was: the server drops what is far too much.
    pub(in super::super) fn bitrate_changed(self, channel_id: ChannelId) {
        if self.voice.peek().channel_id() == Some(channel_id) {
            self.adapt_microphone();
            self.with_call(Call::renegotiate);
        }
    }

    async fn offer_again(self, attempt: u32, peer_id: PeerId, restarts_ice: bool) -> Result<(), OfferError> {
        let connection = self.voice.peek().connection.as_ref().map(|(_, connection)| connection.clone());
        let connection = connection.ok_or(OfferError::Gone)?;
        let offer = connection.offer(restarts_ice).await.map_err(|_| OfferError::Gone)?;
        if !self.is_current(attempt) {
            return Ok(());
        }
        let body = Offer { sdp: offer.sdp, lines: offer.lines };
        let answer = net::send(RestartVoice { peer_id, body }).await.map_err(|failure| offer_error(&failure))?;
        // A later offer has taken this one's place, and this answer is not to it.
        if !self.is_current(attempt) {
            return Ok(());
        }
        connection.accept(&answer.sdp).await.map_err(|_| OfferError::Gone)
    }

    /// Tells the server, and only then lets the connection go: a server that sees it closed has freed the seat already.
    pub(super) fn give_up_seat(self, peer_id: PeerId) {
        let connection = self.voice.peek().connection.as_ref().map(|(_, connection)| connection.clone());
        self.spawn(async move {
            // A server that does not hear it frees the seat when no media comes.
            let _ = net::send(LeaveVoice { peer_id, body: () }).await;
            if let Some(connection) = connection {
                connection.close();
            }
        });
    }

    pub(super) fn close_connection(mut self, peer_id: Option<PeerId>) {
        {
            let mut voice = self.voice.write();
            // Whoever still holds it tells the server; the room is left at once.
            if let Some(connection) = voice.take_connection() {
                connection.part();
            }
            voice.trouble = None;
            voice.focus = Focus::default();
            voice.duck = Duck::default();
            voice.is_talking = false;
        }
        let is_hidden = self.pictures.peek().is_hidden;
        self.pictures.set(Pictures { is_hidden, ..Pictures::default() });
        self.open_or_shut_microphone();
        self.close_idle_microphone();
        self.stop_pictures();
        let mut state = self.state.write();
        if let Some(me) = state.my_id() {
            // Not the seat that another device of the user's may have taken.
            state.seats.free(me, &[placeholder(), peer_id.unwrap_or_else(placeholder)]);
        }
    }
}
