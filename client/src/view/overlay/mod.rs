//! What lies over the screen.

mod confirm;
mod create;
mod invite;
mod keys;
mod switcher;

use dioxus::prelude::*;

use crate::app::{Overlay, use_app};

pub(super) use invite::InviteMaker;

#[component]
pub(super) fn Overlays() -> Element {
    let app = use_app();
    match (app.overlay)() {
        None => rsx! {},
        Some(Overlay::Switcher) => rsx! { switcher::Switcher {} },
        Some(Overlay::Keys) => rsx! { keys::Keys {} },
        Some(Overlay::NewGuild) => rsx! { create::NewGuild {} },
        Some(Overlay::NewChannel { guild_id, parent_id }) => rsx! { create::NewChannelDialog { guild_id, parent_id } },
        Some(Overlay::Invite(guild_id)) => rsx! { invite::InviteDialog { guild_id } },
        Some(Overlay::Confirm(confirm)) => rsx! { confirm::ConfirmDialog { confirm } },
    }
}
