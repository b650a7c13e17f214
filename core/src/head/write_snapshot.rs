//! The head's newest chunks → a memory snapshot, so that the next start need not replay the log.
//!
//! Written at a clean close, behind the logs and the head chunk files: the snapshot stands for all
//! of the log up to its end, so everything it does not hold must be in a file already. Its layout
//! is at the head of `snapshot`.
//!
//! A series that left the head and came back has two references, once the log was replayed, and its
//! chunks in files go by either. Such a series gets a second record, with the other reference and
//! without a chunk.

use std::sync::Arc;

use super::open_chunk::{LastValue, OpenChunk};
use super::series::Series;
use super::snapshot::{
    LastSample, SnapshotChunk, SnapshotSeries, put_exemplars, put_series, put_tombstones,
};
use super::state::Head;
use super::stored_chunks::ChunkData;
use crate::chunk::Encoding;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::storage::Storage;
use crate::types::SeriesRef;
use crate::wal::{ExemplarEntry, Log, LogOptions, LogWriter, RecordBatch};

/// Series that one step writes.
const STEP_SERIES: u32 = 4096;

/// Exemplars in one record.
const EXEMPLARS_AT_ONCE: usize = 10_000;

/// A snapshot being written, step by step.
#[derive(Debug)]
pub struct WriteSnapshot {
    storage: Arc<dyn Storage>,
    /// Its name when it is complete.
    name: String,
    /// Where the log ended.
    end: (u64, u64),
    log: Option<LogWriter>,
    next: u32,
    records: RecordBatch,
}

impl WriteSnapshot {
    /// Begins the snapshot of `head`, whose log ended in segment `end.0` at offset `end.1`: what
    /// [`Logs::close`](super::Logs::close) says. `None` when there is one of that place already:
    /// nothing was logged since.
    ///
    /// # Errors
    /// The log is needed: for complete chunks that are still in memory, for samples that stand in
    /// for damaged chunks, or for the newest reference, whose series has left; without it, the next
    /// new series would get that reference once more. Or the storage fails.
    pub fn begin(
        storage: &Arc<dyn Storage>,
        head: &Head,
        end: (u64, u64),
        options: LogOptions,
    ) -> Result<Option<Self>> {
        let there = Log::snapshots(storage.as_ref())?;
        if there.last().is_some_and(|newest| (newest.segment, newest.offset) == end) {
            return Ok(None);
        }
        let needs_log = |series: &Series| {
            let in_memory = |data: &ChunkData| matches!(data, ChunkData::Bytes(..));
            series.recovered().is_some()
                || series.chunks().iter().any(|chunk| in_memory(&chunk.data))
        };
        if head.registry.iter().any(|(_, series)| needs_log(series)) {
            let why = "some samples are only in the log: no snapshot can stand for it";
            return Err(Error::refused(why));
        }
        let own = head.registry.iter().map(|(_, series)| series.reference());
        let newest = own.chain(other_names(head).map(|(name, _)| name)).max().unwrap_or_default();
        if newest.0 < head.last_series {
            let why = format!(
                "only the log tells that reference {} was given: no snapshot can stand for it",
                head.last_series
            );
            return Err(Error::refused(why));
        }
        let name = format!("chunk_snapshot.{:06}.{:010}", end.0, end.1);
        let unfinished = format!("{name}.tmp");
        match storage.remove(&unfinished) {
            Err(error) if !error.is_not_found() => return Err(error),
            _ => {}
        }
        let log = LogWriter::open(Arc::clone(storage), &unfinished, options)?;
        Ok(Some(Self {
            storage: Arc::clone(storage),
            name,
            end,
            log: Some(log),
            next: 0,
            records: RecordBatch::default(),
        }))
    }

    /// Writes the next piece; true when the snapshot is complete, and those before it are gone.
    /// `head` must be the one it was begun with, unchanged.
    ///
    /// # Errors
    /// The storage is full or fails: there is no snapshot, and nothing is lost.
    pub fn step(&mut self, head: &mut Head) -> Result<bool> {
        let outcome = self.write(head);
        if outcome.is_err() {
            self.log = None;
            // What is left of it is removed at the next start, too.
            let _ = self.storage.remove(&format!("{}.tmp", self.name));
        }
        outcome
    }

    fn write(&mut self, head: &mut Head) -> Result<bool> {
        let Some(log) = &mut self.log else {
            return Err(Error::refused("the snapshot is complete, or failed"));
        };
        self.records.clear();
        let slots = head.registry.num_slots();
        if self.next < slots {
            let end = self.next.saturating_add(STEP_SERIES).min(slots);
            for slot in self.next..end {
                if let Some(series) = head.registry.get(slot) {
                    put(head, slot, series, &mut self.records)?;
                }
            }
            self.next = end;
            log.log(&self.records)?;
            return Ok(false);
        }
        for (series, own) in other_names(head) {
            let own = SnapshotSeries { series, labels: own.labels().clone(), chunk: None };
            self.records.push_with(|out| put_series(&own, out));
        }
        let all = head.tombstones.iter().flat_map(|(series, deleted)| {
            deleted.intervals.ranges().iter().map(|range| (*series, range))
        });
        self.records.push_with(|out| put_tombstones(all, out));
        for entries in exemplars(head).chunks(EXEMPLARS_AT_ONCE) {
            self.records.push_with(|out| put_exemplars(entries, out));
        }
        log.log(&self.records)?;
        if let Some(log) = self.log.take() {
            log.close()?;
        }
        self.publish(head)?;
        Ok(true)
    }

    fn publish(&self, head: &mut Head) -> Result<()> {
        let unfinished = format!("{}.tmp", self.name);
        self.storage.sync_directory(&unfinished)?;
        self.storage.rename(&unfinished, &self.name)?;
        self.storage.sync_directory("")?;
        for old in Log::snapshots(self.storage.as_ref())? {
            if (old.segment, old.offset) < self.end {
                self.storage.remove(&old.path)?;
                let why = "a newer snapshot is complete".to_owned();
                head.story.tell(|| Event::Removed { path: old.path, why });
            }
        }
        Ok(())
    }
}

/// The record of the series in `slot`.
fn put(head: &Head, slot: u32, series: &Series, records: &mut RecordBatch) -> Result<()> {
    let bytes = head.registry.bytes(slot);
    let (encoding, data) = match &series.open {
        OpenChunk::None => (Encoding::Xor, None),
        OpenChunk::Floats(chunk) => (Encoding::Xor, Some(chunk.appender().to_bytes())),
        OpenChunk::StartedFloats(chunk) => (Encoding::Xor2, Some(chunk.appender().to_bytes())),
        OpenChunk::Histograms(chunk) => {
            (chunk.appender().encoding(), Some(chunk.appender().to_bytes()))
        }
        OpenChunk::Sealed(chunk) => match chunk.data {
            ChunkData::Bytes(encoding, place) => (encoding, Some(bytes.get(place)?.into_owned())),
            ChunkData::File(_) => (Encoding::Xor, None),
        },
    };
    let last = series.last_value(bytes).map(|last| match last {
        LastValue::Float(value) => LastSample::Float(value),
        LastValue::Histogram(last) => LastSample::Histogram(Some(*last)),
    });
    let chunk = match (&data, last, series.open.range()) {
        (Some(data), Some(last), Some(range)) => {
            Some(SnapshotChunk { range, encoding, data, data_offset: 0, last })
        }
        _ => None,
    };
    let own = SnapshotSeries { series: series.reference(), labels: series.labels().clone(), chunk };
    records.push_with(|out| put_series(&own, out));
    Ok(())
}

/// The other references of series, and which series those are.
fn other_names(head: &Head) -> impl Iterator<Item = (SeriesRef, &Series)> {
    let aliases = head.registry.table.aliases();
    aliases.filter_map(|(reference, slot)| Some((reference, head.registry.get(slot)?)))
}

fn exemplars(head: &Head) -> Vec<ExemplarEntry> {
    let entry = |kept: &super::exemplars::Exemplar| {
        Some(ExemplarEntry {
            series: head.registry.get(kept.slot)?.reference(),
            time: kept.time,
            value: kept.value,
            labels: kept.labels.clone(),
        })
    };
    head.exemplars.iter().filter_map(entry).collect()
}
