//! Chunks that are complete: in memory, packed side by side, or in a file, known by reference.

use std::borrow::Cow;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use crate::chunk::Encoding;
use crate::error::{Error, Result};
use crate::storage::{ReadFile, Scratch, Storage};
use crate::types::{ChunkRef, TimeRange};

/// Size of the blocks that chunks are packed into.
const BLOCK_SIZE: usize = 1 << 20;

/// Size of the first block: a small head stays small.
const FIRST_BLOCK_SIZE: usize = 1 << 16;

/// Bytes of completed chunks, side by side: a chunk costs its bytes and no allocation of its own.
///
/// Where the storage gives a scratch file, full blocks go there: a large head then takes little
/// memory, as upstream's does, which writes such chunks to `chunks_head/`. Nothing is read before
/// [`ChunkBytes::end_spilling`].
#[derive(Debug, Default)]
pub(super) struct ChunkBytes {
    /// Those in the scratch file come first and are empty here.
    blocks: Vec<Vec<u8>>,
    /// How many chunks of each block are in use.
    used: Vec<u32>,
    /// Where the blocks of the scratch file begin in it.
    starts: Vec<u64>,
    spilled: u64,
    scratch: Spill,
}

/// Where full blocks go.
#[derive(Debug, Default)]
enum Spill {
    /// They stay in memory.
    #[default]
    Never,
    /// To a scratch file of this storage, when the first one is full.
    Soon(Arc<dyn Storage>),
    /// To this file.
    Writing(Mutex<Box<dyn Scratch>>),
    /// Some went to this file.
    Done(Arc<dyn ReadFile>),
}

/// Where a chunk's bytes are in [`ChunkBytes`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    block: u32,
    offset: u32,
    len: u32,
}

impl ChunkBytes {
    /// Lets full blocks go to a scratch file of `storage`.
    pub(super) fn spill_to(&mut self, storage: &Arc<dyn Storage>) {
        if matches!(self.scratch, Spill::Never) && self.blocks.len() <= 1 {
            self.scratch = Spill::Soon(Arc::clone(storage));
        }
    }

    /// From now on all can be read, and what is added stays in memory.
    ///
    /// # Errors
    /// The scratch file cannot be read back.
    pub(super) fn end_spilling(&mut self) -> Result<()> {
        self.scratch = match mem::take(&mut self.scratch) {
            Spill::Writing(scratch) => {
                let scratch = scratch.into_inner().unwrap_or_else(PoisonError::into_inner);
                Spill::Done(scratch.finish()?)
            }
            Spill::Soon(_) => Spill::Never,
            other => other,
        };
        Ok(())
    }

    /// Writes the last block, which is full, to the scratch file, and gives back its memory.
    fn spill_last(&mut self) -> Option<Vec<u8>> {
        let last = self.blocks.last_mut()?;
        if let Spill::Soon(storage) = &self.scratch {
            self.scratch = match storage.scratch() {
                Some(scratch) => Spill::Writing(Mutex::new(scratch)),
                None => Spill::Never,
            };
        }
        let Spill::Writing(scratch) = &mut self.scratch else { return None };
        let scratch = scratch.get_mut().unwrap_or_else(PoisonError::into_inner);
        if scratch.append(last).is_err() {
            // No space: what was written stays readable, the rest stays in memory.
            let _ = self.end_spilling();
            return None;
        }
        self.starts.push(self.spilled);
        self.spilled += last.len() as u64;
        let mut memory = mem::take(last);
        memory.clear();
        Some(memory)
    }

    /// A block with room for `len` more bytes.
    fn with_room(&mut self, len: usize) -> (u32, &mut Vec<u8>) {
        let full = self.blocks.last().is_none_or(|block| block.capacity() - block.len() < len);
        if full {
            let size = if self.blocks.is_empty() { FIRST_BLOCK_SIZE } else { BLOCK_SIZE };
            let size = size.max(len);
            let spilled = self.spill_last().filter(|memory| memory.capacity() >= size);
            self.blocks.push(spilled.unwrap_or_else(|| Vec::with_capacity(size)));
            self.used.push(0);
        }
        let index = self.blocks.len() - 1;
        self.used[index] += 1;
        (index as u32, &mut self.blocks[index])
    }

    /// Lets `write` append a chunk of `len` bytes.
    pub(super) fn add_written(&mut self, len: usize, write: impl FnOnce(&mut Vec<u8>)) -> Place {
        let (block, bytes) = self.with_room(len);
        let offset = bytes.len();
        write(bytes);
        Place { block, offset: offset as u32, len: (bytes.len() - offset) as u32 }
    }

    /// Copies bytes in.
    pub(super) fn add(&mut self, chunk: &[u8]) -> Place {
        self.add_written(chunk.len(), |out| out.extend_from_slice(chunk))
    }

    /// Gives back what the chunk at `place` takes: a block goes when the last of its chunks does.
    /// Who calls this does not read the chunk again.
    pub(super) fn release(&mut self, place: Place) {
        let block = place.block as usize;
        self.used[block] -= 1;
        if self.used[block] > 0 || block < self.starts.len() {
            return;
        }
        if block + 1 == self.blocks.len() {
            self.blocks[block].clear();
        } else {
            self.blocks[block] = Vec::new();
        }
        if self.used.iter().all(|used| *used == 0) && self.starts.is_empty() {
            // Nothing is left: the last block becomes the first.
            self.blocks.drain(..self.blocks.len() - 1);
            self.used.truncate(self.blocks.len());
        }
    }

    /// The bytes at `place`.
    ///
    /// # Errors
    /// They are in the scratch file, and it cannot be read.
    pub(super) fn get(&self, place: Place) -> Result<Cow<'_, [u8]>> {
        let (offset, len) = (place.offset as usize, place.len as usize);
        match (&self.scratch, self.starts.get(place.block as usize)) {
            (Spill::Done(file), Some(start)) => {
                let start = start + offset as u64;
                file.view(start..start + len as u64)
            }
            (_, Some(_)) => Err(Error::refused("chunks in the scratch file are not ready")),
            (_, None) => {
                Ok(Cow::Borrowed(&self.blocks[place.block as usize][offset..offset + len]))
            }
        }
    }

    /// Bytes of memory taken.
    pub(super) fn heap_size(&self) -> usize {
        self.blocks.iter().map(Vec::capacity).sum()
    }
}

/// A chunk that takes no more samples.
#[derive(Debug)]
pub(super) struct StoredChunk {
    /// First to last sample.
    pub(super) range: TimeRange,
    /// Where its samples are.
    pub(super) data: ChunkData,
}

/// Where the samples of a complete chunk are.
#[derive(Debug)]
pub(super) enum ChunkData {
    /// Encoded, in memory.
    Bytes(Encoding, Place),
    /// In `chunks_head/`.
    File(ChunkPlace),
}

/// Where a chunk in `chunks_head/` is.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChunkPlace {
    /// File and offset of its record.
    pub(super) reference: ChunkRef,
    /// How they are encoded.
    pub(super) encoding: Encoding,
}

impl StoredChunk {
    /// Gives back the memory of the chunk's bytes: it is dropped, or is in a file by now.
    pub(super) fn release(&self, bytes: &mut ChunkBytes) {
        if let ChunkData::Bytes(_, place) = &self.data {
            bytes.release(*place);
        }
    }

    /// How the samples are encoded.
    pub(super) fn encoding(&self) -> Encoding {
        match &self.data {
            ChunkData::Bytes(encoding, _) => *encoding,
            ChunkData::File(chunk) => chunk.encoding,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::{XorAppender, decode};
    use crate::types::Samples;

    fn fill(bytes: &mut ChunkBytes) -> Vec<Place> {
        (0..30_000u32).map(|n| bytes.add(&n.to_be_bytes().repeat(19))).collect()
    }

    fn check(bytes: &ChunkBytes, places: &[Place]) {
        for (n, place) in places.iter().enumerate() {
            assert_eq!(*bytes.get(*place).unwrap(), (n as u32).to_be_bytes().repeat(19));
        }
    }

    #[test]
    fn chunks_lie_side_by_side_and_come_back() {
        let mut bytes = ChunkBytes::default();
        let places = fill(&mut bytes);
        assert!(bytes.blocks.len() > 2, "more than one block");
        check(&bytes, &places);
        let mut appender = XorAppender::new();
        appender.append(5, 1.5);
        let place = bytes.add_written(appender.byte_len(), |out| appender.write_to(out));
        let mut samples = Samples::default();
        decode(Encoding::Xor, &bytes.get(place).unwrap(), &mut samples).unwrap();
        assert_eq!((samples.floats.times[0], samples.floats.values[0]), (5, 1.5));
    }

    #[test]
    fn blocks_go_with_their_last_chunk() {
        let mut bytes = ChunkBytes::default();
        let places = fill(&mut bytes);
        let whole = bytes.heap_size();
        places[..20_000].iter().for_each(|place| bytes.release(*place));
        assert!(bytes.heap_size() < whole && bytes.heap_size() > 0);
        for (n, place) in places.iter().enumerate().skip(20_000) {
            assert_eq!(*bytes.get(*place).unwrap(), (n as u32).to_be_bytes().repeat(19));
        }
        places[20_000..].iter().for_each(|place| bytes.release(*place));
        assert_eq!(bytes.blocks.len(), 1, "one block is kept for what comes next");
        let place = bytes.add(b"next");
        assert_eq!(*bytes.get(place).unwrap(), *b"next");
    }

    /// A storage whose scratch files are in memory and hold so many bytes.
    #[derive(Debug)]
    struct WithScratch(usize);

    impl Storage for WithScratch {
        fn name(&self) -> String {
            String::new()
        }
        fn list(&self, _: &str) -> Result<Vec<crate::storage::Entry>> {
            Ok(Vec::new())
        }
        fn open(&self, path: &str) -> Result<Arc<dyn ReadFile>> {
            Err(Error::refused(path))
        }
        fn scratch(&self) -> Option<Box<dyn Scratch>> {
            Some(Box::new(crate::storage::archive::MemoryScratch::new(self.0)))
        }
    }

    #[test]
    fn full_blocks_go_to_a_scratch_file_as_long_as_it_takes_them() {
        for room in [usize::MAX, 1_200_000, 0] {
            let mut bytes = ChunkBytes::default();
            let storage: Arc<dyn Storage> = Arc::new(WithScratch(room));
            bytes.spill_to(&storage);
            let mut places = fill(&mut bytes);
            bytes.end_spilling().unwrap();
            assert_eq!(bytes.spilled > 0, room > 0);
            places.push(bytes.add(&30_000u32.to_be_bytes().repeat(19)));
            check(&bytes, &places);
        }
    }
}
