//! `records [FOLDER]`: what a log says, a line for each record, and where it cannot be read.

use std::fmt::Write;

use chunkscope::storage::{EntryKind, Storage, join};
use chunkscope::types::{Buckets, Histogram, TimeRange};
use chunkscope::wal::{Record, RecordDecoder, SegmentReader};

use super::language::Command;
use super::words::{Answer, show_number};

/// Entries of a record that are shown.
const SHOWN: usize = 6;

/// Lists the records of all segments in the folder; `from=N` leaves out segments before N.
pub(super) fn records(storage: &dyn Storage, command: &Command) -> Answer {
    command.knows(&["from"])?;
    let folder = command.words.first().map_or("wal", String::as_str);
    let from = command.number_or("from", 0u64)?;
    let mut text = String::new();
    for entry in storage.list(folder).map_err(|error| error.to_string())? {
        let number = entry.name.parse::<u64>().ok();
        if entry.kind == EntryKind::File && number.is_some_and(|number| number >= from) {
            segment(storage, &join(folder, &entry.name), &mut text)?;
        }
    }
    Ok(text)
}

fn segment(storage: &dyn Storage, path: &str, text: &mut String) -> Result<(), String> {
    let mut reader = SegmentReader::open(storage, path, 0).map_err(|error| error.to_string())?;
    let mut decoder = RecordDecoder::default();
    let mut records = 0;
    loop {
        match reader.next() {
            Ok(None) => break,
            Ok(Some(stored)) => {
                let (start, decoded) = (stored.start, decoder.decode(&stored, path));
                let words = decoded.map_or_else(|error| format!("damage: {error}"), describe);
                let _ = writeln!(text, "{path} @ {start:#06x} {words}");
            }
            Err(error) => {
                let found = reader.found();
                let _ = writeln!(text, "{path} @ {:#06x} damage: {error}", found.start);
            }
        }
        records += 1;
    }
    if records == 0 {
        let _ = writeln!(text, "{path} has no records");
    }
    Ok(())
}

/// The kind of a record and its first entries.
fn describe(record: &Record) -> String {
    match record {
        Record::Series(entries) => {
            list("series", entries, |entry| format!("{} is {}", entry.series, entry.labels))
        }
        Record::Samples(entries) => list("samples", entries, |entry| {
            format!("{}: {} → {}", entry.series, entry.time, show_number(entry.value))
        }),
        Record::Tombstones(entries) => list("tombstones", entries, |entry| match entry.range {
            TimeRange::ALL => format!("{}: evicted", entry.series),
            range => format!("{}: {}..={}", entry.series, range.min_time, range.max_time),
        }),
        Record::Exemplars(entries) => list("exemplars", entries, |entry| {
            format!("{}: {} → {} {}", entry.series, entry.time, entry.value, entry.labels)
        }),
        Record::Markers(entries) => list("markers", entries, |entry| match entry.chunk.0 {
            0 => format!("{}: first chunk begun", entry.series),
            _ => format!("{}: {}", entry.series, entry.chunk),
        }),
        Record::Metadata(entries) => list("metadata", entries, |entry| {
            format!("{}: {:?} {:?} {:?}", entry.series, entry.metric_type, entry.unit, entry.help)
        }),
        Record::Histograms(entries) => list("histograms", entries, |entry| {
            format!("{}: {} → count {}", entry.series, entry.time, count(&entry.histogram))
        }),
        Record::Unknown(kind) => format!("unknown record {kind:?}"),
    }
}

/// Observations in a histogram.
pub(super) fn count(histogram: &Histogram) -> String {
    match &histogram.buckets {
        Buckets::Integer { count, .. } => count.to_string(),
        Buckets::Float { count, .. } => show_number(*count),
    }
}

fn list<T>(kind: &str, entries: &[T], show: impl Fn(&T) -> String) -> String {
    let mut shown: Vec<String> = entries.iter().take(SHOWN).map(show).collect();
    if entries.len() > SHOWN {
        shown.push(format!("… {} more", entries.len() - SHOWN));
    }
    format!("{kind} {}", shown.join(", "))
}
