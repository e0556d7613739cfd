use dioxus::prelude::*;
use protocol::channel::ChannelKind;

use crate::app::{App, Confirm, use_app};
use crate::state::State;
use crate::text;
use crate::ui::{Button, Dialog, Kind};

/// Title, question, and the word on the button.
fn words(state: &State, confirm: &Confirm) -> (&'static str, String, &'static str) {
    let guild = |id| state.guilds.get(id).map(|guild| guild.info.name.clone()).unwrap_or_default();
    match confirm {
        Confirm::DeleteMessage(..) => {
            (text::delete_message(), text::delete_message_confirm().to_owned(), text::delete())
        }
        Confirm::DeleteChannel(_, channel_id) => {
            let channel = state.channel(*channel_id);
            let name = channel.map(|channel| channel.name.clone()).unwrap_or_default();
            let is_category = channel.is_some_and(|channel| channel.kind == ChannelKind::Category);
            let question =
                if is_category { text::category_delete_confirm(&name) } else { text::channel_delete_confirm(&name) };
            (text::delete(), question, text::delete())
        }
        Confirm::DeleteGuild(id) => (text::delete_server(), text::delete_server_confirm(&guild(id)), text::delete()),
        Confirm::LeaveGuild(id) => (text::leave_server(), text::leave_server_confirm(&guild(id)), text::leave_server()),
    }
}

fn carry_out(app: App, confirm: &Confirm) {
    match confirm {
        Confirm::DeleteMessage(channel_id, message_id) => app.delete_message(*channel_id, *message_id),
        Confirm::DeleteChannel(guild_id, channel_id) => app.delete_channel(*guild_id, *channel_id),
        Confirm::DeleteGuild(guild_id) => app.delete_guild(*guild_id),
        Confirm::LeaveGuild(guild_id) => app.leave_guild(*guild_id),
    }
}

/// Asks before something that cannot be undone.
#[component]
pub(super) fn ConfirmDialog(confirm: Confirm) -> Element {
    let app = use_app();
    let (title, question, word) = words(&app.state.peek(), &confirm);
    rsx! {
        Dialog { id: "confirm", title, close_label: text::close(), on_close: move |()| app.hide_overlay(),
            p { "{question}" }
            div { class: "dialog-actions",
                Button { label: text::cancel(), on_press: move |()| app.hide_overlay() }
                Button {
                    label: word,
                    kind: Kind::Danger,
                    on_press: move |()| {
                        carry_out(app, &confirm);
                        app.hide_overlay();
                    },
                }
            }
        }
    }
}
