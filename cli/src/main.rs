//! `chunkscope`: what is inside a Prometheus data directory, on the command line.
//!
//! Each subcommand is a file and prints what the engine returns; there is no logic here. Standard
//! output carries the result and nothing else, standard error everything for people.

mod args;
mod bench;
mod blocks;
mod clean_tombstones;
mod compact;
mod delete;
mod dump;
mod export;
mod head;
mod import;
mod inspect;
mod labels;
mod opening;
mod owning;
mod plan;
mod progress;
mod query;
mod repair;
mod retention;
mod snapshot;
mod table;
mod times;
mod verify;
mod wal;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command};

/// How a command ended, when it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing is wrong.
    Fine,
    /// The result is there, and damage was met on the way.
    Findings,
}

/// What a command returns: an error is shown with its whole text.
pub(crate) type CommandResult = Result<Outcome, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Dump(arguments) => dump::run(&arguments),
        Command::Blocks(arguments) => blocks::run(&arguments),
        Command::Wal(arguments) => wal::run(&arguments),
        Command::Head(arguments) => head::run(&arguments),
        Command::Labels(arguments) => labels::run(&arguments),
        Command::Query(arguments) => query::run(&arguments),
        Command::Inspect(arguments) => inspect::run(&arguments),
        Command::Import(arguments) => import::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Plan(arguments) => plan::run(&arguments),
        Command::Retention(arguments) => retention::run(&arguments),
        Command::Compact(arguments) => compact::run(&arguments),
        Command::Delete(arguments) => delete::run(&arguments),
        Command::Snapshot(arguments) => snapshot::run(&arguments),
        Command::CleanTombstones(arguments) => clean_tombstones::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Repair(arguments) => repair::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
    };
    match result {
        Ok(Outcome::Fine) => ExitCode::SUCCESS,
        Ok(Outcome::Findings) => ExitCode::from(1),
        Err(error) if is_closed_pipe(error.as_ref()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "chunkscope: {error}");
            ExitCode::from(1)
        }
    }
}

/// `chunkscope dump … | head` is no failure.
fn is_closed_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    let direct = error.downcast_ref::<std::io::Error>();
    direct.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
