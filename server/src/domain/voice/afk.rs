//! Who does nothing in a voice channel for long goes where such people go.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use protocol::guild::{AFK_TIMEOUTS_S, Afk};
use protocol::id::{GuildId, UserId};

use super::relocate;
use crate::app::App;
use crate::error::{Error, Result};
use crate::store;

/// Nobody is moved sooner.
const LEAST: Duration = Duration::from_secs(AFK_TIMEOUTS_S[0] as u64);

/// Moves those whose time is up by now; to be called now and then. What fails is tried again the next time.
pub(crate) async fn move_idle(app: &App, now: Instant) {
    if let Err(error) = try_to_move(app, now).await {
        tracing::warn!(%error, "who does nothing could not be moved yet");
    }
}

async fn try_to_move(app: &App, now: Instant) -> Result<()> {
    let mut idle: BTreeMap<GuildId, Vec<(UserId, Duration)>> = BTreeMap::new();
    for (seat, quiet) in app.seats.idle(now, LEAST) {
        idle.entry(seat.guild_id).or_default().push((seat.user_id, quiet));
    }
    for (guild, users) in idle {
        let Some(Afk { afk_channel_id: Some(channel), afk_timeout_s }) = settings(app, guild).await? else { continue };
        let timeout = Duration::from_secs(afk_timeout_s.into());
        for (user, _) in users.into_iter().filter(|(_, quiet)| *quiet >= timeout) {
            match relocate(app, (guild, user), channel).await {
                // Gone by themselves.
                Ok(()) | Err(Error::Conflict(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

async fn settings(app: &App, guild: GuildId) -> Result<Option<Afk>> {
    let mut tx = app.store.read().await?;
    Ok(store::guild::find(&mut tx, guild).await?.map(|guild| guild.afk))
}

#[cfg(test)]
mod tests {
    use protocol::channel::ChannelKind;
    use protocol::id::ChannelId;
    use protocol::request::guild::GuildPatch;

    use super::super::standing;
    use super::*;
    use crate::clock;
    use crate::domain::house::House;
    use crate::domain::{channel, guild};

    impl House {
        async fn set(&self, patch: GuildPatch) -> Result<Afk> {
            guild::update(&self.app, self.owner.id, self.guild.guild.id, patch).await.map(|guild| guild.afk)
        }

        async fn afk_in(&self, channel: ChannelId, timeout: u32) -> Result<Afk> {
            let (afk_channel_id, afk_timeout_s) = (Some(Some(channel)), Some(timeout));
            self.set(GuildPatch { name: None, afk_channel_id, afk_timeout_s }).await
        }
    }

    #[tokio::test]
    async fn who_does_nothing_for_the_time_that_was_set_is_sent_to_the_channel_for_that() {
        let house = House::open().await;
        let now = clock::instant();
        let after = |seconds| now + Duration::from_secs(seconds);
        let peer = house.sit(now);
        move_idle(&house.app, after(4_000)).await;
        assert!(house.app.seats.get(peer).is_some(), "nobody goes anywhere at first");
        house.afk_in(house.attic, 900).await.unwrap();
        move_idle(&house.app, after(899)).await;
        assert!(house.app.seats.get(peer).is_some());
        let speakers = [peer].into();
        house.app.seats.note_speakers(house.hall().id, &speakers, after(899));
        move_idle(&house.app, after(4_000)).await;
        assert!(house.app.seats.get(peer).is_some(), "whoever speaks stays");
        house.app.seats.note_speakers(house.hall().id, &[].into(), after(4_000));
        move_idle(&house.app, after(4_900)).await;
        assert!(house.app.seats.get(peer).is_none());
        assert!(house.app.passes.holds(house.owner.id, house.attic, clock::instant()));
    }

    #[tokio::test]
    async fn only_a_voice_channel_of_the_guild_and_a_time_that_there_is_can_be_set() {
        let house = House::open().await;
        let text = house.guild.channels.iter().find(|channel| channel.kind == ChannelKind::Text).unwrap().id;
        for (channel, timeout) in [(text, 300), (house.app.ids.next(), 300), (house.attic, 59)] {
            assert!(matches!(house.afk_in(channel, timeout).await, Err(Error::InvalidField { .. })));
        }
        let afk = house.afk_in(house.attic, 60).await.unwrap();
        assert_eq!(afk, Afk { afk_channel_id: Some(house.attic), afk_timeout_s: 60 });
        let name = Some("Coffee house".into());
        assert_eq!(house.set(GuildPatch { name, ..GuildPatch::default() }).await.unwrap(), afk, "the rest stays");
        channel::delete(&house.app, house.owner.id, house.attic).await.unwrap();
        assert_eq!(house.set(GuildPatch::default()).await.unwrap(), Afk { afk_channel_id: None, ..afk });
    }

    #[tokio::test]
    async fn who_sits_where_nobody_speaks_is_silent_from_when_that_is_set() {
        let house = House::open().await;
        let peer = house.sit(clock::instant());
        house.afk_in(house.hall().id, 60).await.unwrap();
        assert!(house.app.seats.get(peer).unwrap().is_afk);
        assert!(!standing(&house.app.seats.get(peer).unwrap()).0.audio);
        house.set(GuildPatch { afk_channel_id: Some(None), ..GuildPatch::default() }).await.unwrap();
        assert!(standing(&house.app.seats.get(peer).unwrap()).0.audio);
    }
}
