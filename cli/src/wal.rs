//! `chunkscope wal`: the logs, segment by segment.

use std::io::{BufWriter, Write};

use chunkscope::event::Severity;
use chunkscope::wal::{SegmentSurvey, SurveyJob};

use crate::args::Plain;
use crate::times::{show_bytes, show_time};
use crate::{CommandResult, Outcome, opening, progress, table};

/// Writes a table, or with `--json` every count.
pub(crate) fn run(arguments: &Plain) -> CommandResult {
    let survey = progress::run(SurveyJob::new(opening::storage(&arguments.open)?)?)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    if arguments.json {
        serde_json::to_writer(&mut out, &survey)?;
        writeln!(out)?;
    } else {
        let rows: Vec<table::Row> = survey
            .logs
            .iter()
            .flat_map(|(log, segments)| segments.iter().map(move |segment| row(log, segment)))
            .collect();
        let head = ["segment", "bytes", "records", "series", "samples", "from", "to", "damage"];
        table::write(&mut out, &head, &rows)?;
    }
    out.flush()?;
    opening::tell(&survey.findings);
    let damaged = survey.findings.iter().any(|finding| finding.severity == Severity::Damage);
    Ok(if damaged { Outcome::Findings } else { Outcome::Fine })
}

fn row(log: &str, segment: &SegmentSurvey) -> table::Row {
    let total = |name: &str| segment.totals.get(name).copied().unwrap_or(0);
    let samples = total("samples") + total("histograms") + total("float_histograms");
    let time = |time: Option<i64>| time.map(show_time).unwrap_or_default();
    vec![
        format!("{log}/{}", segment.name),
        show_bytes(segment.bytes),
        segment.record_types.values().sum::<u64>().to_string(),
        total("series").to_string(),
        samples.to_string(),
        time(segment.min_time),
        time(segment.max_time),
        segment.error.clone().unwrap_or_default(),
    ]
}
