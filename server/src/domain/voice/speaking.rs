//! Who speaks: those in the room are told at once, the rest of the guild now and then.

use std::sync::Arc;
use std::time::Duration;

use protocol::event::{Event, VoiceSpeakers};
use protocol::id::{ChannelId, GuildId};
use tokio::time::sleep;

use super::tell::tell_members;
use crate::app::App;
use crate::hub::Audience;

/// A ring beside a name in a list may come a little late; telling a large guild of every word would cost more.
const OUTSIDE_EVERY: Duration = Duration::from_millis(500);

/// Tells of those who speak in a room.
pub(super) fn tell(app: &App, speakers: VoiceSpeakers) {
    let channel = speakers.channel_id;
    let Some(guild) = app.seats.guild_of(channel) else { return };
    let sessions = app.seats.sessions_in(channel);
    let mut is_first = false;
    app.hub.tell_in_order(&Audience::Sessions(&sessions), || {
        is_first = app.speaking.note(speakers.clone());
        Event::VoiceSpeakers(speakers)
    });
    if is_first {
        tokio::spawn(tell_outside(Arc::clone(app), guild, channel));
    }
}

async fn tell_outside(app: App, guild: GuildId, channel: ChannelId) {
    while app.speaking.has_news(channel) {
        let current = || Event::VoiceSpeakers(app.speaking.latest(channel));
        if let Err(error) = tell_members(&app, guild, current).await {
            tracing::warn!(%error, "could not tell a guild who speaks");
        }
        sleep(OUTSIDE_EVERY).await;
    }
}
