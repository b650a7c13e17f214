//! Commands about a log on its own: `log`, `record`, `next-segment`, `close-log`.

use std::fmt::Write;
use std::sync::Arc;

use chunkscope::storage::Storage;
use chunkscope::types::{SeriesRef, TimeRange};
use chunkscope::wal::{
    Compression, LogOptions, LogWriter, Record, RecordBatch, SampleEntry, SeriesEntry, StartTimes,
    SyncPolicy, TombstoneEntry,
};

use super::language::Command;
use super::words::{Answer, sample, series, time_range};

/// `log [FOLDER] [compression=none|snappy|zstd] [pages=N]`: continues a log in a new segment.
pub(super) fn open(storage: &Arc<dyn Storage>, command: &Command) -> Result<LogWriter, String> {
    command.knows(&["compression", "pages"])?;
    let options = LogOptions {
        segment_size: command.number_or("pages", 4096u64)? * 32_768,
        compression: compression(command.setting("compression").unwrap_or("none"))?,
        sync: SyncPolicy::SegmentEnd,
    };
    let folder = command.words.first().map_or("wal", String::as_str);
    let log = LogWriter::open(Arc::clone(storage), folder, options);
    log.map_err(|error| error.to_string())
}

/// How records are stored, by name.
pub(super) fn compression(name: &str) -> Result<Compression, String> {
    match name {
        "none" => Ok(Compression::None),
        "snappy" => Ok(Compression::Snappy),
        "zstd" => Ok(Compression::Zstd),
        other => Err(format!("no compression {other}: none, snappy, zstd")),
    }
}

/// `record series 1=NAME…`, `record samples 1=VALUE@TIME…`, `record tombstones 1=FROM..TO…`: one
/// record.
pub(super) fn record(log: &mut LogWriter, command: &Command) -> Answer {
    command.knows(&[])?;
    let record = match command.word(0, "a kind of record")? {
        "series" => Record::Series(entries(command, |series_ref, text| {
            Ok(SeriesEntry { series: series_ref, labels: series(text)? })
        })?),
        "samples" => Record::Samples(entries(command, |series, text| {
            let (time, value) = sample(text)?;
            Ok(SampleEntry { series, time, start_time: 0, value })
        })?),
        "tombstones" => Record::Tombstones(entries(command, |series, text| {
            let (min_time, max_time) = time_range(text)?;
            Ok(TombstoneEntry { series, range: TimeRange::new(min_time, max_time) })
        })?),
        other => return Err(format!("no record of {other}: series, samples, tombstones")),
    };
    let mut batch = RecordBatch::default();
    batch.push_record(&record, StartTimes::Dropped);
    let folder = log.folder().to_owned();
    let mut text = String::new();
    for payload in batch.iter() {
        let _ = write!(text, "{} bytes", payload.len());
    }
    for at in log.log(&batch).map_err(|error| error.to_string())? {
        let _ = writeln!(text, " at {folder}/{:08} {:#x}..{:#x}", at.segment, at.start, at.end);
    }
    Ok(text)
}

/// `long REFERENCE BYTES`: a record of one series whose label is that long.
pub(super) fn long(log: &mut LogWriter, command: &Command) -> Answer {
    let reference = command.word(0, "a reference")?;
    let length: usize = command.word(1, "a length")?.parse().map_err(|_| "no length")?;
    let name = format!("{reference}=long{{text=\"{}\"}}", "x".repeat(length));
    record(log, &Command { words: vec!["series".into(), name], ..Command::default() })
}

/// The words `REFERENCE=…` behind the first.
fn entries<T>(
    command: &Command,
    mut entry: impl FnMut(SeriesRef, &str) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    let words = command.words[1..].iter().map(|word| {
        let (series, text) = word.split_once('=').ok_or_else(|| format!("{word}: no reference"))?;
        let series = series.parse().map_err(|_| format!("{series} is no reference"))?;
        entry(SeriesRef(series), text)
    });
    words.collect()
}
