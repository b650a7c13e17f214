//! Carrying out a merge: the blocks that were planned become one, or are marked.
//!
//! Nothing is removed here: the new block names its inputs as parents, and whoever looks at the
//! blocks next removes them. A crash at any moment leaves the old blocks, or the new one beside
//! them.

use std::sync::Arc;

use super::lineage::{first_meta, merged_meta};
use super::outcome::{Mark, mark};
use super::write::{WriteBlock, WriteOptions};
use crate::block::{Block, BlockMeta};
use crate::error::{Error, Result};
use crate::event::{Job, Progress};
use crate::query::ChunkSource;
use crate::storage::Storage;
use crate::types::BlockId;

/// What became of a merge.
#[derive(Debug, Clone, PartialEq)]
pub enum MergeOutcome {
    /// A new block, and what it says of itself.
    Written(BlockMeta),
    /// Nothing was left of the inputs; they are marked deletable.
    Nothing,
    /// An input is damaged. All are marked as failed, as upstream does, and stay as they are.
    Failed(Error),
}

/// Merges blocks, or writes one again without what was deleted, in bounded steps.
#[derive(Debug)]
pub struct MergeBlocks {
    storage: Arc<dyn Storage>,
    /// By start.
    blocks: Vec<Arc<Block>>,
    write: WriteBlock,
}

impl MergeBlocks {
    /// Merges `blocks`, in the order of the plan, into block `id`. Name, range and ancestors in
    /// `options.meta` are filled in.
    #[must_use]
    pub fn new(
        storage: &Arc<dyn Storage>,
        blocks: Vec<Arc<Block>>,
        id: BlockId,
        options: WriteOptions,
    ) -> Self {
        let metas: Vec<&BlockMeta> = blocks.iter().map(|block| block.meta()).collect();
        let meta = merged_meta(id, &metas);
        Self::with_meta(storage, blocks, WriteOptions { meta, ..options })
    }

    /// Writes `block` again as block `id` of level 1, without the samples that were deleted.
    #[must_use]
    pub fn cleaning(
        storage: &Arc<dyn Storage>,
        block: Arc<Block>,
        id: BlockId,
        options: WriteOptions,
    ) -> Self {
        let old = block.meta();
        let meta = first_meta(id, (old.min_time, old.max_time), Some(old));
        Self::with_meta(storage, vec![block], WriteOptions { meta, ..options })
    }

    fn with_meta(
        storage: &Arc<dyn Storage>,
        mut blocks: Vec<Arc<Block>>,
        options: WriteOptions,
    ) -> Self {
        blocks.sort_by_key(|block| block.meta().min_time);
        let write = WriteBlock::new(storage, options);
        Self { storage: Arc::clone(storage), blocks, write }
    }

    fn mark(&self, with: Mark) -> Result<()> {
        let mut blocks = self.blocks.iter();
        blocks.try_for_each(|block| mark(&*self.storage, block.directory(), with).map(drop))
    }
}

impl Job for MergeBlocks {
    type Output = MergeOutcome;

    /// # Errors
    /// The storage fails. Unlike upstream, the inputs are then not marked as failed: a full disk
    /// is no reason to leave them alone for ever.
    fn step(&mut self) -> Result<Option<MergeOutcome>> {
        let sources: Vec<&dyn ChunkSource> =
            self.blocks.iter().map(|block| &**block as &dyn ChunkSource).collect();
        match self.write.step(&sources) {
            Ok(None) => Ok(None),
            Ok(Some(Some(meta))) => Ok(Some(MergeOutcome::Written(meta))),
            Ok(Some(None)) => {
                self.mark(Mark::Deletable)?;
                Ok(Some(MergeOutcome::Nothing))
            }
            Err(error @ (Error::Storage(_) | Error::Cancelled)) => Err(error),
            Err(error) => {
                self.mark(Mark::Failed)?;
                Ok(Some(MergeOutcome::Failed(error)))
            }
        }
    }

    fn progress(&self) -> Progress {
        self.write.progress()
    }
}
