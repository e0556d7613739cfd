//! The hubbub program: web client, REST API, gateway, SFU and STUN in one.

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
pub mod media;
mod pass;
mod password;
pub mod room;
mod seat;
mod secret;
mod speaking;
mod store;
mod ticket;
mod tls;
mod untold;

use std::fs::DirBuilder;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum_server::Handle;
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

pub use config::Config;

use crate::app::{App, Context, Parts};
use crate::store::Store;

/// How long requests in flight may take when the server shuts down.
const GRACE: Duration = Duration::from_secs(10);
/// How long a connection may wait for a request's head; over HTTP/2, for an answer to a ping.
const IDLE: Duration = Duration::from_secs(30);
const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// How often those are looked for who do nothing in voice channels.
const IDLE_EVERY: Duration = Duration::from_secs(5);

/// The sockets that a server listens on, bound before anything else so that a taken port is an early, clear error.
pub struct Listeners {
    pub http: TcpListener,
    pub https: TcpListener,
    pub media: UdpSocket,
}

impl Listeners {
    /// Binds the configured addresses.
    ///
    /// # Errors
    /// Names the address that cannot be had.
    pub fn bind(config: &Config) -> Result<Self, Error> {
        Ok(Self {
            http: tcp(config.http, "--http")?,
            https: tcp(config.https, "--https")?,
            media: udp(config.media, "--media")?,
        })
    }
}

fn tcp(address: SocketAddr, flag: &'static str) -> Result<TcpListener, Error> {
    let listener = everywhere(address, TcpListener::bind);
    let listener = listener.and_then(|listener| listener.set_nonblocking(true).map(|()| listener));
    listener.map_err(|source| Error::Listen { address, flag, source })
}

fn udp(address: SocketAddr, flag: &'static str) -> Result<UdpSocket, Error> {
    let socket = everywhere(address, UdpSocket::bind);
    let socket = socket.and_then(|socket| socket.set_nonblocking(true).map(|()| socket));
    socket.map_err(|source| Error::Listen { address, flag, source })
}

/// Binds an address. A machine without IPv6 cannot have `[::]`; all of IPv4 is what is left of "everywhere".
fn everywhere<T>(address: SocketAddr, bind: impl Fn(SocketAddr) -> io::Result<T>) -> io::Result<T> {
    bind(address).or_else(|error| match address.ip() {
        IpAddr::V6(ip) if ip.is_unspecified() => {
            bind((Ipv4Addr::UNSPECIFIED, address.port()).into()).map_err(|_| error)
        }
        IpAddr::V6(_) | IpAddr::V4(_) => Err(error),
    })
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
    #[error(transparent)]
    Media(#[from] media::Error),
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
    http: TcpListener,
    https: TcpListener,
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
        make_private(&config.data).map_err(|source| Error::Data { path: config.data.display().to_string(), source })?;
        let store = Store::open(&config.database_url()).await?;
        let identity = tls::self_signed(&config.data.join("tls"), &address::of_this_machine())?;
        let tls = RustlsConfig::from_pem(identity.certificate.into_bytes(), identity.key.into_bytes());
        let tls = tls.await.map_err(Error::Certificate)?;
        let (shut_down, shutdown) = watch::channel(false);
        let (rooms, events, ends) = room::connect(config.media_threads());
        let Listeners { http, https, media } = listeners;
        let media_port = media.local_addr().map_err(media::Error::from)?.port();
        let announced = announced(config).into_iter().map(|address| SocketAddr::new(address, media_port)).collect();
        let uplink = config.uplink.map(|megabits| u64::from(megabits) * 1_000_000);
        media::start(media, media::Way { announced, uplink }, ends)?;
        let (origins, trusted_proxies) = (config.origins.clone(), config.trusted_proxies.clone());
        let metrics_readers = config.metrics.clone();
        let parts = Parts { store, rooms, origins, trusted_proxies, metrics_readers, shutdown };
        let app = Arc::new(Context::new(parts).await?);
        tokio::spawn(media::pump(Arc::clone(&app), events));
        let setup_token =
            domain::instance::prepare_setup(&app).await.map_err(|error| Error::Internal(error.to_string()))?;
        let setup_token = setup_token.map(secret::Secret::reveal);
        Ok(Self { app, http, https, tls, setup_token, shut_down })
    }

    /// The token of the set-up link `<origin>/setup/<token>`, where no account exists yet.
    #[must_use]
    pub fn setup_token(&self) -> Option<&str> {
        self.setup_token.as_deref()
    }

    /// The origins that people can open, loopback first.
    #[must_use]
    pub fn origins(&self) -> Vec<String> {
        // Browsers give microphones to plain HTTP on this machine only.
        let http = origins("http", &self.http, || vec![Ipv4Addr::LOCALHOST.into()]);
        let https = origins("https", &self.https, address::of_this_machine);
        http.into_iter().chain(https).collect()
    }

    /// Serves until `shutdown` is done, then lets requests in flight finish and clients go elsewhere.
    ///
    /// # Errors
    /// Where a listener fails.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), Error> {
        let router = http::router(Arc::clone(&self.app)).into_make_service_with_connect_info::<SocketAddr>();
        let (http, https) = (Handle::new(), Handle::new());
        let plain = axum_server::from_tcp(self.http).map_err(Error::Serve)?;
        let tls = axum_server::from_tcp(self.https).map_err(Error::Serve)?;
        let mut plain = plain.acceptor(NoDelayAcceptor::new()).handle(http.clone());
        let acceptor = RustlsAcceptor::new(self.tls).acceptor(NoDelayAcceptor::new());
        let mut tls = tls.acceptor(acceptor).handle(https.clone());
        end_idle_connections(plain.http_builder());
        end_idle_connections(tls.http_builder());
        let (plain, tls) = (plain.serve(router.clone()), tls.serve(router));
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

/// Makes a folder that only the user who runs the server can look into.
fn make_private(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    if folder.metadata()?.mode() & 0o077 != 0 {
        tracing::warn!(folder = %folder.display(), "other users of this machine can look into the data folder; chmod 700 ends that");
    }
    Ok(())
}

/// The origins that a listener serves; `all` are the addresses that one bound to every address stands for.
fn origins(scheme: &str, listener: &TcpListener, all: impl FnOnce() -> Vec<IpAddr>) -> Vec<String> {
    let Ok(bound) = listener.local_addr() else { return Vec::new() };
    let addresses = if bound.ip().is_unspecified() { all() } else { vec![bound.ip()] };
    let origin = |address: IpAddr| match address.is_loopback() {
        true => format!("{scheme}://localhost:{}", bound.port()),
        false => format!("{scheme}://{}", SocketAddr::new(address, bound.port())),
    };
    addresses.into_iter().map(origin).collect()
}

/// Ends connections whose client sends no request, or is gone.
fn end_idle_connections(http: &mut Builder<TokioExecutor>) {
    http.http1().timer(TokioTimer::new()).header_read_timeout(IDLE);
    http.http2().timer(TokioTimer::new()).keep_alive_interval(IDLE);
}

/// Where clients reach the media port: as configured, or every address of this machine, loopback last.
fn announced(config: &Config) -> Vec<IpAddr> {
    if !config.announce.is_empty() {
        return config.announce.clone();
    }
    let mut addresses = address::of_this_machine();
    addresses.push(Ipv4Addr::LOCALHOST.into());
    addresses
}

/// Forgets what has had its time, and does what is due.
async fn sweep(app: App) {
    let mut looked = clock::instant();
    let mut ticks = interval(SWEEP_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut telling = tokio::spawn(async {});
    loop {
        ticks.tick().await;
        app.sweep();
        let now = clock::instant();
        if telling.is_finished() {
            let app = Arc::clone(&app);
            let looks = now.saturating_duration_since(looked) >= IDLE_EVERY;
            looked = if looks { now } else { looked };
            telling = tokio::spawn(async move {
                domain::doubt::clear(&app).await;
                if looks {
                    domain::voice::move_idle(&app, now).await;
                }
                domain::untold::tell(app).await;
            });
        }
        for user in app.hub.sweep(now) {
            domain::presence::announce(&app, user);
        }
    }
}
