//! The hubbub program: web client, REST API, gateway, SFU and TURN in one.

mod address;
mod app;
mod clock;
mod config;
mod domain;
mod error;
mod gateway;
mod http;
mod hub;
mod limiter;
mod password;
mod secret;
mod store;
mod ticket;
mod tls;

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use protocol::account::Status;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

pub use config::Config;

use crate::app::{App, Context};
use crate::store::Store;

/// How long requests in flight may take when the server shuts down.
const GRACE: Duration = Duration::from_secs(10);
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// The sockets that a server listens on, bound before anything else so that a taken port is an early, clear error.
pub struct Listeners {
    pub http: TcpListener,
    pub https: TcpListener,
}

impl Listeners {
    /// Binds the configured addresses.
    ///
    /// # Errors
    /// Names the address that cannot be had.
    pub fn bind(config: &Config) -> Result<Self, Error> {
        Ok(Self { http: bind(config.http, "--http")?, https: bind(config.https, "--https")? })
    }
}

fn bind(address: SocketAddr, flag: &'static str) -> Result<TcpListener, Error> {
    let listener = TcpListener::bind(address).or_else(|error| match address.ip() {
        // A machine without IPv6 cannot listen on [::]; all of IPv4 is what is left of "everywhere".
        IpAddr::V6(ip) if ip.is_unspecified() => TcpListener::bind(("0.0.0.0", address.port())).map_err(|_| error),
        IpAddr::V6(_) | IpAddr::V4(_) => Err(error),
    });
    let listener = listener.map_err(|source| Error::Listen { address, flag, source })?;
    listener.set_nonblocking(true).map_err(|source| Error::Listen { address, flag, source })?;
    Ok(listener)
}

/// Why a server cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot listen on {address}: {source}; is another program there? {flag} chooses another address")]
    Listen { address: SocketAddr, flag: &'static str, source: io::Error },
    #[error("cannot use the data folder {path}: {source}; --data chooses another")]
    Data { path: String, source: io::Error },
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Tls(#[from] tls::Error),
    #[error("TLS: {0}")]
    Certificate(io::Error),
    #[error("HTTP: {0}")]
    Serve(io::Error),
    #[error("{0}")]
    Internal(String),
}

/// A server that is ready to serve.
pub struct Server {
    app: App,
    listeners: Listeners,
    tls: RustlsConfig,
    setup_token: Option<String>,
    shut_down: watch::Sender<bool>,
}

impl Server {
    /// Opens the database, brings it up to date and makes the keys that are missing.
    ///
    /// # Errors
    /// Says what is in the way.
    pub async fn prepare(config: &Config, listeners: Listeners) -> Result<Self, Error> {
        std::fs::create_dir_all(&config.data)
            .map_err(|source| Error::Data { path: config.data.display().to_string(), source })?;
        let store = Store::open(&config.database_url()).await?;
        let identity = tls::self_signed(&config.data.join("tls"), &address::of_this_machine())?;
        let tls = RustlsConfig::from_pem(identity.certificate.into_bytes(), identity.key.into_bytes());
        let tls = tls.await.map_err(Error::Certificate)?;
        let (shut_down, shutdown) = watch::channel(false);
        let app = Arc::new(Context::new(store, config.origins.clone(), shutdown).await?);
        let setup_token =
            domain::instance::prepare_setup(&app).await.map_err(|error| Error::Internal(error.to_string()))?;
        let setup_token = setup_token.map(secret::Secret::reveal);
        Ok(Self { app, listeners, tls, setup_token, shut_down })
    }

    /// The token of the set-up link `<origin>/setup/<token>`, where no account exists yet.
    #[must_use]
    pub fn setup_token(&self) -> Option<&str> {
        self.setup_token.as_deref()
    }

    /// The origins that people can open, loopback first.
    #[must_use]
    pub fn origins(&self) -> Vec<String> {
        let port = |listener: &TcpListener| listener.local_addr().map_or(0, |address| address.port());
        let http = format!("http://localhost:{}", port(&self.listeners.http));
        let https = address::of_this_machine()
            .into_iter()
            .map(|address| format!("https://{}", SocketAddr::new(address, port(&self.listeners.https))));
        std::iter::once(http).chain(https).collect()
    }

    /// Serves until `shutdown` is done, then lets requests in flight finish and clients go elsewhere.
    ///
    /// # Errors
    /// Where a listener fails.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), Error> {
        let router = http::router(Arc::clone(&self.app)).into_make_service_with_connect_info::<SocketAddr>();
        let (http, https) = (Handle::new(), Handle::new());
        let plain = axum_server::from_tcp(self.listeners.http).map_err(Error::Serve)?;
        let tls = axum_server::from_tcp_rustls(self.listeners.https, self.tls).map_err(Error::Serve)?;
        let plain = plain.handle(http.clone()).serve(router.clone());
        let tls = tls.handle(https.clone()).serve(router);
        let sweeper = tokio::spawn(sweep(Arc::clone(&self.app)));
        let shut_down = self.shut_down;
        let closing = async {
            shutdown.await;
            tracing::info!("shutting down");
            shut_down.send_replace(true);
            http.graceful_shutdown(Some(GRACE));
            https.graceful_shutdown(Some(GRACE));
        };
        let (plain, tls, ()) = tokio::join!(plain, tls, closing);
        sweeper.abort();
        self.app.store.close().await;
        plain.and(tls).map_err(Error::Serve)
    }
}

/// Forgets what has had its time.
async fn sweep(app: App) {
    let mut ticks = interval(SWEEP_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        app.tickets.sweep(clock::now());
        for user in app.hub.sweep(clock::now()) {
            if let Err(error) = domain::presence::announce(&app, user, Status::Offline).await {
                tracing::warn!(%error, "could not tell that a user went offline");
            }
        }
    }
}
