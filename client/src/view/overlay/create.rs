use dioxus::prelude::*;
use protocol::channel::ChannelKind;
use protocol::id::{ChannelId, GuildId};
use protocol::name;
use protocol::request::channel::NewChannel;

use super::super::entry::{GuildForm, complaint};
use crate::app::{sentence, use_app};
use crate::state::Route;
use crate::text;
use crate::ui::{Button, Choice, Dialog, Field, Form, Kind};

#[component]
pub(super) fn NewGuild() -> Element {
    let app = use_app();
    rsx! {
        Dialog { id: "new-guild", title: text::name_server_title(), close_label: text::close(), on_close: move |()| app.hide_overlay(),
            p { class: "quiet", "{text::name_server_hint()}" }
            GuildForm {
                on_made: move |made: protocol::guild::GuildSnapshot| {
                    app.hide_overlay();
                    app.go(Route::Guild(made.guild.id));
                },
            }
        }
    }
}

const KINDS: [(ChannelKind, &str); 3] =
    [(ChannelKind::Text, "text"), (ChannelKind::Voice, "voice"), (ChannelKind::Category, "category")];

fn kind_words(kind: ChannelKind) -> (&'static str, &'static str) {
    match kind {
        ChannelKind::Text | ChannelKind::Unknown => (text::kind_text(), text::kind_text_hint()),
        ChannelKind::Voice => (text::kind_voice(), text::kind_voice_hint()),
        ChannelKind::Category => (text::kind_category(), text::kind_category_hint()),
    }
}

#[component]
pub(super) fn NewChannelDialog(guild_id: GuildId, parent_id: Option<ChannelId>) -> Element {
    let app = use_app();
    let mut typed = use_signal(String::new);
    let mut kind = use_signal(|| ChannelKind::Text);
    let mut error = use_signal(String::new);
    let mut is_busy = use_signal(|| false);
    let submit = move |()| {
        let text = typed();
        let name = match name::title(&text) {
            Ok(checked) => checked.to_owned(),
            Err(invalid) => return error.set(complaint(invalid)),
        };
        is_busy.set(true);
        spawn(async move {
            match app.create_channel(guild_id, NewChannel { kind: kind(), name, parent_id }).await {
                Ok(channel) => {
                    app.hide_overlay();
                    if channel.kind == ChannelKind::Text && app.route.peek().channel().is_some() {
                        app.go(Route::Channel(guild_id, channel.id));
                    }
                }
                Err(failure) => {
                    is_busy.set(false);
                    error.set(sentence(&failure));
                }
            }
        });
    };
    // A category stands in no other.
    let offered = KINDS.iter().filter(|(kind, _)| parent_id.is_none() || *kind != ChannelKind::Category);
    let options =
        offered.map(|(kind, id)| ((*id).to_owned(), kind_words(*kind).0.to_owned(), kind_words(*kind).1.to_owned()));
    let chosen = KINDS.iter().find(|(each, _)| *each == kind()).map(|(_, id)| *id).unwrap_or_default();
    rsx! {
        Dialog { id: "new-channel", title: text::create_channel(), close_label: text::close(), on_close: move |()| app.hide_overlay(),
            Form { is_busy, on_submit: submit,
                Choice {
                    name: "kind",
                    label: text::channel_kind(),
                    value: chosen,
                    options: options.collect::<Vec<_>>(),
                    on_choose: move |id: String| {
                        if let Some((chosen, _)) = KINDS.iter().find(|(_, known)| *known == id) {
                            kind.set(*chosen);
                        }
                    },
                }
                Field {
                    id: "channel-name",
                    label: text::channel_name(),
                    value: typed(),
                    error: error(),
                    has_focus: true,
                    on_input: move |text| typed.set(text),
                }
                div { class: "dialog-actions",
                    Button { label: text::cancel(), on_press: move |()| app.hide_overlay() }
                    Button { label: text::create_channel(), kind: Kind::Primary, is_submit: true, is_busy: is_busy() }
                }
            }
        }
    }
}
