//! `chunkscope compact`: merges blocks until nothing is left to merge.

use std::io::{BufWriter, Write};

use chunkscope::db::{Merged, Upkeep, WriteOptions};
use chunkscope::retention::RetentionOptions;
use serde_json::{Value, json};

use crate::args::Compact;
use crate::progress::Line;
use crate::times::show_time;
use crate::{CommandResult, Outcome, owning};

/// Merges, and writes a line for each merge.
pub(crate) fn run(arguments: &Compact) -> CommandResult {
    let options = WriteOptions {
        chunk_range: arguments.min_block_duration,
        max_block_duration: Some(arguments.max_block_duration),
        // What is too old or too much is for `retention` to say and for a server to drop.
        retention: RetentionOptions::default(),
        merge_overlaps: !arguments.no_overlaps,
        ..WriteOptions::default()
    };
    let mut db = owning::open_blocks(&arguments.directory, options)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    let (mut step, mut outcome) = (0, Outcome::Fine);
    let mut line = Line::begin();
    loop {
        match db.upkeep()? {
            Upkeep::Working { what } => line.show(|_| what.to_string()),
            Upkeep::Idle { .. } => break,
            Upkeep::Merged(merged) => {
                step += 1;
                line.clear();
                if merged.error.is_some() {
                    outcome = Outcome::Findings;
                }
                if arguments.json {
                    serde_json::to_writer(&mut out, &report(step, &merged))?;
                    writeln!(out)?;
                } else {
                    writeln!(out, "{}", sentence(&merged))?;
                }
                out.flush()?;
            }
        }
    }
    line.clear();
    db.close()?;
    if !arguments.json && step == 0 {
        writeln!(out, "nothing to do")?;
    }
    out.flush()?;
    Ok(outcome)
}

/// The keys of a step as the fixtures' `expected/plan.json` has them, and why it was done.
pub(crate) fn report(step: usize, merged: &Merged) -> Value {
    let results = merged.result.iter().map(|meta| {
        json!({
            "ulid": meta.ulid,
            "minTime": meta.min_time,
            "maxTime": meta.max_time,
            "level": meta.compaction.level,
            "hints": Some(&meta.compaction.hints).filter(|hints| !hints.is_empty()),
            "sources": meta.compaction.sources,
            "parents": meta.compaction.parents.iter().map(|own| own.ulid).collect::<Vec<_>>(),
            "stats": meta.stats,
        })
    });
    let results: Vec<Value> = results.collect();
    let mut report = json!({ "step": step, "sources": merged.sources });
    report["reason"] = json!(merged.reason.map(|reason| reason.explain(show_time)));
    if let Some(error) = &merged.error {
        report["error"] = Value::from(error.to_string());
        report["marked_failed"] = json!(merged.marked_failed);
    } else {
        report["results"] = Value::from(results);
        report["deleted_afterwards"] = json!(merged.dropped);
    }
    report
}

/// A merge in a sentence.
pub(crate) fn sentence(merged: &Merged) -> String {
    let sources = merged.sources.len();
    let blocks = if sources == 1 { "1 block".to_owned() } else { format!("{sources} blocks") };
    let why = merged.reason.map(|reason| reason.explain(show_time)).unwrap_or_default();
    match (&merged.result, &merged.error) {
        (_, Some(error)) => format!("{blocks} cannot be merged and are marked as failed: {error}"),
        (None, None) => format!("{blocks} merged into nothing: all is deleted; {why}"),
        (Some(meta), None) => format!(
            "{blocks} merged into {}, {} to {}, level {}, {} series, {} chunks, {} samples: {why}",
            meta.ulid,
            show_time(meta.min_time),
            show_time(meta.max_time),
            meta.compaction.level,
            meta.stats.num_series,
            meta.stats.num_chunks,
            meta.stats.num_samples,
        ),
    }
}
