use axum::extract::State;
use protocol::id::{ChannelId, PeerId};
use protocol::request::voice::{
    JoinBody, JoinVoice, LeaveVoice, Playback, ReportPlayback, RestartVoice, SetVoiceWishes, UpdateVoice, Wishes,
};
use protocol::voice::{Answer as SdpAnswer, Offer, PeerFlags};

use super::Api;
use super::extract::{Answer, At, Body, Done, SignedIn};
use crate::app::App;
use crate::domain::voice;
use crate::error::Result;

pub(super) fn routes(api: Api) -> Api {
    api.on::<JoinVoice, _>(join)
        .on::<RestartVoice, _>(restart)
        .on::<UpdateVoice, _>(update)
        .on::<SetVoiceWishes, _>(set_wishes)
        .on::<ReportPlayback, _>(report_playback)
        .on::<LeaveVoice, _>(leave)
}

async fn join(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    At(channel): At<ChannelId>,
    Body(body): Body<JoinBody>,
) -> Result<Answer<SdpAnswer>> {
    voice::join(&app, &session, channel, body).await.map(Answer)
}

async fn restart(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    At(peer): At<PeerId>,
    Body(offer): Body<Offer>,
) -> Result<Answer<SdpAnswer>> {
    voice::restart(&app, &session, peer, offer).await.map(Answer)
}

async fn update(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    At(peer): At<PeerId>,
    Body(flags): Body<PeerFlags>,
) -> Result<Done> {
    voice::update(&app, &session, peer, flags).await?;
    Ok(Done)
}

async fn set_wishes(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    At(peer): At<PeerId>,
    Body(wishes): Body<Wishes>,
) -> Result<Done> {
    voice::set_wishes(&app, &session, peer, wishes).await?;
    Ok(Done)
}

async fn report_playback(
    State(app): State<App>,
    SignedIn(session): SignedIn,
    At(peer): At<PeerId>,
    Body(playback): Body<Playback>,
) -> Result<Done> {
    voice::report_playback(&app, &session, peer, playback)?;
    Ok(Done)
}

async fn leave(State(app): State<App>, SignedIn(session): SignedIn, At(peer): At<PeerId>) -> Result<Done> {
    voice::leave(&app, &session, peer).await?;
    Ok(Done)
}
