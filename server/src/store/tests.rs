//! What every store must do, on both engines.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use protocol::account::User;
use protocol::channel::{Channel, ChannelKind, RoomSettings};
use protocol::guild::{Afk, Guild};
use protocol::id::{ChannelId, GuildId, MessageId, UserId};
use protocol::message::Nonce;
use protocol::permission::Permissions;
use protocol::request::channel::ChannelPlace;
use protocol::time::Timestamp;
use protocol::voice::Restraint;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;
use tokio::time::timeout;

use super::access::{self, ChannelAccess, Denied, GuildAccess};
use super::account::NewUser;
use super::channel::Look;
use super::invite::{NewInvite, Terms};
use super::message::NewMessage;
use super::session::NewSession;
use super::{Error, Store, Tx, account, channel, guild, id, invite, message, session, setting};
use crate::clock::Ids;
use crate::secret::Secret;

/// A new, empty database.
struct Fresh {
    store: Store,
    url: String,
    _folder: Option<TempDir>,
}

async fn sqlite() -> Fresh {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("test.db").display());
    Fresh { store: Store::open(&url).await.unwrap(), url, _folder: Some(folder) }
}

async fn postgres() -> Fresh {
    let server = std::env::var("HUBBUB_TEST_POSTGRES").expect(
        "HUBBUB_TEST_POSTGRES is postgres://USER@HOST:PORT of a server for tests; `cargo xtask test` starts one",
    );
    let name = format!("test_{}", Secret::token().hash().as_str());
    let mut connection = PgConnection::connect(&format!("{server}/postgres")).await.unwrap();
    // The name is ours: `test_` and hexadecimal digits.
    sqlx::query(AssertSqlSafe(format!("create database {}", &name[..40]))).execute(&mut connection).await.unwrap();
    let url = format!("{server}/{}", &name[..40]);
    Fresh { store: Store::open(&url).await.unwrap(), url, _folder: None }
}

macro_rules! contract {
    ($($name:ident)*) => {
        mod on_sqlite {
            $(#[tokio::test] async fn $name() { super::$name(super::sqlite().await).await; })*
        }
        mod on_postgres {
            $(#[tokio::test] async fn $name() { super::$name(super::postgres().await).await; })*
        }
    };
}

contract! {
    what_is_not_committed_is_not_there
    commits_are_told_of_in_their_order
    who_is_removed_is_told_nothing_that_was_written_after
    writers_at_once_each_keep_or_lose_their_own
    a_writer_that_gives_up_holds_nobody_up
    a_commit_that_is_given_up_harms_no_other
    a_commit_that_was_left_to_one_who_vanished_is_seen_to
    a_user_name_is_taken_once
    sessions_are_found_by_their_token_and_end
    a_setting_is_taken_once
    a_guild_goes_with_all_that_it_holds
    permissions_follow_membership_and_ownership
    channels_move_within_their_guild_only
    a_restraint_is_the_guilds_alone_and_outlives_the_membership
    a_channel_keeps_what_its_room_is_like
    the_afk_channel_is_the_guilds_until_it_is_deleted
    a_nonce_is_used_once_per_author
    messages_come_by_pages
    a_read_mark_never_goes_back
    racing_uses_of_an_invite_are_counted
    an_expired_invite_cannot_be_used
    the_greatest_id_is_known
    a_newer_database_is_refused
}

/// A database with a guild, its owner, and a text channel.
struct Scene {
    fresh: Fresh,
    ids: Ids,
    owner: User,
    guild: Guild,
    channel: ChannelId,
}

impl Scene {
    async fn set(fresh: Fresh) -> Self {
        let ids = Ids::above(0);
        let mut tx = fresh.store.write().await.unwrap();
        let owner = insert_user(&mut tx, &ids, "ada").await;
        let guild = Guild { id: ids.next(), name: "Tea house".into(), owner_id: owner.id, afk: Afk::default() };
        guild::insert(&mut tx, &guild).await.unwrap();
        guild::insert_member(&mut tx, guild.id, owner.id, Timestamp(1)).await.unwrap();
        let access = access::require_guild(&mut tx, owner.id, guild.id, Permissions::ALL).await.unwrap();
        let channel = insert_channel(&mut tx, &ids, &access).await;
        drop(tx.commit().await.unwrap());
        Self { fresh, ids, owner, guild, channel }
    }

    async fn write(&self) -> Tx {
        self.fresh.store.write().await.unwrap()
    }

    async fn guild_access(&self, tx: &mut Tx) -> GuildAccess {
        access::require_guild(tx, self.owner.id, self.guild.id, Permissions::ALL).await.unwrap()
    }

    async fn channel_access(&self, tx: &mut Tx) -> ChannelAccess {
        access::require_channel(tx, self.owner.id, self.channel, Permissions::ALL).await.unwrap()
    }

    async fn send(&self, tx: &mut Tx, nonce: &str) -> Option<MessageId> {
        let access = self.channel_access(tx).await;
        let nonce = Nonce(nonce.into());
        message::insert(
            tx,
            &access,
            NewMessage { id: self.ids.next(), author: &self.owner, nonce: &nonce, content: "text" },
        )
        .await
        .unwrap()
        .map(|message| message.id)
    }
}

async fn insert_user(tx: &mut Tx, ids: &Ids, username: &str) -> User {
    let id: UserId = ids.next();
    let new = NewUser { id, username, display_name: "Name", password_hash: "hash", is_admin: false };
    account::insert(tx, new).await.unwrap();
    User { id, username: username.into(), display_name: "Name".into() }
}

async fn insert_channel(tx: &mut Tx, ids: &Ids, access: &GuildAccess) -> ChannelId {
    let new = Channel {
        id: ids.next(),
        guild_id: access.guild().id,
        kind: ChannelKind::Text,
        name: "general".into(),
        topic: String::new(),
        parent_id: None,
        position: 0,
        last_message_id: None,
        room: RoomSettings::default(),
    };
    channel::insert(tx, access, &new).await.unwrap();
    new.id
}

async fn what_is_not_committed_is_not_there(fresh: Fresh) {
    let ids = Ids::above(0);
    let mut tx = fresh.store.write().await.unwrap();
    insert_user(&mut tx, &ids, "ada").await;
    drop(tx);
    let mut tx = fresh.store.read().await.unwrap();
    assert!(!account::any(&mut tx).await.unwrap());
}

async fn writers_at_once_each_keep_or_lose_their_own(fresh: Fresh) {
    let ids = Arc::new(Ids::above(0));
    let writers: Vec<_> = (0..60)
        .map(|number| {
            let (store, ids) = (fresh.store.clone(), Arc::clone(&ids));
            tokio::spawn(async move {
                let mut tx = store.write().await.unwrap();
                insert_user(&mut tx, &ids, &format!("user{number}")).await;
                if number % 3 == 0 {
                    drop(tx);
                } else {
                    drop(tx.commit().await.unwrap());
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let mut tx = fresh.store.read().await.unwrap();
    for number in 0..60 {
        let found = account::find_by_username(&mut tx, &format!("user{number}")).await.unwrap();
        assert_eq!(found.is_some(), number % 3 != 0, "user{number}");
    }
}

async fn a_writer_that_gives_up_holds_nobody_up(fresh: Fresh) {
    let ids = Ids::above(0);
    let mut first = fresh.store.write().await.unwrap();
    insert_user(&mut first, &ids, "ada").await;
    let store = fresh.store.clone();
    let waiting = tokio::spawn(async move { drop(store.write().await) });
    tokio::task::yield_now().await;
    waiting.abort();
    drop(first.commit().await.unwrap());
    let mut second = fresh.store.write().await.unwrap();
    insert_user(&mut second, &ids, "bob").await;
    drop(second.commit().await.unwrap());
    let mut tx = fresh.store.read().await.unwrap();
    assert!(account::find_by_username(&mut tx, "bob").await.unwrap().is_some());
}

async fn a_commit_that_is_given_up_harms_no_other(fresh: Fresh) {
    let ids = Ids::above(0);
    let mut tx = fresh.store.write().await.unwrap();
    insert_user(&mut tx, &ids, "ada").await;
    drop(timeout(Duration::ZERO, tx.commit()).await);
    let mut tx = fresh.store.write().await.unwrap();
    insert_user(&mut tx, &ids, "bob").await;
    drop(tx.commit().await.unwrap());
    let mut tx = fresh.store.read().await.unwrap();
    assert!(account::find_by_username(&mut tx, "bob").await.unwrap().is_some());
}

async fn a_commit_that_was_left_to_one_who_vanished_is_seen_to(fresh: Fresh) {
    let ids = Ids::above(0);
    let mut first = fresh.store.write().await.unwrap();
    insert_user(&mut first, &ids, "ada").await;
    let mut next = Box::pin(fresh.store.write());
    drop(timeout(Duration::ZERO, &mut next).await);
    let mut commit = tokio::spawn(first.commit());
    let settled = match timeout(Duration::from_millis(20), &mut commit).await {
        Ok(settled) => settled,
        Err(_left_to_the_next) => {
            drop(next);
            commit.await
        }
    };
    drop(settled.unwrap().unwrap());
    let mut tx = fresh.store.read().await.unwrap();
    assert!(account::find_by_username(&mut tx, "ada").await.unwrap().is_some());
}

async fn commits_are_told_of_in_their_order(fresh: Fresh) {
    let scene = Arc::new(Scene::set(fresh).await);
    let told = Arc::new(Mutex::new(Vec::new()));
    let writers: Vec<_> = (0..60)
        .map(|number| {
            let (scene, told) = (Arc::clone(&scene), Arc::clone(&told));
            tokio::spawn(async move {
                let mut tx = scene.write().await;
                let access = scene.channel_access(&mut tx).await;
                message::take_turn(&mut tx, &access).await.unwrap();
                let sent = scene.send(&mut tx, &format!("n-{number}")).await.unwrap();
                let committed = tx.commit().await.unwrap();
                told.lock().unwrap().push(sent);
                drop(committed);
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let told = told.lock().unwrap();
    assert!(told.is_sorted(), "{told:?}");
}

async fn who_is_removed_is_told_nothing_that_was_written_after(fresh: Fresh) {
    let scene = Scene::set(fresh).await;
    let mut tx = scene.write().await;
    let bob = insert_user(&mut tx, &scene.ids, "bob").await;
    guild::insert_member(&mut tx, scene.guild.id, bob.id, Timestamp(1)).await.unwrap();
    drop(tx.commit().await.unwrap());
    let mut tx = scene.write().await;
    scene.channel_access(&mut tx).await;
    let audience = guild::member_ids(&mut tx, scene.guild.id).await.unwrap();
    assert!(audience.contains(&bob.id));
    let (store, guild, owner) = (scene.fresh.store.clone(), scene.guild.id, scene.owner.id);
    let mut removal = tokio::spawn(async move {
        let mut tx = store.write().await.unwrap();
        guild::hold(&mut tx, guild).await.unwrap();
        let access = access::require_guild(&mut tx, owner, guild, Permissions::KICK_MEMBERS).await.unwrap();
        assert!(guild::delete_member(&mut tx, &access, bob.id).await.unwrap());
        drop(tx.commit().await.unwrap());
    });
    let early = timeout(Duration::from_millis(100), &mut removal).await;
    assert!(early.is_err(), "nobody is removed while a write that will be told to them goes on");
    drop(tx.commit().await.unwrap());
    removal.await.unwrap();
}

async fn a_user_name_is_taken_once(fresh: Fresh) {
    let ids = Ids::above(0);
    let mut tx = fresh.store.write().await.unwrap();
    let ada = insert_user(&mut tx, &ids, "ada").await;
    drop(tx.commit().await.unwrap());
    let mut tx = fresh.store.write().await.unwrap();
    let again = NewUser { id: ids.next(), username: "ada", display_name: "", password_hash: "", is_admin: true };
    assert!(account::insert(&mut tx, again).await.unwrap_err().is_unique_violation());
    drop(tx);
    let mut tx = fresh.store.read().await.unwrap();
    let (found, hash) = account::find_by_username(&mut tx, "ada").await.unwrap().unwrap();
    assert_eq!((found.user, found.is_admin, hash.as_str()), (ada, false, "hash"));
}

async fn sessions_are_found_by_their_token_and_end(fresh: Fresh) {
    let ids = Ids::above(0);
    let mut tx = fresh.store.write().await.unwrap();
    let ada = insert_user(&mut tx, &ids, "ada").await;
    let token = Secret::token().hash();
    let new = NewSession { id: ids.next(), user: ada.id, token_hash: &token, device: "desk", now: Timestamp(5) };
    let id = new.id;
    session::insert(&mut tx, new).await.unwrap();
    session::touch(&mut tx, id, Timestamp(9)).await.unwrap();
    let found = session::find_by_token(&mut tx, &token, Timestamp(9)).await.unwrap().unwrap();
    assert_eq!((found.id, found.user.user.id, found.last_used_at), (id, ada.id, Timestamp(9)));
    assert!(session::find_by_token(&mut tx, &token, Timestamp(10)).await.unwrap().is_none(), "unused for too long");
    assert!(session::find_by_token(&mut tx, &Secret::token().hash(), Timestamp(0)).await.unwrap().is_none());
    for (since, count) in [(9, 1), (10, 0)] {
        assert_eq!(session::list(&mut tx, ada.id, (id, Timestamp(since))).await.unwrap().len(), count);
    }
    let eve = insert_user(&mut tx, &ids, "eve").await;
    assert!(!session::delete(&mut tx, eve.id, id).await.unwrap(), "only one's own sessions");
    let (newer, newest) = (Secret::token().hash(), Secret::token().hash());
    for (token_hash, used_at) in [(&newest, 20), (&newer, 10)] {
        let now = Timestamp(used_at);
        let new = NewSession { id: ids.next(), user: ada.id, token_hash, device: "phone", now };
        session::insert(&mut tx, new).await.unwrap();
    }
    let beyond = session::delete_beyond(&mut tx, ada.id, (2, Timestamp(0))).await.unwrap();
    assert_eq!(beyond, [id], "the one used longest ago");
    assert_eq!(session::delete_beyond(&mut tx, ada.id, (2, Timestamp(11))).await.unwrap().len(), 1, "unused since 10");
    assert!(!session::is_live(&mut tx, id).await.unwrap());
    let id = session::find_by_token(&mut tx, &newest, Timestamp(0)).await.unwrap().unwrap().id;
    assert!(session::delete(&mut tx, ada.id, id).await.unwrap());
    assert!(!session::is_live(&mut tx, id).await.unwrap());
}

async fn a_setting_is_taken_once(fresh: Fresh) {
    let mut tx = fresh.store.write().await.unwrap();
    setting::set(&mut tx, "token", "one").await.unwrap();
    setting::set(&mut tx, "token", "two").await.unwrap();
    assert_eq!(setting::get(&mut tx, "token").await.unwrap().as_deref(), Some("two"));
    assert!(setting::take(&mut tx, "token").await.unwrap());
    assert!(!setting::take(&mut tx, "token").await.unwrap());
}

async fn a_guild_goes_with_all_that_it_holds(fresh: Fresh) {
    let scene = Scene::set(fresh).await;
    let mut tx = scene.write().await;
    let sent = scene.send(&mut tx, "n-1").await.unwrap();
    let access = scene.channel_access(&mut tx).await;
    channel::mark_read(&mut tx, &access, sent).await.unwrap();
    let access = scene.guild_access(&mut tx).await;
    guild::delete(&mut tx, &access).await.unwrap();
    assert!(guild::find(&mut tx, scene.guild.id).await.unwrap().is_none());
    assert!(channel::list(&mut tx, scene.guild.id).await.unwrap().is_empty());
    assert!(message::find(&mut tx, scene.channel, sent).await.unwrap().is_none());
    assert!(channel::read_states(&mut tx, scene.owner.id).await.unwrap().is_empty());
    assert!(guild::list_of_user(&mut tx, scene.owner.id).await.unwrap().is_empty());
}

async fn permissions_follow_membership_and_ownership(fresh: Fresh) {
    let scene = Scene::set(fresh).await;
    let mut tx = scene.write().await;
    let bob = insert_user(&mut tx, &scene.ids, "bob").await;
    let (guild, view) = (scene.guild.id, Permissions::VIEW_CHANNEL);
    let stranger = access::require_guild(&mut tx, bob.id, guild, view).await;
    assert!(matches!(stranger.err(), Some(Denied::NotFound)));
    assert!(guild::insert_member(&mut tx, guild, bob.id, Timestamp(1)).await.unwrap());
    assert!(!guild::insert_member(&mut tx, guild, bob.id, Timestamp(2)).await.unwrap());
    assert!(access::require_channel(&mut tx, bob.id, scene.channel, view).await.is_ok());
    let manage = access::require_channel(&mut tx, bob.id, scene.channel, Permissions::MANAGE_CHANNELS).await;
    assert!(matches!(manage.err(), Some(Denied::Forbidden)));
    let nowhere: GuildId = scene.ids.next();
    assert!(matches!(access::require_guild(&mut tx, bob.id, nowhere, view).await.err(), Some(Denied::NotFound)));
    let mut members = guild::acquaintance_ids(&mut tx, bob.id).await.unwrap();
    members.sort();
    assert_eq!(members, [scene.owner.id, bob.id]);
}

async fn channels_move_within_their_guild_only(fresh: Fresh) {
    let scene = Scene::set(fresh).await;
    let mut tx = scene.write().await;
    let other = Guild { id: scene.ids.next(), name: "Other".into(), owner_id: scene.owner.id, afk: Afk::default() };
    guild::insert(&mut tx, &other).await.unwrap();
    guild::insert_member(&mut tx, other.id, scene.owner.id, Timestamp(1)).await.unwrap();
    let elsewhere = access::require_guild(&mut tx, scene.owner.id, other.id, Permissions::ALL).await.unwrap();
    let place = ChannelPlace { id: scene.channel, parent_id: None, position: 7 };
    assert!(!channel::place(&mut tx, &elsewhere, place).await.unwrap());
    let here = scene.guild_access(&mut tx).await;
    assert!(channel::place(&mut tx, &here, place).await.unwrap());
    assert_eq!(channel::list(&mut tx, scene.guild.id).await.unwrap()[0].position, 7);
}

async fn a_restraint_is_the_guilds_alone_and_outlives_the_membership(fresh: Fresh) {
    let scene = Scene::set(fresh).await;
    let mut tx = scene.write().await;
    let bob = insert_user(&mut tx, &scene.ids, "bob").await;
    let (here, view) = (scene.guild.id, Permissions::VIEW_CHANNEL);
    let there = Guild { id: scene.ids.next(), name: "Other".into(), owner_id: scene.owner.id, afk: Afk::default() };
    guild::insert(&mut tx, &there).await.unwrap();
    assert!(guild::member(&mut tx, here, bob.id).await.unwrap().is_none());
    for id in [here, there.id] {
        guild::insert_member(&mut tx, id, bob.id, Timestamp(1)).await.unwrap();
    }
    let access = scene.guild_access(&mut tx).await;
    let [muted, deafened] = [(true, false), (false, true)]
        .map(|(server_muted, server_deafened)| Restraint { server_muted, server_deafened });
    for restraint in [muted, deafened, muted] {
        guild::restrain(&mut tx, &access, bob.id, restraint).await.unwrap();
        assert_eq!(guild::member(&mut tx, here, bob.id).await.unwrap().unwrap().restraint, restraint);
        let own = access::require_channel(&mut tx, bob.id, scene.channel, view).await.unwrap();
        assert_eq!(own.restraint(), restraint);
    }
    let members = guild::members(&mut tx, here).await.unwrap();
    assert_eq!(members.iter().map(|member| member.restraint).collect::<Vec<_>>(), [Restraint::default(), muted]);
    assert_eq!(guild::member(&mut tx, there.id, bob.id).await.unwrap().unwrap().restraint, Restraint::default());
    assert_eq!(scene.channel_access(&mut tx).await.restraint(), Restraint::default());
    assert!(guild::delete_member(&mut tx, &access, bob.id).await.unwrap());
    guild::insert_member(&mut tx, here, bob.id, Timestamp(2)).await.unwrap();
    assert_eq!(guild::member(&mut tx, here, bob.id).await.unwrap().unwrap().restraint, muted);
}

async fn a_channel_keeps_what_its_room_is_like(fresh: Fresh) {
    let scene = Scene::set(fresh).await;
    let mut tx = scene.write().await;
    assert_eq!(channel::list(&mut tx, scene.guild.id).await.unwrap()[0].room, RoomSettings::default());
    let room = RoomSettings { user_limit: 5, bitrate: 128_000 };
    let access = scene.channel_access(&mut tx).await;
    let updated = channel::update(&mut tx, &access, Look { name: "stage", topic: "t", room }).await.unwrap();
    assert_eq!((updated.name.as_str(), updated.room), ("stage", room));
    assert_eq!(channel::list(&mut tx, scene.guild.id).await.unwrap(), [updated]);
    assert_eq!(scene.channel_access(&mut tx).await.channel().room, room);
}

async fn the_afk_channel_is_the_guilds_until_it_is_deleted(fresh: Fresh) {
    let scene = Scene::set(fresh).await;
    let mut tx = scene.write().await;
    assert_eq!(guild::find(&mut tx, scene.guild.id).await.unwrap().unwrap(), scene.guild);
    assert!(!scene.channel_access(&mut tx).await.is_afk());
    let access = scene.guild_access(&mut tx).await;
    let afk = Afk { afk_channel_id: Some(scene.channel), afk_timeout_s: 900 };
    let updated = guild::update(&mut tx, &access, "Attic", afk).await.unwrap();
    assert_eq!((updated.name.as_str(), updated.afk), ("Attic", afk));
    assert_eq!(guild::list_of_user(&mut tx, scene.owner.id).await.unwrap(), [updated]);
    let access = scene.channel_access(&mut tx).await;
    assert!(access.is_afk());
    channel::delete(&mut tx, &access).await.unwrap();
    let left = guild::find(&mut tx, scene.guild.id).await.unwrap().unwrap();
    assert_eq!(left.afk, Afk { afk_channel_id: None, ..afk });
    let access = scene.guild_access(&mut tx).await;
    let other = insert_channel(&mut tx, &scene.ids, &access).await;
    guild::update(&mut tx, &access, "Attic", Afk { afk_channel_id: Some(other), ..afk }).await.unwrap();
    guild::delete(&mut tx, &access).await.unwrap();
    assert!(guild::find(&mut tx, scene.guild.id).await.unwrap().is_none());
}

async fn a_nonce_is_used_once_per_author(fresh: Fresh) {
    let scene = Scene::set(fresh).await;
    let mut tx = scene.write().await;
    let first = scene.send(&mut tx, "n-1").await.unwrap();
    assert_eq!(scene.send(&mut tx, "n-1").await, None);
    let found = message::find_by_nonce(&mut tx, scene.owner.id, &Nonce("n-1".into())).await.unwrap().unwrap();
    assert_eq!(found.id, first);
    assert_eq!(channel::list(&mut tx, scene.guild.id).await.unwrap()[0].last_message_id, Some(first));
}

async fn messages_come_by_pages(fresh: Fresh) {
    let scene = Scene::set(fresh).await;
    let mut tx = scene.write().await;
    let mut sent = Vec::new();
    for number in 0..5 {
        sent.push(scene.send(&mut tx, &format!("n-{number}")).await.unwrap());
    }
    let access = scene.channel_access(&mut tx).await;
    let ids = |page: Vec<protocol::message::Message>| page.into_iter().map(|message| message.id).collect::<Vec<_>>();
    let newest = ids(message::before(&mut tx, &access, None, 2).await.unwrap());
    assert_eq!(newest, [sent[4], sent[3]]);
    let older = ids(message::before(&mut tx, &access, Some(sent[2]), 9).await.unwrap());
    assert_eq!(older, [sent[1], sent[0]]);
    let newer = ids(message::after(&mut tx, &access, sent[2], 9).await.unwrap());
    assert_eq!(newer, [sent[3], sent[4]]);
    let edited = message::edit(&mut tx, &access, sent[0], ("changed", Timestamp(9))).await.unwrap().unwrap();
    assert_eq!((edited.content.as_str(), edited.edited_at), ("changed", Some(Timestamp(9))));
    assert!(message::delete(&mut tx, &access, sent[0]).await.unwrap());
    assert!(!message::delete(&mut tx, &access, sent[0]).await.unwrap());
}

async fn a_read_mark_never_goes_back(fresh: Fresh) {
    let scene = Scene::set(fresh).await;
    let mut tx = scene.write().await;
    let (first, second) = (scene.send(&mut tx, "n-1").await.unwrap(), scene.send(&mut tx, "n-2").await.unwrap());
    let access = scene.channel_access(&mut tx).await;
    for (mark, expected) in [(first, first), (second, second), (first, second)] {
        assert_eq!(channel::mark_read(&mut tx, &access, mark).await.unwrap().last_read_id, expected);
    }
    assert_eq!(channel::read_states(&mut tx, scene.owner.id).await.unwrap()[0].last_read_id, second);
}

async fn racing_uses_of_an_invite_are_counted(fresh: Fresh) {
    let scene = Scene::set(fresh).await;
    let code = Secret::code().hash();
    let mut tx = scene.write().await;
    let access = scene.guild_access(&mut tx).await;
    let terms = Terms { max_uses: Some(3), expires_at: None };
    invite::insert_for_guild(&mut tx, &access, NewInvite { id: scene.ids.next(), code: &code, terms }).await.unwrap();
    drop(tx.commit().await.unwrap());
    let racers: Vec<_> = (0..20)
        .map(|_| {
            let (store, code) = (scene.fresh.store.clone(), code.clone());
            tokio::spawn(async move {
                let mut tx = store.write().await.unwrap();
                let won = invite::take_use(&mut tx, &code, Timestamp(1)).await.unwrap().is_some();
                drop(tx.commit().await.unwrap());
                won
            })
        })
        .collect();
    let mut winners = 0;
    for racer in racers {
        winners += u32::from(racer.await.unwrap());
    }
    assert_eq!(winners, 3);
}

async fn an_expired_invite_cannot_be_used(fresh: Fresh) {
    let scene = Scene::set(fresh).await;
    let code = Secret::code().hash();
    let mut tx = scene.write().await;
    let terms = Terms { max_uses: None, expires_at: Some(Timestamp(100)) };
    let invite_id = scene.ids.next();
    invite::insert_for_instance(&mut tx, scene.owner.id, NewInvite { id: invite_id, code: &code, terms })
        .await
        .unwrap();
    assert!(invite::find_usable(&mut tx, &code, Timestamp(99)).await.unwrap().is_some());
    assert!(invite::find_usable(&mut tx, &code, Timestamp(100)).await.unwrap().is_none());
    assert!(invite::take_use(&mut tx, &code, Timestamp(100)).await.unwrap().is_none());
    assert_eq!(invite::find(&mut tx, invite_id).await.unwrap().unwrap().uses, 0);
    invite::delete(&mut tx, invite_id).await.unwrap();
    assert!(invite::find_usable(&mut tx, &code, Timestamp(99)).await.unwrap().is_none());
}

async fn the_greatest_id_is_known(fresh: Fresh) {
    let mut tx = fresh.store.read().await.unwrap();
    assert_eq!(id::greatest(&mut tx).await.unwrap(), 0);
    drop(tx);
    let scene = Scene::set(fresh).await;
    let mut tx = scene.write().await;
    let sent = scene.send(&mut tx, "n-1").await.unwrap();
    assert_eq!(id::greatest(&mut tx).await.unwrap(), sent.get());
}

#[tokio::test]
async fn a_commit_whose_outcome_nobody_knows_is_doubted_once() {
    let scene = Scene::set(postgres().await).await;
    let mut tx = scene.write().await;
    scene.send(&mut tx, "n-1").await.unwrap();
    assert!(!scene.fresh.store.take_doubt());
    let mut connection = PgConnection::connect(&scene.fresh.url).await.unwrap();
    let others = "select pg_terminate_backend(pid) from pg_stat_activity \
         where datname = current_database() and pid <> pg_backend_pid()";
    sqlx::query(others).execute(&mut connection).await.unwrap();
    assert!(tx.commit().await.err().unwrap().is_outage());
    assert!(scene.fresh.store.take_doubt());
    assert!(!scene.fresh.store.take_doubt());
}

#[tokio::test]
async fn a_full_disk_fails_writes_and_nothing_else_and_is_over_when_there_is_room() {
    let scene = Scene::set(sqlite().await).await;
    limit_pages(&scene, "1").await;
    let mut failure = None;
    for number in 0..1_000 {
        if let Err(error) = send_alone(&scene, number).await {
            failure = Some(error);
            break;
        }
    }
    let failure = failure.expect("the disk is full");
    assert!(failure.is_outage(), "{failure}");
    let mut tx = scene.fresh.store.read().await.unwrap();
    assert!(account::find_by_username(&mut tx, "ada").await.unwrap().is_some(), "reading goes on");
    drop(tx);
    assert!(send_alone(&scene, 2_000).await.is_err());
    limit_pages(&scene, "1000000").await;
    send_alone(&scene, 3_000).await.unwrap();
}

/// As a disk that has no more room does, SQLite refuses to grow beyond a number of pages.
async fn limit_pages(scene: &Scene, pages: &'static str) {
    let mut tx = scene.write().await;
    let pragma = format!("pragma max_page_count = {pages}");
    super::engine::execute!(tx, connection => sqlx::query(AssertSqlSafe(pragma)).execute(connection)).unwrap();
    drop(tx.commit().await.unwrap());
}

async fn send_alone(scene: &Scene, number: u32) -> Result<(), Error> {
    let mut tx = scene.write().await;
    let access = scene.channel_access(&mut tx).await;
    let nonce = Nonce(format!("n-{number}"));
    let content = "x".repeat(4_000);
    let new = NewMessage { id: scene.ids.next(), author: &scene.owner, nonce: &nonce, content: &content };
    message::insert(&mut tx, &access, new).await?;
    tx.commit().await.map(drop)
}

async fn a_newer_database_is_refused(fresh: Fresh) {
    let mut tx = fresh.store.write().await.unwrap();
    super::engine::execute!(tx, connection => sqlx::query(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
         select 9999, 'from the future', success, checksum, execution_time from _sqlx_migrations where version = 1",
    )
    .execute(connection))
    .unwrap();
    drop(tx.commit().await.unwrap());
    fresh.store.close().await;
    let refused = Store::open(&fresh.url).await.err().unwrap();
    assert!(matches!(refused, Error::Newer(9999)), "{refused}");
    assert!(refused.to_string().contains("newer"));
}
