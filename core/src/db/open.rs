//! Opening a data directory, read-only, in numbered steps.
//!
//! 1. **List** the directory: blocks, logs, leftovers, and files of other programs.
//! 2. **Blocks**, one after the other: meta.json, headers, tombstones; indexes when asked.
//! 3. **Set aside** what a server would not load: blocks marked deletable, parents of blocks that
//!    are there, and blocks without a usable meta.json. They are shown, and not part of queries.
//! 4. **Head**: replay of snapshot, m-mapped chunks, checkpoint, log and out-of-order log. In-order
//!    samples older than the end of the newest block with in-order data are in blocks already.
//!
//! Nothing is written, locked or removed. A part that cannot be read becomes a finding and the rest
//! is opened all the same.

use std::sync::Arc;

use super::options::{OpenOptions, guess_chunk_range};
use super::state::{Db, HiddenBlock};
use crate::block::{self, Block, BlockState, CatalogEntry};
use crate::error::Result;
use crate::event::{Finding, Job, Progress};
use crate::head::{Head, Replay, ReplayOptions};
use crate::storage::Storage;
use crate::types::Timestamp;

/// The work of opening; see the module's head for its steps.
#[derive(Debug)]
pub struct Open {
    storage: Arc<dyn Storage>,
    options: OpenOptions,
    stage: Stage,
    blocks: Vec<Arc<Block>>,
    hidden: Vec<HiddenBlock>,
    findings: Vec<Finding>,
}

#[derive(Debug)]
enum Stage {
    List,
    Blocks { waiting: Vec<CatalogEntry>, total: usize },
    Head(Box<Replay>),
    Done,
}

impl Open {
    /// Opens what `storage` holds.
    #[must_use]
    pub fn new(storage: Arc<dyn Storage>, options: OpenOptions) -> Self {
        Self {
            storage,
            options,
            stage: Stage::List,
            blocks: Vec::new(),
            hidden: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// The blocks opened so far, for a picture that grows while the head replays.
    #[must_use]
    pub fn blocks(&self) -> &[Arc<Block>] {
        &self.blocks
    }

    /// The replay of the head, while it runs.
    #[must_use]
    pub fn replay(&self) -> Option<&Replay> {
        match &self.stage {
            Stage::Head(replay) => Some(replay),
            _ => None,
        }
    }

    fn list(&mut self) -> Result<Stage> {
        let catalog = block::list(self.storage.as_ref(), "")?;
        self.findings.extend(catalog.findings);
        let mut waiting = catalog.entries;
        let total = waiting.len();
        waiting.reverse();
        Ok(Stage::Blocks { waiting, total })
    }

    /// Opens one block. One that cannot be opened at all is a finding; one that a server would not
    /// load is kept aside.
    fn open_block(&mut self, entry: &CatalogEntry) {
        match entry.open(&self.storage) {
            Ok(block) => {
                let block = Arc::new(block);
                match entry.state {
                    BlockState::Loaded => self.blocks.push(block),
                    why => self.hidden.push(HiddenBlock { block, why }),
                }
            }
            // A directory that is only named like a block is in the catalog's findings already.
            Err(_) if entry.meta.is_err() => {}
            Err(error) => self.findings.push(Finding::from_error(&error)),
        }
    }

    fn after_blocks(&mut self) -> Stage {
        self.blocks.sort_by_key(|block| (block.meta().min_time, block.id()));
        if !self.options.replay_head {
            return Stage::Done;
        }
        Stage::Head(Box::new(Replay::new(Arc::clone(&self.storage), self.replay_options())))
    }

    fn replay_options(&self) -> ReplayOptions {
        let metas = || self.blocks.iter().map(|block| block.meta());
        let in_order = || metas().filter(|meta| meta.compaction.hints.is_empty());
        let guess = || {
            let first_level = in_order().filter(|meta| meta.compaction.level == 1);
            guess_chunk_range(first_level.map(|meta| meta.max_time))
        };
        ReplayOptions {
            chunk_range: self.options.chunk_range.unwrap_or_else(guess),
            use_snapshot: self.options.use_snapshot,
            min_valid_time: in_order().map(|meta| meta.max_time).max().unwrap_or(Timestamp::MIN),
            ..ReplayOptions::default()
        }
    }

    fn finish(&mut self, head: Option<Head>) -> Db {
        let mut findings = std::mem::take(&mut self.findings);
        for block in self.blocks.iter().chain(self.hidden.iter().map(|hidden| &hidden.block)) {
            findings.extend(block.findings());
        }
        if let Some(head) = &head {
            findings.extend(head.findings().iter().cloned());
        }
        Db::new(
            Arc::clone(&self.storage),
            std::mem::take(&mut self.blocks),
            std::mem::take(&mut self.hidden),
            head,
            findings,
        )
    }
}

impl Job for Open {
    type Output = Db;

    fn step(&mut self) -> Result<Option<Db>> {
        match &mut self.stage {
            Stage::List => self.stage = self.list()?,
            Stage::Blocks { waiting, .. } => match waiting.pop() {
                Some(entry) => self.open_block(&entry),
                None => self.stage = self.after_blocks(),
            },
            Stage::Head(replay) => {
                if let Some(head) = replay.step()? {
                    self.stage = Stage::Done;
                    return Ok(Some(self.finish(Some(head))));
                }
            }
            Stage::Done => return Ok(Some(self.finish(None))),
        }
        Ok(None)
    }

    fn progress(&self) -> Progress {
        let named = |stage: &str| Progress { stage: stage.to_owned(), ..Progress::default() };
        match &self.stage {
            Stage::List => named("listing the directory"),
            Stage::Blocks { waiting, total } => Progress {
                detail: format!("{} of {total}", total - waiting.len()),
                ..named("opening blocks")
            },
            Stage::Head(replay) => replay.progress(),
            Stage::Done => named("done"),
        }
    }
}
