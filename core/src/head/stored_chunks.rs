//! Chunks that are complete: in memory, packed side by side, or in a file, known by reference.

use crate::chunk::{Encoding, XorAppender};
use crate::types::{ChunkRef, Samples, TimeRange};

/// Size of the blocks that chunks are packed into.
const BLOCK_SIZE: usize = 1 << 20;

/// Size of the first block: a small head stays small.
const FIRST_BLOCK_SIZE: usize = 1 << 16;

/// Bytes of completed chunks, side by side: a chunk costs its bytes and no allocation of its own.
#[derive(Debug, Default)]
pub(super) struct ChunkBytes {
    blocks: Vec<Vec<u8>>,
}

/// Where a chunk's bytes are in [`ChunkBytes`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    block: u32,
    offset: u32,
    len: u32,
}

impl ChunkBytes {
    /// A block with room for `len` more bytes.
    fn with_room(&mut self, len: usize) -> (u32, &mut Vec<u8>) {
        let full = self.blocks.last().is_none_or(|block| block.capacity() - block.len() < len);
        if full {
            let size = if self.blocks.is_empty() { FIRST_BLOCK_SIZE } else { BLOCK_SIZE };
            self.blocks.push(Vec::with_capacity(size.max(len)));
        }
        let index = self.blocks.len() - 1;
        (index as u32, &mut self.blocks[index])
    }

    /// Copies a float chunk in.
    pub(super) fn add_floats(&mut self, appender: &XorAppender) -> Place {
        let (block, bytes) = self.with_room(appender.byte_len());
        let offset = bytes.len();
        appender.write_to(bytes);
        Place { block, offset: offset as u32, len: (bytes.len() - offset) as u32 }
    }

    /// Copies bytes in.
    pub(super) fn add(&mut self, chunk: &[u8]) -> Place {
        let (block, bytes) = self.with_room(chunk.len());
        let offset = bytes.len();
        bytes.extend_from_slice(chunk);
        Place { block, offset: offset as u32, len: chunk.len() as u32 }
    }

    /// The bytes at `place`.
    pub(super) fn get(&self, place: Place) -> &[u8] {
        let start = place.offset as usize;
        &self.blocks[place.block as usize][start..start + place.len as usize]
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
    /// Decoded, in memory: what the head has no encoder for.
    Columns(Box<Samples>),
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
    /// How the samples are, or would be, encoded.
    pub(super) fn encoding(&self) -> Encoding {
        match &self.data {
            ChunkData::Bytes(encoding, _) => *encoding,
            ChunkData::File(chunk) => chunk.encoding,
            ChunkData::Columns(samples) => match samples.histograms.values.first() {
                None => Encoding::Xor2,
                Some(first) if first.is_float() => Encoding::FloatHistogram,
                Some(_) => Encoding::Histogram,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::decode;

    #[test]
    fn chunks_lie_side_by_side_and_come_back() {
        let mut bytes = ChunkBytes::default();
        let places: Vec<Place> =
            (0..3000u32).map(|n| bytes.add(&n.to_be_bytes().repeat(9))).collect();
        assert!(bytes.blocks.len() > 1, "more than one block");
        for (n, place) in places.into_iter().enumerate() {
            assert_eq!(bytes.get(place), (n as u32).to_be_bytes().repeat(9));
        }
        let mut appender = XorAppender::new();
        appender.append(5, 1.5);
        let place = bytes.add_floats(&appender);
        let mut samples = Samples::default();
        decode(Encoding::Xor, bytes.get(place), &mut samples).unwrap();
        assert_eq!((samples.floats.times[0], samples.floats.values[0]), (5, 1.5));
    }
}
