use dioxus::prelude::*;
use protocol::account::User;
use protocol::event::{Event, Ready, VoiceCodecs, VoiceEncodings};
use protocol::id::{ChannelId, PeerId};
use protocol::request::voice::{JoinBody, Wishes};
use protocol::voice::{Shown, Source, VideoCodec};
use serde_json::json;

use super::super::harness::Client;
use super::super::{App, Prefs};
use crate::call::Phase;
use crate::call::codec::CameraCodec;
use crate::call::wishes::Sight;
use crate::net::gateway::Link;
use crate::platform::{Input, LinkState, MicrophoneOptions, Played, Sound, look};
use crate::state::Route;

const OFFER: &str = "POST /api/v1/voice/5/offer";

fn room() -> ChannelId {
    ChannelId::try_from(1).unwrap()
}

/// A client whose user sits in the room, as far as the server is concerned, too.
fn seated() -> Client {
    let mut client = Client::start();
    look::reach_server();
    client.act(|app| app.join_call(room()));
    look::answer("POST /api/v1/channels/1/voice", 200, r#"{"peer_id": "5", "sdp": ""}"#);
    client.act(|_| ());
    client
}

/// Whether the microphone is heard; none: it is closed.
fn is_heard() -> Option<bool> {
    look::microphone().map(|microphone| microphone.is_heard)
}

fn is_measured() -> bool {
    look::microphone().is_some_and(|microphone| microphone.is_measured)
}

/// Once all that is due has happened.
fn has_camera(client: &mut Client) -> bool {
    client.act(|_| ());
    client.act(|app| app.voice.peek().flags().camera)
}

/// A server with two voice channels, of which the second may hold one, and the user, who is no owner.
fn snapshot() -> Ready {
    let user = |id: u8| json!({"id": id.to_string(), "username": format!("user{id}"), "display_name": "Somebody"});
    let room = |id: u8, user_limit: u8| {
        json!({"id": id.to_string(), "guild_id": "9", "kind": "voice", "name": format!("Room {id}"), "topic": "",
            "parent_id": null, "position": 0, "last_message_id": null, "user_limit": user_limit})
    };
    let member = |id: u8| json!({"user": user(id), "joined_at": 0});
    let seat = |user: &str, channel: &str, peer: &str| {
        json!({"guild_id": "9", "channel_id": channel, "user_id": user, "peer_id": peer, "muted": false,
            "deafened": false, "camera": false, "screen": false})
    };
    let seats = [seat("7", "1", "5"), seat("8", "2", "6")];
    let guild = json!({"id": "9", "name": "Home", "owner_id": "8", "channels": [room(1, 0), room(2, 1)],
        "members": [member(7), member(8)], "presences": [], "voice_states": seats});
    let me = json!({"id": "7", "username": "user7", "display_name": "Me", "is_admin": false});
    let ready = json!({"user": me, "session_id": "3", "resume_token": "r", "guilds": [guild], "read_states": []});
    serde_json::from_value(ready).unwrap()
}

/// A client whose user sits in the first room of a server.
fn at_home() -> Client {
    let mut client = seated();
    client.act(|app| app.start_from(snapshot()));
    client
}

fn decide(client: &mut Client, server_muted: bool) {
    let user = json!({"id": "7", "username": "user7", "display_name": "Me"});
    let member = json!({"user": user, "joined_at": 0, "server_muted": server_muted, "server_deafened": false});
    let event = json!({"type": "member_updated", "guild_id": "9", "member": member});
    client.act(|app| app.apply(serde_json::from_value(event).unwrap()));
}

#[test]
fn who_is_muted_by_a_moderator_sends_nothing_until_that_is_lifted() {
    let mut client = at_home();
    assert_eq!(is_heard(), Some(true));
    decide(&mut client, true);
    assert_eq!(is_heard(), Some(false));
    client.act(App::toggle_mute);
    assert_eq!(is_heard(), Some(false));
    assert_eq!(client.act(|app| app.toasts.peek().len()), 1, "it is said why");
    assert!(client.act(|app| !app.voice.peek().flags().muted), "what was chosen stays");
    decide(&mut client, false);
    assert_eq!(is_heard(), Some(true));
}

const JOIN_SECOND: &str = "POST /api/v1/channels/2/voice";

#[test]
fn who_is_moved_joins_the_other_room_by_itself_and_as_they_were() {
    let mut client = at_home();
    client.act(App::toggle_camera);
    client.act(App::toggle_deafen);
    let before = client.act(|app| app.voice.peek().flags());
    assert!(before.camera && before.deafened);
    client.act(|mut app| app.route.set(Route::parse("/servers/9/1")));
    let ended = r#"{"type": "voice_ended", "channel_id": "1", "peer_id": "5", "reason": "moved", "moved_to": "2"}"#;
    client.act(|app| app.apply(serde_json::from_str(ended).unwrap()));
    let [body] = &look::asked(JOIN_SECOND)[..] else { panic!("one seat is asked for") };
    let flags = serde_json::from_str::<JoinBody>(body).unwrap().flags;
    assert_eq!(flags, before);
    look::answer(JOIN_SECOND, 200, r#"{"peer_id": "15", "sdp": ""}"#);
    client.act(|_| ());
    assert!(client.act(|app| app.voice.peek().peer_id()) == PeerId::try_from(15).ok());
    assert!(look::sent().contains(&Source::Camera));
    assert_eq!(client.act(|app| app.route.peek().path()), "/servers/9/2");
}

#[test]
fn who_is_disconnected_is_out_and_told_so() {
    let mut client = at_home();
    let ended = r#"{"type": "voice_ended", "channel_id": "1", "peer_id": "5", "reason": "disconnected"}"#;
    client.act(|app| app.apply(serde_json::from_str(ended).unwrap()));
    assert!(client.act(|app| !app.voice.peek().is_in_call() && app.toasts.peek().len() == 1));
}

#[test]
fn a_full_room_is_not_asked_for_a_seat_and_the_call_goes_on() {
    let mut client = at_home();
    let full = ChannelId::try_from(2).unwrap();
    client.act(|app| app.join_call(full));
    assert!(look::asked(JOIN_SECOND).is_empty());
    assert_eq!(client.act(|app| app.voice.peek().channel_id()), Some(room()));
    assert_eq!(client.act(|app| app.toasts.peek().len()), 1);
}

#[test]
fn another_bitrate_of_the_own_room_is_asked_for_by_another_offer() {
    let mut client = at_home();
    let attempt = client.act(|app| app.voice.peek().call.attempt());
    client.act(|app| app.voice_link(attempt, LinkState::Up));
    for (channel, bitrate, asked) in [(2, 96_000, 0), (1, 64_000, 0), (1, 96_000, 1)] {
        let changed = json!({"type": "channel_updated", "id": channel.to_string(), "guild_id": "9", "kind": "voice",
            "name": "Room", "topic": "", "parent_id": null, "position": 0, "last_message_id": null, "bitrate": bitrate});
        client.act(|app| app.apply(serde_json::from_value(changed).unwrap()));
        assert_eq!(look::asked(OFFER).len(), asked);
    }
    assert_eq!(client.act(|app| app.voice.peek().phase()), Phase::Connected, "the call goes on");
}

#[test]
fn a_gateway_that_was_lost_and_is_back_has_media_look_for_another_way() {
    let mut client = seated();
    client.act(|app| app.voice_link(1, LinkState::Up));
    let before = look::asked(OFFER).len();
    for (link, asked) in [(Link::Live, 1), (Link::Live, 1), (Link::Reconnecting, 1), (Link::Live, 2)] {
        client.act(|app| app.show_link(link));
        client.act(|_| ());
        assert_eq!(look::asked(OFFER).len() - before, asked);
        assert_eq!(client.act(|app| app.voice.peek().phase()), Phase::Connected, "what there is may still serve");
    }
}

#[test]
fn a_room_for_music_is_given_two_channels_and_one_for_speech_one() {
    let mut client = at_home();
    let is_stereo = || look::microphone().unwrap().options.is_stereo;
    assert!(!is_stereo());
    for (bitrate, expected) in [(128_000, true), (510_000, true), (64_000, false)] {
        let changed = json!({"type": "channel_updated", "id": "1", "guild_id": "9", "kind": "voice", "name": "Room",
            "topic": "", "parent_id": null, "position": 0, "last_message_id": null, "bitrate": bitrate});
        client.act(|app| app.apply(serde_json::from_value(changed).unwrap()));
        client.act(|_| ());
        assert_eq!((is_stereo(), is_heard()), (expected, Some(true)), "{bitrate}");
    }
}

#[test]
fn of_two_microphones_that_are_asked_for_the_newest_is_sent_whichever_comes_first() {
    let mut client = at_home();
    look::ask_for(Source::Microphone);
    client.act(|app| app.set_microphone(|_| ()));
    let music = json!({"type": "channel_updated", "id": "1", "guild_id": "9", "kind": "voice", "name": "Room",
        "topic": "", "parent_id": null, "position": 0, "last_message_id": null, "bitrate": 128_000});
    client.act(|app| app.apply(serde_json::from_value(music).unwrap()));
    look::answer_prompt(Source::Microphone, 1, true);
    client.act(|_| ());
    look::answer_prompt(Source::Microphone, 0, true);
    client.act(|_| ());
    assert!(look::microphone().unwrap().options.is_stereo);
}

/// The server tells how the connection fares, as it does again and again.
fn measured() -> Event {
    let quality = json!({"type": "voice_quality", "peer_id": "5", "quality":
        {"loss_up_permille": 0, "loss_down_permille": 0, "round_trip_ms": null, "jitter_ms": 0}});
    serde_json::from_value(quality).unwrap()
}

#[test]
fn pictures_that_stand_still_are_counted_and_told_once() {
    let mut client = seated();
    let told = || look::asked("PUT /api/v1/voice/5/playback");
    client.act(|app| app.apply(measured()));
    assert!(told().is_empty(), "this browser does not count");
    for count in [0, 2, 2] {
        look::play_so(Played { freezes: Some(count), ..Played::default() });
        client.act(|app| app.apply(measured()));
        client.act(|_| ());
    }
    assert_eq!(told(), [r#"{"freezes":0}"#, r#"{"freezes":2}"#]);
    assert_eq!(client.act(|app| app.voice.peek().freezes()), Some(2));
}

#[test]
fn pictures_wait_as_long_as_sound_takes_and_do_not_follow_each_tremble() {
    let mut client = seated();
    for delay in [80, 90, 70, 120, 5_000, 60] {
        look::play_so(Played { sound_delay_ms: Some(delay), ..Played::default() });
        client.act(|app| app.apply(measured()));
        client.act(|_| ());
    }
    assert_eq!(look::held_ms(), [80, 120, 400, 60]);
}

#[test]
fn a_test_in_a_call_shows_the_level_and_leaves_the_microphone_as_the_call_has_it() {
    let mut client = Client::start();
    client.act(|app| app.join_call(room()));
    assert_eq!(is_heard(), Some(true));
    client.act(App::toggle_mute);
    assert!(!is_measured());
    client.act(App::start_microphone_test);
    assert_eq!((is_heard(), is_measured()), (Some(false), true), "muted is muted");
    client.act(App::stop_microphone_test);
    assert_eq!((is_heard(), is_measured()), (Some(false), false), "it is the call's");
    client.act(App::toggle_mute);
    assert_eq!(is_heard(), Some(true));
}

#[test]
fn a_microphone_that_a_test_has_opened_is_closed_with_it_unless_it_is_wanted_by_then() {
    let mut client = Client::start();
    client.act(|app| app.set_prefs(|prefs| prefs.is_muted = true));
    client.act(|app| app.join_call(room()));
    client.act(App::start_microphone_test);
    assert_eq!((is_heard(), is_measured()), (Some(false), true));
    client.act(App::stop_microphone_test);
    assert_eq!(is_heard(), None);
    client.act(App::start_microphone_test);
    client.act(App::toggle_mute);
    client.act(App::stop_microphone_test);
    assert_eq!(is_heard(), Some(true));
    client.act(App::toggle_mute);
    client.act(App::start_microphone_test);
    client.act(App::stop_microphone_test);
    assert_eq!(is_heard(), Some(false), "it was open before");
}

#[test]
fn a_test_outside_of_a_call_ends_with_the_microphone_closed_unless_a_call_has_begun() {
    let mut client = Client::start();
    client.act(App::start_microphone_test);
    assert_eq!((is_heard(), is_measured()), (Some(false), true));
    client.act(App::stop_microphone_test);
    assert_eq!(is_heard(), None);
    client.act(App::start_microphone_test);
    client.act(|app| app.set_prefs(|prefs| prefs.is_muted = true));
    client.act(|app| app.join_call(room()));
    assert_eq!(is_heard(), Some(false), "who joins muted is not heard");
    client.act(App::leave_call);
    assert!(is_measured(), "the test goes on");
}

#[test]
fn who_lacks_a_microphone_is_not_remembered_as_muted() {
    let mut client = Client::start();
    look::plug_microphone(false);
    client.act(|app| app.join_call(room()));
    for _ in 0..2 {
        client.act(App::toggle_deafen);
        assert!(client.act(|app| app.voice.peek().flags().muted && !app.prefs.peek().is_muted));
    }
    client.act(App::toggle_mute);
    assert!(client.act(|app| app.voice.peek().flags().muted && !app.prefs.peek().is_muted));
    look::plug_microphone(true);
    client.act(App::devices_changed);
    assert_eq!(is_heard(), Some(true));
}

#[test]
fn a_key_that_was_held_while_a_call_ended_does_not_open_the_next_one() {
    let mut client = Client::start();
    client.act(|app| app.set_push_to_talk(true));
    client.act(|app| app.join_call(room()));
    assert_eq!(is_heard(), Some(false));
    client.act(|app| app.talk_key("ControlRight", true));
    assert_eq!(is_heard(), Some(true));
    client.act(App::leave_call);
    client.act(|app| app.talk_key("ControlRight", false));
    client.act(|app| app.join_call(room()));
    assert_eq!(is_heard(), Some(false));
    client.act(|app| app.talk_key("ControlRight", true));
    client.act(|app| app.set_push_to_talk(true));
    assert_eq!(is_heard(), Some(false), "another key is another hold");
}

#[test]
fn a_page_that_hears_no_keys_neither_holds_nor_chooses_one() {
    let mut client = Client::start();
    client.act(|app| app.set_push_to_talk(true));
    client.act(|app| app.join_call(room()));
    client.act(|app| app.talk_key("ControlRight", true));
    client.act(App::choose_talk_key);
    client.act(App::keys_lost);
    assert_eq!(is_heard(), Some(false));
    assert!(!client.act(|app| app.chosen_talk_key("KeyA")));
}

#[test]
fn the_chosen_speaker_plays_the_next_call_too() {
    let mut client = Client::start();
    client.act(|app| app.set_prefs(|prefs| prefs.speaker = "headset".into()));
    client.act(|app| app.join_call(room()));
    assert_eq!(look::speaker().as_deref(), Some("headset"));
}

#[test]
fn deafening_is_undone_as_it_was_and_remembered_so() {
    let mut client = Client::start();
    client.act(|app| app.join_call(room()));
    client.act(App::toggle_deafen);
    client.act(App::leave_call);
    client.act(|app| app.join_call(room()));
    assert!(client.act(|app| app.voice.peek().flags().deafened));
    client.act(App::toggle_deafen);
    assert_eq!(is_heard(), Some(true));
}

#[test]
fn a_camera_that_was_switched_off_while_the_browser_asked_stays_off() {
    let mut client = Client::start();
    look::ask_for(Source::Camera);
    client.act(|app| app.join_call(room()));
    client.act(App::toggle_camera);
    client.act(App::toggle_camera);
    look::answer_prompt(Source::Camera, 0, true);
    assert!(!has_camera(&mut client) && look::camera().is_none());
}

#[test]
fn a_camera_that_was_asked_for_in_one_room_is_not_shown_in_the_next() {
    let mut client = Client::start();
    look::ask_for(Source::Camera);
    client.act(|app| app.join_call(room()));
    client.act(App::toggle_camera);
    client.act(|app| app.join_call(ChannelId::try_from(2).unwrap()));
    client.act(App::toggle_camera);
    client.act(App::leave_call);
    client.act(|app| app.join_call(room()));
    for _ in 0..2 {
        look::answer_prompt(Source::Camera, 0, true);
        assert!(!has_camera(&mut client) && look::camera().is_none());
    }
}

#[test]
fn a_camera_that_is_no_longer_wanted_leaves_the_one_in_use_alone() {
    let mut client = Client::start();
    look::ask_for(Source::Camera);
    client.act(|app| app.join_call(room()));
    client.act(|app| app.set_camera("slow".into()));
    client.act(App::toggle_camera);
    client.act(App::toggle_camera);
    client.act(|app| app.set_camera("quick".into()));
    client.act(App::toggle_camera);
    look::answer_prompt(Source::Camera, 1, true);
    assert!(has_camera(&mut client));
    look::answer_prompt(Source::Camera, 0, false);
    assert!(has_camera(&mut client));
    assert_eq!(look::camera().as_deref(), Some("quick"));
    assert!(client.act(|app| app.toasts.peek().is_empty()));
}

#[test]
fn who_leaves_sends_nothing_while_the_server_is_told() {
    let mut client = seated();
    client.act(|app| app.set_push_to_talk(true));
    client.act(App::start_microphone_test);
    assert!(look::sent().contains(&Source::Microphone));
    client.act(App::leave_call);
    assert!(look::sent().is_empty());
    look::answer("DELETE /api/v1/voice/5", 200, "");
    client.act(|_| ());
    assert!(look::sent().is_empty());
}

#[test]
fn another_camera_is_shown_in_place_of_the_last() {
    let mut client = Client::start();
    client.act(|app| app.join_call(room()));
    client.act(App::toggle_camera);
    let before = client.act(|app| app.voice.peek().opened());
    client.act(|app| app.set_camera("other".into()));
    assert_eq!(client.act(|app| app.voice.peek().opened()), before + 1);
}

#[test]
fn who_comes_and_goes_is_told_unless_it_is_turned_down() {
    let mut client = Client::start();
    client.act(|app| app.join_call(room()));
    let ada: User = serde_json::from_str(r#"{"id": "7", "username": "ada", "display_name": "Ada"}"#).unwrap();
    let id = ada.id;
    client.act(|mut app| app.state.write().users.insert(id, ada));
    client.act(|app| app.seat_changed((room(), id), Sound::Join));
    assert_eq!(client.act(|app| app.voice.peek().news().sentence.clone()), "Ada joined");
    client.act(|app| app.set_prefs(|prefs| prefs.announces_joins = false));
    client.act(|app| app.seat_changed((room(), id), Sound::Leave));
    assert_eq!(client.act(|app| app.voice.peek().news().sentence.clone()), "Ada joined");
}

#[test]
fn what_could_not_be_copied_is_said() {
    let mut client = Client::start();
    client.act(|app| app.copy("words".into()));
    assert_eq!(client.act(|app| app.toasts.peek().len()), 1);
}

#[test]
fn encodings_that_nobody_wants_are_switched_off_on_the_connection_that_they_are_told_of() {
    let mut client = seated();
    let told = |peer: i64, wanted: [bool; 3]| {
        let peer_id = PeerId::try_from(peer).unwrap();
        Event::VoiceEncodings(VoiceEncodings { peer_id, source: Source::Camera, wanted: wanted.into() })
    };
    client.act(|app| app.apply(told(5, [true, false, false])));
    assert_eq!(look::wanted(Source::Camera), Some(vec![true, false, false]));
    client.act(|app| app.apply(told(6, [false; 3])));
    assert_eq!(look::wanted(Source::Camera), Some(vec![true, false, false]));
}

#[test]
fn the_camera_is_sent_in_what_is_chosen_where_everybody_takes_it() {
    let mut client = seated();
    let told = |peer: i64, codecs: &[VideoCodec]| {
        let peer_id = PeerId::try_from(peer).unwrap();
        Event::VoiceCodecs(VoiceCodecs { peer_id, codecs: codecs.to_vec() })
    };
    client.act(|app| app.set_camera_codec(CameraCodec::Av1));
    assert_eq!(look::codec(Source::Camera), Some(VideoCodec::Vp8));
    client.act(|app| app.apply(told(5, &[VideoCodec::Vp8, VideoCodec::Vp9, VideoCodec::Av1])));
    assert_eq!(look::codec(Source::Camera), Some(VideoCodec::Av1));
    assert_eq!(look::codec(Source::Screen), Some(VideoCodec::Vp9));
    client.act(|app| app.apply(told(6, &[VideoCodec::Vp8])));
    assert_eq!(look::codec(Source::Camera), Some(VideoCodec::Av1));
    client.act(|app| app.apply(told(5, &[VideoCodec::Vp8])));
    assert_eq!([Source::Camera, Source::Screen].map(look::codec), [Some(VideoCodec::Vp8); 2]);
}

const WISHES: &str = "PUT /api/v1/voice/5/wishes";

/// Sees a picture at a width, long enough to tell the server, and answers the widths that the server is being told.
fn see(client: &mut Client, width: u16) -> Vec<u16> {
    let shows = Shown { peer_id: PeerId::try_from(6).unwrap(), source: Source::Camera };
    client.act(|app| app.see(Sight { shows, width, height: 100 }));
    widths(client, 200)
}

/// The widths that the server is being told after a while.
fn widths(client: &mut Client, ticks: u64) -> Vec<u16> {
    client.act(|_| look::pass(ticks));
    client.act(App::tick);
    let told = look::asked(WISHES).into_iter();
    told.flat_map(|body| serde_json::from_str::<Wishes>(&body).unwrap().video).map(|wish| wish.width).collect()
}

#[test]
fn the_server_is_told_one_wish_at_a_time_and_the_newest_last() {
    let mut client = seated();
    assert_eq!(see(&mut client, 100), [100]);
    assert_eq!(see(&mut client, 200), [100], "the first one is on its way");
    assert_eq!(see(&mut client, 300), [100]);
    look::answer(WISHES, 200, "");
    client.act(|_| ());
    assert_eq!(widths(&mut client, 0), [300]);
    look::answer(WISHES, 200, "");
    assert!(widths(&mut client, 10_000).is_empty(), "it is known");
}

#[test]
fn a_wish_that_did_not_arrive_is_told_again_after_a_while() {
    let mut client = seated();
    assert_eq!(see(&mut client, 100), [100]);
    look::answer(WISHES, 502, "");
    assert!(widths(&mut client, 100).is_empty());
    assert_eq!(widths(&mut client, 500), [100]);
}

#[test]
fn a_page_that_is_out_of_sight_for_a_while_wishes_for_nothing_until_it_is_back() {
    let mut client = seated();
    assert_eq!(see(&mut client, 100), [100]);
    look::answer(WISHES, 200, "");
    client.act(|app| app.handle(Input::InSight(false)));
    assert!(widths(&mut client, 1_000).is_empty() && look::asked(WISHES).is_empty(), "somebody looked elsewhere");
    assert!(widths(&mut client, 3_000).is_empty());
    assert_eq!(look::asked(WISHES).len(), 1, "nothing is wished for");
    look::answer(WISHES, 200, "");
    client.act(|app| app.handle(Input::InSight(true)));
    assert_eq!(widths(&mut client, 0), [100]);
}

#[test]
fn a_picture_that_is_no_longer_on_screen_is_not_wished_for() {
    let mut client = seated();
    assert_eq!(see(&mut client, 100), [100]);
    look::answer(WISHES, 200, "");
    let shows = Shown { peer_id: PeerId::try_from(6).unwrap(), source: Source::Camera };
    client.act(|app| app.unsee(shows));
    assert!(widths(&mut client, 200).is_empty());
    assert_eq!(look::asked(WISHES).len(), 1);
}

#[test]
fn each_capture_switch_opens_the_microphone_anew_with_what_was_chosen() {
    let mut client = at_home();
    let options = || look::microphone().unwrap().options;
    let choices: [fn(&mut Prefs); 3] =
        [|prefs| prefs.remove_echo = false, |prefs| prefs.reduce_noise = false, |prefs| prefs.even_loudness = false];
    let chosen = |options: MicrophoneOptions| [options.remove_echo, options.reduce_noise, options.even_loudness];
    assert_eq!(chosen(options()), [true, true, true]);
    for (index, choose) in choices.into_iter().enumerate() {
        client.act(|app| app.set_microphone(choose));
        client.act(|_| ());
        let expected = [0, 1, 2].map(|switch| switch > index);
        assert_eq!((chosen(options()), is_heard()), (expected, Some(true)));
    }
}
