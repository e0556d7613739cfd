//! What goes over the wire, letter by letter: a change here is a change for every client.

use insta::assert_snapshot;
use proptest::prelude::*;
use protocol::account::{CurrentUser, Presence, SignedIn, Status, User};
use protocol::channel::{Channel, ChannelKind, ReadState, RoomSettings};
use protocol::error::{ErrorBody, ErrorCode};
use protocol::event::{Event, MemberAdded, VoiceCodecs, VoiceEncodings, VoiceEnded, VoiceQuality, VoiceSlots};
use protocol::gateway::{ClientFrame, ServerFrame};
use protocol::guild::{Afk, Guild, GuildSnapshot, Member};
use protocol::id::{ID_EPOCH_MS, ID_SEQUENCE_BITS, MessageId};
use protocol::message::{Message, Nonce};
use protocol::request::guild::GuildPatch;
use protocol::time::Timestamp;
use protocol::voice::{
    Limitation, Mid, PeerFlags, PictureQuality, Quality, Restraint, Shown, Slot, Source, VideoCodec, VoiceEnd,
    VoiceState,
};

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("serialisable")
}

fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(number: u32) -> T {
    number.to_string().parse().expect("an id")
}

fn ada() -> User {
    User { id: id(1), username: "ada".to_owned(), display_name: "Ada".to_owned() }
}

#[test]
fn frames() {
    assert_snapshot!(json(&ClientFrame::Identify { ticket: "t".to_owned() }), @r#"{"op":"identify","ticket":"t"}"#);
    assert_snapshot!(json(&ClientFrame::Resume { resume_token: "r".to_owned(), seq: 7 }), @r#"{"op":"resume","resume_token":"r","seq":7}"#);
    assert_snapshot!(json(&ClientFrame::Heartbeat { seq: 7 }), @r#"{"op":"heartbeat","seq":7}"#);
    assert_snapshot!(json(&ServerFrame::Hello { heartbeat_interval_ms: 20_000 }), @r#"{"op":"hello","heartbeat_interval_ms":20000}"#);
    assert_snapshot!(json(&ServerFrame::InvalidSession), @r#"{"op":"invalid_session"}"#);
    let event = Box::new(Event::ReadUpdated(ReadState { channel_id: id(3), last_read_id: id(4) }));
    assert_snapshot!(json(&ServerFrame::Event { seq: 1, event }), @r#"{"op":"event","seq":1,"event":{"type":"read_updated","channel_id":"3","last_read_id":"4"}}"#);
}

#[test]
fn refusals() {
    let body = ErrorBody {
        code: ErrorCode::InvalidField,
        message: "username is empty".to_owned(),
        field: Some("username".to_owned()),
        retry_after_ms: None,
    };
    assert_snapshot!(json(&body), @r#"{"code":"invalid_field","message":"username is empty","field":"username"}"#);
}

#[test]
fn accounts() {
    let user = CurrentUser { user: ada(), is_admin: true };
    assert_snapshot!(json(&user), @r#"{"id":"1","username":"ada","display_name":"Ada","is_admin":true}"#);
    let session = r#"{"user":{"id":"1","username":"ada","display_name":"Ada","is_admin":true},"session":{"id":"2","device":"d","created_at":5,"last_used_at":6,"is_current":true}}"#;
    let read: SignedIn = serde_json::from_str(session).unwrap();
    assert_eq!(json(&read), session);
}

#[test]
fn messages() {
    let message = Message {
        id: id(4),
        channel_id: id(3),
        author: ada(),
        content: "hi".to_owned(),
        edited_at: None,
        nonce: Some(Nonce("n".to_owned())),
    };
    assert_snapshot!(json(&Event::MessageCreated(message)), @r#"{"type":"message_created","id":"4","channel_id":"3","author":{"id":"1","username":"ada","display_name":"Ada"},"content":"hi","edited_at":null,"nonce":"n"}"#);
}

#[test]
fn guilds() {
    let member = Member { user: ada(), joined_at: Timestamp(9), restraint: Restraint::default() };
    let channel = Channel {
        id: id(3),
        guild_id: id(2),
        kind: ChannelKind::Voice,
        name: "General".to_owned(),
        topic: String::new(),
        parent_id: None,
        position: 0,
        last_message_id: None,
        room: RoomSettings { user_limit: 5, ..RoomSettings::default() },
    };
    let state = VoiceState {
        guild_id: id(2),
        channel_id: id(3),
        user_id: id(1),
        peer_id: id(8),
        flags: PeerFlags { muted: true, ..PeerFlags::default() },
        restraint: Restraint { server_muted: true, server_deafened: false },
    };
    let snapshot = GuildSnapshot {
        guild: Guild { id: id(2), name: "Tea".to_owned(), owner_id: id(1), afk: Afk::default() },
        channels: vec![channel],
        members: vec![member.clone()],
        presences: vec![Presence { user_id: id(1), status: Status::Online }],
        voice_states: vec![state],
    };
    assert_snapshot!(json(&snapshot), @r#"{"id":"2","name":"Tea","owner_id":"1","afk_channel_id":null,"afk_timeout_s":300,"channels":[{"id":"3","guild_id":"2","kind":"voice","name":"General","topic":"","parent_id":null,"position":0,"last_message_id":null,"user_limit":5,"bitrate":64000}],"members":[{"user":{"id":"1","username":"ada","display_name":"Ada"},"joined_at":9,"server_muted":false,"server_deafened":false}],"presences":[{"user_id":"1","status":"online"}],"voice_states":[{"guild_id":"2","channel_id":"3","user_id":"1","peer_id":"8","muted":true,"deafened":false,"camera":false,"screen":false,"priority":false,"server_muted":true,"server_deafened":false}]}"#);
    let added = Event::MemberAdded(MemberAdded { guild_id: id(2), member });
    assert_snapshot!(json(&added), @r#"{"type":"member_added","guild_id":"2","member":{"user":{"id":"1","username":"ada","display_name":"Ada"},"joined_at":9,"server_muted":false,"server_deafened":false}}"#);
}

#[test]
fn what_is_absent_stays_and_what_is_null_goes() {
    let read = |text| serde_json::from_str::<GuildPatch>(text).unwrap();
    assert_eq!(read("{}"), GuildPatch::default());
    assert_eq!(read(r#"{"afk_channel_id":null}"#).afk_channel_id, Some(None));
    assert_eq!(read(r#"{"afk_channel_id":"3"}"#).afk_channel_id, Some(Some(id(3))));
    let patch = GuildPatch { afk_channel_id: Some(None), ..GuildPatch::default() };
    assert_snapshot!(json(&patch), @r#"{"afk_channel_id":null}"#);
}

#[test]
fn voice() {
    let shows = Some(Shown { peer_id: id(8), source: Source::ScreenAudio });
    let slots = VoiceSlots { peer_id: id(7), slots: vec![Slot { mid: Mid("4".to_owned()), shows, csrc: Some(8) }] };
    assert_snapshot!(json(&Event::VoiceSlots(slots)), @r#"{"type":"voice_slots","peer_id":"7","slots":[{"mid":"4","shows":{"peer_id":"8","source":"screen_audio"},"csrc":8}]}"#);
    let encodings = VoiceEncodings { peer_id: id(7), source: Source::Camera, wanted: vec![true, false] };
    let codecs = VoiceCodecs { peer_id: id(7), codecs: vec![VideoCodec::Vp8, VideoCodec::Av1] };
    assert_snapshot!(json(&Event::VoiceCodecs(codecs)), @r#"{"type":"voice_codecs","peer_id":"7","codecs":["vp8","av1"]}"#);
    assert_snapshot!(json(&Event::VoiceEncodings(encodings)), @r#"{"type":"voice_encodings","peer_id":"7","source":"camera","wanted":[true,false]}"#);
    let picture = PictureQuality {
        mid: Mid("9".to_owned()),
        width: 640,
        height: 360,
        bitrate: 500_000,
        limitation: Limitation::Bandwidth,
    };
    let quality =
        Quality { bitrate_up: 40_000, available_bitrate: Some(600_000), pictures: vec![picture], ..Quality::default() };
    assert_snapshot!(json(&Event::VoiceQuality(VoiceQuality { peer_id: id(7), quality })), @r#"{"type":"voice_quality","peer_id":"7","quality":{"loss_up_permille":0,"loss_down_permille":0,"round_trip_ms":null,"jitter_ms":0,"bitrate_up":40000,"bitrate_down":0,"available_bitrate":600000,"pictures":[{"mid":"9","width":640,"height":360,"bitrate":500000,"limitation":"bandwidth"}]}}"#);
    let of_older_server: Quality =
        serde_json::from_str(r#"{"loss_up_permille":1,"loss_down_permille":2,"round_trip_ms":null,"jitter_ms":3}"#)
            .unwrap();
    assert_eq!((of_older_server.available_bitrate, of_older_server.pictures.len()), (None, 0));
    let ended = VoiceEnded { channel_id: id(3), peer_id: id(7), reason: VoiceEnd::TimedOut, moved_to: None };
    assert_snapshot!(json(&Event::VoiceEnded(ended)), @r#"{"type":"voice_ended","channel_id":"3","peer_id":"7","reason":"timed_out"}"#);
    let moved = VoiceEnded { channel_id: id(3), peer_id: id(7), reason: VoiceEnd::Moved, moved_to: Some(id(4)) };
    assert_snapshot!(json(&Event::VoiceEnded(moved)), @r#"{"type":"voice_ended","channel_id":"3","peer_id":"7","reason":"moved","moved_to":"4"}"#);
}

proptest! {
    #[test]
    fn every_id_survives_the_wire(raw in 1..=i64::MAX) {
        let id = MessageId::try_from(raw).unwrap();
        let read: MessageId = serde_json::from_str(&json(&id)).unwrap();
        prop_assert_eq!(read.get(), raw);
    }

    #[test]
    fn an_id_tells_when_it_was_made(ms in 0_i64..(1 << 42), low in 0_i64..(1 << ID_SEQUENCE_BITS)) {
        prop_assume!(ms + low > 0);
        let id = MessageId::try_from(ms << ID_SEQUENCE_BITS | low).unwrap();
        prop_assert_eq!(id.created_at(), Timestamp(ms + ID_EPOCH_MS));
    }
}
