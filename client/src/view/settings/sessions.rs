use dioxus::prelude::*;
use protocol::account::Session;
use protocol::request::account::{ListSessions, RevokeSession};

use crate::app::{sentence, use_app};
use crate::net;
use crate::text;
use crate::ui::{Button, Empty, Glyph, Icon, Kind, Skeleton};

/// Where the user is signed in.
#[component]
pub(super) fn Sessions() -> Element {
    let mut list = use_resource(|| net::send(ListSessions { body: () }));
    rsx! {
        p { class: "quiet", "{text::sessions_hint()}" }
        match &*list.read() {
            None => rsx! { Skeleton { label: text::loading(), rows: 3 } },
            Some(Err(failure)) => rsx! {
                Empty { title: sentence(failure), glyph: Glyph::Warning,
                    Button { label: text::retry(), on_press: move |()| list.restart() }
                }
            },
            Some(Ok(sessions)) => rsx! {
                ul { class: "rows",
                    for session in sessions.iter().cloned() {
                        SessionRow { key: "{session.id}", session, on_change: move |()| list.restart() }
                    }
                }
            },
        }
    }
}

#[component]
fn SessionRow(session: Session, on_change: EventHandler<()>) -> Element {
    let app = use_app();
    let session_id = session.id;
    let device = if session.device.is_empty() { text::hubbub().to_owned() } else { session.device };
    let revoke = move |()| {
        spawn(async move {
            if let Err(failure) = net::send(RevokeSession { session_id, body: () }).await {
                app.complain(&failure);
            }
            on_change.call(());
        });
    };
    rsx! {
        li { class: "row still",
            Icon { glyph: Glyph::Screen }
            span { class: "row-name",
                strong { "{device}" }
                span { class: "quiet", "{text::session_used(&text::ago(session.last_used_at))}" }
            }
            if session.is_current {
                span { class: "badge", "{text::session_current()}" }
            } else {
                Button { label: text::revoke(), name: text::session_revoke(&device), kind: Kind::Danger, on_press: revoke }
            }
        }
    }
}
