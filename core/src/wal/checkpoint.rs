//! Writes a checkpoint: a small log that stands for the oldest segments, which can then go.
//!
//! ```text
//! wal/checkpoint.00000003        read, if there is one
//! wal/00000004 … wal/00000007    read
//! wal/checkpoint.00000007.tmp    written, made durable, then renamed to
//! wal/checkpoint.00000007
//! ```
//!
//! Invariants
//! 1. Until the rename nothing of the log changes, and a folder that ends in `.tmp` is no
//!    checkpoint. After it the checkpoint is complete and durable.
//! 2. Damage in what is read ends the work and leaves the log as it was: a checkpoint must not make
//!    a loss final that a repair might still limit.
//!
//! What goes into it is told in `checkpoint_rules.rs`. Removing what it stands for is left to the
//! caller: [`remove_segments`](super::remove_segments),
//! [`remove_checkpoints`](super::remove_checkpoints).

use std::sync::Arc;

use serde::Serialize;

use super::batch::{RecordBatch, StartTimes};
use super::checkpoint_rules::{CheckpointRules, EntryCounts};
use super::log_options::LogOptions;
use super::log_reader::LogReader;
use super::log_writer::LogWriter;
use super::segments::{Log, Segment, checkpoint_name, checkpoints_being_written};
use crate::error::{Error, Result};
use crate::event::{Job, Progress};
use crate::storage::{Storage, join};
use crate::types::{SeriesRef, Timestamp};

/// How many bytes of the log one step reads.
const STEP_SIZE: u64 = 1 << 20;
/// Bytes of records that are logged together.
const BATCH_SIZE: usize = 1 << 20;

/// What a checkpoint is to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckpointOptions {
    /// The last segment that it stands for; see [`truncation`](super::truncation()).
    pub last: u64,
    /// Samples, exemplars and tombstones that end before this time are left out.
    pub min_time: Timestamp,
    /// Whether samples that have start timestamps keep them. Upstream takes its current setting.
    pub start_times: StartTimes,
    /// How it is written. Upstream: like the log itself.
    pub log: LogOptions,
}

/// A checkpoint that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckpointWritten {
    /// Its folder.
    pub path: String,
    /// The first segment that was read; behind an older checkpoint, the first one after it.
    pub first: u64,
    /// The last segment that it stands for: its number.
    pub last: u64,
    /// Records read, and records written.
    pub records: (u64, u64),
    /// Entries read, those of an older checkpoint included.
    pub read: EntryCounts,
    /// Entries left out.
    pub dropped: EntryCounts,
}

/// Writes a checkpoint, a piece at a time. Where it ends early, by an error or by being dropped,
/// the log is as it was; a left-over `.tmp` is removed by the next one.
#[derive(Debug)]
pub struct CheckpointJob<K> {
    storage: Arc<dyn Storage>,
    folder: String,
    temporary: String,
    options: CheckpointOptions,
    rules: CheckpointRules<K>,
    reader: LogReader,
    /// None once it is closed.
    writer: Option<LogWriter>,
    batch: RecordBatch,
    first: u64,
    records: (u64, u64),
    progress: Progress,
}

impl<K: FnMut(SeriesRef) -> bool> CheckpointJob<K> {
    /// Begins a checkpoint of the log in `folder`. `keep` tells which series are still wanted.
    ///
    /// # Errors
    /// A segment is missing, or a checkpoint already stands for all of them; or the storage fails.
    pub fn new(
        storage: Arc<dyn Storage>,
        folder: &str,
        options: CheckpointOptions,
        keep: K,
    ) -> Result<Self> {
        for left in checkpoints_being_written(storage.as_ref(), folder)? {
            storage.remove(&left)?;
        }
        let (first, segments) = what_to_read(storage.as_ref(), folder, options.last)?;
        let name = checkpoint_name(options.last);
        let temporary = join(folder, &format!("{name}.tmp"));
        let writer = LogWriter::open(Arc::clone(&storage), &temporary, options.log)?;
        let progress = Progress {
            stage: format!("writing {name}"),
            bytes_total: segments.iter().map(|segment| segment.len).sum(),
            ..Progress::default()
        };
        Ok(Self {
            rules: CheckpointRules::new(options.min_time, options.start_times, keep),
            reader: LogReader::one_stream(Arc::clone(&storage), segments),
            storage,
            folder: folder.to_owned(),
            temporary,
            options,
            writer: Some(writer),
            batch: RecordBatch::default(),
            first,
            records: (0, 0),
            progress,
        })
    }

    /// Reads a piece of the log and writes what is kept of it; true at its end.
    fn copy_piece(&mut self) -> Result<bool> {
        let start = self.reader.bytes_done();
        while self.reader.bytes_done() - start < STEP_SIZE {
            if !self.reader.advance()? {
                self.rules.finish(&mut self.batch);
                self.flush()?;
                return Ok(true);
            }
            let path = self.reader.segment().map_or_else(String::new, |one| one.path.clone());
            if let Some(record) = self.reader.record()? {
                self.rules.take(&record, &path, &mut self.batch)?;
                self.records.0 += 1;
            }
            if self.batch.num_bytes() >= BATCH_SIZE {
                self.flush()?;
            }
        }
        self.progress.bytes_done = self.reader.bytes_done();
        self.progress.records = self.records.0;
        self.progress.series = self.rules.read.series;
        self.progress.samples = self.rules.read.samples;
        Ok(false)
    }

    fn flush(&mut self) -> Result<()> {
        if let Some(writer) = &mut self.writer {
            writer.log(&self.batch)?;
        }
        self.records.1 += self.batch.len() as u64;
        self.batch.clear();
        Ok(())
    }

    /// Gives the finished checkpoint its name.
    fn publish(&mut self) -> Result<CheckpointWritten> {
        if let Some(writer) = self.writer.take() {
            writer.close()?;
        }
        let path = join(&self.folder, &checkpoint_name(self.options.last));
        self.storage.sync_directory(&self.temporary)?;
        self.storage.rename(&self.temporary, &path)?;
        self.storage.sync_directory(&self.folder)?;
        Ok(CheckpointWritten {
            path,
            first: self.first,
            last: self.options.last,
            records: self.records,
            read: self.rules.read,
            dropped: self.rules.dropped,
        })
    }
}

impl<K: FnMut(SeriesRef) -> bool> Job for CheckpointJob<K> {
    type Output = CheckpointWritten;

    /// # Errors
    /// The log is damaged: the error names the place, and nothing has changed. Or the storage is
    /// full or fails.
    fn step(&mut self) -> Result<Option<CheckpointWritten>> {
        let done = match self.copy_piece() {
            Ok(false) => return Ok(None),
            Ok(true) => self.publish(),
            Err(error) => Err(error),
        };
        if done.is_err() {
            self.writer = None;
            // What cannot be removed now is removed before the next checkpoint.
            let _ = self.storage.remove(&self.temporary);
        }
        done.map(Some)
    }

    fn progress(&self) -> Progress {
        self.progress.clone()
    }
}

/// The first segment behind the newest checkpoint, and all that is read: its segments, then those
/// of the log up to `last`.
fn what_to_read(storage: &dyn Storage, folder: &str, last: u64) -> Result<(u64, Vec<Segment>)> {
    let before = Log::checkpoints(storage, folder)?.pop();
    let covered = before.as_ref().map(|checkpoint| checkpoint.number);
    let mut log = Log::list(storage, folder)?.segments;
    log.retain(|one| one.number <= last && covered.is_none_or(|covered| one.number > covered));
    let Some(first) = log.first().map(|one| one.number) else {
        return Err(Error::refused(format!("{folder} has no segments up to {last} to put away")));
    };
    let expected = covered.map_or(first, |covered| covered + 1);
    let mut numbers = expected..=last;
    if !log.iter().map(|one| one.number).eq(numbers.clone()) {
        let there = |number: &u64| log.iter().any(|one| one.number == *number);
        let missing = numbers.find(|number| !there(number)).unwrap_or(last);
        return Err(Error::refused(format!(
            "no checkpoint up to segment {last}: segment {missing} of {folder} is missing"
        )));
    }
    let mut segments = match before {
        Some(checkpoint) => Log::list(storage, &checkpoint.path)?.segments,
        None => Vec::new(),
    };
    segments.append(&mut log);
    Ok((first, segments))
}

#[cfg(test)]
#[path = "checkpoint_tests.rs"]
mod tests;
