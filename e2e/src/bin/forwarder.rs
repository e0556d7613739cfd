//! A forwarder of media alone, for benches: `forwarder hubbub`, `forwarder reference`, or, with so many threads of ours, `forwarder 2`.

use std::env;
use std::process::ExitCode;

fn main() -> ExitCode {
    if e2e::forwarder::run(&env::args().nth(1).unwrap_or_default()) {
        ExitCode::SUCCESS
    } else {
        eprintln!("there are the forwarders hubbub and reference, and numbers of threads");
        ExitCode::FAILURE
    }
}
