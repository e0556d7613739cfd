//! The hubbub program.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use server::{Config, Error, Listeners, Server};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Voice, video and text chat that you host yourself.
#[derive(Parser)]
#[command(name = "hubbub", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server
    Serve(Config),
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_env("HUBBUB_LOG").unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    let Command::Serve(config) = Arguments::parse().command;
    match serve(&config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(config: &Config) -> Result<(), Error> {
    let listeners = Listeners::bind(config)?;
    let server = Server::prepare(config, listeners).await?;
    greet(&server);
    server.run(stop_signal()).await
}

fn greet(server: &Server) {
    let origins = server.origins();
    println!("Hubbub {} is up:", env!("CARGO_PKG_VERSION"));
    for origin in &origins {
        println!("  {origin}");
    }
    if let (Some(token), Some(origin)) = (server.setup_token(), origins.first()) {
        println!("\nMake the first account, within an hour, at\n  {origin}/setup/{token}");
    }
    println!("\nCtrl+C stops it.");
}

/// Done when the process is asked to stop.
async fn stop_signal() {
    let stop = async |kind| match signal(kind) {
        Ok(mut signal) => drop(signal.recv().await),
        Err(error) => {
            tracing::error!(%error, "cannot listen for a stop signal");
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = stop(SignalKind::terminate()) => {}
        () = stop(SignalKind::interrupt()) => {}
    }
}
