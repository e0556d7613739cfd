//! Settings: each has a flag, an environment variable and a default.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::thread::available_parallelism;

use axum::http::Uri;
use axum::http::uri::PathAndQuery;
use clap::{Args, value_parser};
use ipnet::IpNet;
use sfu::SfuId;

/// As many as share one port.
const MOST_MEDIA_THREADS: i64 = SfuId::MOST as i64;

/// What `hubbub serve` can be told.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Folder for the database, keys and everything else that is to be kept
    #[arg(long, env = "HUBBUB_DATA", default_value = "data")]
    pub data: PathBuf,

    /// Database: sqlite:PATH or `postgres://USER:PASSWORD@HOST/NAME` [default: SQLite in the data folder]
    #[arg(long, env = "HUBBUB_DATABASE_URL", hide_env_values = true)]
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

    /// Threads that forward media, 1 to 64; each has rooms of its own [default: one for each core]
    #[arg(long, env = "HUBBUB_MEDIA_THREADS", value_parser = value_parser!(u8).range(1..=MOST_MEDIA_THREADS))]
    pub media_threads: Option<u8>,

    /// What media may take of the line to the outside, in Mbit/s; speech always goes, pictures share the rest [default: what is measured when many lines fill together]
    #[arg(long, env = "HUBBUB_UPLINK", value_parser = value_parser!(u32).range(1..))]
    pub uplink: Option<u32>,

    /// IP addresses at which clients reach the media port, separated by commas [default: those of this machine]
    #[arg(long, env = "HUBBUB_ANNOUNCE", value_delimiter = ',')]
    pub announce: Vec<IpAddr>,

    /// Origins beside the server's own whose pages may use it, separated by commas, for example `https://chat.example.org` in front of a proxy
    #[arg(long, env = "HUBBUB_ORIGINS", value_delimiter = ',', value_parser = origin)]
    pub origins: Vec<String>,

    /// Addresses or networks of proxies in front of the server, separated by commas: who connects through one is told apart by `X-Forwarded-For`
    #[arg(long, env = "HUBBUB_TRUSTED_PROXIES", value_delimiter = ',', value_parser = network)]
    pub trusted_proxies: Vec<IpNet>,

    /// Addresses or networks from which `/metrics` may be read, separated by commas
    #[arg(long, env = "HUBBUB_METRICS", value_delimiter = ',', value_parser = network, default_value = "127.0.0.0/8,::1")]
    pub metrics: Vec<IpNet>,
}

/// An origin (RFC 6454) as browsers send it.
fn origin(text: &str) -> Result<String, String> {
    let lower = text.trim().to_lowercase();
    let parsed: Uri = lower.parse().map_err(|_| format!("{text:?} is no origin such as https://chat.example.org"))?;
    match (parsed.scheme_str(), parsed.authority(), parsed.path_and_query().map(PathAndQuery::as_str)) {
        (Some(scheme @ ("http" | "https")), Some(authority), None | Some("/")) if !authority.as_str().contains('@') => {
            let default = if scheme == "https" { ":443" } else { ":80" };
            let authority = authority.as_str();
            Ok(format!("{scheme}://{}", authority.strip_suffix(default).unwrap_or(authority)))
        }
        _ => Err(format!("{text:?} is no origin such as https://chat.example.org, without a path")),
    }
}

/// An address, or a network such as `172.16.0.0/12`.
fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let address = text.parse::<IpAddr>().map(IpNet::from);
    address.or_else(|_| text.parse::<IpNet>()).map_err(|_| format!("{text:?} is no address or network"))
}

impl Config {
    /// How many threads forward media.
    #[must_use]
    pub fn media_threads(&self) -> usize {
        let cores = || available_parallelism().map_or(1, usize::from).min(SfuId::MOST);
        self.media_threads.map_or_else(cores, usize::from)
    }

    /// Where the database is.
    #[must_use]
    pub fn database_url(&self) -> String {
        self.database_url.clone().unwrap_or_else(|| format!("sqlite:{}", self.data.join("hubbub.db").display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_taken_as_browsers_send_them_or_refused() {
        for (given, taken) in [
            ("https://chat.example.org", "https://chat.example.org"),
            (" HTTPS://Chat.Example.org/ ", "https://chat.example.org"),
            ("https://chat.example.org:443", "https://chat.example.org"),
            ("http://10.0.0.1:8080", "http://10.0.0.1:8080"),
        ] {
            assert_eq!(origin(given).as_deref(), Ok(taken));
        }
        for refused in ["chat.example.org", "https://chat.example.org/app", "ftp://x", "https://", "https://a@b", ""] {
            assert!(origin(refused).is_err(), "{refused:?} was taken");
        }
    }

    #[test]
    fn proxies_are_addresses_or_networks() {
        let holds = |text: &str, address: &str| {
            network(text).is_ok_and(|net| net.contains(&address.parse::<IpAddr>().unwrap()))
        };
        assert!(holds("10.0.0.1", "10.0.0.1"));
        assert!(!holds("10.0.0.1", "10.0.0.2"));
        assert!(holds("172.16.0.0/12", "172.18.0.5"));
        assert!(network("proxy").is_err());
    }
}
