//! The table of routes as a whole.

use std::collections::BTreeSet;

use protocol::request::{Method, routes};

#[test]
fn no_two_requests_share_a_route() {
    let mut seen = BTreeSet::new();
    for route in routes() {
        assert!(seen.insert((route.method, route.path)), "{} {} is taken twice", route.method, route.path);
    }
}

#[test]
fn what_anyone_may_send_is_known() {
    let open: BTreeSet<_> = routes()
        .filter(|route| route.caller == protocol::request::Caller::Anyone)
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    let expected = ["GET /instance", "GET /invites/by-code/{code}", "POST /accounts", "POST /sessions", "POST /setup"];
    assert_eq!(open, expected.map(String::from).into());
}

#[test]
fn gets_change_nothing_by_their_names() {
    for route in routes().filter(|route| route.method == Method::Get) {
        let verb = ["Get", "List", "Preview"].iter().any(|verb| route.name.starts_with(verb));
        assert!(verb, "{} is a GET", route.name);
    }
}
