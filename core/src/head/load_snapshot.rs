//! A memory snapshot → series with their newest chunks.

use std::sync::Arc;

use super::log_plan::Start;
use super::snapshot::{LastSample, SnapshotRecord, SnapshotSeries, read_snapshot_record};
use super::state::Head;
use super::stored_chunks::{ChunkData, StoredChunk};
use crate::encoding::Reader;
use crate::error::Result;
use crate::event::{Finding, Severity};
use crate::storage::Storage;
use crate::types::{Histogram, is_stale};
use crate::wal::{Log, LogReader};

/// A snapshot being loaded.
#[derive(Debug)]
pub(super) struct SnapshotLoad {
    reader: LogReader,
    start: Start,
    path: String,
}

impl SnapshotLoad {
    /// The newest snapshot, if there is one and the log reaches as far as it. Others are told of.
    ///
    /// # Errors
    /// The storage fails.
    pub(super) fn find(
        storage: &Arc<dyn Storage>,
        findings: &mut Vec<Finding>,
    ) -> Result<Option<Self>> {
        let snapshots = match Log::snapshots(storage.as_ref()) {
            Ok(snapshots) => snapshots,
            Err(error) if error.damage().is_some() => {
                findings.push(Finding::from_error(&error));
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let Some(newest) = snapshots.into_iter().next_back() else { return Ok(None) };
        let log = Log::list(storage.as_ref(), "wal")?;
        if log.segments.last().is_none_or(|last| last.number < newest.segment) {
            let what = "the snapshot is of a segment that the log does not have";
            findings.push(
                Finding::in_path(Severity::Warning, newest.path, what)
                    .prometheus("deletes all snapshots and replays the log in full")
                    .help("it is not used; the log is replayed in full"),
            );
            return Ok(None);
        }
        let segments = Log::list(storage.as_ref(), &newest.path)?.segments;
        Ok(Some(Self {
            reader: LogReader::one_stream(Arc::clone(storage), segments),
            start: Start { segment: newest.segment, offset: newest.offset },
            path: newest.path,
        }))
    }

    /// Where the log goes on.
    pub(super) fn start(&self) -> Start {
        self.start
    }

    /// The folder.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Bytes of the snapshot.
    pub(super) fn len(&self) -> u64 {
        self.reader.bytes_total()
    }

    /// Bytes read so far.
    pub(super) fn position(&self) -> u64 {
        self.reader.bytes_done()
    }

    /// Reads about `bytes` bytes; true at the end.
    ///
    /// # Errors
    /// Any damage: the snapshot is worthless then.
    pub(super) fn step(&mut self, head: &mut Head, bytes: u64) -> Result<bool> {
        let begin = self.reader.bytes_done();
        while self.reader.bytes_done() - begin < bytes {
            if !self.reader.advance()? {
                return Ok(true);
            }
            let path = self.reader.segment().map(|own| own.path.clone()).unwrap_or_default();
            let Some(stored) = self.reader.record()? else { return Ok(true) };
            let offset = stored.start;
            let record = read_snapshot_record(&mut Reader::new(stored.payload, 0))
                .map_err(|error| error.at_offset(offset).in_file(&path))?;
            match record {
                SnapshotRecord::Series(series) => head.adopt_series(&series),
                SnapshotRecord::Tombstones(tombstones) => {
                    for (reference, intervals) in tombstones.iter() {
                        let deleted = head.tombstones.entry(reference).or_default();
                        intervals.ranges().iter().for_each(|range| deleted.add(*range));
                    }
                }
                SnapshotRecord::Exemplars(entries) => head.add_exemplars(&entries),
            }
        }
        Ok(false)
    }
}

impl Head {
    fn adopt_series(&mut self, own: &SnapshotSeries<'_>) {
        self.counters.snapshot_series += 1;
        self.last_series = self.last_series.max(own.series.0);
        let (slot, new) = self.registry.find_or_add(own.series, &own.labels);
        if !new && self.registry.find(own.series).is_none() {
            self.registry.point(own.series, slot, true);
        }
        let Some(chunk) = &own.chunk else { return };
        let Some((series, bytes)) = self.registry.with_bytes(slot) else { return };
        let stale = match &chunk.last {
            LastSample::Float(value) => is_stale(*value),
            LastSample::Histogram(last) => last.as_ref().is_some_and(Histogram::is_stale),
        };
        let place = bytes.add(chunk.data);
        self.bounds.in_order = self.bounds.in_order.cover(&chunk.range);
        let data = ChunkData::Bytes(chunk.encoding, place);
        series.set_open(StoredChunk { range: chunk.range, data }, stale);
    }
}
