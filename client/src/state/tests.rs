use protocol::account::{CurrentUser, Presence, Status, User};
use protocol::channel::{Channel, ChannelKind, ReadState, RoomSettings};
use protocol::event::{
    ChannelDeleted, Event, GuildDeleted, MemberUpdated, MessageDeleted, Ready, TypingStarted, VoiceLeft, VoiceSpeakers,
};
use protocol::guild::{Afk, Guild as GuildInfo, GuildSnapshot, Member};
use protocol::id::{ChannelId, GuildId, ID_EPOCH_MS, ID_SEQUENCE_BITS, MessageId, PeerId, SessionId, UserId};
use protocol::message::{History, Message, Nonce};
use protocol::time::Timestamp;
use protocol::voice::{PeerFlags, Restraint, Speaker, VoiceState};

use super::{Direction, Effect, Pending, Route, Row, Sibling, State, Timeline, Unread, move_channel};

const NOW: Timestamp = Timestamp(ID_EPOCH_MS + 1_000_000);

fn guild_id() -> GuildId {
    GuildId::try_from(1).unwrap()
}
fn user_id(number: i64) -> UserId {
    UserId::try_from(number).unwrap()
}
fn channel_id(number: i64) -> ChannelId {
    ChannelId::try_from(number).unwrap()
}
/// The id of a message written so many seconds after the epoch of ids.
fn message_id(second: i64) -> MessageId {
    MessageId::try_from(((second * 1000) << ID_SEQUENCE_BITS) + 1).unwrap()
}
fn user(number: i64) -> User {
    User { id: user_id(number), username: format!("user{number}"), display_name: format!("User {number}") }
}
fn message(second: i64, author: i64) -> Message {
    Message {
        id: message_id(second),
        channel_id: channel_id(10),
        author: user(author),
        content: format!("at {second}"),
        edited_at: None,
        nonce: None,
    }
}
fn channel(number: i64, kind: ChannelKind, position: u32) -> Channel {
    Channel {
        id: channel_id(number),
        guild_id: guild_id(),
        kind,
        name: format!("c{number}"),
        topic: String::new(),
        parent_id: None,
        position,
        last_message_id: None,
        room: RoomSettings::default(),
    }
}
fn seat(user: i64, channel: i64) -> VoiceState {
    VoiceState {
        guild_id: guild_id(),
        channel_id: channel_id(channel),
        user_id: user_id(user),
        peer_id: PeerId::try_from(100 + user).unwrap(),
        flags: PeerFlags::default(),
        restraint: Restraint::default(),
    }
}
fn member(number: i64) -> Member {
    Member { user: user(number), joined_at: Timestamp(ID_EPOCH_MS), restraint: Restraint::default() }
}
fn ready() -> Ready {
    Ready {
        user: CurrentUser { user: user(1), is_admin: true },
        session_id: SessionId::try_from(5).unwrap(),
        resume_token: "r".into(),
        guilds: vec![GuildSnapshot {
            guild: GuildInfo { id: guild_id(), name: "Home".into(), owner_id: user_id(1), afk: Afk::default() },
            channels: vec![channel(10, ChannelKind::Text, 0), channel(11, ChannelKind::Voice, 1)],
            members: [1, 2].map(member).into(),
            presences: vec![Presence { user_id: user_id(1), status: Status::Online }],
            voice_states: vec![seat(2, 11)],
        }],
        read_states: vec![],
    }
}
fn started() -> State {
    let mut state = State::default();
    state.start(ready());
    state.timelines.insert(channel_id(10), Timeline::default());
    state
}
fn page(seconds: std::ops::Range<i64>, has_before: bool) -> History {
    History { messages: seconds.map(|second| message(second, 2)).collect(), has_before, has_after: false }
}
fn pending(nonce: &str) -> Pending {
    Pending { nonce: Nonce(nonce.into()), content: "hi".into(), written_at: NOW, failure: None, sent_as: None }
}
fn load_newest(state: &mut State, page: History) {
    let epoch = timeline(state).ask_newest();
    timeline(state).load_newest(epoch, page);
}
fn load_page(state: &mut State, direction: Direction, page: History) {
    let epoch = timeline(state).ask_page(direction).unwrap();
    timeline(state).load_page(epoch, direction, page);
}
fn timeline(state: &mut State) -> &mut Timeline {
    state.timelines.get_mut(&channel_id(10)).unwrap()
}

#[test]
fn a_snapshot_brings_names_presence_and_seats() {
    let state = started();
    assert_eq!(state.name(user_id(2)), "User 2");
    assert!(state.online.contains(&user_id(1)) && !state.online.contains(&user_id(2)));
    assert_eq!(state.seats.channels(), [(guild_id(), channel_id(11))]);
}

#[test]
fn a_message_of_another_is_unread_until_read() {
    let mut state = started();
    let effect = state.apply(Event::MessageCreated(message(5, 2)), NOW);
    assert!(matches!(effect, Some(Effect::MessageArrived(_))));
    let channel = state.channel(channel_id(10)).unwrap().clone();
    assert_eq!(state.unread(&channel), Unread::Yes);
    assert_eq!(state.guild_unread(guild_id()), Unread::Yes);
    state.apply(Event::ReadUpdated(ReadState { channel_id: channel_id(10), last_read_id: message_id(5) }), NOW);
    assert_eq!(state.unread(&channel), Unread::No);
}

#[test]
fn reading_never_goes_backwards() {
    let mut state = started();
    for second in [9, 3] {
        let read = ReadState { channel_id: channel_id(10), last_read_id: message_id(second) };
        state.apply(Event::ReadUpdated(read), NOW);
    }
    assert_eq!(state.reads.last(channel_id(10)), Some(message_id(9)));
}

#[test]
fn ones_own_message_settles_its_pending_row_and_is_read() {
    let mut state = started();
    load_newest(&mut state, page(1..3, false));
    timeline(&mut state).pending.push(pending("n1"));
    let mine = Message { nonce: Some(Nonce("n1".into())), ..message(5, 1) };
    assert_eq!(state.apply(Event::MessageCreated(mine.clone()), NOW), None);
    // The answer to the request comes too, in whichever order.
    timeline(&mut state).settle(mine);
    assert!(timeline(&mut state).pending.is_empty());
    assert_eq!(timeline(&mut state).messages().count(), 3);
    assert_eq!(state.unread(&state.channel(channel_id(10)).unwrap().clone()), Unread::No);
}

#[test]
fn the_message_that_is_on_its_way_is_the_newest_of_ones_own() {
    let mut state = started();
    let messages = vec![message(1, 1), message(2, 2)];
    load_newest(&mut state, History { messages, ..page(1..1, false) });
    let last = |state: &mut State| timeline(state).last_own(user_id(1)).map(|message| message.id);
    assert_eq!(last(&mut state), Some(message_id(1)));
    timeline(&mut state).pending.push(pending("n1"));
    assert_eq!(last(&mut state), None);
    timeline(&mut state).pending[0].failure = Some("refused".into());
    assert_eq!(last(&mut state), Some(message_id(1)));
}

#[test]
fn a_message_that_arrives_while_the_first_page_loads_is_kept() {
    let mut state = started();
    let epoch = timeline(&mut state).ask_newest();
    state.apply(Event::MessageCreated(message(9, 2)), NOW);
    timeline(&mut state).load_newest(epoch, page(1..4, false));
    assert_eq!(timeline(&mut state).newest(), Some(message_id(9)));
    load_newest(&mut state, page(1..10, false));
    assert_eq!(timeline(&mut state).messages().count(), 9);
}

#[test]
fn a_new_snapshot_keeps_what_is_on_its_way() {
    let mut state = started();
    load_newest(&mut state, page(1..4, false));
    timeline(&mut state).pending.push(pending("n1"));
    state.start(ready());
    assert!(!timeline(&mut state).is_loaded);
    assert_eq!(timeline(&mut state).pending.len(), 1);
    let mut fresh = page(1..4, false);
    fresh.messages.push(Message { nonce: Some(Nonce("n1".into())), ..message(7, 1) });
    load_newest(&mut state, fresh);
    assert!(timeline(&mut state).pending.is_empty());
}

#[test]
fn pages_join_without_gap_or_double_and_the_far_end_is_dropped() {
    let mut state = started();
    load_newest(&mut state, page(900..1000, true));
    for start in [800, 700, 600, 500] {
        load_page(&mut state, Direction::Older, page(start..start + 101, true));
    }
    let kept: Vec<_> = timeline(&mut state).messages().map(|message| message.id).collect();
    assert_eq!(kept, (500..900).map(message_id).collect::<Vec<_>>());
    assert!(timeline(&mut state).has_after);
    state.apply(Event::MessageCreated(message(1001, 2)), NOW);
    assert_eq!(timeline(&mut state).newest(), Some(message_id(899)));
    load_page(&mut state, Direction::Newer, page(900..1002, true));
    assert_eq!(timeline(&mut state).newest(), Some(message_id(1001)));
    assert!(!timeline(&mut state).has_after);
}

#[test]
fn edits_and_deletions_reach_the_timeline() {
    let mut state = started();
    load_newest(&mut state, page(1..4, false));
    let edited = Message { content: "new".into(), edited_at: Some(NOW), ..message(2, 2) };
    state.apply(Event::MessageUpdated(edited), NOW);
    state.apply(Event::MessageDeleted(MessageDeleted { channel_id: channel_id(10), message_id: message_id(1) }), NOW);
    let contents: Vec<_> = timeline(&mut state).messages().map(|message| message.content.clone()).collect();
    assert_eq!(contents, ["new", "at 3"]);
}

#[test]
fn rows_are_grouped_by_author_within_five_minutes_and_by_day() {
    let mut timeline = Timeline::default();
    let messages = vec![message(10, 1), message(20, 1), message(30, 2), message(400, 2), message(90_000, 2)];
    let epoch = timeline.ask_newest();
    timeline.load_newest(epoch, History { messages, has_before: false, has_after: false });
    timeline.new_after = Some(message_id(20));
    let rows = timeline.rows(0..5, Some(user_id(1)), |at| (at.0 - ID_EPOCH_MS) / 86_400_000);
    let shape: Vec<&str> = rows
        .iter()
        .map(|row| match row {
            Row::Day(_) => "day",
            Row::New => "new",
            Row::Message { has_head: true, .. } => "head",
            Row::Message { .. } => "more",
            Row::Pending { .. } => "pending",
        })
        .collect();
    assert_eq!(shape, ["day", "head", "more", "new", "head", "head", "day", "head"]);
}

#[test]
fn typing_ends_after_eight_seconds_or_with_the_message() {
    let mut state = started();
    let typing = |user| Event::TypingStarted(TypingStarted { channel_id: channel_id(10), user_id: user_id(user) });
    for user in [1, 2, 3] {
        state.apply(typing(user), NOW);
    }
    assert_eq!(state.typing.users(channel_id(10), NOW).collect::<Vec<_>>(), [user_id(2), user_id(3)]);
    state.apply(Event::MessageCreated(message(5, 2)), NOW);
    assert_eq!(state.typing.users(channel_id(10), NOW).collect::<Vec<_>>(), [user_id(3)]);
    assert!(state.typing.expire(Timestamp(NOW.0 + 8_000)));
    assert_eq!(state.typing.users(channel_id(10), NOW).count(), 0);
}

#[test]
fn a_seat_moves_with_its_user_and_an_old_leave_is_ignored() {
    let mut state = started();
    let moved = VoiceState { peer_id: PeerId::try_from(500).unwrap(), ..seat(2, 10) };
    assert!(matches!(state.apply(Event::VoiceStateUpdated(moved.clone()), NOW), Some(Effect::SeatTaken { .. })));
    let left = |peer_id| VoiceLeft { guild_id: guild_id(), channel_id: channel_id(11), user_id: user_id(2), peer_id };
    assert_eq!(state.apply(Event::VoiceLeft(left(seat(2, 11).peer_id)), NOW), None);
    assert_eq!(state.seats.in_channel(channel_id(10)).len(), 1);
    assert!(state.apply(Event::VoiceLeft(left(moved.peer_id)), NOW).is_some());
    assert!(state.seats.channels().is_empty());
}

#[test]
fn changed_flags_are_no_arrival() {
    let mut state = started();
    let muted = VoiceState { flags: PeerFlags { muted: true, ..PeerFlags::default() }, ..seat(2, 11) };
    assert_eq!(state.apply(Event::VoiceStateUpdated(muted), NOW), Some(Effect::Spoken(channel_id(11))));
}

#[test]
fn those_not_named_among_the_speakers_are_silent_and_so_are_the_muted() {
    let mut state = started();
    let speakers =
        |speakers| Event::VoiceSpeakers(VoiceSpeakers { channel_id: channel_id(11), speakers, dominant_peer_id: None });
    state.apply(speakers(vec![Speaker { peer_id: seat(2, 11).peer_id, level: 90 }]), NOW);
    assert!(state.seats.is_speaking(&seat(2, 11)));
    let muted = VoiceState { flags: PeerFlags { muted: true, ..PeerFlags::default() }, ..seat(2, 11) };
    assert!(!state.seats.is_speaking(&muted));
    state.apply(speakers(vec![]), NOW);
    assert!(!state.seats.is_speaking(&seat(2, 11)));
}

#[test]
fn who_leads_the_conversation_is_known_until_the_room_is_gone() {
    let mut state = started();
    let leader = seat(2, 11).peer_id;
    let led = |dominant_peer_id| {
        Event::VoiceSpeakers(VoiceSpeakers { channel_id: channel_id(11), speakers: vec![], dominant_peer_id })
    };
    state.apply(led(Some(leader)), NOW);
    assert_eq!(state.seats.dominant(channel_id(11)), Some(leader));
    assert_eq!(state.seats.dominant(channel_id(10)), None);
    state.apply(led(None), NOW);
    assert_eq!(state.seats.dominant(channel_id(11)), None);
    state.apply(led(Some(leader)), NOW);
    state.seats.hush_all();
    assert_eq!(state.seats.dominant(channel_id(11)), None);
}

#[test]
fn what_is_decided_about_a_member_shows_in_their_seat_on_that_server() {
    let mut state = started();
    let restraint = Restraint { server_muted: true, server_deafened: false };
    let decided =
        Event::MemberUpdated(MemberUpdated { guild_id: guild_id(), member: Member { restraint, ..member(2) } });
    assert_eq!(state.apply(decided, NOW), Some(Effect::Restrained));
    assert_eq!(state.restraint(guild_id(), user_id(2)), restraint);
    assert_eq!(state.restraint(guild_id(), user_id(1)), Restraint::default());
    let seat = state.seats.of(user_id(2)).unwrap();
    assert!(seat.is_silent() && !seat.flags.muted && !seat.is_deaf());
}

#[test]
fn a_priority_speaker_who_talks_talks_over_all_but_themselves() {
    let mut state = started();
    let first = VoiceState { flags: PeerFlags { priority: true, ..PeerFlags::default() }, ..seat(2, 11) };
    let peer_id = first.peer_id;
    state.apply(Event::VoiceStateUpdated(first), NOW);
    let is_talked_over = |state: &State, user| state.seats.is_talked_over(channel_id(11), Some(user_id(user)));
    assert!(state.seats.has_priority(peer_id) && !is_talked_over(&state, 1));
    let speakers = vec![Speaker { peer_id, level: 90 }];
    state.apply(
        Event::VoiceSpeakers(VoiceSpeakers { channel_id: channel_id(11), speakers, dominant_peer_id: None }),
        NOW,
    );
    assert!(is_talked_over(&state, 1) && !is_talked_over(&state, 2));
    assert!(!state.seats.is_talked_over(channel_id(10), Some(user_id(1))));
    state.apply(Event::VoiceStateUpdated(seat(2, 11)), NOW);
    assert!(!is_talked_over(&state, 1));
}

#[test]
fn who_leaves_or_comes_anew_no_longer_speaks() {
    let mut state = started();
    let spoke = Event::VoiceSpeakers(VoiceSpeakers {
        dominant_peer_id: None,
        channel_id: channel_id(11),
        speakers: vec![Speaker { peer_id: seat(2, 11).peer_id, level: 90 }],
    });
    state.apply(spoke.clone(), NOW);
    let anew = VoiceState { peer_id: PeerId::try_from(500).unwrap(), ..seat(2, 11) };
    state.apply(Event::VoiceStateUpdated(anew), NOW);
    assert!(!state.seats.is_speaking(&seat(2, 11)));
    state.apply(spoke, NOW);
    state.seats.hush_all();
    assert!(!state.seats.is_speaking(&seat(2, 11)));
}

#[test]
fn a_seat_that_another_device_took_is_not_freed_by_this_one() {
    let mut state = started();
    state.seats.free(user_id(2), &[PeerId::try_from(7).unwrap()]);
    assert!(state.seats.of(user_id(2)).is_some());
    state.seats.free(user_id(2), &[seat(2, 11).peer_id]);
    assert!(state.seats.of(user_id(2)).is_none());
}

#[test]
fn what_is_written_while_the_newest_page_is_on_its_way_is_not_lost() {
    let mut state = started();
    load_newest(&mut state, page(900..1000, true));
    for start in [800, 700, 600, 500] {
        load_page(&mut state, Direction::Older, page(start..start + 100, true));
    }
    assert!(timeline(&mut state).has_after);
    let epoch = timeline(&mut state).ask_newest();
    state.apply(Event::MessageCreated(message(1_000, 2)), NOW);
    timeline(&mut state).load_newest(epoch, page(900..1000, true));
    assert_eq!(timeline(&mut state).newest(), Some(message_id(1_000)));
}

#[test]
fn what_is_written_in_a_channel_that_is_not_loaded_is_not_hoarded() {
    let mut state = started();
    state.apply(Event::MessageCreated(message(1, 2)), NOW);
    load_newest(&mut state, page(5..6, false));
    assert_eq!(timeline(&mut state).messages().count(), 1);
}

#[test]
fn a_page_that_was_asked_for_before_a_jump_leaves_no_gap() {
    let mut state = started();
    load_newest(&mut state, page(500..600, true));
    let early = timeline(&mut state).ask_page(Direction::Older).unwrap();
    let jump = timeline(&mut state).ask_newest();
    timeline(&mut state).load_newest(jump, page(900..1000, true));
    timeline(&mut state).load_page(early, Direction::Older, page(400..500, true));
    assert_eq!(timeline(&mut state).oldest(), Some(message_id(900)));
    assert!(timeline(&mut state).ask_page(Direction::Older).is_some());
}

#[test]
fn edits_and_deletions_reach_a_page_that_was_read_before_them() {
    let mut state = started();
    let epoch = timeline(&mut state).ask_newest();
    state.apply(Event::MessageUpdated(Message { content: "anew".into(), ..message(1, 2) }), NOW);
    let gone = MessageDeleted { channel_id: channel_id(10), message_id: message_id(2) };
    state.apply(Event::MessageDeleted(gone), NOW);
    timeline(&mut state).load_newest(epoch, page(1..4, false));
    let contents: Vec<_> = timeline(&mut state).messages().map(|message| message.content.clone()).collect();
    assert_eq!(contents, ["anew", "at 3"]);
}

#[test]
fn edits_and_deletions_reach_a_page_that_makes_others_be_dropped() {
    let mut state = started();
    load_newest(&mut state, page(900..1_000, true));
    for start in [800, 700, 600] {
        load_page(&mut state, Direction::Older, page(start..start + 100, true));
    }
    for (direction, start) in [(Direction::Older, 500), (Direction::Newer, 900)] {
        let epoch = timeline(&mut state).ask_page(direction).unwrap();
        let edited = Message { content: "anew".into(), edited_at: Some(NOW), ..message(start + 10, 2) };
        state.apply(Event::MessageUpdated(edited), NOW);
        let gone = MessageDeleted { channel_id: channel_id(10), message_id: message_id(start + 11) };
        state.apply(Event::MessageDeleted(gone), NOW);
        timeline(&mut state).load_page(epoch, direction, page(start..start + 100, true));
        assert_eq!(timeline(&mut state).len(), 400);
        assert_eq!(timeline(&mut state).get(message_id(start + 10)).unwrap().content, "anew");
        assert!(timeline(&mut state).get(message_id(start + 11)).is_none());
    }
}

#[test]
fn what_was_sent_stays_on_screen_until_the_page_comes_that_failed_at_first() {
    let mut state = started();
    let epoch = timeline(&mut state).ask_newest();
    timeline(&mut state).fail(epoch, Direction::Newer, "No network.".into());
    assert!(timeline(&mut state).is_missing());
    timeline(&mut state).pending.push(pending("n1"));
    let mine = Message { nonce: Some(Nonce("n1".into())), ..message(9, 1) };
    state.apply(Event::MessageCreated(mine.clone()), NOW);
    assert_eq!(timeline(&mut state).pending.iter().map(Pending::is_due).collect::<Vec<_>>(), [false]);
    let mut found = page(1..9, false);
    found.messages.push(mine);
    load_newest(&mut state, found);
    assert!(timeline(&mut state).pending.is_empty() && !timeline(&mut state).is_missing());
}

#[test]
fn what_was_sent_and_deleted_before_it_could_be_shown_is_gone() {
    let mut state = started();
    timeline(&mut state).pending.extend([pending("n1"), pending("n2")]);
    state.apply(Event::MessageCreated(Message { nonce: Some(Nonce("n1".into())), ..message(8, 1) }), NOW);
    state.apply(Event::MessageCreated(Message { nonce: Some(Nonce("n2".into())), ..message(9, 1) }), NOW);
    let gone = MessageDeleted { channel_id: channel_id(10), message_id: message_id(8) };
    state.apply(Event::MessageDeleted(gone), NOW);
    assert_eq!(timeline(&mut state).pending.len(), 1);
    load_newest(&mut state, page(1..8, false));
    assert!(timeline(&mut state).pending.is_empty());
}

#[test]
fn a_message_that_is_told_twice_arrives_and_stands_once() {
    let mut state = started();
    load_newest(&mut state, page(5..7, true));
    assert!(state.apply(Event::MessageCreated(message(9, 2)), NOW).is_some());
    assert_eq!(state.apply(Event::MessageCreated(message(9, 2)), NOW), None);
    assert_eq!(state.apply(Event::MessageCreated(message(2, 2)), NOW), None);
    let epoch = timeline(&mut state).ask_newest();
    state.apply(Event::MessageCreated(message(10, 2)), NOW);
    state.apply(Event::MessageCreated(message(10, 2)), NOW);
    timeline(&mut state).load_newest(epoch, page(5..10, true));
    assert_eq!(timeline(&mut state).oldest(), Some(message_id(5)));
    assert_eq!(timeline(&mut state).len(), 6);
}

#[test]
fn an_old_edit_does_not_undo_a_newer_one() {
    let mut state = started();
    load_newest(&mut state, page(1..2, true));
    let edit = |content: &str, at| Message { content: content.into(), edited_at: Some(Timestamp(at)), ..message(1, 2) };
    let failed = timeline(&mut state).ask_page(Direction::Older).unwrap();
    state.apply(Event::MessageUpdated(edit("first", 1)), NOW);
    timeline(&mut state).fail(failed, Direction::Older, "No network.".into());
    state.apply(Event::MessageUpdated(edit("second", 2)), NOW);
    state.apply(Event::MessageUpdated(edit("first", 1)), NOW);
    load_page(&mut state, Direction::Older, page(0..1, false));
    assert_eq!(timeline(&mut state).get(message_id(1)).unwrap().content, "second");
}

#[test]
fn a_deleted_category_leaves_its_channels_at_the_top() {
    let mut state = started();
    state.apply(Event::ChannelCreated(channel(12, ChannelKind::Category, 2)), NOW);
    let inside = Channel { parent_id: Some(channel_id(12)), ..channel(13, ChannelKind::Text, 0) };
    state.apply(Event::ChannelCreated(inside), NOW);
    assert_eq!(state.guilds[&guild_id()].tree().branches.len(), 2);
    let gone = ChannelDeleted { guild_id: guild_id(), channel_id: channel_id(12) };
    assert_eq!(state.apply(Event::ChannelDeleted(gone), NOW), Some(Effect::ChannelGone(channel_id(12))));
    let tree = state.guilds[&guild_id()].tree();
    assert_eq!(tree.branches.len(), 1);
    assert_eq!(tree.flat().map(|channel| channel.id.get()).collect::<Vec<_>>(), [10, 13, 11]);
}

#[test]
fn channels_move_among_their_siblings_and_between_categories() {
    let mut state = started();
    state.apply(Event::ChannelCreated(channel(12, ChannelKind::Category, 2)), NOW);
    let guild = &state.guilds[&guild_id()];
    let order = |places: Vec<protocol::request::channel::ChannelPlace>| {
        places.iter().map(|place| (place.id.get(), place.parent_id.map(ChannelId::get))).collect::<Vec<_>>()
    };
    assert_eq!(order(move_channel(guild, channel_id(10), Sibling::Later)), [(11, None), (10, None)]);
    assert!(move_channel(guild, channel_id(10), Sibling::Earlier).is_empty());
    assert_eq!(order(move_channel(guild, channel_id(11), Sibling::Before(channel_id(10)))), [(11, None), (10, None)]);
    assert_eq!(order(move_channel(guild, channel_id(10), Sibling::Into(Some(channel_id(12))))), [(10, Some(12))]);
    assert!(move_channel(guild, channel_id(12), Sibling::Into(Some(channel_id(12)))).is_empty());
}

#[test]
fn a_refused_move_takes_back_only_places_that_nobody_has_changed_since() {
    let mut state = started();
    let places = move_channel(&state.guilds[&guild_id()], channel_id(11), Sibling::Earlier);
    let moves = state.move_channels(guild_id(), &places);
    let order =
        |state: &State| state.guilds[&guild_id()].tree().flat().map(|channel| channel.id.get()).collect::<Vec<_>>();
    assert_eq!(order(&state), [11, 10]);
    let renamed = Channel { name: "anew".into(), position: 7, ..channel(11, ChannelKind::Voice, 0) };
    state.apply(Event::ChannelUpdated(renamed), NOW);
    state.apply(Event::ChannelCreated(channel(12, ChannelKind::Text, 2)), NOW);
    state.take_back(guild_id(), &moves);
    assert_eq!(order(&state), [10, 12, 11]);
    assert_eq!(state.channel(channel_id(11)).unwrap().name, "anew");
    state.apply(Event::GuildDeleted(GuildDeleted { guild_id: guild_id() }), NOW);
    state.take_back(guild_id(), &moves);
    assert!(state.guilds.is_empty());
}

#[test]
fn a_lost_guild_takes_its_channels_and_seats_with_it() {
    let mut state = started();
    let effect = state.apply(Event::GuildDeleted(GuildDeleted { guild_id: guild_id() }), NOW);
    assert_eq!(effect, Some(Effect::GuildGone(guild_id())));
    assert!(state.timelines.is_empty() && state.seats.channels().is_empty());
}

#[test]
fn every_path_is_read_back_as_the_place_it_was_made_from() {
    let routes = [
        Route::Live,
        Route::SignIn,
        Route::Setup { token: "abc".into() },
        Route::Invite { code: "x-_1".into() },
        Route::Channel(guild_id(), channel_id(3)),
        Route::Guild(guild_id()),
        Route::GuildSettings(guild_id(), super::GuildTab::Invites),
        Route::Settings(super::UserTab::Devices),
        Route::You,
    ];
    for route in routes {
        assert_eq!(Route::parse(&route.path()), route);
    }
    assert_eq!(Route::parse("/servers/x/y"), Route::Live);
}
