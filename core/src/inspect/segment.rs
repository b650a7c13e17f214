//! Segments of logs and memory snapshots: records, their fragments, and their entries.

use std::ops::Range;
use std::sync::Arc;

use super::outline::Outline;
use crate::encoding::{Hex, Reader, Trace};
use crate::error::Result;
use crate::event::{Finding, Severity};
use crate::head::{SnapshotRecord, read_snapshot_record};
use crate::storage::ReadFile;
use crate::wal::{
    HEADER_SIZE, Header, PAGE_SIZE, Record, RecordDecoder, SegmentReader, recognise_record,
};

/// Reads the entries of a record and says in words what they are.
trait Entries {
    fn read(&mut self, r: &mut Reader<'_, &mut Outline>) -> Result<String>;
}

impl Entries for RecordDecoder {
    fn read(&mut self, r: &mut Reader<'_, &mut Outline>) -> Result<String> {
        Ok(match Self::read(self, r)? {
            Record::Series(entries) => format!("series, {} entries", entries.len()),
            Record::Samples(entries) => format!("samples, {} entries", entries.len()),
            Record::Tombstones(entries) => format!("tombstones, {} entries", entries.len()),
            Record::Exemplars(entries) => format!("exemplars, {} entries", entries.len()),
            Record::Markers(entries) => format!("markers, {} entries", entries.len()),
            Record::Metadata(entries) => format!("metadata, {} entries", entries.len()),
            Record::Histograms(entries) => format!("histograms, {} entries", entries.len()),
            Record::Unknown(Some(kind)) => format!("type {kind}, which is not known; skipped"),
            Record::Unknown(None) => "empty".to_owned(),
        })
    }
}

/// Records of a memory snapshot.
struct SnapshotEntries;

impl Entries for SnapshotEntries {
    fn read(&mut self, r: &mut Reader<'_, &mut Outline>) -> Result<String> {
        Ok(match read_snapshot_record(r)? {
            SnapshotRecord::Series(series) => format!("series {}", series.labels),
            SnapshotRecord::Tombstones(all) => {
                format!("tombstones of {} series", all.iter().count())
            }
            SnapshotRecord::Exemplars(entries) => format!("exemplars, {} entries", entries.len()),
        })
    }
}

/// Records of another program, shown as bytes.
struct Bytes;

impl Entries for Bytes {
    fn read(&mut self, r: &mut Reader<'_, &mut Outline>) -> Result<String> {
        let size = r.remaining();
        r.bytes("bytes", size)?;
        Ok("not of Prometheus".to_owned())
    }
}

/// A segment of `wal/`, `wbl/` or a checkpoint; or of Loki.
pub(super) fn log_segment(
    file: &Arc<dyn ReadFile>,
    path: &str,
    outline: &mut Outline,
) -> Result<()> {
    let mut first = SegmentReader::new(Arc::clone(file), path, 0);
    let foreign = match first.next() {
        Ok(Some(record)) => recognise_record(record.payload),
        Err(error) if error.damage().is_none() => return Err(error),
        _ => None,
    };
    match foreign {
        Some(foreign) => {
            outline.find(Finding::in_path(Severity::Note, path, foreign.describe()));
            segment(file, path, outline, &mut Bytes)
        }
        None => segment(file, path, outline, &mut RecordDecoder::default()),
    }
}

/// A segment of a memory snapshot.
pub(super) fn snapshot_segment(
    file: &Arc<dyn ReadFile>,
    path: &str,
    outline: &mut Outline,
) -> Result<()> {
    segment(file, path, outline, &mut SnapshotEntries)
}

fn segment(
    file: &Arc<dyn ReadFile>,
    path: &str,
    outline: &mut Outline,
    entries: &mut dyn Entries,
) -> Result<()> {
    let mut reader = SegmentReader::new(Arc::clone(file), path, 0);
    let mut end = 0;
    while !outline.is_done(end) {
        let found = match reader.advance() {
            Ok(false) => break,
            Ok(true) => {
                let found = reader.found();
                outline.leaf("padding", end..found.start, &"zeros up to the end of the page");
                record(file.as_ref(), &mut reader, outline, entries)?;
                found
            }
            Err(error) if error.damage().is_some() => {
                let found = reader.found();
                outline.leaf("padding", end..found.start, &"zeros up to the end of the page");
                outline.damaged(found.clone(), error);
                found
            }
            Err(error) => return Err(error),
        };
        end = found.end.max(end);
    }
    if !outline.is_done(end) {
        outline.leaf("padding", end..file.len(), &"zeros up to the end of the page");
    }
    Ok(())
}

fn record(
    file: &dyn ReadFile,
    reader: &mut SegmentReader,
    outline: &mut Outline,
    entries: &mut dyn Entries,
) -> Result<()> {
    let found = reader.found();
    if !outline.wants(&found) {
        outline.leaf("record", found.clone(), &format_args!("{} bytes", found.end - found.start));
        return Ok(());
    }
    let (payload, stored_as) = match reader.record() {
        Ok(record) => (Some(record.payload), record.compression.name()),
        Err(error) => {
            outline.find(Finding::from_error(&error));
            (None, "damaged")
        }
    };
    outline.open("record", found.start * 8);
    let mut summary = None;
    let mut at = found.start;
    while at < found.end {
        let (next, words) = fragment(file, at, &found, payload, outline, entries)?;
        summary = words.or(summary);
        at = next;
    }
    let words = summary.unwrap_or_else(|| "undecodable".to_owned());
    outline.close(found.end * 8, &format_args!("{words}; compression: {stored_as}"));
    Ok(())
}

/// Shows the fragment at `at`, and in the last one the entries of the record; gives where the next
/// one is and what the entries are. `payload` is the whole record, if it could be decompressed.
fn fragment(
    file: &dyn ReadFile,
    at: u64,
    found: &Range<u64>,
    payload: Option<&[u8]>,
    outline: &mut Outline,
    entries: &mut dyn Entries,
) -> Result<(u64, Option<String>)> {
    let len = file.len();
    let head = file.view(at..(at + HEADER_SIZE as u64).min(len))?;
    let Ok(Header::Fragment(fragment)) = Header::read(&mut Reader::new(&head, at)) else {
        // The file ends inside the header, or zeros end the page between two fragments.
        let page_end = at - at % PAGE_SIZE as u64 + PAGE_SIZE as u64;
        let next = page_end.min(found.end);
        outline.leaf("padding", at..next, &"zeros stand for the rest of the fragment");
        return Ok((next, None));
    };
    outline.open("fragment", at * 8);
    outline.decode(&head, at, |r| Header::read(r));
    let data_at = at + HEADER_SIZE as u64;
    let end = (data_at + u64::from(fragment.length)).min(len);
    let data = file.view(data_at..end)?;
    let alone = at == found.start && end == found.end;
    let words = match payload {
        Some(payload) if end == found.end && alone && *data == *payload => {
            outline.open("data", data_at * 8);
            let words = outline.decode(&data, data_at, |r| entries.read(r));
            outline.close(end * 8, &"");
            words
        }
        Some(payload) if end == found.end => {
            outline.decompressed("data", data_at..end, payload, |r| entries.read(r))
        }
        _ => {
            outline.leaf("data", data_at..end, &Hex(&data));
            None
        }
    };
    let page = at / PAGE_SIZE as u64;
    outline.close(end * 8, &format_args!("{fragment}, in page {page}"));
    Ok((end, words))
}
