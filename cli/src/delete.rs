//! `chunkscope delete`: hides samples, in blocks and in the head.

use std::io::Write;

use chunkscope::db::{Deleted, WriteOptions};
use chunkscope::retention::RetentionOptions;
use chunkscope::types::TimeRange;
use serde_json::json;

use crate::args::Delete;
use crate::{CommandResult, Outcome, opening, owning};

/// Deletes what each selector chooses, and says how much that was.
pub(crate) fn run(arguments: &Delete) -> CommandResult {
    let selectors = opening::selectors(&arguments.matches)?;
    let range = TimeRange::new(
        arguments.min_time.unwrap_or(TimeRange::ALL.min_time),
        arguments.max_time.unwrap_or(TimeRange::ALL.max_time),
    );
    let options = WriteOptions {
        chunk_range: arguments.block_range,
        retention: RetentionOptions::default(),
        ..WriteOptions::default()
    };
    let mut db = owning::open(&arguments.directory, options)?;
    let mut all = Deleted::default();
    let mut outcome = Ok(());
    for matchers in &selectors {
        match db.delete_series(range, matchers) {
            Ok(done) => {
                all.blocks += done.blocks;
                all.series += done.series;
            }
            Err(error) => {
                outcome = Err(error);
                break;
            }
        }
    }
    db.close()?;
    outcome?;
    let mut out = std::io::stdout().lock();
    if arguments.json {
        writeln!(out, "{}", json!({ "blocks": all.blocks, "series": all.series }))?;
    } else {
        let Deleted { blocks, series } = all;
        writeln!(
            out,
            "deleted from {series} series, counted in each of {blocks} blocks and the head"
        )?;
    }
    Ok(Outcome::Fine)
}
