//! Settings: each has a flag, an environment variable and a default.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::Args;

/// What `hubbub serve` can be told.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Folder for the database, keys and everything else that is to be kept
    #[arg(long, env = "HUBBUB_DATA", default_value = "data")]
    pub data: PathBuf,

    /// Database: sqlite:PATH or `postgres://USER:PASSWORD@HOST/NAME` [default: SQLite in the data folder]
    #[arg(long, env = "HUBBUB_DATABASE_URL")]
    pub database_url: Option<String>,

    /// Address for plain HTTP; keep it on loopback or behind a proxy that does TLS
    #[arg(long, env = "HUBBUB_HTTP", default_value = "127.0.0.1:8080")]
    pub http: SocketAddr,

    /// Address for HTTPS, with a self-signed certificate that is made at the first start
    #[arg(long, env = "HUBBUB_HTTPS", default_value = "[::]:8443")]
    pub https: SocketAddr,

    /// Address for all media (UDP)
    #[arg(long, env = "HUBBUB_MEDIA", default_value = "[::]:8443")]
    pub media: SocketAddr,

    /// IP addresses at which clients reach the media port, separated by commas [default: those of this machine]
    #[arg(long, env = "HUBBUB_ANNOUNCE", value_delimiter = ',')]
    pub announce: Vec<IpAddr>,

    /// Origins beside the server's own whose pages may use it, separated by commas, for example `https://chat.example.org` in front of a proxy
    #[arg(long, env = "HUBBUB_ORIGINS", value_delimiter = ',')]
    pub origins: Vec<String>,
}

impl Config {
    /// Where the database is.
    #[must_use]
    pub fn database_url(&self) -> String {
        self.database_url.clone().unwrap_or_else(|| format!("sqlite:{}", self.data.join("hubbub.db").display()))
    }
}
