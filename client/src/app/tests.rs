use dioxus::prelude::*;

use protocol::account::{CurrentUser, User};
use protocol::channel::{Channel, ChannelKind, RoomSettings};
use protocol::event::{Event, Ready};
use protocol::guild::{Afk, Guild, GuildSnapshot};
use protocol::id::{ChannelId, GuildId, MessageId, SessionId, UserId};
use protocol::message::{History, Message};

use super::harness::Client;
use super::{App, Entry};
use crate::platform::{self, Input, KeyPress, look};
use crate::state::{Direction, Progress, Route, UserTab};

fn guild_id() -> GuildId {
    GuildId::try_from(1).unwrap()
}

fn channel_id() -> ChannelId {
    ChannelId::try_from(10).unwrap()
}

fn user(number: i64) -> User {
    User {
        id: UserId::try_from(number).unwrap(),
        username: format!("user{number}"),
        display_name: format!("User {number}"),
    }
}

fn message(number: i64, content: &str) -> Message {
    Message {
        id: MessageId::try_from(number).unwrap(),
        channel_id: channel_id(),
        author: user(2),
        content: content.into(),
        edited_at: None,
        nonce: None,
    }
}

fn ready() -> Ready {
    let channel = Channel {
        id: channel_id(),
        guild_id: guild_id(),
        kind: ChannelKind::Text,
        name: "general".into(),
        topic: String::new(),
        parent_id: None,
        position: 0,
        last_message_id: None,
        room: RoomSettings::default(),
    };
    Ready {
        user: CurrentUser { user: user(1), is_admin: true },
        session_id: SessionId::try_from(5).unwrap(),
        resume_token: "r".into(),
        guilds: vec![GuildSnapshot {
            guild: Guild { id: guild_id(), name: "Home".into(), owner_id: user(1).id, afk: Afk::default() },
            channels: vec![channel],
            members: Vec::new(),
            presences: Vec::new(),
            voice_states: Vec::new(),
        }],
        read_states: Vec::new(),
    }
}

/// Runs a test in a client that shows a channel.
fn with_channel(test: impl FnOnce(App)) {
    Client::start().act(|mut app| {
        app.entry.set(Entry::SignedIn);
        app.route.set(Route::Channel(guild_id(), channel_id()));
        app.start_from(ready());
        test(app);
    });
}

fn outbox(app: App) -> Vec<String> {
    let state = app.state.peek();
    state.timelines[&channel_id()].pending.iter().map(|pending| pending.content.clone()).collect()
}

fn key(name: &str) -> KeyPress {
    KeyPress {
        key: name.into(),
        code: name.into(),
        has_control: false,
        has_alt: false,
        has_shift: false,
        is_typing: false,
        is_handled: false,
    }
}

#[test]
fn a_key_that_a_control_has_used_does_nothing_else() {
    Client::start().act(|mut app| {
        app.entry.set(Entry::SignedIn);
        app.route.set(Route::Settings(UserTab::Account));
        app.handle(Input::Key(KeyPress { is_handled: true, ..key("Escape") }));
        assert_eq!(*app.route.peek(), Route::Settings(UserTab::Account));
        app.handle(Input::Key(key("Escape")));
        assert_eq!(*app.route.peek(), Route::Live);
    });
}

#[test]
fn what_was_not_sent_is_taken_up_by_the_next_page() {
    with_channel(|app| app.send_message(channel_id(), "hello".into()));
    with_channel(|app| {
        assert_eq!(outbox(app), ["hello"]);
        // A second snapshot is no second page.
        app.start_from(ready());
        assert_eq!(outbox(app), ["hello"]);
        let nonce = app.state.peek().timelines[&channel_id()].pending[0].nonce.clone();
        app.drop_message(channel_id(), &nonce);
    });
    with_channel(|app| assert!(outbox(app).is_empty()));
}

#[test]
fn who_signs_out_leaves_nothing_to_be_sent() {
    with_channel(|app| {
        app.send_message(channel_id(), "hello".into());
        app.signed_out();
    });
    assert!(platform::load_all("").is_empty());
}

#[test]
fn who_comes_in_place_of_another_gets_nothing_of_theirs() {
    with_channel(|app| {
        app.send_message(channel_id(), "hello".into());
        app.keep_draft(channel_id(), "half a sentence");
        app.join_call(channel_id());
        app.start_from(Ready { user: CurrentUser { user: user(3), is_admin: false }, ..ready() });
        assert!(!app.voice.peek().is_in_call() && platform::load_all("").is_empty());
        assert!(app.with_timeline(channel_id(), |timeline| timeline.pending.is_empty()));
    });
}

#[test]
fn a_channel_is_read_once_its_end_is_loaded() {
    with_channel(|app| {
        app.apply(Event::MessageCreated(message(7, "hello")));
        let read = || app.state.peek().reads.last(channel_id());
        app.mark_seen(channel_id());
        assert_eq!(read(), None, "nothing is on screen yet");
        let mut page = History { messages: vec![message(6, "hi")], has_before: false, has_after: true };
        let load = |page| {
            app.with_timeline(channel_id(), |timeline| {
                let epoch = timeline.ask_newest();
                timeline.load_newest(epoch, page);
            })
        };
        load(page.clone());
        app.mark_seen(channel_id());
        assert_eq!(read(), None, "newer ones are not loaded");
        page.has_after = false;
        load(page);
        app.mark_seen(channel_id());
        assert_eq!(read(), Some(message(7, "").id));
    });
}

#[test]
fn a_channel_that_failed_to_load_is_asked_for_when_the_link_is_back() {
    with_channel(|app| {
        let newer = || app.state.peek().timelines[&channel_id()].newer.clone();
        let epoch = app.with_timeline(channel_id(), crate::state::Timeline::ask_newest);
        app.load_missing();
        assert_eq!(app.with_timeline(channel_id(), |timeline| timeline.ask_newest()), epoch + 1);
        app.with_timeline(channel_id(), |timeline| timeline.fail(epoch + 1, Direction::Newer, "No network.".into()));
        app.load_missing();
        assert_eq!(newer(), Progress::Loading);
    });
}

#[test]
fn an_edit_outlives_the_way_to_another_channel_a_snapshot_and_a_reload() {
    let id = message(7, "").id;
    with_channel(|mut app| {
        app.editing.set(Some(id));
        app.keep_edit(id, "anew");
        app.enter(Route::Live);
        app.start_from(ready());
        assert_eq!(*app.editing.peek(), None);
        assert_eq!(app.edit(id).as_deref(), Some("anew"));
    });
    with_channel(|app| {
        assert_eq!(app.edit(id).as_deref(), Some("anew"));
        app.signed_out();
        assert_eq!(app.edit(id), None);
    });
}

/// Edits message 7, and lets the server answer.
fn save_edit(client: &mut Client, typed: &str, status: u16) {
    let id = message(7, "").id;
    client.act(|app| {
        app.keep_edit(id, typed);
        app.edit_message(channel_id(), id, typed.trim().to_owned());
        app.close_edit();
    });
    let body = if status == 200 { serde_json::to_string(&message(7, typed)).unwrap() } else { String::new() };
    look::answer("PATCH /api/v1/channels/10/messages/7", status, &body);
    client.act(|_| ());
}

#[test]
fn an_edit_is_forgotten_once_it_is_saved_and_open_again_if_it_is_not() {
    let mut client = Client::start();
    look::reach_server();
    client.act(|mut app| app.route.set(Route::Channel(guild_id(), channel_id())));
    let id = message(7, "").id;
    save_edit(&mut client, "anew ", 502);
    assert_eq!(client.act(|app| *app.editing.peek()), Some(id));
    assert_eq!(client.act(|app| app.edit(id)).as_deref(), Some("anew "));
    save_edit(&mut client, "anew ", 200);
    assert_eq!(client.act(|app| *app.editing.peek()), None);
    assert_eq!(client.act(|app| app.edit(id)), None);
}

#[test]
fn what_another_writes_in_the_channel_on_screen_is_read_out_once() {
    with_channel(|mut app| {
        app.apply(Event::MessageCreated(message(7, "so **loud**")));
        assert_eq!(*app.heard.peek(), Some((message(7, "").id, "User 2: so loud".to_owned())));
        app.heard.set(None);
        app.apply(Event::MessageCreated(message(7, "so **loud**")));
        assert_eq!(*app.heard.peek(), None);
        app.route.set(Route::Live);
        app.apply(Event::MessageCreated(message(8, "elsewhere")));
        assert_eq!(*app.heard.peek(), None);
    });
}
