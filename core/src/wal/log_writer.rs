//! Writes records to a log.
//!
//! Invariants
//! 1. A log is only ever continued in a new segment; what an earlier run wrote is not touched.
//! 2. A batch is in one segment, and handed to the storage in one call. (Upstream goes to the next
//!    segment between any two records; a batch larger than a segment makes the segment longer, as
//!    a record does.)
//! 3. A finished segment is a row of whole pages, and durable before its successor exists.
//!
//! # When something fails
//!
//! A batch is logged as a whole or not at all: when [`LogWriter::log`] fails, nothing of the batch
//! is in the log, and the caller must acknowledge nothing of it. Then
//!
//! - if the segment is as it was before (the rule for storages; the writer looks at the file to see
//!   it), the next batch can be tried at once: a disk that was full may have space again;
//! - if it is not, or if a sync failed, the bytes at the segment's end are not known any more.
//!   Records behind a torn one would be lost: Prometheus deletes all that follows the first damage.
//!   So the writer refuses every further call with the first error. The log must be replayed (and
//!   repaired, see [`rehearse`](super::rehearse)) before it is continued.

use std::sync::Arc;

use super::batch::RecordBatch;
use super::compressor::Compressor;
use super::fragment::{HEADER_SIZE, MAX_DATA, PAGE_SIZE};
use super::framing::put_record;
use super::log_options::LogOptions;
use super::segments::{Log, segment_name};
use crate::error::{Error, Result};
use crate::storage::{Storage, WriteFile, join};
use crate::types::Timestamp;

/// Where a record stands in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordPosition {
    /// Number of the segment.
    pub segment: u64,
    /// Offset in it of the first fragment.
    pub start: u64,
    /// Offset in it behind the last fragment.
    pub end: u64,
}

/// Writes one log: `wal`, `wbl`, a checkpoint or a memory snapshot.
#[derive(Debug)]
pub struct LogWriter {
    storage: Arc<dyn Storage>,
    folder: String,
    options: LogOptions,
    compressor: Compressor,
    segment: u64,
    file: Box<dyn WriteFile>,
    /// Fragments of the batch that is logged.
    framed: Vec<u8>,
    /// Where the records of the last batch stand.
    positions: Vec<RecordPosition>,
    durability: Durability,
    /// Why nothing can be logged any more.
    broken: Option<Error>,
}

/// How much of the current segment is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Durability {
    /// All of it.
    Durable,
    /// Not all of it; since when has not been asked yet.
    Pending,
    /// Not all of it since that time, at the latest.
    PendingSince(Timestamp),
}

impl LogWriter {
    /// A writer that continues the log in `folder` with a new, empty segment.
    ///
    /// # Errors
    /// The options are refused; segments are missing inside the log or behind its checkpoint, so
    /// that what would be logged could not be read; or the storage fails.
    pub fn open(storage: Arc<dyn Storage>, folder: &str, options: LogOptions) -> Result<Self> {
        let options = options.checked()?;
        let segment = next_number(storage.as_ref(), folder)?;
        // What a process that died left there was perhaps never synced. Behind it, what is logged
        // now would be lost with it: a log is read up to its first hole.
        if let Some(last) = Log::list(storage.as_ref(), folder)?.segments.last() {
            storage.sync_file(&last.path)?;
        }
        let file = begin_segment(storage.as_ref(), folder, segment)?;
        // The folder itself may be new.
        let parent = folder.rsplit_once('/').map_or("", |(parent, _)| parent);
        storage.sync_directory(parent)?;
        Ok(Self {
            storage,
            folder: folder.to_owned(),
            options,
            compressor: Compressor::new(options.compression),
            segment,
            file,
            framed: Vec::new(),
            positions: Vec::new(),
            durability: Durability::Durable,
            broken: None,
        })
    }

    /// The folder of the log.
    #[must_use]
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// Number of the segment that is written.
    #[must_use]
    pub fn segment(&self) -> u64 {
        self.segment
    }

    /// Bytes in the segment that is written: where the next record goes, if it still fits.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.file.len()
    }

    /// True when everything logged survives a power loss, as far as the storage can promise that.
    #[must_use]
    pub fn is_durable(&self) -> bool {
        self.broken.is_none() && self.durability == Durability::Durable
    }

    /// Logs the records of `batch`; gives where each of them stands. They survive a crash of the
    /// process from now on; for a power loss see [`LogWriter::sync_if_due`].
    ///
    /// # Errors
    /// The storage is full or fails: nothing of the batch is logged. See the module's head.
    pub fn log(&mut self, batch: &RecordBatch) -> Result<&[RecordPosition]> {
        self.check()?;
        self.frame(batch, self.file.len());
        let end = self.file.len() + self.framed.len() as u64;
        if end > self.options.segment_size && !self.file.is_empty() && !batch.is_empty() {
            self.next_segment()?;
            self.frame(batch, 0);
        }
        self.append()?;
        Ok(&self.positions)
    }

    /// Finishes the segment, makes it durable, and goes on in a new one; also when it is empty.
    ///
    /// # Errors
    /// The storage is full or fails; the segment may then be padded, nothing else has changed.
    pub fn next_segment(&mut self) -> Result<()> {
        self.check()?;
        self.finish_segment()?;
        let next = begin_segment(self.storage.as_ref(), &self.folder, self.segment + 1)?;
        self.segment += 1;
        std::mem::replace(&mut self.file, next).close()
    }

    /// Makes everything logged durable.
    ///
    /// # Errors
    /// The storage fails: what was logged since the last sync may be lost in a power loss, also
    /// when a later sync succeeds, so nothing more is logged.
    pub fn sync(&mut self) -> Result<()> {
        self.check()?;
        if self.durability == Durability::Durable {
            return Ok(());
        }
        if let Err(error) = self.file.sync() {
            self.broken = Some(error.clone());
            return Err(error);
        }
        self.durability = Durability::Durable;
        Ok(())
    }

    /// Makes what was logged durable if the [policy](super::SyncPolicy) wants it at `now`: to be
    /// called behind each commit, before it is acknowledged, and whenever time has passed. Tells
    /// whether everything logged is durable.
    ///
    /// # Errors
    /// As [`LogWriter::sync`]: the commit must not be acknowledged.
    pub fn sync_if_due(&mut self, now: Timestamp) -> Result<bool> {
        self.check()?;
        let since = match self.durability {
            Durability::Durable => return Ok(true),
            Durability::Pending => now,
            Durability::PendingSince(since) => since,
        };
        self.durability = Durability::PendingSince(since);
        if self.options.sync.is_due(since, now) {
            self.sync()?;
        }
        Ok(self.is_durable())
    }

    /// Finishes the segment, makes it durable and closes it.
    ///
    /// # Errors
    /// The storage is full or fails.
    pub fn close(mut self) -> Result<()> {
        self.check()?;
        self.finish_segment()?;
        self.file.close()
    }

    fn check(&self) -> Result<()> {
        self.broken.as_ref().map_or(Ok(()), |error| Err(error.clone()))
    }

    /// Puts the fragments of the batch together, the first of which is to stand at `offset`.
    fn frame(&mut self, batch: &RecordBatch, offset: u64) {
        self.framed.clear();
        self.positions.clear();
        let headers = batch.len() + batch.num_bytes() / MAX_DATA + 1;
        self.framed.reserve(batch.num_bytes() + headers * HEADER_SIZE * 2);
        for record in batch.iter() {
            let (compression, stored) = self.compressor.compress(record);
            let start = offset + self.framed.len() as u64;
            put_record(&mut self.framed, start, compression, stored);
            let end = offset + self.framed.len() as u64;
            self.positions.push(RecordPosition { segment: self.segment, start, end });
        }
    }

    /// Hands what is framed to the storage.
    fn append(&mut self) -> Result<()> {
        if self.framed.is_empty() {
            return Ok(());
        }
        let before = self.file.len();
        if let Err(error) = self.file.append(&self.framed) {
            let path = join(&self.folder, &segment_name(self.segment));
            let is_as_before = self.storage.open(&path).is_ok_and(|file| file.len() == before);
            if !is_as_before || self.file.len() != before {
                self.broken = Some(error.clone());
            }
            return Err(error);
        }
        if self.durability == Durability::Durable {
            self.durability = Durability::Pending;
        }
        Ok(())
    }

    /// Fills the last page with zeros and makes the segment durable.
    fn finish_segment(&mut self) -> Result<()> {
        let len = self.file.len();
        self.framed.clear();
        self.framed.resize((len.next_multiple_of(PAGE_SIZE as u64) - len) as usize, 0);
        self.append()?;
        self.sync()
    }
}

/// The number of the segment with which a log goes on.
fn next_number(storage: &dyn Storage, folder: &str) -> Result<u64> {
    let log = Log::list(storage, folder)?;
    if let Some((before, after)) = log.gaps().next() {
        let (before, after) = (&before.path, &after.path);
        let why = format!("segments are not sequential: {after} follows {before}");
        return Err(Error::refused(why));
    }
    let covered = Log::checkpoints(storage, folder)?.last().map(|newest| newest.number);
    let next = log.segments.last().map(|last| last.number + 1);
    match (next, covered) {
        // A segment that a checkpoint stands for is never read.
        (Some(next), Some(covered)) if next <= covered => Err(Error::refused(format!(
            "{folder} ends with segment {}, but its checkpoint stands for all up to {covered}: \
             what was logged now would never be read; remove the segments up to {covered} first",
            next - 1
        ))),
        (Some(next), _) => Ok(next),
        (None, covered) => Ok(covered.map_or(0, |covered| covered + 1)),
    }
}

/// Creates an empty segment, whose name is durable.
fn begin_segment(storage: &dyn Storage, folder: &str, number: u64) -> Result<Box<dyn WriteFile>> {
    let file = storage.create(&join(folder, &segment_name(number)))?;
    storage.sync_directory(folder)?;
    Ok(file)
}

#[cfg(test)]
#[path = "log_writer_tests.rs"]
mod tests;
