//! `chunkscope labels`: every label name with its values.

use std::io::{BufWriter, Write};

use chunkscope::db;
use chunkscope::query::ReadStats;

use crate::args::Labels;
use crate::{CommandResult, opening};

/// Writes the labels.
pub(crate) fn run(arguments: &Labels) -> CommandResult {
    let selectors = opening::selectors(&arguments.matches)?;
    let db = opening::open(&arguments.open)?;
    let mut stats = ReadStats::default();
    let labels = db::labels(&db, &selectors, &mut stats)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    if arguments.json {
        serde_json::to_writer(&mut out, &labels)?;
        writeln!(out)?;
    } else {
        for (name, values) in &labels {
            writeln!(out, "{name}  ({} values)", values.len())?;
            for value in values {
                writeln!(out, "    {value:?}")?;
            }
        }
    }
    out.flush()?;
    Ok(opening::outcome(&db, &stats))
}
