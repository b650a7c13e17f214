//! An open data directory.

use std::sync::Arc;

use crate::block::{Block, BlockState};
use crate::event::Finding;
use crate::head::Head;
use crate::query::Queryable;
use crate::storage::Storage;
use crate::types::TimeRange;

/// A block that a server would leave out or remove when it loads the directory.
#[derive(Debug, Clone)]
pub struct HiddenBlock {
    /// The block.
    pub block: Arc<Block>,
    /// Why it takes no part.
    pub why: BlockState,
}

/// An open data directory: blocks in order of time, the head, and what is wrong.
#[derive(Debug)]
pub struct Db {
    storage: Arc<dyn Storage>,
    blocks: Vec<Arc<Block>>,
    hidden: Vec<HiddenBlock>,
    head: Option<Head>,
    findings: Vec<Finding>,
}

impl Db {
    pub(super) fn new(
        storage: Arc<dyn Storage>,
        blocks: Vec<Arc<Block>>,
        hidden: Vec<HiddenBlock>,
        head: Option<Head>,
        findings: Vec<Finding>,
    ) -> Self {
        Self { storage, blocks, hidden, head, findings }
    }

    /// The head, to write to it.
    pub(super) fn head_mut(&mut self) -> Option<&mut Head> {
        self.head.as_mut()
    }

    /// Shows these blocks from now on.
    pub(super) fn set_blocks(&mut self, blocks: Vec<Arc<Block>>) {
        self.blocks = blocks;
    }

    /// Shows `block` where one of that name was.
    pub(super) fn replace_block(&mut self, block: Arc<Block>) {
        if let Some(old) = self.blocks.iter_mut().find(|old| old.id() == block.id()) {
            *old = block;
        }
    }

    /// Where it lives.
    #[must_use]
    pub fn storage(&self) -> &Arc<dyn Storage> {
        &self.storage
    }

    /// The blocks that take part in queries, by start time.
    #[must_use]
    pub fn blocks(&self) -> &[Arc<Block>] {
        &self.blocks
    }

    /// The blocks that a server would leave out or remove.
    #[must_use]
    pub fn hidden_blocks(&self) -> &[HiddenBlock] {
        &self.hidden
    }

    /// The head; `None` when it was not asked for.
    #[must_use]
    pub fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// Everything that was found wrong or unusual while opening.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The sources whose time touches `range`: blocks by start time, then the head.
    #[must_use]
    pub fn sources(&self, range: TimeRange) -> Vec<&dyn Queryable> {
        let blocks = self.blocks.iter().map(|block| block.as_ref() as &dyn Queryable);
        let head = self.head.iter().map(|head| head as &dyn Queryable);
        blocks.chain(head).filter(|source| source.time_range().overlaps(&range)).collect()
    }

    /// First to last time of all sources, closed; empty when there is no data.
    #[must_use]
    pub fn time_range(&self) -> TimeRange {
        let all = self.sources(TimeRange::ALL);
        all.iter().fold(TimeRange::EMPTY, |range, source| range.cover(&source.time_range()))
    }
}
