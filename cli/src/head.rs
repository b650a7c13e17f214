//! `chunkscope head`: what the head holds after replay.

use std::io::{BufWriter, Write};

use chunkscope::query::ReadStats;
use chunkscope::types::TimeRange;
use serde_json::Value;

use crate::args::Plain;
use crate::times::show_time;
use crate::{CommandResult, opening, table};

/// Writes a summary, or with `--json` every series.
pub(crate) fn run(arguments: &Plain) -> CommandResult {
    let db = opening::open(&arguments.open)?;
    let head = db.head().ok_or("the head was not replayed")?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    if arguments.json {
        serde_json::to_writer(&mut out, &head.report())?;
        writeln!(out)?;
    } else {
        let span = |range: TimeRange| {
            if range.is_empty() {
                return "nothing".to_owned();
            }
            format!("{} to {}", show_time(range.min_time), show_time(range.max_time))
        };
        let counters = serde_json::to_value(head.counters())?;
        let mut rows: Vec<table::Row> = vec![
            vec!["series".to_owned(), head.num_series().to_string()],
            vec!["in-order samples".to_owned(), span(head.in_order_range())],
            vec!["out-of-order samples".to_owned(), span(head.out_of_order_range())],
        ];
        for (name, count) in counters.as_object().into_iter().flatten() {
            add_counts(&mut rows, &name.replace('_', " "), count);
        }
        table::write(&mut out, &["head", ""], &rows)?;
    }
    out.flush()?;
    Ok(opening::outcome(&db, &ReadStats::default()))
}

/// Adds a row for each count that is not 0.
fn add_counts(rows: &mut Vec<table::Row>, name: &str, count: &Value) {
    match count {
        Value::Object(parts) => {
            for (part, count) in parts {
                add_counts(rows, &format!("{name}: {}", part.replace('_', " ")), count);
            }
        }
        count if *count == 0 => {}
        count => rows.push(vec![name.to_owned(), count.to_string()]),
    }
}
