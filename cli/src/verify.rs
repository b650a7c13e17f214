//! `chunkscope verify`: all damage, with what Prometheus would do at start.

use std::io::{BufWriter, Write};

use chunkscope::db::Verify;
use chunkscope::event::Severity;

use crate::args::Plain;
use crate::{CommandResult, Outcome, opening, progress};

/// Reads everything and writes what is wrong or unusual.
pub(crate) fn run(arguments: &Plain) -> CommandResult {
    let db = opening::open_quietly(&arguments.open)?;
    let report = progress::run(Verify::new(&db)?)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    let damaged = report.findings.iter().filter(|f| f.severity == Severity::Damage).count();
    if arguments.json {
        serde_json::to_writer(&mut out, &report)?;
        writeln!(out)?;
    } else {
        for finding in &report.findings {
            let severity = format!("{:?}", finding.severity).to_lowercase();
            writeln!(out, "{severity}: {}\n    {}", finding.at, finding.what)?;
            if !finding.prometheus.is_empty() {
                writeln!(out, "    Prometheus {}", finding.prometheus)?;
            }
            if !finding.help.is_empty() {
                writeln!(out, "    {}", finding.help)?;
            }
        }
        writeln!(
            out,
            "{damaged} damaged places, {} other findings; \
             read {} blocks, {} series, {} chunks, {} samples",
            report.findings.len() - damaged,
            report.blocks,
            report.series,
            report.chunks,
            report.samples,
        )?;
    }
    out.flush()?;
    Ok(if damaged > 0 { Outcome::Findings } else { Outcome::Fine })
}
