//! What is measured, and with what.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::args::Plain;

/// `chunkscope bench`.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// What is measured.
    #[command(subcommand)]
    pub(super) what: What,
}

/// What is measured.
#[derive(Debug, Subcommand)]
pub(super) enum What {
    /// Ingest made-up samples of the series in FILE, as `promtool tsdb bench write` does
    Write(Write),
    /// Read the head of a data directory into memory
    Replay(Plain),
    /// Cut and merge blocks until nothing is left to do; changes DIR
    Compact(Compact),
}

/// `chunkscope bench write`.
#[derive(Debug, Args)]
pub(crate) struct Write {
    /// Series, one a line, as promtool reads them: {"__name__":"up","job":"a"}
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Most series to read from FILE
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub(crate) metrics: usize,
    /// Scrapes, 30 s apart
    #[arg(long, value_name = "N", default_value_t = 3000)]
    pub(crate) scrapes: u32,
    /// The data directory is written to OUT/storage; an older one there is removed
    #[arg(long = "out", value_name = "OUT", default_value = "benchout")]
    pub(crate) directory: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `chunkscope bench compact`.
#[derive(Debug, Args)]
pub(crate) struct Compact {
    /// Data directory; nobody else may have it open
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
