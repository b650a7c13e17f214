//! The words the command understands.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::bench::Bench;
use crate::times::{parse_bytes, parse_duration, parse_percentage, parse_time};

/// What is inside a Prometheus data directory. Reading commands never change it.
#[derive(Debug, Parser)]
#[command(name = "chunkscope", version, arg_required_else_help = true)]
#[command(after_help = "Exit status: 0 fine, 1 damage was found or the work failed, 2 usage.")]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print every series with all its samples, one JSON line each, sorted by labels
    Dump(Dump),
    /// List the blocks: time, level, sizes, series, chunks
    Blocks(Plain),
    /// List the log: segments, fragments, records, samples
    Wal(Plain),
    /// Replay the head and say what it holds
    Head(Plain),
    /// Print every label name with its values
    Labels(Labels),
    /// Evaluate a selector, at one time or over a range, in the form of Prometheus' API
    Query(Query),
    /// Show any file of a data directory as a tree of named fields
    Inspect(Inspect),
    /// Make blocks of OpenMetrics text
    Import(Import),
    /// Print float samples as OpenMetrics text, which `import` and promtool read
    Export(Dump),
    /// Say which blocks would be merged next, and why the others would not
    Plan(Plan),
    /// Say which blocks would be dropped, by time, size or percentage, and why
    Retention(Retention),
    /// Merge blocks until nothing is left to merge; changes DIR
    Compact(Compact),
    /// Delete samples: hidden at once, gone when blocks are merged or cleaned; changes DIR
    Delete(Delete),
    /// Copy a data directory, sharing the files of its blocks where that can be
    Snapshot(Snapshot),
    /// Rewrite all blocks that have tombstones without what they delete; changes DIR
    CleanTombstones(CleanTombstones),
    /// Read everything and list all damage, with what Prometheus would do at start
    Verify(Plain),
    /// Cut a damaged log where the damage begins, as Prometheus would, but keep the old bytes
    Repair(Repair),
    /// Measure how fast this machine ingests, replays and compacts
    Bench(Bench),
}

/// How to open a data directory.
#[derive(Debug, Clone, Args)]
pub(crate) struct Open {
    /// Data directory, or a .tar, .tar.gz or .zip of one
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
    /// The head's chunk range [default: read off the blocks, else 2h]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) block_range: Option<i64>,
    /// Ignore a memory snapshot and replay the whole log
    #[arg(long)]
    pub(crate) no_snapshot: bool,
}

/// A command that only opens.
#[derive(Debug, Args)]
pub(crate) struct Plain {
    /// What to open.
    #[command(flatten)]
    pub(crate) open: Open,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `chunkscope repair`.
#[derive(Debug, Args)]
pub(crate) struct Repair {
    /// What to open.
    #[command(flatten)]
    pub(crate) open: Open,
    /// Say what would be kept and lost, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `chunkscope dump`.
#[derive(Debug, Args)]
pub(crate) struct Dump {
    /// What to open.
    #[command(flatten)]
    pub(crate) open: Open,
    /// Only series that this selector chooses; may be given several times
    #[arg(long = "match", value_name = "SELECTOR")]
    pub(crate) matches: Vec<String>,
    /// First time, in milliseconds since 1970
    #[arg(long, value_name = "MS", allow_hyphen_values = true)]
    pub(crate) min_time: Option<i64>,
    /// Last time, in milliseconds since 1970
    #[arg(long, value_name = "MS", allow_hyphen_values = true)]
    pub(crate) max_time: Option<i64>,
    /// Print JSON; the output of this command always is
    #[arg(long, hide = true)]
    pub(crate) json: bool,
}

/// `chunkscope import`.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// OpenMetrics text; each sample with its time, the last line # EOF
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Directory that gets the blocks; made if it is not there. A server may be running on it
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
    /// Longest block: 2h, 6h, 18h, …
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, default_value = "2h")]
    pub(crate) max_block_duration: i64,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `chunkscope labels`.
#[derive(Debug, Args)]
pub(crate) struct Labels {
    /// What to open.
    #[command(flatten)]
    pub(crate) open: Open,
    /// Only labels of series that this selector chooses
    #[arg(long = "match", value_name = "SELECTOR")]
    pub(crate) matches: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `chunkscope query`.
#[derive(Debug, Args)]
pub(crate) struct Query {
    /// What to open.
    #[command(flatten)]
    pub(crate) open: Open,
    /// A selector: name{label="value",…}
    #[arg(value_name = "EXPR")]
    pub(crate) expression: String,
    /// Evaluate at this time: seconds since 1970 or RFC 3339 [default: the newest sample]
    #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true,
          conflicts_with_all = ["start", "end", "step"])]
    pub(crate) time: Option<i64>,
    /// Start of a range
    #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true,
          requires_all = ["end", "step"])]
    pub(crate) start: Option<i64>,
    /// End of the range, included
    #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true,
          requires = "start")]
    pub(crate) end: Option<i64>,
    /// Step of the range: seconds or a duration such as 1m
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, requires = "start")]
    pub(crate) step: Option<i64>,
    /// How old a sample may be to count
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, default_value = "5m")]
    pub(crate) lookback: i64,
    /// Print JSON; the output of this command always is
    #[arg(long, hide = true)]
    pub(crate) json: bool,
}

/// `chunkscope inspect`.
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// File, with @OFFSET to go to one place: wal/00000002@0x41f3
    #[arg(value_name = "FILE[@OFFSET]")]
    pub(crate) file: String,
    /// Most fields to show
    #[arg(long, value_name = "N", default_value_t = 2000)]
    pub(crate) limit: usize,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `chunkscope plan`.
#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// What to open.
    #[command(flatten)]
    pub(crate) open: Open,
    /// Shortest block: the first step of the ladder of ranges, each three times the one before
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, default_value = "2h")]
    pub(crate) min_block_duration: i64,
    /// Longest range to merge
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, default_value = "18h")]
    pub(crate) max_block_duration: i64,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `chunkscope retention`.
#[derive(Debug, Args)]
pub(crate) struct Retention {
    /// What to open.
    #[command(flatten)]
    pub(crate) open: Open,
    /// Longest time to keep before the end of the newest block [default: 15d, without a size]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) time: Option<i64>,
    /// Most bytes to keep: 512MB, 20GB; units are powers of 1024
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes)]
    pub(crate) size: Option<u64>,
    /// Most percent of the file system to keep; replaces a size
    #[arg(long, value_name = "PERCENT", value_parser = parse_percentage)]
    pub(crate) percentage: Option<f64>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `chunkscope compact`.
#[derive(Debug, Args)]
pub(crate) struct Compact {
    /// Data directory; nobody else may have it open
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
    /// Shortest block: the first step of the ladder of ranges, each three times the one before
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, default_value = "2h")]
    pub(crate) min_block_duration: i64,
    /// Longest range to merge
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, default_value = "18h")]
    pub(crate) max_block_duration: i64,
    /// Leave blocks whose times overlap as they are
    #[arg(long)]
    pub(crate) no_overlaps: bool,
    /// Print JSON: a line for each merge
    #[arg(long)]
    pub(crate) json: bool,
}

/// `chunkscope clean-tombstones`.
#[derive(Debug, Args)]
pub(crate) struct CleanTombstones {
    /// Data directory; nobody else may have it open
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
    /// Print JSON: a line for each block
    #[arg(long)]
    pub(crate) json: bool,
}

/// `chunkscope delete`.
#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// Data directory; nobody else may have it open
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
    /// The series to delete samples of; may be given several times
    #[arg(long = "match", value_name = "SELECTOR", required = true)]
    pub(crate) matches: Vec<String>,
    /// First time to delete, in milliseconds since 1970 [default: the oldest]
    #[arg(long, value_name = "MS", allow_hyphen_values = true)]
    pub(crate) min_time: Option<i64>,
    /// Last time to delete, in milliseconds since 1970 [default: the newest]
    #[arg(long, value_name = "MS", allow_hyphen_values = true)]
    pub(crate) max_time: Option<i64>,
    /// The head's chunk range
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, default_value = "2h")]
    pub(crate) block_range: i64,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `chunkscope snapshot`.
#[derive(Debug, Args)]
pub(crate) struct Snapshot {
    /// Data directory; nobody else may have it open
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
    /// Where the snapshot goes, which must not be there yet [default: below DIR/snapshots]
    #[arg(value_name = "OUT")]
    pub(crate) out: Option<PathBuf>,
    /// Leave out what is not in blocks yet
    #[arg(long)]
    pub(crate) skip_head: bool,
    /// The head's chunk range
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, default_value = "2h")]
    pub(crate) block_range: i64,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
