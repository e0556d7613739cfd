//! Hubbub's build, run, test and bench commands.

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
    /// Build the web client into client/dist
    Web,
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Web => web::build(),
    }
}
