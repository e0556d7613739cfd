//! The programs that the checks need: found, or installed where that is allowed, or named with the line that installs them.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use anyhow::{Context, Result, bail};
use xshell::{Shell, cmd};

/// The workspace's folder: that from which Cargo runs this, for what was built for one clone may be run for another.
pub(crate) fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let package = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        Path::new(&package).parent().expect("xtask stands in the workspace").to_owned()
    });
    &ROOT
}

/// Where tools and caches live, outside the clone: `$HUBBUB_CACHE`, else `~/.cache/hubbub`.
pub(crate) fn cache() -> Result<PathBuf> {
    if let Some(folder) = env::var_os("HUBBUB_CACHE") {
        return Ok(folder.into());
    }
    let home = env::home_dir().context("no home folder; set HUBBUB_CACHE to a folder for tools and caches")?;
    Ok(home.join(".cache/hubbub"))
}

/// A tool that cargo builds from its registry, kept in the cache.
pub(crate) struct CargoTool {
    pub(crate) program: &'static str,
    pub(crate) package: &'static str,
    pub(crate) version: &'static str,
}

/// A tool whose builds are on PyPI, which is minutes faster than building it.
pub(crate) struct PythonTool {
    pub(crate) program: &'static str,
    pub(crate) version: &'static str,
    /// What cargo builds where there is no such build.
    pub(crate) package: &'static str,
}

/// A Python package, kept in the cache.
pub(crate) struct PythonPackage {
    pub(crate) package: &'static str,
    pub(crate) version: &'static str,
    /// What it needs, and does not say so.
    pub(crate) with: &'static [&'static str],
}

impl CargoTool {
    /// The program's path; the first time it is built.
    pub(crate) fn find(&self, sh: &Shell) -> Result<PathBuf> {
        let Self { program, package, version } = self;
        let folder = cache()?.join(format!("{package}-{version}"));
        let path = folder.join("bin").join(program);
        if path.exists() {
            return Ok(path);
        }
        println!("building {package} {version}, once");
        let plain = cmd!(sh, "cargo install --quiet --locked --root {folder} {package} --version {version}")
            .env_remove("CARGO_TARGET_DIR");
        if plain.run().is_err() {
            // A registry mirror may lack what the tool's own lock names.
            cmd!(sh, "cargo install --quiet --root {folder} {package} --version {version}")
                .env_remove("CARGO_TARGET_DIR")
                .run()?;
        }
        Ok(path)
    }
}

impl PythonTool {
    /// The program's path; the first time it is fetched.
    pub(crate) fn find(&self, sh: &Shell) -> Result<PathBuf> {
        let Self { program, version, package } = self;
        let folder = cache()?.join(format!("{program}-{version}"));
        let path = folder.join("bin").join(program);
        if path.exists() {
            return Ok(path);
        }
        println!("fetching {program} {version}, once");
        let fetch = cmd!(sh, "python3 -m pip install --quiet --no-deps --target {folder} {program}=={version}");
        if fetch.quiet().ignore_stderr().run().is_ok() && path.exists() {
            return Ok(path);
        }
        CargoTool { program, package, version }.find(sh)
    }
}

impl PythonPackage {
    /// The folder for `PYTHONPATH`; the first time it is fetched, and built where there is no build of it.
    pub(crate) fn find(&self, sh: &Shell) -> Result<PathBuf> {
        let &Self { package, version, with } = self;
        let folder = cache()?.join(format!("{package}-{version}"));
        if !folder.join(package).exists() {
            println!("fetching {package} {version}, once");
            cmd!(sh, "python3 -m pip install --quiet --target {folder} {package}=={version} {with...}")
                .quiet()
                .run()?;
        }
        Ok(folder)
    }
}

/// Makes sure that a program or file of the operating system is there.
pub(crate) fn require(sh: &Shell, program: &Path, packages: &[&str]) -> Result<()> {
    let found = if program.is_absolute() {
        program.exists()
    } else {
        cmd!(sh, "which {program}").quiet().ignore_stdout().ignore_stderr().run().is_ok()
    };
    if found {
        return Ok(());
    }
    let list = packages.join(" ");
    let is_root = cmd!(sh, "id -u").quiet().read()? == "0";
    if !is_root || !Path::new("/usr/bin/apt-get").exists() {
        bail!("{} is missing; install it with: sudo apt-get install -y {list}", program.display());
    }
    println!("installing {list}, once");
    let lock = "DPkg::Lock::Timeout=300";
    cmd!(sh, "apt-get -q -o {lock} update").quiet().ignore_stdout().run()?;
    cmd!(sh, "apt-get -q -o {lock} install -y --no-install-recommends {packages...}")
        .env("DEBIAN_FRONTEND", "noninteractive")
        .quiet()
        .ignore_stdout()
        .run()?;
    Ok(())
}
