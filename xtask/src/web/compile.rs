//! From Rust to WebAssembly, and from that to what a browser loads.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::{Effort, Paths, say};

const TARGET: &str = "wasm32-unknown-unknown";
/// The binary target of the package `client`.
const BINARY: &str = "hubbub-web";
/// How long rustup may take to fetch the target before Debian's compiler is tried.
const RUSTUP_PATIENCE: Duration = Duration::from_secs(60);

/// What rustc's code may use, all of it in every browser since 2022. With more of them allowed, wasm-opt writes modules
/// that browsers refuse.
const FEATURES: [&str; 7] = [
    "bulk-memory",
    "bulk-memory-opt",
    "multivalue",
    "mutable-globals",
    "nontrapping-float-to-int",
    "reference-types",
    "sign-ext",
];

/// What a browser needs to run the client.
pub(super) struct Page {
    pub(super) wasm: Vec<u8>,
    pub(super) javascript: String,
    /// Scripts that `javascript` imports, by the path it imports them by.
    pub(super) snippets: BTreeMap<String, String>,
}

/// Compiles the client and answers with the path of the WebAssembly file.
pub(super) fn wasm(paths: &Paths, effort: Effort) -> Result<PathBuf> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(&paths.root).args(["build", "--package", "client", "--bin", BINARY, "--target", TARGET]);
    let profile = profile(effort);
    cargo.args(["--profile", profile]);
    let target = if has_target() || add_target() {
        paths.target.clone()
    } else {
        debian_compiler(&mut cargo)?;
        paths.target.join("debian")
    };
    cargo.arg("--target-dir").arg(&target);
    say(&format!("compiling the client for the browser (profile {profile})"));
    let status = cargo.status().context("starting cargo")?;
    ensure!(status.success(), "the client does not compile for {TARGET}");
    Ok(target.join(TARGET).join(profile).join(format!("{BINARY}.wasm")))
}

/// Cargo's profile, which the workspace defines.
fn profile(effort: Effort) -> &'static str {
    match effort {
        Effort::Release => "web",
        Effort::Fast => "web-fast",
    }
}

fn has_target() -> bool {
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output();
    sysroot.is_ok_and(|output| {
        let path = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Path::new(&path).join("lib/rustlib").join(TARGET).join("lib").is_dir()
    })
}

fn add_target() -> bool {
    say("adding the target for the browser with rustup");
    let Ok(mut rustup) = Command::new("rustup").args(["target", "add", TARGET]).stdout(Stdio::null()).spawn() else {
        return false;
    };
    let began = Instant::now();
    loop {
        match rustup.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) if began.elapsed() < RUSTUP_PATIENCE => std::thread::sleep(Duration::from_millis(200)),
            Ok(None) | Err(_) => break,
        }
    }
    // It may have ended by itself just now; either way it is no longer waited for.
    let _ = rustup.kill();
    let _ = rustup.wait();
    false
}

/// Debian ships a compiler with the sources of the standard library, from which the target can be built.
fn debian_compiler(cargo: &mut Command) -> Result<()> {
    let compiler = Path::new("/usr/bin/rustc");
    let sources = Command::new(compiler).args(["--print", "sysroot"]).output().is_ok_and(|output| {
        let path = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Path::new(&path).join("lib/rustlib/src/rust/library").is_dir()
    });
    if !sources {
        say("rustup cannot fetch the target; installing Debian's rustc-web and rust-web-src");
        let installed = Command::new("apt-get")
            .args(["install", "--yes", "-o", "DPkg::Lock::Timeout=300", "rustc-web", "rust-web-src"])
            .stdout(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        ensure!(
            installed,
            "the target {TARGET} is missing; run: rustup target add {TARGET} (or: sudo apt-get install rustc-web rust-web-src)"
        );
    }
    let linker = sysroot_linker().context("rust-lld, which links for the browser, is not in the toolchain")?;
    cargo
        .env("RUSTC", compiler)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker)
        .arg("-Zbuild-std=std,panic_abort");
    Ok(())
}

fn sysroot_linker() -> Option<PathBuf> {
    let output = Command::new("rustc").args(["--print", "sysroot"]).output().ok()?;
    let sysroot = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    let libraries = fs::read_dir(sysroot.join("lib/rustlib")).ok()?;
    libraries.flatten().map(|entry| entry.path().join("bin/rust-lld")).find(|path| path.is_file())
}

/// Makes the scripts that load the WebAssembly file, and makes it small.
pub(super) fn bindings(paths: &Paths, wasm: &Path, effort: Effort) -> Result<Page> {
    say("generating the bindings between WebAssembly and the browser");
    let folder = paths.target.join("web-bindings");
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        Ok(()) | Err(_) => {}
    }
    let mut bindgen = wasm_bindgen_cli_support::Bindgen::new();
    bindgen.input_path(wasm).out_name("client").typescript(false).remove_producers_section(true);
    bindgen.remove_name_section(effort == Effort::Release);
    bindgen.omit_default_module_path(true).web(true)?.generate(&folder)?;
    let module = folder.join("client_bg.wasm");
    if effort == Effort::Release {
        optimize(paths, &module)?;
    }
    let javascript = fs::read_to_string(folder.join("client.js"))?;
    let mut snippets = BTreeMap::new();
    for import in imports(&javascript) {
        let text = fs::read_to_string(folder.join(&import)).with_context(|| format!("reading the script {import}"))?;
        if !imports(&text).is_empty() {
            bail!("the script {import} imports others, which the bundle does not follow");
        }
        snippets.insert(import, text);
    }
    Ok(Page { wasm: fs::read(&module)?, javascript, snippets })
}

/// Relative paths that a module imports: `from './snippets/…'`.
fn imports(javascript: &str) -> Vec<String> {
    let lines = javascript.lines().filter(|line| line.starts_with("import "));
    let quoted = lines.filter_map(|line| line.split(['\'', '"']).nth(1));
    quoted.filter(|path| path.starts_with("./")).map(ToOwned::to_owned).collect()
}

/// Runs wasm-opt where it can be had; the page works without it, it is only larger.
fn optimize(paths: &Paths, module: &Path) -> Result<()> {
    let Some(tool) = wasm_opt(paths) else {
        say("warning: wasm-opt is not to be had from npm; the page will be larger");
        return Ok(());
    };
    say("making the WebAssembly file small");
    let smaller = module.with_extension("small.wasm");
    let status = Command::new(tool)
        .args(["-Oz", "--mvp-features", "--strip-debug", "--strip-producers"])
        .args(FEATURES.map(|feature| format!("--enable-{feature}")))
        .arg(module)
        .arg("-o")
        .arg(&smaller)
        .status()
        .context("starting wasm-opt")?;
    if status.success() {
        fs::rename(smaller, module)?;
    } else {
        say("warning: wasm-opt refused the file; the page will be larger");
    }
    Ok(())
}

fn wasm_opt(paths: &Paths) -> Option<PathBuf> {
    let folder = paths.cache.join("binaryen");
    let tool = folder.join("node_modules/.bin/wasm-opt");
    if !tool.exists() {
        say("fetching wasm-opt with npm");
        fs::create_dir_all(&folder).ok()?;
        let npm = ["install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"];
        let status = Command::new("npm").args(npm).arg(&folder).arg("binaryen@^132").stdout(Stdio::null()).status();
        if !status.is_ok_and(|status| status.success()) {
            return None;
        }
    }
    tool.exists().then_some(tool)
}
