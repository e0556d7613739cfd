//! Coming in and going out.

use dioxus::prelude::*;
use protocol::account::{SignedIn, Transport};
use protocol::error::ErrorCode;
use protocol::id::GuildId;
use protocol::request::account::{NewAccount, Register, RegisterBody, SetUp, SetupBody, SignIn, SignInBody, SignOut};
use protocol::request::instance::GetInstance;

use super::{App, Entry};
use crate::net::{self, Failure};
use crate::platform;
use crate::state::{Route, State};

/// Says that this browser was signed in when it was last used; the session itself is a cookie that scripts cannot read.
const HINT: &str = "signed-in";

impl App {
    /// Finds out whether somebody is signed in, and goes on from there.
    pub(super) async fn start(self) {
        if platform::load(HINT).is_some() {
            self.signed_in();
        }
        self.load_instance().await;
        if *self.entry.peek() == Entry::Starting {
            self.signed_out();
        }
    }

    /// Asks again and again, until the server has told about itself.
    async fn load_instance(mut self) {
        loop {
            if let Ok(instance) = net::send(GetInstance { body: () }).await {
                self.instance.set(Some(instance));
                return;
            }
            platform::sleep(2_000).await;
        }
    }

    fn signed_in(mut self) {
        platform::keep(HINT, "yes");
        if *self.entry.peek() != Entry::SignedIn {
            self.entry.set(Entry::SignedIn);
        }
        self.start_gateway();
    }

    /// The session is over: nothing of it stays on screen.
    pub(super) fn signed_out(mut self) {
        platform::forget(HINT);
        self.stop_gateway();
        self.forget_user();
        self.entry.set(Entry::SignedOut);
    }

    /// Nothing that a user has done or seen here is for the next one.
    pub(super) fn forget_user(mut self) {
        self.abandon_call();
        self.forget_writing();
        self.state.set(State::default());
        self.overlay.set(None);
        self.editing.set(None);
        self.heard.set(None);
    }

    /// # Errors
    /// The server's refusal, or that it could not be reached.
    pub async fn sign_in(self, username: String, password: String) -> Result<(), Failure> {
        let body = SignInBody { username, password, device: platform::device_name(), transport: Transport::Cookie };
        self.came_in(net::send(SignIn { body }).await)
    }

    /// # Errors
    /// The server's refusal, or that it could not be reached.
    pub async fn set_up(mut self, token: String, account: NewAccount) -> Result<(), Failure> {
        self.came_in(net::send(SetUp { body: SetupBody { token, account } }).await)?;
        if let Some(instance) = self.instance.write().as_mut() {
            instance.needs_setup = false;
        }
        Ok(())
    }

    /// The account is a member of the invite's server, if there is one, and begins there.
    ///
    /// # Errors
    /// The server's refusal, or that it could not be reached.
    pub async fn register(
        self,
        invite_code: String,
        guild_id: Option<GuildId>,
        account: NewAccount,
    ) -> Result<(), Failure> {
        self.came_in(net::send(Register { body: RegisterBody { invite_code, account } }).await)?;
        self.replace(guild_id.map_or(Route::Live, Route::Guild));
        Ok(())
    }

    fn came_in(mut self, answer: Result<SignedIn, Failure>) -> Result<(), Failure> {
        let signed_in = answer?;
        self.state.write().me = Some(signed_in.user);
        self.signed_in();
        Ok(())
    }

    pub fn sign_out(self) {
        self.spawn(async move {
            match net::send(SignOut { body: () }).await {
                Ok(()) => {}
                Err(failure) if failure.code() == Some(ErrorCode::Unauthorized) => {}
                Err(failure) => return self.complain(&failure),
            }
            self.signed_out();
            self.replace(Route::SignIn);
        });
    }
}
