//! The running client: what the screens read, and what their presses do. It carries out what the sans-IO parts ask for.

mod account;
mod chat;
mod gateway;
mod guild;
mod input;
mod moderate;
mod outbox;
mod prefs;
mod toast;
mod voice;

#[cfg(test)]
mod harness;
#[cfg(test)]
mod tests;

use dioxus::prelude::*;
use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use protocol::id::{ChannelId, GuildId, MessageId};
use protocol::instance::Instance;

pub use prefs::{Prefs, Theme};
pub use toast::{Toast, Tone, sentence};
pub use voice::{Trouble, Voice};

use crate::net::gateway::Link;
use crate::platform::{self, Input};
use crate::state::{Route, State};
use gateway::Wire;
use voice::Pictures;

/// Whether somebody is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// Not known yet.
    Starting,
    SignedOut,
    /// The snapshot may still be on its way.
    SignedIn,
}

/// What lies over the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Overlay {
    Switcher,
    Keys,
    NewGuild,
    NewChannel { guild_id: GuildId, parent_id: Option<ChannelId> },
    Invite(GuildId),
    Confirm(Confirm),
}

/// What is asked before it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirm {
    DeleteMessage(ChannelId, MessageId),
    DeleteChannel(GuildId, ChannelId),
    DeleteGuild(GuildId),
    LeaveGuild(GuildId),
}

/// Which part of a server a narrow screen shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pane {
    #[default]
    Content,
    Channels,
    Members,
}

/// The running client. Cheap to copy; every screen has it.
#[derive(Clone, Copy, PartialEq)]
pub struct App {
    pub state: Signal<State>,
    pub route: Signal<Route>,
    pub entry: Signal<Entry>,
    pub instance: Signal<Option<Instance>>,
    pub link: Signal<Link>,
    pub voice: Signal<Voice>,
    pub prefs: Signal<Prefs>,
    pub toasts: Signal<Vec<Toast>>,
    pub overlay: Signal<Option<Overlay>>,
    pub pane: Signal<Pane>,
    /// The message that is being edited.
    pub editing: Signal<Option<MessageId>>,
    /// Counts up each second, for what depends on the time.
    pub seconds: Signal<u64>,
    /// The newest message of another in the channel on screen, in words to be read out.
    pub heard: Signal<Option<(MessageId, String)>>,
    /// Counts up when something wants the text to write in to be focused.
    pub composer_focus: Signal<u32>,
    wire: CopyValue<Wire>,
    pictures: CopyValue<Pictures>,
    inputs: CopyValue<UnboundedSender<Input>>,
}

/// The running client.
#[must_use]
pub fn use_app() -> App {
    use_context()
}

/// Starts the client in the component that is the root.
pub fn use_start() -> App {
    let mut receiver: CopyValue<Option<UnboundedReceiver<Input>>> = use_hook(|| CopyValue::new(None));
    let app = use_context_provider(|| {
        let (sender, from_outside) = unbounded();
        receiver.set(Some(from_outside));
        App {
            state: Signal::new(State::default()),
            route: Signal::new(Route::parse(&platform::path())),
            entry: Signal::new(Entry::Starting),
            instance: Signal::new(None),
            link: Signal::new(Link::default()),
            voice: Signal::new(Voice::new(platform::random())),
            prefs: Signal::new(Prefs::load()),
            toasts: Signal::new(Vec::new()),
            overlay: Signal::new(None),
            pane: Signal::new(Pane::default()),
            editing: Signal::new(None),
            seconds: Signal::new(0),
            heard: Signal::new(None),
            composer_focus: Signal::new(0),
            wire: CopyValue::new(Wire::new(platform::random())),
            pictures: CopyValue::new(Pictures::default()),
            inputs: CopyValue::new(sender),
        }
    });
    use_future(move || async move {
        platform::set_theme(app.prefs.peek().theme.name());
        platform::listen(&app.inputs());
        app.start().await;
    });
    use_future(move || async move {
        if let Some(receiver) = receiver.write().take() {
            app.run(receiver).await;
        }
    });
    use_future(move || async move {
        loop {
            platform::sleep(200).await;
            app.tick();
        }
    });
    app
}

impl App {
    fn inputs(self) -> UnboundedSender<Input> {
        self.inputs.read().clone()
    }

    /// Runs something that outlives the screen it was started from.
    pub(crate) fn spawn(self, task: impl Future<Output = ()> + 'static) {
        dioxus::dioxus_core::spawn_forever(task);
    }

    /// Goes to a place.
    pub fn go(mut self, route: Route) {
        if *self.route.peek() != route {
            platform::push_path(&route.path());
            self.enter(route);
        }
        self.pane.set(Pane::Content);
    }

    /// Shows the channel list where it is a drawer.
    pub fn open_channels(mut self) {
        if platform::has_drawer() {
            self.pane.set(Pane::Channels);
        }
    }

    /// Goes to a place that takes the present one's place in the history.
    pub fn replace(self, route: Route) {
        platform::replace_path(&route.path());
        self.enter(route);
    }

    fn enter(mut self, route: Route) {
        self.editing.set(None);
        self.heard.set(None);
        if let Some(channel_id) = route.channel() {
            self.open_channel(channel_id);
        }
        self.route.set(route);
    }

    /// Lays something over the screen.
    pub fn show(mut self, overlay: Overlay) {
        self.overlay.set(Some(overlay));
    }

    pub fn hide_overlay(mut self) {
        self.overlay.set(None);
    }
}
