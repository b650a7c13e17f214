//! Complete chunks → head chunk files, so that they leave memory.
//!
//! A pass goes over all series, in steps. Upstream makes one every minute, when the directory is
//! closed, and before out-of-order samples are compacted.

use std::borrow::Cow;
use std::mem;
use std::sync::Arc;

use super::append::CommitRecords;
use super::chunk_writer::{ChunkWriter, NewChunk};
use super::logs::Logs;
use super::mapped_chunks::read_chunk_at;
use super::series::Series;
use super::state::Head;
use super::stored_chunks::{ChunkData, ChunkPlace, StoredChunk};
use crate::chunk::Encoding;
use crate::error::{Error, Result};
use crate::event::{Event, Story};
use crate::storage::Storage;
use crate::types::ChunkRef;
use crate::wal::{MarkerEntry, RecordBatch};

/// Slots that one step looks at.
const STEP_SLOTS: u32 = 1 << 14;

impl Head {
    /// Lets the head write complete chunks to `chunks_head/` of `storage`, through a buffer of
    /// `buffer_size` bytes. Until then they stay in memory.
    ///
    /// # Errors
    /// The size of the buffer is refused, files are missing between others, or the storage fails.
    pub fn write_chunks_to(&mut self, storage: Arc<dyn Storage>, buffer_size: usize) -> Result<()> {
        self.chunk_writer = Some(ChunkWriter::open(storage, buffer_size)?);
        Ok(())
    }

    /// A step of a pass over all series: their complete in-order chunks go to head chunk files.
    /// True when the pass is over; the next call begins another.
    ///
    /// # Errors
    /// The storage is full or fails: the chunks stay in memory, the next pass tries again.
    pub fn map_chunks(&mut self) -> Result<bool> {
        let end = self.next_to_map.saturating_add(STEP_SLOTS).min(self.registry.num_slots());
        for slot in mem::replace(&mut self.next_to_map, end)..end {
            if let Err(error) = self.map_chunks_of(slot) {
                self.next_to_map = 0;
                return Err(error);
            }
        }
        let over = end == self.registry.num_slots();
        if over {
            self.next_to_map = 0;
        }
        Ok(over)
    }

    /// Finishes the head chunk file that is written: durable, and closed.
    ///
    /// # Errors
    /// The storage is full or fails.
    pub fn finish_chunk_file(&mut self) -> Result<()> {
        let Some(writer) = &mut self.chunk_writer else { return Ok(()) };
        let outcome = writer.finish_file();
        self.adopt_files();
        outcome
    }

    /// A clean close: what the log does not have is logged, complete chunks go to their file, which
    /// is finished, and the logs end. Where the write-ahead log ended: for a
    /// [`WriteSnapshot`](super::WriteSnapshot).
    ///
    /// # Errors
    /// The storage is full or fails; what was logged is not lost.
    pub fn close(&mut self, mut logs: Logs) -> Result<(u64, u64)> {
        self.appender().rollback(self, &mut logs)?;
        while !self.collect_step()? {}
        self.next_to_map = 0;
        while !self.map_chunks()? {}
        self.finish_chunk_file()?;
        logs.close()
    }

    fn map_chunks_of(&mut self, slot: u32) -> Result<()> {
        let Self { registry, chunk_writer: Some(writer), story, .. } = self else { return Ok(()) };
        let Some((series, bytes)) = registry.with_bytes(slot) else { return Ok(()) };
        let owner = series.reference();
        // Those in files come first.
        let chunks = series.chunks_mut();
        let unmapped = chunks.iter().rposition(|chunk| matches!(chunk.data, ChunkData::File(_)));
        for chunk in &mut chunks[unmapped.map_or(0, |last| last + 1)..] {
            let ChunkData::Bytes(encoding, place) = chunk.data else { break };
            let data = bytes.get(place)?;
            let new = NewChunk {
                series: owner,
                range: chunk.range,
                encoding,
                out_of_order: false,
                data: &data,
            };
            let reference = writer.write(&new)?;
            tell_mapped(story, &new, reference);
            drop(data);
            bytes.release(place);
            chunk.data = ChunkData::File(ChunkPlace { reference, encoding });
        }
        self.adopt_files();
        Ok(())
    }

    /// Turns the out-of-order buffer of the series in `slot` into chunks, and writes them to head
    /// chunk files: where they are. What cannot be written stays in memory and has no place; the
    /// write-behind log still has its samples.
    pub(super) fn map_late_buffer(&mut self, slot: u32) -> Vec<ChunkRef> {
        let Some((series, bytes)) = self.registry.with_bytes(slot) else { return Vec::new() };
        let owner = series.reference();
        let Some(late) = series.out_of_order_mut() else { return Vec::new() };
        let mut places = Vec::new();
        for chunk in late.encode_buffer() {
            let new = NewChunk {
                series: owner,
                range: chunk.range,
                encoding: chunk.encoding,
                out_of_order: true,
                data: &chunk.bytes,
            };
            let data = match self.chunk_writer.as_mut().map(|writer| writer.write(&new)) {
                Some(Ok(reference)) => {
                    tell_mapped(&mut self.story, &new, reference);
                    places.push(reference);
                    ChunkData::File(ChunkPlace { reference, encoding: chunk.encoding })
                }
                _ => ChunkData::Bytes(chunk.encoding, bytes.add(&chunk.bytes)),
            };
            late.chunks.push(StoredChunk { range: chunk.range, data });
        }
        late.clear_buffer();
        self.adopt_files();
        places
    }

    /// Writes all out-of-order samples to head chunk files, whether their buffers are full or not:
    /// where the last of them is. To be called before they are compacted. The write-behind log is
    /// told which chunks those are: until blocks hold the samples, a replay must find them there.
    ///
    /// # Errors
    /// The storage is full or fails: some are still in memory.
    pub fn map_late_samples(&mut self, logs: &mut Logs) -> Result<Option<ChunkRef>> {
        let mut markers = Vec::new();
        let mut outcome = Ok(());
        for slot in 0..self.registry.num_slots() {
            let has_late = |series: &Series| series.out_of_order().is_some();
            if self.registry.get(slot).is_none_or(|series| !has_late(series)) {
                continue;
            }
            self.map_late_buffer(slot);
            outcome = self.map_late_chunks(slot, &mut markers);
            if outcome.is_err() {
                break;
            }
        }
        let mut batch = RecordBatch::default();
        let mut records = CommitRecords::new(&mut batch, logs.start_times);
        records.markers(&markers);
        let named = records.named;
        logs.log_behind(&batch, &named, &mut self.story);
        outcome.map(|()| markers.iter().map(|marker| marker.chunk).max())
    }

    /// Writes the out-of-order chunks of a series that are still in memory; adds where all are.
    fn map_late_chunks(&mut self, slot: u32, markers: &mut Vec<MarkerEntry>) -> Result<()> {
        let Self { registry, chunk_writer: Some(writer), story, .. } = self else { return Ok(()) };
        let Some((series, bytes)) = registry.with_bytes(slot) else { return Ok(()) };
        let owner = series.reference();
        let before = markers.len();
        for chunk in series.out_of_order_mut().iter_mut().flat_map(|late| &mut late.chunks) {
            if let ChunkData::Bytes(encoding, place) = chunk.data {
                let data = bytes.get(place)?.into_owned();
                let new = NewChunk {
                    series: owner,
                    range: chunk.range,
                    encoding,
                    out_of_order: true,
                    data: &data,
                };
                let reference = match writer.write(&new) {
                    Ok(reference) => reference,
                    Err(error) => {
                        markers.truncate(before); // the log is needed for this one
                        return Err(error);
                    }
                };
                tell_mapped(story, &new, reference);
                bytes.release(place);
                chunk.data = ChunkData::File(ChunkPlace { reference, encoding });
            }
            if let ChunkData::File(place) = &chunk.data {
                markers.push(MarkerEntry { series: owner, chunk: place.reference });
            }
        }
        self.adopt_files();
        Ok(())
    }

    /// Removes head chunk files that nobody refers to: those below `lowest`.
    ///
    /// # Errors
    /// The storage fails.
    pub(super) fn remove_chunk_files_below(&mut self, lowest: u32) -> Result<()> {
        let Some(writer) = &mut self.chunk_writer else { return Ok(()) };
        let removed = writer.remove_files_below(lowest);
        self.adopt_files();
        for (number, path) in removed? {
            self.files.remove(&number);
            let why = "no chunk in it is of the head any more".to_owned();
            self.story.tell(|| Event::Removed { path, why });
        }
        Ok(())
    }

    fn adopt_files(&mut self) {
        if let Some(writer) = &mut self.chunk_writer {
            self.files.extend(writer.take_finished());
        }
    }

    /// Encoding and data of a chunk in a head chunk file.
    ///
    /// # Errors
    /// There is no such file or chunk, or it is damaged.
    pub(super) fn mapped_chunk(&self, reference: ChunkRef) -> Result<(Encoding, Cow<'_, [u8]>)> {
        if let Some(file) = self.files.get(&reference.file()) {
            return read_chunk_at(file.file.as_ref(), reference)
                .map_err(|error| error.in_file(&file.path));
        }
        let written = self.chunk_writer.as_ref().and_then(|writer| writer.read(reference));
        written.unwrap_or_else(|| {
            Err(Error::refused(format!("no head chunk file {}", reference.file())))
        })
    }
}

fn tell_mapped(story: &mut Story, chunk: &NewChunk<'_>, reference: ChunkRef) {
    let NewChunk { series, range, encoding, out_of_order, .. } = *chunk;
    story.tell(|| Event::ChunkMapped {
        series,
        chunk: reference,
        range,
        encoding: encoding.name(),
        out_of_order,
    });
}
