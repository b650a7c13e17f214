//! Head chunk files → where the complete chunks of each series are.
//!
//! Only places and times are kept: the samples stay in the files. Upstream deletes a damaged file
//! with all later ones, or all files when chunks of a series overlap, and rebuilds from the log.
//! Here every intact chunk is kept, and the log fills the holes: from the first damage on no chunk
//! keeps a sample of the log out that it does not hold itself.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::apply::Pending;
use super::chunk_file::ChunkFile;
use super::mapped_chunks::{
    CONSEQUENCE, MappedChunk, MappedFile, MappedFileReader, MappedFiles, list_mapped_files,
    read_chunk_at,
};
use super::state::Head;
use super::stored_chunks::{ChunkData, ChunkPlace, StoredChunk};
use crate::chunk::decode;
use crate::error::{Location, Result};
use crate::event::{Finding, Severity};
use crate::storage::{ReadFile, Storage};
use crate::types::{ChunkRef, Samples, SeriesRef};

/// Chunks that one step reads.
const STEP_CHUNKS: usize = 4096;

/// Bytes that one step reads.
const STEP_BYTES: u64 = 4 << 20;

/// A scan of all head chunk files.
#[derive(Debug)]
pub(super) struct ChunkScan {
    storage: Arc<dyn Storage>,
    files: VecDeque<MappedFile>,
    current: Option<Current>,
    path: String,
    bytes_before: u64,
    bytes_total: u64,
    /// Series whose chunks do not follow each other in time.
    disordered: BTreeSet<u64>,
}

#[derive(Debug)]
struct Current {
    number: u32,
    file: Arc<dyn ReadFile>,
    reader: MappedFileReader,
}

impl ChunkScan {
    /// A scan of the files in `chunks_head/`.
    ///
    /// # Errors
    /// The storage fails.
    pub(super) fn begin(
        storage: &Arc<dyn Storage>,
        head: &mut Head,
        pending: &mut Pending,
    ) -> Result<Self> {
        let MappedFiles { files, mut findings, .. } = list_mapped_files(storage.as_ref())?;
        head.findings.append(&mut findings);
        let gap = files.windows(2).find(|two| two[0].number.checked_add(1) != Some(two[1].number));
        if let Some(two) = gap {
            pending.distrust_from(ChunkRef::new(two[0].number + 1, 0));
        }
        Ok(Self {
            storage: Arc::clone(storage),
            bytes_total: files.iter().map(|file| file.len).sum(),
            files: files.into(),
            current: None,
            path: String::new(),
            bytes_before: 0,
            disordered: BTreeSet::new(),
        })
    }

    /// Bytes of all files.
    pub(super) fn len(&self) -> u64 {
        self.bytes_total
    }

    /// Bytes read so far.
    pub(super) fn position(&self) -> u64 {
        let here = self.current.as_ref().map_or(0, |current| current.reader.position());
        self.bytes_before + here
    }

    /// The file being read.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Reads a piece; true at the end.
    pub(super) fn step(&mut self, head: &mut Head, pending: &mut Pending) -> bool {
        let Some(current) = &mut self.current else {
            return match self.files.pop_front() {
                Some(file) => {
                    self.open(file, head, pending);
                    false
                }
                None => {
                    self.settle_disorder(head, pending);
                    true
                }
            };
        };
        let begin = current.reader.position();
        for _ in 0..STEP_CHUNKS {
            let offset = current.reader.position();
            let reference = ChunkRef::new(current.number, offset as u32);
            match current.reader.next() {
                Ok(Some(chunk)) => {
                    let reference = ChunkRef::new(current.number, chunk.offset as u32);
                    if !take(&chunk, reference, head, pending) {
                        self.disordered.insert(chunk.series.0);
                    }
                }
                Ok(None) => {
                    current.file.release(begin..offset);
                    self.bytes_before += current.file.len();
                    self.current = None;
                    return false;
                }
                Err(error) => {
                    pending.distrust_from(reference);
                    head.findings.push(
                        Finding::from_error(&error)
                            .prometheus(CONSEQUENCE)
                            .help("intact chunks are kept; the log fills the hole where it can"),
                    );
                }
            }
            if current.reader.position() - begin >= STEP_BYTES {
                break;
            }
        }
        current.file.release(begin..current.reader.position());
        false
    }

    fn open(&mut self, file: MappedFile, head: &mut Head, pending: &mut Pending) {
        self.path.clone_from(&file.path);
        match self.storage.open(&file.path) {
            Ok(opened) => {
                let reader = MappedFileReader::new(Arc::clone(&opened), &file.path);
                let (number, path) = (file.number, file.path);
                self.current = Some(Current { number, file: Arc::clone(&opened), reader });
                head.files.insert(number, ChunkFile { path, file: opened });
            }
            Err(error) => {
                pending.distrust_from(ChunkRef::new(file.number, 0));
                head.findings.push(Finding::from_error(&error));
                self.bytes_before += file.len;
            }
        }
    }

    /// Of series whose chunks do not follow each other, only those count whose samples are at the
    /// times that their record tells.
    fn settle_disorder(&mut self, head: &mut Head, pending: &mut Pending) {
        for reference in std::mem::take(&mut self.disordered) {
            let slot = head.registry.find(SeriesRef(reference)).map(|found| found.slot);
            let Head { registry, files, .. } = head;
            let chunks = match slot.and_then(|slot| registry.get_mut(slot)) {
                Some(series) => series.chunks_mut(),
                None => pending.chunks.entry(reference).or_default(),
            };
            chunks.retain(|chunk| match &chunk.data {
                ChunkData::File(place) => {
                    let file = files.get(&place.reference.file());
                    file.is_some_and(|file| tells_the_truth(chunk, file, place.reference))
                }
                _ => true,
            });
            chunks.sort_by_key(|chunk| chunk.range.min_time);
            let mut end = None;
            chunks.retain(|chunk| {
                let follows = end.is_none_or(|end| end < chunk.range.min_time);
                if follows {
                    end = Some(chunk.range.max_time);
                }
                follows
            });
        }
    }
}

/// Attaches a chunk to its series, or keeps it until the log names the series. False when it does
/// not follow the chunk before it.
fn take(
    chunk: &MappedChunk<'_>,
    reference: ChunkRef,
    head: &mut Head,
    pending: &mut Pending,
) -> bool {
    pending.last_chunk = reference;
    if !chunk.out_of_order && chunk.range.max_time < head.bounds.min_valid_time {
        return true;
    }
    let Some(encoding) = chunk.encoding() else {
        pending.distrust_from(reference);
        head.findings.push(unknown_encoding(chunk, reference, head));
        return true;
    };
    let place = ChunkPlace { reference, encoding };
    let stored = StoredChunk { range: chunk.range, data: ChunkData::File(place) };
    let found = head.registry.find(chunk.series);
    if found.is_some_and(|found| found.alias) {
        head.keep_alias(chunk.series, chunk.range.max_time); // of a snapshot
    }
    let series = found.and_then(|found| head.registry.get_mut(found.slot));
    if chunk.out_of_order {
        head.counters.out_of_order_mapped_chunks += 1;
        match series {
            Some(series) => {
                head.bounds.out_of_order = head.bounds.out_of_order.cover(&stored.range);
                let late = series.out_of_order_mut().get_or_insert_default();
                late.chunks.push(stored);
            }
            None => pending.out_of_order.entry(chunk.series.0).or_default().push(stored),
        }
        return true;
    }
    head.counters.mapped_chunks += 1;
    let follows = |last: Option<&StoredChunk>| {
        !stored.range.is_empty()
            && last.is_none_or(|last| last.range.max_time < stored.range.min_time)
    };
    let in_order = match series {
        Some(series) => {
            let in_order = follows(series.chunks().last());
            head.bounds.in_order = head.bounds.in_order.cover(&stored.range);
            series.push_chunk(stored);
            in_order
        }
        None => {
            let known = pending.chunks.entry(chunk.series.0).or_default();
            let in_order = follows(known.last());
            known.push(stored);
            in_order
        }
    };
    if !in_order {
        pending.distrust_from(reference);
        head.findings.push(out_of_sequence(chunk, reference, head));
    }
    in_order
}

/// True when the chunk can be read and its samples are at the times that its record tells.
fn tells_the_truth(chunk: &StoredChunk, file: &ChunkFile, reference: ChunkRef) -> bool {
    let Ok((encoding, data)) = read_chunk_at(file.file.as_ref(), reference) else { return false };
    let mut samples = Samples::default();
    decode(encoding, &data, &mut samples).is_ok() && samples.time_range() == chunk.range
}

fn location(reference: ChunkRef, field: &'static str, head: &Head) -> Location {
    Location {
        path: head.files.get(&reference.file()).map(|file| file.path.clone()).unwrap_or_default(),
        offset: Some(u64::from(reference.offset())),
        field: field.into(),
    }
}

#[cold]
fn unknown_encoding(chunk: &MappedChunk<'_>, reference: ChunkRef, head: &Head) -> Finding {
    let what = format!("encoding {} of a chunk is not known", chunk.encoding_byte);
    Finding::new(Severity::Damage, location(reference, "encoding", head), what)
        .prometheus("leaves the chunk out; its samples are lost although the log may hold them")
        .help("the log fills the hole where it can")
}

#[cold]
fn out_of_sequence(chunk: &MappedChunk<'_>, reference: ChunkRef, head: &Head) -> Finding {
    let what = format!(
        "a chunk of series {} from {} to {} does not follow the one before it",
        chunk.series, chunk.range.min_time, chunk.range.max_time
    );
    Finding::new(Severity::Damage, location(reference, "min_time", head), what)
        .prometheus("out of sequence m-mapped chunk: deletes all head chunk files")
        .help("chunks whose samples are at the times they tell are kept; the log fills the rest")
}
