//! Measures Hubbub: `cargo xtask bench NAME --json`.

use std::env;
use std::process::ExitCode;

use e2e::bench;

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let (Some(name), json) = (arguments.next(), arguments.next().as_deref() == Some("--json")) else {
        eprintln!("name a bench: {}", bench::NAMES.join(", "));
        return ExitCode::FAILURE;
    };
    let Some(report) = bench::run(&name).await else {
        eprintln!("there is no bench {name}; there are: {}", bench::NAMES.join(", "));
        return ExitCode::FAILURE;
    };
    if json {
        println!("{}", serde_json::Value::Object(report));
    } else {
        for (key, value) in report {
            println!("{key}: {value}");
        }
    }
    ExitCode::SUCCESS
}
