//! `chunkscope export`: samples as OpenMetrics text.

use std::io::{BufWriter, Write};

use chunkscope::db::{self, Exported};
use chunkscope::query::ReadStats;
use chunkscope::types::TimeRange;

use crate::args::Dump;
use crate::{CommandResult, opening};

/// Writes the text to standard output, and what it cannot hold to standard error.
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
    let exported = db::export_openmetrics(&db, &selectors, range, &mut stats, &mut |text| {
        out.write_all(text.as_bytes()).map_err(|error| {
            failed = Some(error);
            chunkscope::error::Error::Cancelled
        })
    });
    if let Some(error) = failed {
        return Err(error.into());
    }
    let exported = exported?;
    out.flush()?;
    if arguments.json {
        let _ = writeln!(std::io::stderr(), "{}", serde_json::to_string(&exported)?);
    } else {
        tell(&exported);
    }
    Ok(opening::outcome(&db, &stats))
}

/// Says what a reader of the text will not find in it.
fn tell(exported: &Exported) {
    let mut err = std::io::stderr().lock();
    for (count, what) in [
        (exported.stale_markers, "stale markers are written as NaN"),
        (exported.histograms_left_out, "native histograms have no form in this text: left out"),
        (exported.start_times_left_out, "start timestamps have no form in this text: left out"),
    ] {
        if count > 0 {
            let _ = writeln!(err, "chunkscope: {count} {what}");
        }
    }
}
