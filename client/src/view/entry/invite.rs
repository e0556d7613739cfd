use dioxus::prelude::*;
use protocol::error::ErrorCode;
use protocol::invite::InvitePreview;
use protocol::request::account::NewAccount;
use protocol::request::invite::PreviewInvite;

use super::account::{AccountForm, Submitted};
use super::frame::{FormError, Frame};
use super::sign_in::SignInForm;
use crate::app::{Entry, sentence, use_app};
use crate::net::{self, Failure};
use crate::state::Route;
use crate::text;
use crate::ui::{Avatar, Button, Kind, Skeleton};

/// Somebody came by an invite link.
#[component]
pub(in super::super) fn Invite(code: String) -> Element {
    let app = use_app();
    let asked = code.clone();
    let preview = use_resource(move || {
        let code = asked.clone();
        async move { net::send(PreviewInvite { code, body: () }).await }
    });
    match &*preview.read() {
        None => rsx! {
            Frame { title: text::invite_title(), Skeleton { label: text::loading(), rows: 2 } }
        },
        Some(Err(failure)) if is_dead(failure) => rsx! {
            Frame { title: text::invite_dead(), hint: text::invite_dead_hint(),
                Button { label: text::go_home(), on_press: move |()| app.replace(Route::Live) }
            }
        },
        Some(Err(failure)) => rsx! {
            Frame { title: text::invite_title(),
                FormError { message: sentence(failure) }
                Button { label: text::retry(), on_press: { let mut preview = preview; move |()| preview.restart() } }
            }
        },
        Some(Ok(found)) => rsx! { Welcome { code, preview: found.clone() } },
    }
}

fn is_dead(failure: &Failure) -> bool {
    matches!(failure.code(), Some(ErrorCode::InvalidInvite | ErrorCode::NotFound))
}

fn heading(preview: &InvitePreview) -> String {
    match &preview.guild {
        Some(guild) => text::invite_to_server(&preview.inviter_name, &guild.name),
        None => text::invite_to_instance(&preview.inviter_name, &preview.instance_name),
    }
}

#[component]
fn Welcome(code: String, preview: InvitePreview) -> Element {
    let app = use_app();
    let mut has_account = use_signal(|| false);
    if (app.entry)() == Entry::SignedIn {
        return rsx! { Accept { code, preview } };
    }
    let guild_id = preview.guild.as_ref().map(|guild| guild.id);
    let submit = {
        let code = code.clone();
        use_callback(move |account: NewAccount| {
            let code = code.clone();
            Box::pin(async move { app.register(code, guild_id, account).await }) as Submitted
        })
    };
    rsx! {
        Frame { title: heading(&preview),
            Preview { preview }
            if has_account() {
                SignInForm { on_done: |()| () }
            } else {
                AccountForm { on_submit: submit }
                div { class: "entry-foot",
                    span { "{text::have_account()}" }
                    Button { label: text::sign_in(), kind: Kind::Quiet, on_press: move |()| has_account.set(true) }
                }
            }
        }
    }
}

#[component]
fn Preview(preview: InvitePreview) -> Element {
    rsx! {
        if let Some(guild) = preview.guild {
            div { class: "preview",
                Avatar { name: guild.name.clone(), seed: guild.id.get(), class: "large square" }
                div {
                    strong { "{guild.name}" }
                    p { class: "quiet", "{text::invite_members(u64::from(guild.member_count))} · {text::invite_online(&guild.online_count)}" }
                }
            }
        }
    }
}

#[component]
fn Accept(code: String, preview: InvitePreview) -> Element {
    let app = use_app();
    let mut error = use_signal(String::new);
    let mut is_busy = use_signal(|| false);
    let me = app.state.read().me.as_ref().map(|me| me.user.display_name.clone()).unwrap_or_default();
    let server = preview.guild.as_ref().map_or_else(|| preview.instance_name.clone(), |guild| guild.name.clone());
    rsx! {
        Frame { title: heading(&preview), hint: if me.is_empty() { String::new() } else { text::invite_signed_in_as(&me) },
            Preview { preview }
            FormError { message: error() }
            div { class: "entry-actions",
                Button {
                    label: text::invite_accept(&server),
                    kind: Kind::Primary,
                    is_busy: is_busy(),
                    on_press: move |()| {
                        let code = code.clone();
                        is_busy.set(true);
                        spawn(async move {
                            match app.accept_invite(code).await {
                                Ok(snapshot) => app.replace(Route::Guild(snapshot.guild.id)),
                                Err(failure) => {
                                    is_busy.set(false);
                                    error.set(sentence(&failure));
                                }
                            }
                        });
                    },
                }
                Button { label: text::go_home(), kind: Kind::Quiet, on_press: move |()| app.replace(Route::Live) }
            }
        }
    }
}
