//! Who speaks in which room, kept for those who are told of it now and then.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use protocol::event::VoiceSpeakers;
use protocol::id::ChannelId;

#[derive(Default)]
pub(crate) struct Speaking {
    /// A channel is in here while a task of its own tells of it.
    channels: Mutex<BTreeMap<ChannelId, Latest>>,
}

struct Latest {
    speakers: VoiceSpeakers,
    is_told: bool,
}

impl Speaking {
    /// Notes who speaks; says whether nobody tells of the channel yet.
    pub(crate) fn note(&self, speakers: VoiceSpeakers) -> bool {
        let latest = Latest { is_told: false, speakers };
        self.lock().insert(latest.speakers.channel_id, latest).is_none()
    }

    /// Whether there is something untold of a channel; if not, it is forgotten.
    pub(crate) fn has_news(&self, channel: ChannelId) -> bool {
        let mut channels = self.lock();
        let has_news = channels.get(&channel).is_some_and(|latest| !latest.is_told);
        if !has_news {
            channels.remove(&channel);
        }
        has_news
    }

    /// Who speaks now, which counts as told from here on.
    pub(crate) fn latest(&self, channel: ChannelId) -> VoiceSpeakers {
        match self.lock().get_mut(&channel) {
            Some(latest) => {
                latest.is_told = true;
                latest.speakers.clone()
            }
            None => VoiceSpeakers { channel_id: channel, speakers: Vec::new(), dominant_peer_id: None },
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ChannelId, Latest>> {
        self.channels.lock().expect("nothing panics while holding this lock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_told_of_until_there_is_no_news_and_never_of_the_past() {
        let speaking = Speaking::default();
        let channel: ChannelId = "2".parse().unwrap();
        let speakers = || VoiceSpeakers { channel_id: channel, speakers: Vec::new(), dominant_peer_id: None };
        assert!(speaking.note(speakers()), "nobody tells of it yet");
        assert!(!speaking.note(speakers()));
        assert!(speaking.has_news(channel));
        assert_eq!(speaking.latest(channel), speakers());
        assert!(!speaking.has_news(channel), "it was told");
        assert!(speaking.note(speakers()), "whoever told of it has gone");
    }
}
