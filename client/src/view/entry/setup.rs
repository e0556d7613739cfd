use dioxus::prelude::*;
use protocol::guild::GuildSnapshot;
use protocol::id::GuildId;
use protocol::name;
use protocol::request::account::NewAccount;
use protocol::request::invite::{CreateGuildInvite, InviteTerms};

use super::account::{AccountForm, Submitted, complaint};
use super::frame::{FormError, Frame};
use crate::app::{Entry, sentence, use_app};
use crate::net;
use crate::platform;
use crate::state::{Route, State};
use crate::text;
use crate::ui::{Button, Field, Form, Glyph, Kind, Spinner};

/// Whom the first invite link lets in, and for how long in seconds.
const FIRST_INVITE: InviteTerms = InviteTerms { max_uses: Some(25), max_age_s: Some(7 * 24 * 3600) };
const STEPS: u8 = 3;

/// The first run: an account, a server, a link to send.
#[component]
pub(in super::super) fn Setup(token: String) -> Element {
    let app = use_app();
    let mut guild = use_signal(|| None::<GuildSnapshot>);
    let is_over = app.instance.read().as_ref().is_some_and(|instance| !instance.needs_setup);
    if let Some(guild) = guild() {
        return rsx! { InviteStep { guild_id: guild.guild.id } };
    }
    if (app.entry)() == Entry::SignedIn {
        return rsx! { ServerStep { on_made: move |made| guild.set(Some(made)) } };
    }
    if is_over {
        return rsx! {
            Frame { title: text::setup_over(),
                Button { label: text::sign_in(), kind: Kind::Primary, on_press: move |()| app.replace(Route::SignIn) }
            }
        };
    }
    let submit = use_callback(move |account: NewAccount| {
        let token = token.clone();
        Box::pin(async move { app.set_up(token, account).await }) as Submitted
    });
    rsx! {
        Frame { title: text::setup_title(), hint: text::setup_hint(),
            Steps { at: 1 }
            AccountForm { on_submit: submit }
        }
    }
}

/// No account exists, and this is not the link that makes the first.
#[component]
pub(in super::super) fn NeedsSetup() -> Element {
    rsx! {
        Frame { title: text::needs_setup_title(), hint: text::needs_setup_hint() }
    }
}

#[component]
fn Steps(at: u8) -> Element {
    let words = [text::step_account(), text::step_server(), text::step_invite()];
    rsx! {
        ol { class: "steps", "aria-label": text::step_of(&at, &STEPS),
            for (number , word) in (1..=STEPS).zip(words) {
                li { key: "{number}", "aria-current": (number == at).then_some("step"), "data-done": number < at, "{word}" }
            }
        }
    }
}

#[component]
fn ServerStep(on_made: EventHandler<GuildSnapshot>) -> Element {
    rsx! {
        Frame { title: text::name_server_title(), hint: text::name_server_hint(),
            Steps { at: 2 }
            GuildForm { on_made }
        }
    }
}

/// Names a new server and makes it.
#[component]
pub(in super::super) fn GuildForm(on_made: EventHandler<GuildSnapshot>) -> Element {
    let app = use_app();
    let mut title = use_signal(String::new);
    let mut error = use_signal(String::new);
    let mut is_busy = use_signal(|| false);
    let submit = move |()| {
        let typed = title();
        let checked = match name::title(&typed) {
            Ok(checked) => checked.to_owned(),
            Err(invalid) => return error.set(complaint(invalid)),
        };
        is_busy.set(true);
        spawn(async move {
            let answer = app.create_guild(checked).await;
            is_busy.set(false);
            match answer {
                Ok(snapshot) => on_made.call(snapshot),
                Err(failure) => error.set(sentence(&failure)),
            }
        });
    };
    rsx! {
        Form { is_busy, on_submit: submit,
            Field {
                id: "server-name",
                label: text::server_name(),
                value: title(),
                error: error(),
                placeholder: text::server_name_example(),
                has_focus: true,
                on_input: move |text| title.set(text),
            }
            Button { label: text::create_server(), kind: Kind::Primary, is_submit: true, is_busy: is_busy() }
        }
    }
}

#[component]
fn InviteStep(guild_id: GuildId) -> Element {
    let app = use_app();
    rsx! {
        Frame { title: text::invite_people_title(), hint: text::invite_people_hint(&25),
            Steps { at: 3 }
            InviteLink { guild_id, terms: FIRST_INVITE }
            div { class: "entry-actions",
                Button {
                    label: text::start_talking(),
                    kind: Kind::Primary,
                    glyph: Glyph::Room,
                    on_press: move |()| {
                        let room = first_room(&app.state.peek(), guild_id);
                        if let Some(channel_id) = room {
                            app.replace(Route::Channel(guild_id, channel_id));
                            app.join_call(channel_id);
                        }
                    },
                }
                Button { label: text::go_to_server(), on_press: move |()| app.replace(Route::Guild(guild_id)) }
            }
        }
    }
}

fn first_room(state: &State, guild_id: GuildId) -> Option<protocol::id::ChannelId> {
    let tree = state.guilds.get(&guild_id)?.tree();
    tree.flat().find(|channel| channel.kind == protocol::channel::ChannelKind::Voice).map(|channel| channel.id)
}

/// Makes an invite link and shows it, to be copied.
#[component]
pub(in super::super) fn InviteLink(guild_id: GuildId, terms: InviteTerms) -> Element {
    let app = use_app();
    let link = use_resource(move || async move {
        let invite = net::send(CreateGuildInvite { guild_id, body: terms }).await?;
        Ok::<_, net::Failure>(format!("{}/invite/{}", platform::origin(), invite.code))
    });
    match &*link.read() {
        None => rsx! { Spinner { label: text::loading() } },
        Some(Err(failure)) => rsx! { FormError { message: sentence(failure) } },
        Some(Ok(link)) => {
            let (link, copied) = (link.clone(), link.clone());
            rsx! {
                div { class: "field",
                    label { r#for: "invite-link", "{text::invite_link()}" }
                    div { class: "field-box",
                        input { id: "invite-link", readonly: true, value: "{link}", onfocus: |_| platform::select_text("invite-link") }
                        Button { label: text::copy_link(), glyph: Glyph::Copy, on_press: move |()| app.copy(copied.clone()) }
                    }
                }
            }
        }
    }
}
