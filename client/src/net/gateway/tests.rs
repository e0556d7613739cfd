use protocol::account::{CurrentUser, User};
use protocol::event::{Event, Ready};
use protocol::gateway::{ClientFrame, ServerFrame, close};
use protocol::id::{SessionId, UserId};

use super::{FIRST_WAIT_MS, Gateway, Link, MOST_WAIT_MS, STEADY_MS, Step};
use crate::time::Moment;

fn steps(gateway: &mut Gateway) -> Vec<Step> {
    std::iter::from_fn(|| gateway.poll_step()).filter(|step| !matches!(step, Step::Show(_))).collect()
}

fn ready() -> ServerFrame {
    let id = UserId::try_from(1).unwrap();
    let user = User { id, username: "ada".into(), display_name: "Ada".into() };
    ServerFrame::Ready(Box::new(Ready {
        user: CurrentUser { user, is_admin: false },
        session_id: SessionId::try_from(1).unwrap(),
        resume_token: "resume".into(),
        guilds: vec![],
        read_states: vec![],
    }))
}

fn hello() -> ServerFrame {
    ServerFrame::Hello { heartbeat_interval_ms: 20_000 }
}

fn event(seq: u64) -> ServerFrame {
    ServerFrame::Event { seq, event: Box::new(Event::Unknown) }
}

fn live() -> Gateway {
    let mut gateway = Gateway::new(7);
    gateway.start(Moment(0));
    gateway.handle_frame(hello(), Moment(0));
    gateway.handle_ticket(1, Some("t".into()), Moment(0));
    gateway.handle_frame(ready(), Moment(0));
    steps(&mut gateway);
    gateway
}

/// Runs time to the next deadline.
fn next(gateway: &mut Gateway) -> Moment {
    let at = gateway.deadline().unwrap();
    gateway.handle_time(at);
    at
}

#[test]
fn the_ticket_is_fetched_while_the_socket_opens_and_used_after_hello() {
    let mut gateway = Gateway::new(7);
    gateway.start(Moment(0));
    assert_eq!(steps(&mut gateway), [Step::OpenSocket, Step::FetchTicket(1)]);
    gateway.handle_ticket(1, Some("t".into()), Moment(1));
    assert_eq!(steps(&mut gateway), []);
    gateway.handle_frame(hello(), Moment(2));
    assert_eq!(steps(&mut gateway), [Step::Send(ClientFrame::Identify { ticket: "t".into() })]);
}

#[test]
fn a_ticket_that_comes_after_hello_is_used_at_once() {
    let mut gateway = Gateway::new(7);
    gateway.start(Moment(0));
    gateway.handle_frame(hello(), Moment(1));
    steps(&mut gateway);
    gateway.handle_ticket(1, Some("t".into()), Moment(2));
    assert_eq!(steps(&mut gateway), [Step::Send(ClientFrame::Identify { ticket: "t".into() })]);
}

#[test]
fn events_are_applied_once_and_a_gap_leads_to_a_resume() {
    let mut gateway = live();
    for seq in [1, 2, 2, 1] {
        gateway.handle_frame(event(seq), Moment(1));
    }
    assert_eq!(steps(&mut gateway).len(), 2);
    gateway.handle_frame(event(4), Moment(1));
    assert_eq!(steps(&mut gateway), [Step::CloseSocket]);
    let at = next(&mut gateway);
    assert_eq!(steps(&mut gateway), [Step::OpenSocket]);
    gateway.handle_frame(hello(), at);
    assert_eq!(steps(&mut gateway), [Step::Send(ClientFrame::Resume { resume_token: "resume".into(), seq: 2 })]);
}

#[test]
fn a_lost_session_is_started_anew_on_the_same_socket() {
    let mut gateway = live();
    gateway.handle_closed(1006, Moment(5));
    let at = next(&mut gateway);
    gateway.handle_frame(hello(), at);
    gateway.handle_frame(ServerFrame::InvalidSession, at);
    assert_eq!(steps(&mut gateway).last(), Some(&Step::FetchTicket(2)));
    gateway.handle_ticket(2, Some("t2".into()), at);
    assert_eq!(steps(&mut gateway), [Step::Send(ClientFrame::Identify { ticket: "t2".into() })]);
    gateway.handle_frame(ready(), at);
    gateway.handle_frame(event(1), at);
    assert_eq!(steps(&mut gateway).len(), 2);
}

#[test]
fn an_unanswered_heartbeat_means_that_the_socket_is_dead() {
    let mut gateway = live();
    next(&mut gateway);
    assert_eq!(steps(&mut gateway), [Step::Send(ClientFrame::Heartbeat { seq: 0 })]);
    gateway.handle_frame(ServerFrame::HeartbeatAck, Moment(20_001));
    next(&mut gateway);
    steps(&mut gateway);
    next(&mut gateway);
    assert_eq!(steps(&mut gateway), [Step::CloseSocket]);
}

#[test]
fn waits_grow_to_a_bound_and_are_spread() {
    let mut gateway = Gateway::new(99);
    gateway.start(Moment(0));
    let mut now = Moment(0);
    let mut waits = Vec::new();
    for _ in 0..12 {
        gateway.handle_closed(1006, now);
        let until = gateway.deadline().unwrap();
        waits.push(until.0 - now.0);
        now = next(&mut gateway);
    }
    assert!(waits[0] <= 300);
    assert!(waits.iter().all(|wait| *wait <= MOST_WAIT_MS));
    assert!(waits[9..].iter().all(|wait| *wait >= MOST_WAIT_MS / 2));
    assert!(waits[9] != waits[10] || waits[10] != waits[11]);
}

#[test]
fn waking_ends_the_wait() {
    let mut gateway = live();
    gateway.handle_closed(1006, Moment(5));
    steps(&mut gateway);
    gateway.wake(Moment(6));
    assert_eq!(steps(&mut gateway), [Step::OpenSocket]);
}

#[test]
fn a_server_that_goes_away_is_given_its_time() {
    let mut gateway = live();
    gateway.handle_frame(ServerFrame::Reconnect { after_ms: 2_000 }, Moment(100));
    assert_eq!(steps(&mut gateway), [Step::CloseSocket]);
    assert!(gateway.deadline().unwrap() >= Moment(2_100));
}

#[test]
fn a_refused_session_is_not_resumed() {
    let mut gateway = live();
    gateway.handle_closed(close::UNAUTHORIZED, Moment(5));
    next(&mut gateway);
    assert_eq!(steps(&mut gateway), [Step::OpenSocket, Step::FetchTicket(2)]);
    gateway.handle_signed_out();
    assert_eq!(steps(&mut gateway), [Step::CloseSocket, Step::SignedOut]);
    assert_eq!(gateway.deadline(), None);
}

#[test]
fn the_first_attempt_is_shown_as_connecting_and_later_ones_as_reconnecting() {
    let mut gateway = Gateway::new(7);
    gateway.start(Moment(0));
    let shown = |gateway: &mut Gateway| std::iter::from_fn(|| gateway.poll_step()).last();
    assert_eq!(shown(&mut gateway), Some(Step::Show(Link::Connecting)));
    let mut gateway = live();
    gateway.handle_closed(1006, Moment(1));
    assert_eq!(shown(&mut gateway), Some(Step::Show(Link::Reconnecting)));
}

#[test]
fn a_ticket_that_comes_too_late_is_not_used() {
    let mut gateway = Gateway::new(7);
    gateway.start(Moment(0));
    gateway.handle_closed(1006, Moment(1));
    let at = next(&mut gateway);
    assert_eq!(steps(&mut gateway).last(), Some(&Step::FetchTicket(2)));
    gateway.handle_frame(hello(), at);
    gateway.handle_ticket(1, None, at);
    gateway.handle_ticket(1, Some("late".into()), at);
    assert_eq!(steps(&mut gateway), []);
    gateway.handle_ticket(2, Some("t".into()), at);
    assert_eq!(steps(&mut gateway), [Step::Send(ClientFrame::Identify { ticket: "t".into() })]);
}

#[test]
fn connections_that_are_lost_as_soon_as_they_are_ready_are_made_ever_more_slowly() {
    let mut gateway = live();
    let mut now = Moment(0);
    for _ in 0..8 {
        gateway.handle_closed(close::SLOW_CONSUMER, now);
        now = next(&mut gateway);
        gateway.handle_frame(hello(), now);
        gateway.handle_frame(ServerFrame::Resumed, now);
    }
    let mut lost_after = |ms: u64| {
        now = Moment(now.0 + ms);
        gateway.handle_closed(close::SLOW_CONSUMER, now);
        let waits = gateway.deadline().unwrap().0 - now.0;
        now = next(&mut gateway);
        gateway.handle_frame(hello(), now);
        gateway.handle_frame(ServerFrame::Resumed, now);
        waits
    };
    assert!(lost_after(0) >= MOST_WAIT_MS / 2);
    assert!(lost_after(STEADY_MS) <= FIRST_WAIT_MS, "one that lasted is made again at once");
}
