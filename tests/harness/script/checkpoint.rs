//! `checkpoint`: a small log stands in for old segments.

use std::fmt::Write;
use std::sync::Arc;

use chunkscope::event::Job;
use chunkscope::storage::Storage;
use chunkscope::types::SeriesRef;
use chunkscope::wal::{
    CheckpointJob, CheckpointOptions, Compression, EntryCounts, Log, LogOptions, StartTimes,
    remove_checkpoints, remove_segments, truncation,
};

use super::language::Command;
use super::words::Answer;

/// `checkpoint min-time=TIME keep=REFERENCE,…`: the part of `wal/` that is due becomes a
/// checkpoint, and what it stands for is removed.
pub(super) fn checkpoint(storage: &Arc<dyn Storage>, command: &Command) -> Answer {
    command.knows(&["min-time", "keep"])?;
    let wanted = command.setting("keep").unwrap_or_default().split(',');
    let wanted: Vec<SeriesRef> =
        wanted.filter_map(|word| word.parse().ok().map(SeriesRef)).collect();
    let run = || -> chunkscope::error::Result<Option<String>> {
        let segments = Log::list(&**storage, "wal")?.segments;
        let (Some(first), Some(newest)) = (segments.first(), segments.last()) else {
            return Ok(None);
        };
        let Some(last) = truncation(first.number, newest.number) else { return Ok(None) };
        let options = CheckpointOptions {
            last,
            min_time: command.time_or("min-time", 0).unwrap_or_default(),
            start_times: StartTimes::Dropped,
            log: LogOptions { compression: Compression::None, ..LogOptions::default() },
        };
        let keep = |series| wanted.contains(&series);
        let written = CheckpointJob::new(Arc::clone(storage), "wal", options, keep)?.run()?;
        let (read, kept) = written.records;
        let mut text = format!(
            "{} stands for segments {} to {}: {kept} of {read} records\n",
            written.path, written.first, written.last
        );
        left_out(&mut text, &written.read, &written.dropped);
        let gone = remove_segments(&**storage, "wal", last)?;
        let older = remove_checkpoints(&**storage, "wal", last)?;
        let gone: Vec<String> = older.into_iter().chain(gone).collect();
        let _ = writeln!(text, "removed {}", gone.join(" "));
        Ok(Some(text))
    };
    let written = run().map_err(|error| error.to_string())?;
    Ok(written.unwrap_or_else(|| "not worth it yet\n".to_owned()))
}

fn left_out(text: &mut String, read: &EntryCounts, dropped: &EntryCounts) {
    let counts = [
        ("series", read.series, dropped.series),
        ("samples", read.samples, dropped.samples),
        ("tombstones", read.tombstones, dropped.tombstones),
    ];
    for (kind, read, dropped) in counts.into_iter().filter(|(_, read, _)| *read > 0) {
        let _ = writeln!(text, "{kind}: {dropped} of {read} left out");
    }
}
