use protocol::id::{ChannelId, PeerId};
use protocol::voice::{PeerFlags, VoiceEnd};

use super::super::{OfferError, Told};
use super::{Call, Command, Ending, JoinError, Link, Phase};
use crate::time::Moment;

fn room(number: i64) -> ChannelId {
    ChannelId::try_from(number).unwrap()
}
fn peer(number: i64) -> PeerId {
    PeerId::try_from(number).unwrap()
}
fn commands(call: &mut Call) -> Vec<Command> {
    std::iter::from_fn(|| call.poll_command()).collect()
}
fn open(attempt: u32) -> Command {
    Command::Open { attempt, channel_id: room(1), flags: PeerFlags::default() }
}
fn restart(attempt: u32) -> Command {
    Command::Offer { attempt, peer_id: peer(9), restarts_ice: true }
}
fn connected() -> Call {
    let mut call = Call::default();
    call.join(room(1), PeerFlags::default(), Moment(0));
    call.handle_joined(1, peer(9), Moment(50));
    call.handle_link(1, Link::Up, Moment(100));
    commands(&mut call);
    call
}
fn next(call: &mut Call) -> Moment {
    let at = call.deadline().unwrap();
    call.handle_time(at);
    at
}

#[test]
fn one_is_in_at_the_press_and_connected_when_media_is_up() {
    let mut call = Call::default();
    call.join(room(1), PeerFlags::default(), Moment(0));
    assert_eq!((call.phase(), call.channel_id()), (Phase::Joining, Some(room(1))));
    assert_eq!(commands(&mut call), [open(1)]);
    call.handle_joined(1, peer(9), Moment(50));
    call.handle_link(1, Link::Up, Moment(100));
    assert_eq!(call.phase(), Phase::Connected);
    assert_eq!(call.deadline(), None);
}

#[test]
fn joining_starts_with_pictures_off_and_the_microphone_as_it_was() {
    let mut call = Call::default();
    call.join(
        room(1),
        PeerFlags { muted: true, deafened: false, camera: true, screen: true, priority: true },
        Moment(0),
    );
    assert_eq!(call.flags(), PeerFlags { muted: true, ..PeerFlags::default() });
}

#[test]
fn who_is_moved_goes_on_in_the_other_room_as_they_were_but_for_their_screen() {
    let mut call = connected();
    let flags = PeerFlags { muted: true, deafened: true, camera: true, ..PeerFlags::default() };
    call.set_flags(PeerFlags { screen: true, ..flags });
    commands(&mut call);
    call.follow(room(2), Moment(200));
    assert_eq!((call.phase(), call.channel_id(), call.peer_id()), (Phase::Joining, Some(room(2)), None));
    assert_eq!(commands(&mut call), [Command::Open { attempt: 2, channel_id: room(2), flags }]);
    call.handle_joined(2, peer(10), Moment(250));
    call.handle_link(2, Link::Up, Moment(300));
    assert_eq!((call.phase(), call.flags()), (Phase::Connected, flags));
}

#[test]
fn who_is_disconnected_does_not_come_back_by_itself() {
    let mut call = connected();
    call.handle_ended(peer(9), VoiceEnd::Disconnected, Moment(5));
    assert_eq!(commands(&mut call), [Command::Close(Some(peer(9))), Command::Ended(Ending::Disconnected)]);
    assert_eq!((call.phase(), call.deadline()), (Phase::Idle, None));
}

#[test]
fn pressing_the_same_room_again_changes_nothing() {
    let mut call = connected();
    call.join(room(1), PeerFlags::default(), Moment(200));
    assert_eq!(commands(&mut call), []);
}

#[test]
fn moving_to_another_room_asks_there_without_leaving_here() {
    let mut call = connected();
    call.join(room(2), PeerFlags::default(), Moment(200));
    let expected = Command::Open { attempt: 2, channel_id: room(2), flags: PeerFlags::default() };
    assert_eq!(commands(&mut call), [expected]);
    call.handle_link(1, Link::Down, Moment(201));
    assert_eq!(call.phase(), Phase::Joining);
}

#[test]
fn an_answer_that_comes_after_leaving_gives_the_seat_back() {
    let mut call = Call::default();
    call.join(room(1), PeerFlags::default(), Moment(0));
    call.leave();
    commands(&mut call);
    call.handle_joined(1, peer(9), Moment(50));
    assert_eq!(commands(&mut call), [Command::Leave(peer(9))]);
    assert_eq!(call.phase(), Phase::Idle);
}

#[test]
fn a_shaky_connection_looks_for_another_way_and_has_a_moment_before_that_is_shown() {
    let mut call = connected();
    call.handle_link(1, Link::Shaky, Moment(1_000));
    assert_eq!(commands(&mut call), [restart(2)]);
    call.handle_link(1, Link::Up, Moment(1_500));
    call.handle_time(Moment(9_000));
    assert_eq!((call.phase(), commands(&mut call)), (Phase::Connected, vec![]));
    call.handle_link(1, Link::Shaky, Moment(10_000));
    assert_eq!(commands(&mut call), [restart(3)]);
    call.handle_offered(3, Err(OfferError::Passing), Moment(10_100));
    assert_eq!(call.phase(), Phase::Connected);
    next(&mut call);
    assert_eq!((call.phase(), commands(&mut call)), (Phase::Reconnecting, vec![restart(4)]));
}

#[test]
fn restarts_go_on_until_the_network_is_back() {
    let mut call = connected();
    call.handle_link(1, Link::Down, Moment(1_000));
    commands(&mut call);
    let mut attempt = 2;
    let mut now = Moment(1_000);
    while now < Moment(21_000) {
        call.handle_offered(attempt, Err(OfferError::Passing), now);
        now = next(&mut call);
        attempt += 1;
        assert_eq!(commands(&mut call), [restart(attempt)]);
    }
    call.handle_link(attempt, Link::Up, now);
    assert_eq!(call.phase(), Phase::Connected);
}

#[test]
fn a_restart_that_never_connects_is_tried_again() {
    let mut call = connected();
    call.handle_link(1, Link::Down, Moment(1_000));
    commands(&mut call);
    assert_eq!(next(&mut call), Moment(11_000));
    assert_eq!(commands(&mut call), [restart(3)]);
}

#[test]
fn a_server_that_has_forgotten_the_connection_is_joined_again_silently() {
    let mut call = connected();
    call.set_flags(PeerFlags { muted: true, ..PeerFlags::default() });
    call.handle_link(1, Link::Down, Moment(1_000));
    commands(&mut call);
    call.handle_offered(2, Err(OfferError::Gone), Moment(1_100));
    assert_eq!(call.phase(), Phase::Rejoining);
    let flags = PeerFlags { muted: true, ..PeerFlags::default() };
    assert_eq!(commands(&mut call), [Command::Open { attempt: 3, channel_id: room(1), flags }]);
    call.handle_joined(3, peer(10), Moment(1_200));
    call.handle_link(3, Link::Up, Moment(1_300));
    assert_eq!((call.phase(), call.peer_id()), (Phase::Connected, Some(peer(10))));
}

#[test]
fn a_snapshot_without_the_seat_joins_again_and_one_without_the_channel_ends() {
    let mut call = connected();
    call.handle_snapshot(Some(peer(9)), true, Moment(5));
    assert_eq!(commands(&mut call), []);
    call.handle_snapshot(None, true, Moment(6));
    assert_eq!(call.phase(), Phase::Rejoining);
    let mut call = connected();
    call.handle_snapshot(None, false, Moment(6));
    assert_eq!(commands(&mut call), [Command::Close(Some(peer(9))), Command::Ended(Ending::Removed)]);
}

#[test]
fn a_snapshot_with_a_later_seat_means_that_the_user_sits_elsewhere() {
    let mut call = connected();
    call.handle_snapshot(Some(peer(8)), true, Moment(5));
    assert_eq!(commands(&mut call), []);
    call.handle_snapshot(Some(peer(10)), true, Moment(6));
    assert_eq!(commands(&mut call), [Command::Close(Some(peer(9))), Command::Ended(Ending::Replaced)]);
}

#[test]
fn a_room_pressed_while_another_is_asked_for_is_asked_for_next() {
    let mut call = Call::default();
    call.join(room(1), PeerFlags::default(), Moment(0));
    call.join(room(2), PeerFlags::default(), Moment(10));
    assert_eq!(commands(&mut call), [open(1)]);
    assert!(!call.is_current(1));
    call.handle_joined(1, peer(9), Moment(20));
    let second = Command::Open { attempt: 3, channel_id: room(2), flags: PeerFlags::default() };
    assert_eq!(commands(&mut call), [second]);
    call.handle_joined(3, peer(10), Moment(30));
    assert_eq!(call.peer_id(), Some(peer(10)));
}

#[test]
fn an_earlier_request_without_an_answer_holds_up_the_next_until_it_is_given_up() {
    let mut call = Call::default();
    call.join(room(1), PeerFlags::default(), Moment(0));
    call.leave();
    call.join(room(2), PeerFlags::default(), Moment(10));
    commands(&mut call);
    assert_eq!(next(&mut call), Moment(10_010));
    assert_eq!((commands(&mut call), call.phase()), (vec![], Phase::Joining), "the later of both would have the seat");
    call.handle_join_failed(1, JoinError::Passing, Moment(20_000));
    assert!(matches!(commands(&mut call)[..], [Command::Open { .. }]));
}

#[test]
fn attempts_of_many_clients_are_spread() {
    let waits = [1, 2, 3].map(|seed| {
        let mut call = Call::new(seed << 20);
        call.join(room(1), PeerFlags::default(), Moment(0));
        call.handle_join_failed(1, JoinError::Passing, Moment(0));
        call.deadline()
    });
    assert!(waits[0] != waits[1] && waits[1] != waits[2]);
}

#[test]
fn a_session_that_the_server_ended_is_left_without_a_word() {
    let mut call = connected();
    call.abandon();
    assert_eq!(commands(&mut call), [Command::Close(Some(peer(9)))]);
}

#[test]
fn a_refused_join_ends_with_the_server_s_sentence() {
    let mut call = Call::default();
    call.join(room(1), PeerFlags::default(), Moment(0));
    commands(&mut call);
    call.handle_join_failed(1, JoinError::Refused("The room is full.".into()), Moment(5));
    assert_eq!(
        commands(&mut call),
        [Command::Close(None), Command::Ended(Ending::Refused("The room is full.".into()))]
    );
    assert_eq!(call.channel_id(), None);
}

#[test]
fn joining_without_a_network_is_tried_until_it_works_or_is_given_up() {
    let mut call = Call::default();
    call.join(room(1), PeerFlags::default(), Moment(0));
    commands(&mut call);
    call.handle_join_failed(1, JoinError::Passing, Moment(5));
    next(&mut call);
    assert_eq!(commands(&mut call), [open(2)]);
    call.leave();
    assert_eq!(commands(&mut call), [Command::Close(None)]);
    assert_eq!(call.deadline(), None);
}

#[test]
fn the_server_s_endings_are_told_apart() {
    let mut call = connected();
    call.handle_ended(peer(8), VoiceEnd::Removed, Moment(5));
    assert_eq!(call.phase(), Phase::Connected);
    call.handle_ended(peer(9), VoiceEnd::TimedOut, Moment(5));
    assert_eq!(call.phase(), Phase::Rejoining);
    let mut call = connected();
    call.handle_ended(peer(9), VoiceEnd::Replaced, Moment(5));
    assert_eq!(commands(&mut call), [Command::Close(Some(peer(9))), Command::Ended(Ending::Replaced)]);
}

#[test]
fn on_another_network_the_server_is_asked_until_it_could_be_and_not_for_ever() {
    let mut call = connected();
    call.handle_network_changed(Moment(50));
    assert_eq!((commands(&mut call), call.deadline()), (vec![restart(2)], None));
    // Whatever went wrong, the way of before may still serve, so that nothing is shown and nothing given up.
    let mut attempt = 2;
    for error in [OfferError::Passing, OfferError::Gone].into_iter().cycle().take(7) {
        call.handle_offered(attempt, Err(error), Moment(60));
        assert_eq!(next(&mut call), Moment(560));
        attempt += 1;
        assert_eq!((call.phase(), commands(&mut call)), (Phase::Connected, vec![restart(attempt)]));
    }
    call.handle_offered(attempt, Err(OfferError::Passing), Moment(60));
    assert_eq!((call.phase(), call.deadline()), (Phase::Connected, None));
    call.handle_network_changed(Moment(9_000));
    assert_eq!(commands(&mut call), [restart(attempt + 1)]);
}

#[test]
fn a_way_that_is_lost_is_shown_whether_the_network_changed_before_or_after() {
    let change = |call: &mut Call| call.handle_network_changed(Moment(100));
    let lose = |call: &mut Call| call.handle_link(1, Link::Shaky, Moment(100));
    for order in [[&change as &dyn Fn(&mut Call), &lose], [&lose, &change]] {
        let mut call = connected();
        order.iter().for_each(|happens| happens(&mut call));
        assert_eq!(commands(&mut call), [restart(2), restart(3)]);
        call.handle_offered(3, Err(OfferError::Passing), Moment(200));
        next(&mut call);
        assert_eq!((call.phase(), commands(&mut call)), (Phase::Reconnecting, vec![restart(4)]));
    }
}

#[test]
fn what_the_room_is_sent_anew_is_offered_once_no_answer_is_awaited() {
    let offer = |attempt| Command::Offer { attempt, peer_id: peer(9), restarts_ice: false };
    let mut call = connected();
    call.renegotiate();
    call.renegotiate();
    assert_eq!(commands(&mut call), [offer(2)]);
    call.handle_offered(2, Ok(()), Moment(200));
    assert_eq!(commands(&mut call), [offer(3)], "the answer to the first may have been written before");
    call.handle_offered(3, Err(OfferError::Passing), Moment(300));
    assert_eq!((commands(&mut call), call.deadline()), (vec![], None));
    // A way that is looked for does not wait, and its answer says the rest.
    call.renegotiate();
    call.handle_network_changed(Moment(400));
    call.handle_offered(4, Ok(()), Moment(450));
    call.handle_offered(5, Ok(()), Moment(500));
    assert_eq!(commands(&mut call), [offer(4), restart(5)]);
}

#[test]
fn what_changes_while_a_seat_is_asked_for_is_offered_when_it_is_there() {
    let mut call = Call::default();
    call.join(room(1), PeerFlags::default(), Moment(0));
    call.renegotiate();
    call.handle_joined(1, peer(9), Moment(50));
    assert_eq!(commands(&mut call), [open(1)]);
    let offer = Command::Offer { attempt: 2, peer_id: peer(9), restarts_ice: false };
    call.handle_link(1, Link::Up, Moment(100));
    assert_eq!(commands(&mut call), std::slice::from_ref(&offer));
    // Media may be up before the answer is dealt with.
    let mut call = Call::default();
    call.join(room(1), PeerFlags::default(), Moment(0));
    call.renegotiate();
    call.handle_link(1, Link::Up, Moment(40));
    call.handle_joined(1, peer(9), Moment(50));
    assert_eq!(commands(&mut call), [open(1), offer]);
}

#[test]
fn a_search_ends_when_the_server_knows_of_the_way() {
    let mut call = connected();
    call.handle_network_changed(Moment(50));
    call.handle_offered(2, Err(OfferError::Passing), Moment(60));
    call.handle_network_changed(Moment(70));
    call.handle_offered(3, Ok(()), Moment(80));
    assert_eq!(call.deadline(), None);
    commands(&mut call);
    // What fails later is no search.
    call.renegotiate();
    call.handle_offered(4, Err(OfferError::Passing), Moment(9_000));
    assert_eq!(call.deadline(), None);
}

#[test]
fn flags_are_told_only_when_they_change() {
    let mut call = connected();
    let muted = PeerFlags { muted: true, ..PeerFlags::default() };
    call.set_flags(muted);
    call.set_flags(muted);
    assert_eq!(commands(&mut call), [Command::Update(peer(9), muted)]);
}

fn muted(muted: bool) -> PeerFlags {
    PeerFlags { muted, ..PeerFlags::default() }
}

#[test]
fn one_update_is_on_its_way_and_the_newest_flags_come_next() {
    let mut call = connected();
    call.set_flags(muted(true));
    call.set_flags(muted(false));
    call.set_flags(PeerFlags { camera: true, ..muted(true) });
    assert_eq!(commands(&mut call), [Command::Update(peer(9), muted(true))]);
    call.handle_told(peer(9), Told::Heard, Moment(300));
    assert_eq!(commands(&mut call), [Command::Update(peer(9), PeerFlags { camera: true, ..muted(true) })]);
    call.handle_told(peer(9), Told::Heard, Moment(400));
    assert_eq!(commands(&mut call), []);
}

#[test]
fn an_update_that_was_not_heard_is_told_again_until_it_is() {
    let mut call = connected();
    call.set_flags(muted(true));
    call.handle_told(peer(9), Told::Passing, Moment(300));
    commands(&mut call);
    assert_eq!(next(&mut call), Moment(800));
    assert_eq!(commands(&mut call), [Command::Update(peer(9), muted(true))]);
    call.handle_told(peer(9), Told::Passing, Moment(900));
    assert_eq!(next(&mut call), Moment(1_900));
    call.handle_told(peer(9), Told::Heard, Moment(2_000));
    assert_eq!(call.deadline(), None);
}

#[test]
fn a_refused_update_is_not_repeated() {
    let mut call = connected();
    call.set_flags(muted(true));
    call.handle_told(peer(9), Told::Refused, Moment(300));
    assert_eq!(commands(&mut call).len(), 1);
    assert_eq!(call.deadline(), None);
}

#[test]
fn flags_are_told_again_after_a_restart_and_those_pressed_during_a_join_after_it() {
    let mut call = connected();
    call.handle_link(1, Link::Down, Moment(1_000));
    commands(&mut call);
    call.handle_link(1, Link::Up, Moment(2_000));
    assert_eq!(commands(&mut call), [Command::Update(peer(9), muted(false))]);
    let mut call = Call::default();
    call.join(room(1), PeerFlags::default(), Moment(0));
    call.set_flags(muted(true));
    commands(&mut call);
    call.handle_joined(1, peer(9), Moment(50));
    assert_eq!(commands(&mut call), [Command::Update(peer(9), muted(true))]);
}

#[test]
fn an_answer_to_an_earlier_connection_says_nothing_of_this_one() {
    let mut call = connected();
    call.set_flags(muted(true));
    call.handle_ended(peer(9), VoiceEnd::TimedOut, Moment(200));
    call.handle_joined(2, peer(10), Moment(300));
    commands(&mut call);
    call.set_flags(muted(false));
    assert_eq!(commands(&mut call), [Command::Update(peer(10), muted(false))]);
    call.handle_told(peer(9), Told::Heard, Moment(400));
    call.set_flags(muted(true));
    assert_eq!(commands(&mut call), [], "one is on its way");
}

#[test]
fn a_server_that_answers_while_media_does_not_arrive_is_told_from_one_that_does_not_answer() {
    let mut call = Call::default();
    call.join(room(1), PeerFlags::default(), Moment(0));
    assert!(!call.finds_no_way(Moment(9_000)));
    call.handle_joined(1, peer(9), Moment(50));
    assert!(!call.finds_no_way(Moment(5_000)));
    assert!(call.finds_no_way(Moment(6_000)));
    call.handle_link(1, Link::Up, Moment(6_500));
    assert!(!call.finds_no_way(Moment(60_000)));
}
