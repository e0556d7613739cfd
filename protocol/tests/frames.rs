//! Gateway frames as JSON.

use protocol::event::Event;
use protocol::gateway::{ClientFrame, ServerFrame};

#[test]
fn an_event_of_a_newer_server_is_unknown_and_not_an_error() {
    let text = r#"{"op":"event","seq":7,"event":{"type":"poll_closed","id":"1"}}"#;
    let frame: ServerFrame = serde_json::from_str(text).unwrap();
    assert_eq!(frame, ServerFrame::Event { seq: 7, event: Box::new(Event::Unknown) });
}

#[test]
fn a_frame_of_a_newer_server_is_unknown_and_not_an_error() {
    assert_eq!(serde_json::from_str::<ServerFrame>(r#"{"op":"confetti","amount":3}"#).unwrap(), ServerFrame::Unknown);
}

#[test]
fn a_frame_of_a_client_must_be_known() {
    for text in ["{}", "[]", r#"{"op":"confetti"}"#, r#"{"op":"resume","seq":-1,"resume_token":"a"}"#] {
        assert!(serde_json::from_str::<ClientFrame>(text).is_err(), "{text} was taken");
    }
}
