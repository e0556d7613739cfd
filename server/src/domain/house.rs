//! A guild for tests, with a hall and an attic to talk in, and no network.

use std::sync::Arc;
use std::time::Instant;

use protocol::account::{CurrentUser, User};
use protocol::channel::{Channel, ChannelKind};
use protocol::guild::GuildSnapshot;
use protocol::id::{ChannelId, PeerId, SessionId};
use protocol::permission::Permissions;
use protocol::request::channel::NewChannel;
use protocol::request::voice::Playback;
use protocol::voice::{PeerFlags, Quality, Restraint, VoiceState};
use tempfile::TempDir;
use tokio::sync::watch;

use super::{channel, guild};
use crate::app::{App, Context, Parts};
use crate::clock;
use crate::room::{self, Ends};
use crate::seat::{Phase, Seat};
use crate::secret::Secret;
use crate::store::account::NewUser;
use crate::store::session::{LiveSession, NewSession};
use crate::store::{self, Store};

pub(super) struct House {
    pub(super) app: App,
    pub(super) owner: User,
    pub(super) guild: GuildSnapshot,
    pub(super) attic: ChannelId,
    /// Where a media thread would be.
    pub(super) media: Ends,
    _folder: TempDir,
}

impl House {
    pub(super) async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite:{}", folder.path().join("test.db").display())).await.unwrap();
        let (rooms, _, mut media) = room::connect(1);
        let (_, shutdown) = watch::channel(false);
        let app = Arc::new(Context::new(Parts::of(store, rooms, shutdown)).await.unwrap());
        let owner = User { id: app.ids.next(), username: "ada".into(), display_name: "Ada".into() };
        let new =
            NewUser { id: owner.id, username: "ada", display_name: "Ada", password_hash: "hash", is_admin: false };
        let mut tx = app.store.write().await.unwrap();
        store::account::insert(&mut tx, new).await.unwrap();
        drop(tx.commit().await.unwrap());
        let guild = guild::create(&app, &owner, "Tea house").await.unwrap();
        let new = NewChannel { kind: ChannelKind::Voice, name: "Attic".into(), parent_id: None };
        let attic = channel::create(&app, owner.id, guild.guild.id, new).await.unwrap().id;
        let media = media.remove(0);
        Self { app, owner, guild, attic, media, _folder: folder }
    }

    pub(super) fn hall(&self) -> &Channel {
        self.guild.channels.iter().find(|channel| channel.kind == ChannelKind::Voice).unwrap()
    }

    /// The owner's sign-in.
    pub(super) async fn session(&self) -> LiveSession {
        let id: SessionId = self.app.ids.next();
        let mut tx = self.app.store.write().await.unwrap();
        let token_hash = &Secret::token().hash();
        let now = clock::now();
        let new = NewSession { id, user: self.owner.id, token_hash, device: "test", now };
        store::session::insert(&mut tx, new).await.unwrap();
        drop(tx.commit().await.unwrap());
        LiveSession { id, user: CurrentUser { user: self.owner.clone(), is_admin: false }, last_used_at: now }
    }

    /// The owner sits down in the hall.
    pub(super) fn sit(&self, now: Instant) -> PeerId {
        let state = VoiceState {
            guild_id: self.guild.guild.id,
            channel_id: self.hall().id,
            user_id: self.owner.id,
            peer_id: self.app.ids.next(),
            flags: PeerFlags::default(),
            restraint: Restraint::default(),
        };
        let peer = state.peer_id;
        let session = self.app.ids.next();
        let (permissions, phase) = (Permissions::MEMBER, Phase::Entering);
        let seat = Seat {
            state,
            permissions,
            is_afk: false,
            quiet_since: Some(now),
            session,
            phase,
            quality: Quality::default(),
            playback: Playback::default(),
        };
        assert!(self.app.seats.reserve(seat, |_| true));
        self.app.seats.settle(peer).unwrap();
        peer
    }
}
