//! `rehearse` and `repair`: what a repair of a log would cost, and the repair.

use std::fmt::Write;
use std::sync::Arc;

use chunkscope::storage::Storage;
use chunkscope::wal::{LogContent, OldBytes, Rehearsal, Verdict, rehearse, repair};

use super::language::Command;
use super::words::Answer;

/// `rehearse [FOLDER]`: what a repair would do. Nothing is changed.
pub(super) fn rehearsal(storage: &Arc<dyn Storage>, command: &Command) -> Answer {
    Ok(describe(&rehearsed(storage, command)?))
}

/// `repair [FOLDER]`: does it, and keeps the old bytes.
pub(super) fn act(storage: &Arc<dyn Storage>, command: &Command) -> Answer {
    let rehearsal = rehearsed(storage, command)?;
    let done = repair(storage, &rehearsal, OldBytes::KeptAside);
    let done = done.map_err(|error| error.to_string())?;
    let mut text = format!("{} is cut, and has {} bytes\n", done.cut, done.len);
    if !done.removed.is_empty() {
        let _ = writeln!(text, "removed {}", done.removed.join(" "));
    }
    if let Some(folder) = done.aside {
        let _ = writeln!(text, "the old bytes are in {folder}");
    }
    Ok(text)
}

fn rehearsed(storage: &Arc<dyn Storage>, command: &Command) -> Result<Rehearsal, String> {
    command.knows(&[])?;
    let folder = command.words.first().map_or("wal", String::as_str);
    rehearse(storage, folder).map_err(|error| error.to_string())
}

fn describe(rehearsal: &Rehearsal) -> String {
    let mut text = match &rehearsal.verdict {
        Verdict::Intact => format!("{} is intact\n", rehearsal.folder),
        Verdict::Refused { damage } => {
            format!("no repair: {}: {}\n{}\n", damage.at, damage.what, damage.help)
        }
        Verdict::Cut(cut) => format!(
            "damage at {}: {}\nsegment {} would be cut at {:#x}\n",
            cut.damage.at, cut.damage.what, cut.segment, cut.offset
        ),
    };
    let _ = writeln!(text, "kept: {}", content(&rehearsal.kept));
    let _ = writeln!(text, "lost: {}", content(&rehearsal.lost));
    text
}

fn content(content: &LogContent) -> String {
    let times = match (content.min_time, content.max_time) {
        (Some(from), Some(to)) => format!(", from {from} to {to}"),
        _ => String::new(),
    };
    format!(
        "{} whole segments, {} bytes, {} records: {} series, {} samples{times}",
        content.segments,
        content.bytes,
        content.records,
        content.entries.series,
        content.entries.samples
    )
}
