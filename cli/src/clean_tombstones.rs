//! `chunkscope clean-tombstones`: rewrites blocks without what is deleted.

use std::io::{BufWriter, Write};

use chunkscope::db::{Merged, WriteOptions};
use chunkscope::retention::RetentionOptions;

use crate::args::CleanTombstones;
use crate::compact::{report, sentence};
use crate::{CommandResult, Outcome, owning};

/// Cleans, and writes a line for each block.
pub(crate) fn run(arguments: &CleanTombstones) -> CommandResult {
    let options =
        WriteOptions { retention: RetentionOptions::default(), ..WriteOptions::default() };
    let mut db = owning::open_blocks(&arguments.directory, options)?;
    let cleaned = db.clean_tombstones();
    db.close()?;
    let cleaned: Vec<Merged> = cleaned?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    for (at, merged) in cleaned.iter().enumerate() {
        if arguments.json {
            serde_json::to_writer(&mut out, &report(at + 1, merged))?;
            writeln!(out)?;
        } else {
            writeln!(out, "{}", sentence(merged))?;
        }
    }
    if cleaned.is_empty() && !arguments.json {
        writeln!(out, "no block has tombstones")?;
    }
    out.flush()?;
    Ok(Outcome::Fine)
}
