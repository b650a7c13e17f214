//! `chunkscope query`: a selector at one time, or over a range.

use std::io::{BufWriter, Write};

use chunkscope::db;
use chunkscope::labels::parse_selector;
use chunkscope::query::{ReadStats, Steps};

use crate::args::Query;
use crate::{CommandResult, opening};

/// Writes the answer in the form of Prometheus' API: the `data` object.
pub(crate) fn run(arguments: &Query) -> CommandResult {
    let matchers = parse_selector(&arguments.expression)?;
    let db = opening::open(&arguments.open)?;
    let mut stats = ReadStats::default();
    let lookback = arguments.lookback;
    let answer = match (arguments.start, arguments.end, arguments.step) {
        (Some(start), Some(end), Some(step)) => {
            let steps = Steps::new(start, end, step)?;
            db::query_range(&db, &matchers, steps, lookback, &mut stats)?
        }
        _ => {
            let newest = || db.time_range().max_time;
            let time = arguments.time.unwrap_or_else(newest);
            db::query_instant(&db, &matchers, time, lookback, &mut stats)?
        }
    };
    let mut out = BufWriter::new(std::io::stdout().lock());
    answer.write_json(&mut out)?;
    writeln!(out)?;
    out.flush()?;
    Ok(opening::outcome(&db, &stats))
}
