use dioxus::prelude::*;
use protocol::id::GuildId;
use protocol::invite::Invite;
use protocol::request::invite::{ListGuildInvites, RevokeInvite};

use super::super::overlay::InviteMaker;
use crate::app::{sentence, use_app};
use crate::net;
use crate::text;
use crate::ui::{Avatar, Button, Empty, Glyph, Kind, Skeleton};

/// Makes invites, and lists those that still work.
#[component]
pub(super) fn Invites(guild_id: GuildId) -> Element {
    let mut list = use_resource(move || net::send(ListGuildInvites { guild_id, body: () }));
    rsx! {
        InviteMaker { guild_id, on_made: move |()| list.restart() }
        h2 { class: "settings-part", "{text::invite_list()}" }
        match &*list.read() {
            None => rsx! { Skeleton { label: text::loading(), rows: 3 } },
            Some(Err(failure)) => rsx! {
                Empty { title: sentence(failure), glyph: Glyph::Warning,
                    Button { label: text::retry(), on_press: move |()| list.restart() }
                }
            },
            Some(Ok(invites)) if invites.is_empty() => rsx! { p { class: "quiet", "{text::invites_empty()}" } },
            Some(Ok(invites)) => rsx! {
                ul { class: "rows",
                    for invite in invites.iter().cloned() {
                        InviteRow { key: "{invite.id}", invite, on_change: move |()| list.restart() }
                    }
                }
            },
        }
    }
}

#[component]
fn InviteRow(invite: Invite, on_change: EventHandler<()>) -> Element {
    let app = use_app();
    let invite_id = invite.id;
    let used = match invite.max_uses {
        Some(max) => text::invite_used(&max, &invite.uses),
        None => text::invite_used_unlimited(&invite.uses),
    };
    let expires = invite
        .expires_at
        .map_or_else(|| text::invite_never_expires().to_owned(), |at| text::invite_expires(&text::moment(at)));
    let revoke = move |()| {
        spawn(async move {
            if let Err(failure) = net::send(RevokeInvite { invite_id, body: () }).await {
                app.complain(&failure);
            }
            on_change.call(());
        });
    };
    rsx! {
        li { class: "row still",
            Avatar { name: invite.inviter.display_name.clone(), seed: invite.inviter.id.get(), class: "medium" }
            span { class: "row-name",
                strong { "{used}" }
                span { class: "quiet", "{text::invite_by(&invite.inviter.display_name)}, {expires}" }
            }
            Button {
                label: text::revoke(),
                name: text::revoke_invite(&invite.inviter.display_name),
                kind: Kind::Danger,
                on_press: revoke,
            }
        }
    }
}
