//! A server inside the test's own process.

use std::ffi::OsStr;
use std::net::SocketAddr;

use protocol::account::Transport;
use protocol::request::account::{NewAccount, Register, RegisterBody, SetUp, SetupBody};
use protocol::request::invite::{CreateInstanceInvite, InviteTerms};
use server::{Config, Listeners, Server};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::PASSWORD;
use crate::client::Client;

/// A server on ports of its own and a folder of its own, gone when the test ends.
pub struct Instance {
    http: SocketAddr,
    setup_token: Option<String>,
    data: TempDir,
    database_url: Option<String>,
    media_threads: Option<u8>,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Instance {
    /// Starts a server on SQLite.
    pub async fn start() -> Self {
        Self::start_on(None, None).await
    }

    /// Starts a server with so many media threads.
    pub async fn start_with_media_threads(threads: u8) -> Self {
        Self::start_on(None, Some(threads)).await
    }

    /// Starts a server on a new database of the PostgreSQL that is there for tests.
    pub async fn start_on_postgres() -> Self {
        let postgres = std::env::var("HUBBUB_TEST_POSTGRES").expect("`cargo xtask test` starts a PostgreSQL for tests");
        let mut connection = PgConnection::connect(&format!("{postgres}/postgres")).await.expect("a PostgreSQL");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let unique = folder.path().file_name().and_then(OsStr::to_str).expect("a name in ASCII");
        let name = format!("e2e_{}", unique.trim_start_matches('.'));
        // The name is ours: letters, digits and an underscore.
        let created = sqlx::query(AssertSqlSafe(format!("create database \"{name}\""))).execute(&mut connection).await;
        created.expect("a database");
        Self::start_on(Some(format!("{postgres}/{name}")), None).await
    }

    async fn start_on(database_url: Option<String>, media_threads: Option<u8>) -> Self {
        let http = "127.0.0.1:0".parse().expect("an address");
        let data = tempfile::tempdir().expect("a temporary folder");
        let mut instance = Self { http, setup_token: None, data, database_url, media_threads, running: None };
        instance.resume().await;
        instance
    }

    /// Stops the server as a signal would, and waits for it.
    pub async fn stop(&mut self) {
        let (stop, running) = self.running.take().expect("the server runs");
        stop.send(()).expect("the server listens for its end");
        running.await.expect("the server ended well");
    }

    /// Starts the server again, on the same data and the same port.
    pub async fn resume(&mut self) {
        let any = "127.0.0.1:0".parse().expect("an address");
        let config = Config {
            data: self.data.path().to_owned(),
            database_url: self.database_url.clone(),
            http: self.http,
            https: any,
            media: any,
            media_threads: self.media_threads,
            uplink: None,
            announce: vec![any.ip()],
            origins: Vec::new(),
            trusted_proxies: Vec::new(),
            metrics: vec!["127.0.0.0/8".parse().expect("a network")],
        };
        let listeners = Listeners::bind(&config).expect("free ports");
        self.http = listeners.http.local_addr().expect("a bound listener");
        let server = Server::prepare(&config, listeners).await.expect("a server");
        self.setup_token = server.setup_token().map(str::to_owned);
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            server.run(stopped).await.expect("the server runs to its end");
        });
        self.running = Some((stop, running));
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://{}", self.http)
    }

    #[must_use]
    pub fn setup_token(&self) -> &str {
        self.setup_token.as_deref().expect("no account exists yet")
    }

    /// A client that is signed in nowhere.
    #[must_use]
    pub fn visitor(&self) -> Client {
        Client::new(self.origin())
    }

    /// Makes the first account.
    pub async fn admin(&self) -> Client {
        let body = SetupBody { token: self.setup_token().to_owned(), account: account("admin") };
        self.visitor().signed_in(SetUp { body }).await
    }

    /// Makes an account by an invite of the admin's.
    pub async fn user(&self, admin: &Client, username: &str) -> Client {
        let invite = admin.call(CreateInstanceInvite { body: InviteTerms::default() }).await.expect("an invite");
        let body = RegisterBody { invite_code: invite.code, account: account(username) };
        self.visitor().signed_in(Register { body }).await
    }
}

/// An account to be made.
#[must_use]
pub fn account(username: &str) -> NewAccount {
    NewAccount {
        username: username.to_owned(),
        password: PASSWORD.to_owned(),
        display_name: None,
        device: "test".to_owned(),
        transport: Transport::Bearer,
    }
}
