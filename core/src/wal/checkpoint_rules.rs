//! What of the old segments goes into a checkpoint.
//!
//! ```text
//! series                  when they are still wanted
//! samples, histograms     from the time on that is asked for, also those of unknown series
//! exemplars               likewise
//! tombstones              of wanted series, when they reach that time
//! metadata                of wanted series, the latest of each; at the end, in order of reference
//! all else                never
//! ```
//!
//! Invariants
//! 1. Entries keep their order, and the record they stand in. A record of none is left out.
//! 2. A record of which all is kept, or a series record of which some is kept, keeps its bytes.

use std::collections::BTreeMap;

use super::batch::{RecordBatch, StartTimes};
use super::entries::{MetadataEntry, Record, TombstoneEntry};
use super::reader::StoredRecord;
use super::record::{RecordDecoder, retain_series};
use crate::encoding::Reader;
use crate::error::Result;
use crate::types::{SeriesRef, Timestamp};

/// How many entries of each kind were read for a checkpoint, or left out of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct EntryCounts {
    /// Series.
    pub series: u64,
    /// Float and histogram samples.
    pub samples: u64,
    /// Tombstones.
    pub tombstones: u64,
    /// Exemplars.
    pub exemplars: u64,
    /// Metadata.
    pub metadata: u64,
}

/// The rules, and what they need to remember.
#[derive(Debug)]
pub(super) struct CheckpointRules<K> {
    keep: K,
    min_time: Timestamp,
    start_times: StartTimes,
    decoder: RecordDecoder,
    metadata: BTreeMap<SeriesRef, MetadataEntry>,
    /// Entries read so far.
    pub(super) read: EntryCounts,
    /// Entries of them that were left out.
    pub(super) dropped: EntryCounts,
}

impl<K: FnMut(SeriesRef) -> bool> CheckpointRules<K> {
    pub(super) fn new(min_time: Timestamp, start_times: StartTimes, keep: K) -> Self {
        Self {
            keep,
            min_time,
            start_times,
            decoder: RecordDecoder::default(),
            metadata: BTreeMap::new(),
            read: EntryCounts::default(),
            dropped: EntryCounts::default(),
        }
    }

    /// Adds to `batch` what is kept of a record of the segment at `path`.
    ///
    /// # Errors
    /// The record breaks its format.
    pub(super) fn take(
        &mut self,
        stored: &StoredRecord<'_>,
        path: &str,
        batch: &mut RecordBatch,
    ) -> Result<()> {
        let Some(kind) = stored.payload.first() else { return Ok(()) };
        if *kind == 1 {
            return self.take_series(stored, path, batch);
        }
        if !matches!(kind, 2..=4 | 6..=13) {
            return Ok(());
        }
        self.decoder.decode(stored, path)?;
        let mut record = self.decoder.take();
        let (before, after) = self.retain(&mut record);
        let has_start_times = matches!(kind, 11..=13);
        if before == after && after > 0 && !(has_start_times && self.drops_start_times()) {
            batch.push(stored.payload);
        } else {
            let start_times = if has_start_times { self.start_times } else { StartTimes::Dropped };
            batch.push_record(&record, start_times);
        }
        self.decoder.give_back(record);
        Ok(())
    }

    /// Adds what is told at the end.
    pub(super) fn finish(&mut self, batch: &mut RecordBatch) {
        let latest = std::mem::take(&mut self.metadata).into_values().collect();
        batch.push_record(&Record::Metadata(latest), self.start_times);
    }

    fn drops_start_times(&self) -> bool {
        self.start_times == StartTimes::Dropped
    }

    fn take_series(
        &mut self,
        stored: &StoredRecord<'_>,
        path: &str,
        batch: &mut RecordBatch,
    ) -> Result<()> {
        let mut r = Reader::new(stored.payload, stored.payload_offset.unwrap_or(0));
        let mut counted = Ok((0, 0));
        batch.push_with(|out| counted = retain_series(&mut r, &mut self.keep, out));
        let (kept, dropped) = counted.map_err(|error| stored.located(error, path))?;
        self.read.series += kept + dropped;
        self.dropped.series += dropped;
        Ok(())
    }

    /// Leaves in `record` what is kept of it: how many entries there were and are.
    fn retain(&mut self, record: &mut Record) -> (usize, usize) {
        let min_time = self.min_time;
        let (read, dropped) = (&mut self.read, &mut self.dropped);
        match record {
            Record::Samples(entries) => {
                retain(entries, |one| one.time >= min_time, &mut read.samples, &mut dropped.samples)
            }
            Record::Histograms(entries) => {
                retain(entries, |one| one.time >= min_time, &mut read.samples, &mut dropped.samples)
            }
            Record::Exemplars(entries) => {
                let (read, dropped) = (&mut read.exemplars, &mut dropped.exemplars);
                retain(entries, |one| one.time >= min_time, read, dropped)
            }
            Record::Tombstones(entries) => {
                let (read, dropped) = (&mut read.tombstones, &mut dropped.tombstones);
                let keep = &mut self.keep;
                let kept =
                    |one: &TombstoneEntry| one.range.max_time >= min_time && keep(one.series);
                retain(entries, kept, read, dropped)
            }
            Record::Metadata(entries) => {
                let before = entries.len();
                for entry in entries.drain(..) {
                    read.metadata += 1;
                    let wanted = (self.keep)(entry.series);
                    let replaced = wanted && self.metadata.insert(entry.series, entry).is_some();
                    dropped.metadata += u64::from(!wanted || replaced);
                }
                (before, 0)
            }
            Record::Series(_) | Record::Markers(_) | Record::Unknown(_) => {
                *record = Record::default();
                (0, 0)
            }
        }
    }
}

/// Leaves in `entries` those that are kept, and counts: how many there were and are.
fn retain<T>(
    entries: &mut Vec<T>,
    kept: impl FnMut(&T) -> bool,
    read: &mut u64,
    dropped: &mut u64,
) -> (usize, usize) {
    let before = entries.len();
    entries.retain(kept);
    *read += before as u64;
    *dropped += (before - entries.len()) as u64;
    (before, entries.len())
}
