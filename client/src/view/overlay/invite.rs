use dioxus::prelude::*;
use protocol::id::GuildId;
use protocol::request::invite::{CreateGuildInvite, InviteTerms};

use crate::app::{sentence, use_app};
use crate::net;
use crate::platform;
use crate::text;
use crate::ui::{Button, Dialog, Glyph, Kind, Select};

const HOUR_S: u32 = 3_600;

#[component]
pub(super) fn InviteDialog(guild_id: GuildId) -> Element {
    let app = use_app();
    rsx! {
        Dialog { id: "invite", title: text::invite_people_title(), close_label: text::close(), on_close: move |()| app.hide_overlay(),
            InviteMaker { guild_id, on_made: |()| () }
        }
    }
}

fn uses() -> Vec<(String, String)> {
    let mut options =
        vec![(String::new(), text::uses_unlimited().to_owned()), ("1".to_owned(), text::uses_one().to_owned())];
    options.extend([5, 25, 100].map(|count: u32| (count.to_string(), text::uses_many(&count))));
    options
}

fn ages() -> Vec<(String, String)> {
    let ages = [
        (HOUR_S.to_string(), text::age_hour()),
        ((24 * HOUR_S).to_string(), text::age_day()),
        ((7 * 24 * HOUR_S).to_string(), text::age_week()),
        ((30 * 24 * HOUR_S).to_string(), text::age_month()),
        (String::new(), text::age_never()),
    ];
    ages.map(|(value, word)| (value, word.to_owned())).into()
}

/// How many may come by a link, and until when; then the link.
#[component]
pub(in super::super) fn InviteMaker(guild_id: GuildId, on_made: EventHandler<()>) -> Element {
    let mut max_uses = use_signal(|| "25".to_owned());
    let mut max_age = use_signal(|| (7 * 24 * HOUR_S).to_string());
    let mut link = use_signal(String::new);
    let mut is_busy = use_signal(|| false);
    // Said here: what lies under a modal dialog is neither seen nor read out.
    let mut error = use_signal(String::new);
    let mut is_copied = use_signal(|| false);
    let copy = move |()| {
        spawn(async move {
            is_copied.set(platform::copy(link()).await);
            error.set(if is_copied() { String::new() } else { text::copy_failed().to_owned() });
        });
    };
    let make = move |()| {
        is_busy.set(true);
        error.set(String::new());
        let terms = InviteTerms { max_uses: max_uses().parse().ok(), max_age_s: max_age().parse().ok() };
        spawn(async move {
            match net::send(CreateGuildInvite { guild_id, body: terms }).await {
                Ok(invite) => {
                    link.set(format!("{}/invite/{}", platform::origin(), invite.code));
                    on_made.call(());
                }
                Err(failure) => error.set(sentence(&failure)),
            }
            is_busy.set(false);
        });
    };
    rsx! {
        div { class: "form",
            div { class: "pair",
                Select { id: "invite-uses", label: text::invite_uses(), value: max_uses(), options: uses(), on_choose: move |value| max_uses.set(value) }
                Select { id: "invite-age", label: text::invite_age(), value: max_age(), options: ages(), on_choose: move |value| max_age.set(value) }
            }
            if link.read().is_empty() {
                Button { label: text::invite_make(), kind: Kind::Primary, glyph: Glyph::Link, is_busy: is_busy(), on_press: make }
            } else {
                div { class: "field",
                    label { r#for: "made-link", "{text::invite_made()}" }
                    div { class: "field-box",
                        input { id: "made-link", readonly: true, value: "{link}", onmounted: |_| platform::select_text("made-link") }
                        Button { label: text::copy_link(), kind: Kind::Primary, glyph: Glyph::Copy, on_press: copy }
                    }
                    p { class: "field-hint", role: "status",
                        if is_copied() {
                            "{text::copied()}"
                        }
                    }
                }
            }
            if !error.read().is_empty() {
                p { class: "form-error", role: "alert", "{error}" }
            }
        }
    }
}
