//! `chunkscope repair`: a damaged log, cut where the damage begins.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use chunkscope::event::Finding;
use chunkscope::storage::Storage;
use chunkscope::wal::{
    LogContent, OldBytes, Rehearsal, RehearseJob, Repaired, Verdict, repair, segment_name,
};
use serde::Serialize;

use crate::args::Repair;
use crate::times::{show_bytes, show_time};
use crate::{CommandResult, Outcome, opening, progress};

/// One of the two logs.
#[derive(Debug, Serialize)]
struct Log {
    #[serde(flatten)]
    rehearsal: Rehearsal,
    /// None when nothing was done.
    repaired: Option<Repaired>,
}

/// Rehearses the repair of both logs and says what it would cost; then does it, unless it is asked
/// not to. A log that is in use by another is left alone.
pub(crate) fn run(arguments: &Repair) -> CommandResult {
    let storage = opening::storage(&arguments.open)?;
    let mut logs = Vec::new();
    for folder in ["wal", "wbl"] {
        let rehearsal = progress::run(RehearseJob::new(Arc::clone(&storage), folder)?)?;
        logs.push(Log { rehearsal, repaired: None });
    }
    let mut out = BufWriter::new(io::stdout().lock());
    if !arguments.json {
        logs.iter().try_for_each(|log| tell(&mut out, &log.rehearsal))?;
        // What is about to be lost is said before it is.
        out.flush()?;
    }
    let wanted = logs.iter().any(|log| log.rehearsal.cut().is_some());
    // Where one log cannot be repaired, the directory cannot be opened: the other one can wait.
    let refused = logs.iter().any(|log| matches!(log.rehearsal.verdict, Verdict::Refused { .. }));
    if wanted && !refused && !arguments.dry_run {
        act(&storage, &mut logs)?;
    }
    if arguments.json {
        let report = serde_json::json!({ "dry_run": arguments.dry_run, "logs": logs });
        writeln!(out, "{report}")?;
    } else {
        conclude(&mut out, &logs, arguments.dry_run)?;
    }
    out.flush()?;
    let left = refused || (wanted && arguments.dry_run);
    Ok(if left { Outcome::Findings } else { Outcome::Fine })
}

fn act(storage: &Arc<dyn Storage>, logs: &mut [Log]) -> chunkscope::error::Result<()> {
    let lock = storage.lock("lock")?;
    for log in logs {
        if log.rehearsal.cut().is_some() {
            log.repaired = Some(repair(storage, &log.rehearsal, OldBytes::KeptAside)?);
        }
    }
    lock.release()
}

/// What a repair would keep and lose.
fn tell(out: &mut impl Write, rehearsal: &Rehearsal) -> io::Result<()> {
    let folder = &rehearsal.folder;
    match &rehearsal.verdict {
        Verdict::Intact if rehearsal.kept.segments == 0 => writeln!(out, "{folder}: empty"),
        Verdict::Intact => {
            writeln!(out, "{folder}: undamaged, {}", show_content(&rehearsal.kept))
        }
        Verdict::Refused { damage } => {
            writeln!(out, "{folder}: cannot be repaired")?;
            tell_damage(out, damage)
        }
        Verdict::Cut(cut) => {
            writeln!(out, "{folder}: damaged")?;
            tell_damage(out, &cut.damage)?;
            let path = format!("{folder}/{}", segment_name(cut.segment));
            writeln!(out, "    a repair cuts {path} at byte {}", cut.offset)?;
            writeln!(out, "    kept: {}", show_content(&rehearsal.kept))?;
            if rehearsal.is_torn_end() {
                let bytes = show_bytes(rehearsal.lost.bytes);
                writeln!(out, "    lost: nothing that can be read, {bytes} of a torn end")
            } else {
                writeln!(out, "    lost: {}", show_content(&rehearsal.lost))
            }
        }
    }
}

fn tell_damage(out: &mut impl Write, damage: &Finding) -> io::Result<()> {
    writeln!(out, "    {}: {}", damage.at, damage.what)?;
    if !damage.prometheus.is_empty() {
        writeln!(out, "    Prometheus {}", damage.prometheus)?;
    }
    if !damage.help.is_empty() {
        writeln!(out, "    {}", damage.help)?;
    }
    Ok(())
}

/// What was done, or what to do.
fn conclude(out: &mut impl Write, logs: &[Log], dry_run: bool) -> io::Result<()> {
    for repaired in logs.iter().filter_map(|log| log.repaired.as_ref()) {
        write!(out, "\n{} is cut", repaired.cut)?;
        match repaired.removed.len() {
            0 => {}
            1 => write!(out, ", 1 later segment is out of the log")?,
            several => write!(out, ", {several} later segments are out of the log")?,
        }
        match &repaired.aside {
            Some(aside) => writeln!(out, "; the old bytes are in {aside}")?,
            None => writeln!(out)?,
        }
    }
    let verdicts = || logs.iter().map(|log| &log.rehearsal.verdict);
    if verdicts().all(|verdict| *verdict == Verdict::Intact) {
        return writeln!(out, "\nnothing to repair");
    }
    if verdicts().any(|verdict| matches!(verdict, Verdict::Refused { .. })) {
        return writeln!(out, "\nnothing was changed");
    }
    if dry_run {
        return writeln!(out, "\nnothing was changed: without --dry-run this would be done");
    }
    Ok(())
}

fn show_content(content: &LogContent) -> String {
    let many = |count: u64, one: &str, several: &str| {
        format!("{count} {}", if count == 1 { one } else { several })
    };
    let mut parts = Vec::new();
    if content.segments > 0 {
        parts.push(many(content.segments, "whole segment", "whole segments"));
    }
    parts.push(show_bytes(content.bytes));
    parts.push(many(content.records, "record", "records"));
    let entries = &content.entries;
    let kinds = [
        (entries.series, "series", "series"),
        (entries.samples, "sample", "samples"),
        (entries.exemplars, "exemplar", "exemplars"),
        (entries.tombstones, "deletion", "deletions"),
        (entries.metadata, "metadata entry", "metadata entries"),
    ];
    let there = kinds.into_iter().filter(|(count, ..)| *count > 0);
    parts.extend(there.map(|(count, one, several)| many(count, one, several)));
    if let (Some(min_time), Some(max_time)) = (content.min_time, content.max_time) {
        parts.push(format!("{} to {}", show_time(min_time), show_time(max_time)));
    }
    parts.join(", ")
}
