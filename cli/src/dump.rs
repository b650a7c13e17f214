//! `chunkscope dump`: every sample, exact to the bit.

use std::io::{BufWriter, Write};

use chunkscope::db;
use chunkscope::query::ReadStats;
use chunkscope::types::TimeRange;

use crate::args::Dump;
use crate::{CommandResult, opening};

/// Writes one JSON line per series.
pub(crate) fn run(arguments: &Dump) -> CommandResult {
    let selectors = opening::selectors(&arguments.matches)?;
    let db = opening::open(&arguments.open)?;
    let range = TimeRange::new(
        arguments.min_time.unwrap_or(i64::MIN),
        arguments.max_time.unwrap_or(i64::MAX),
    );
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut stats = ReadStats::default();
    let mut failed = None;
    db::dump(&db, &selectors, range, &mut stats, &mut |line| {
        writeln!(out, "{line}").map_err(|error| {
            failed = Some(error);
            chunkscope::error::Error::Cancelled
        })
    })
    .or_else(|error| if failed.is_some() { Ok(()) } else { Err(error) })?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    out.flush()?;
    Ok(opening::outcome(&db, &stats))
}
