//! Hubbub's build, run, test and bench commands.

mod arch;
mod bench;
mod postgres;
mod run;
mod test;
mod tool;
mod web;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Builds, runs, tests and measures Hubbub")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the web client and the server, and run it on ./data
    Run {
        /// Flags for `hubbub serve`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        flags: Vec<String>,
    },
    /// Run every check, as CI does
    Test,
    /// Check who imports whom
    Arch,
    /// Measure speed and memory: `bench NAME [--json]`
    Bench {
        /// Which bench
        name: String,
        /// Print one JSON object on the last line
        #[arg(long)]
        json: bool,
    },
    /// Build the web client into client/dist
    Web,
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Run { flags } => run::run(&flags),
        Command::Test => test::run(),
        Command::Arch => arch::check(),
        Command::Bench { name, json } => bench::run(&name, json),
        Command::Web => web::build(),
    }
}
