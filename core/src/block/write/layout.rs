//! Where everything of a block goes: computes bytes, touches no storage.

use super::super::index::ChunkMeta;
use super::super::meta::BlockStats;
use super::files::{BlockFiles, Piece};
use super::index::IndexLayout;
use super::segments::SegmentLayout;
use crate::chunk::num_samples;
use crate::error::Result;
use crate::query::RawChunk;

/// Bytes are handed to the storage in pieces of at least this size.
const PIECE: usize = 1 << 20;

/// The files of a block in the making.
#[derive(Debug)]
pub(super) struct BlockLayout {
    pub(super) index: IndexLayout,
    segments: SegmentLayout,
    stats: BlockStats,
    placed: Vec<ChunkMeta>,
    pieces: Vec<Piece>,
}

impl BlockLayout {
    /// Chunk files of at most `segment_size` bytes, as far as chunks allow.
    pub(super) fn new(segment_size: u64) -> Self {
        Self {
            index: IndexLayout::new(),
            segments: SegmentLayout::new(segment_size.min(u64::from(u32::MAX))),
            stats: BlockStats::default(),
            placed: Vec::new(),
            pieces: Vec::new(),
        }
    }

    /// Adds a series; one without chunks is left out.
    pub(super) fn add_series(
        &mut self,
        labels: &[(u32, u32)],
        chunks: &[RawChunk<'_>],
    ) -> Result<()> {
        if chunks.is_empty() {
            return Ok(());
        }
        self.placed.clear();
        self.segments.add(chunks, &mut self.placed, &mut self.pieces)?;
        self.index.add_series(labels, &self.placed)?;
        for chunk in chunks {
            let samples = u64::from(num_samples(chunk.encoding, &chunk.bytes)?);
            self.stats.num_samples += samples;
            if chunk.encoding.is_histogram() {
                self.stats.num_histogram_samples += samples;
            } else {
                self.stats.num_float_samples += samples;
            }
        }
        self.stats.num_series += 1;
        self.stats.num_chunks += chunks.len() as u64;
        Ok(())
    }

    /// What was added so far.
    pub(super) fn stats(&self) -> &BlockStats {
        &self.stats
    }

    /// Makes pieces of what waits, where that is at least `size` bytes.
    fn make_pieces(&mut self, files: &mut BlockFiles, size: usize) {
        if self.segments.waiting() >= size {
            let bytes = self.segments.take(files.buffer());
            self.pieces.push(Piece::Chunks(bytes));
        }
        if self.index.waiting() >= size {
            let bytes = self.index.take(files.buffer());
            self.pieces.push(Piece::Index(bytes));
        }
    }

    /// Makes pieces of what waits, where that is a whole one.
    pub(super) fn hand_over(&mut self, files: &mut BlockFiles) {
        self.make_pieces(files, PIECE);
    }

    /// The pieces that are ready, in the order they are to be written.
    pub(super) fn take_pieces(&mut self) -> Vec<Piece> {
        std::mem::take(&mut self.pieces)
    }

    /// Writes what waits, where that is a whole piece.
    pub(super) fn write_full(&mut self, files: &mut BlockFiles) -> Result<()> {
        self.make_pieces(files, PIECE);
        files.write(&mut self.pieces)
    }

    /// Writes all that waits.
    pub(super) fn flush(&mut self, files: &mut BlockFiles) -> Result<()> {
        self.make_pieces(files, 1);
        files.write(&mut self.pieces)
    }
}
