//! A PostgreSQL of the tests' own, in a temporary folder, gone when it is dropped.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use xshell::{Shell, TempDir, cmd};

use crate::tool;

/// A running cluster.
pub(crate) struct Postgres {
    sh: Shell,
    programs: PathBuf,
    folder: TempDir,
    port: u16,
}

impl Postgres {
    /// Makes and starts a cluster on a free port of loopback.
    pub(crate) fn start() -> Result<Self> {
        let sh = Shell::new()?;
        let programs = programs(&sh)?;
        let folder = sh.create_temp_dir()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let postgres = Self { sh, programs, folder, port };
        if postgres.is_root()? {
            // PostgreSQL refuses to run as root.
            let folder = postgres.folder.path();
            cmd!(postgres.sh, "chown postgres {folder}").quiet().run()?;
        }
        let data = postgres.data();
        postgres.pg("initdb", &["--auth=trust", "--username=hubbub", "--encoding=UTF8", "--no-sync"])?;
        let options = format!("-p {port} -k {data} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=200");
        let log = format!("{data}/log");
        postgres.pg("pg_ctl", &["start", "--wait", "--silent", "-o", &options, "-l", &log])?;
        Ok(postgres)
    }

    /// Where its databases are, without a database's name.
    pub(crate) fn url(&self) -> String {
        format!("postgres://hubbub@127.0.0.1:{}", self.port)
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    fn is_root(&self) -> Result<bool> {
        Ok(cmd!(self.sh, "id -u").quiet().read()? == "0")
    }

    fn pg(&self, program: &str, arguments: &[&str]) -> Result<()> {
        let program = self.programs.join(program);
        let data = self.data();
        let command = if self.is_root()? {
            cmd!(self.sh, "runuser -u postgres -- {program} --pgdata {data} {arguments...}")
        } else {
            cmd!(self.sh, "{program} --pgdata {data} {arguments...}")
        };
        command.quiet().ignore_stdout().run().context("PostgreSQL for the tests")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Err(error) = self.pg("pg_ctl", &["stop", "--mode=immediate", "--silent"]) {
            eprintln!("could not stop PostgreSQL: {error}");
        }
    }
}

/// The folder of `initdb` and `pg_ctl`, which Debian keeps out of the path.
fn programs(sh: &Shell) -> Result<PathBuf> {
    if let Some(folder) = newest() {
        return Ok(folder);
    }
    tool::require(sh, Path::new("initdb"), &["postgresql"])?;
    newest().context("PostgreSQL is installed, but its initdb is not where Debian puts it")
}

fn newest() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let folders = versions.filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    folders.filter(|folder| folder.join("initdb").exists()).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_listens_until_it_is_dropped() {
        let postgres = Postgres::start().unwrap();
        let port = postgres.port;
        assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        drop(postgres);
        assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
    }
}
