//! The writer of a block: symbols, then series with their chunks, then [`FinishBlock`].

use std::sync::Arc;

use super::super::meta::{BlockMeta, BlockStats};
use super::files::BlockFiles;
use super::finish::FinishBlock;
use super::layout::BlockLayout;
use super::parallel::both;
use crate::error::Result;
use crate::query::RawChunk;
use crate::storage::Storage;
use crate::types::BlockId;

/// The size of a chunk file that upstream's writer does not exceed.
pub const DEFAULT_SEGMENT_SIZE: u64 = 512 << 20;

/// How a block is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockWriterOptions {
    /// Most bytes of a chunk file, unless one chunk alone is larger. Below 4 GiB.
    pub segment_size: u64,
}

impl Default for BlockWriterOptions {
    fn default() -> Self {
        Self { segment_size: DEFAULT_SEGMENT_SIZE }
    }
}

/// Writes one block. Nothing of it can be seen before [`FinishBlock`] is through; a writer that is
/// dropped before removes what it wrote.
///
/// Memory: the symbols, 4 bytes for each label of each series, and the pieces on their way out.
#[derive(Debug)]
pub struct BlockWriter {
    layout: BlockLayout,
    files: BlockFiles,
}

/// Takes series in label order; see [`BlockWriter::add_batch`].
#[derive(Debug)]
pub struct SeriesBatch<'w> {
    layout: &'w mut BlockLayout,
}

impl SeriesBatch<'_> {
    /// Adds a series, as [`BlockWriter::add_series`].
    ///
    /// # Errors
    /// It is not above the series before, or its chunks overlap or are not chunks.
    pub fn add_series(&mut self, labels: &[(u32, u32)], chunks: &[RawChunk<'_>]) -> Result<()> {
        self.layout.add_series(labels, chunks)
    }
}

impl BlockWriter {
    /// Begins block `id` in `directory`, which is "" for the data directory itself.
    ///
    /// # Errors
    /// The storage fails.
    pub fn create(
        storage: &Arc<dyn Storage>,
        directory: &str,
        id: BlockId,
        options: &BlockWriterOptions,
    ) -> Result<Self> {
        let layout = BlockLayout::new(options.segment_size);
        Ok(Self { layout, files: BlockFiles::create(storage, directory, id)? })
    }

    /// Adds a symbol, above all before, and gives its number. Upstream gives blocks from the head
    /// the empty symbol first, for the pair that leads to all series.
    ///
    /// # Errors
    /// It is out of order, or series were already added.
    pub fn add_symbol(&mut self, symbol: &[u8]) -> Result<u32> {
        self.layout.index.add_symbol(symbol)
    }

    /// Writes a piece of the symbol table, when all symbols were added; true when series may come.
    /// Without it, the first series writes all of it.
    ///
    /// # Errors
    /// The storage fails.
    pub fn end_symbols(&mut self) -> Result<bool> {
        let ended = self.layout.index.end_symbols();
        self.layout.write_full(&mut self.files)?;
        Ok(ended)
    }

    /// Adds a series: its labels as symbols, and its chunks, copied as they are. A series without
    /// chunks is left out.
    ///
    /// # Errors
    /// It is not above the series before, its chunks overlap or are not chunks, or the storage
    /// fails.
    pub fn add_series(&mut self, labels: &[(u32, u32)], chunks: &[RawChunk<'_>]) -> Result<()> {
        self.layout.add_series(labels, chunks)?;
        self.layout.write_full(&mut self.files)
    }

    /// Lets `add` add some series, a few megabytes, while the bytes of the call before are written:
    /// at once with the feature `threads`, else one after the other.
    ///
    /// # Errors
    /// The storage fails, which may concern series of earlier calls.
    pub fn add_batch<R: Send>(
        &mut self,
        add: impl FnOnce(&mut SeriesBatch<'_>) -> R + Send,
    ) -> Result<R> {
        let mut pieces = self.layout.take_pieces();
        let Self { layout, files } = self;
        let add = || add(&mut SeriesBatch { layout });
        let (added, written) = both(add, || files.write(&mut pieces));
        written?;
        self.layout.hand_over(&mut self.files);
        Ok(added)
    }

    /// What was added so far.
    #[must_use]
    pub fn stats(&self) -> &BlockStats {
        self.layout.stats()
    }

    /// Finishes the block. Name, version and what was counted in it are filled into `meta`.
    #[must_use]
    pub fn finish(self, meta: BlockMeta) -> FinishBlock {
        FinishBlock::new(self.layout, self.files, meta)
    }
}
