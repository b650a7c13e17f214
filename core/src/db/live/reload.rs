//! Which blocks take part, which go, and why: what is done at start, after each change, and every
//! minute.
//!
//! 1. Every directory named like a block is looked at. One without a usable `meta.json` is left out
//!    and stays: it was never finished, or somebody will repair it.
//! 2. A block that was open stays open; the others are opened.
//! 3. Blocks that others were made from, blocks marked deletable and blocks that retention is done
//!    with are set aside, to be [dropped](super::drop_block) one by one.
//! 4. A damaged block that nothing replaces is refused, with its address: a server that went on
//!    without it would compact around the hole. The blocks that were open stay as they are.
//!
//! Nothing is written or removed here.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::block::{self, Block, BlockState, CatalogEntry};
use crate::error::{Error, Result};
use crate::storage::Storage;
use crate::types::{BlockId, Timestamp};

/// A block that goes, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unneeded {
    /// Its directory.
    pub(super) directory: String,
    /// Its name.
    pub(super) id: BlockId,
    /// Why it goes.
    pub(super) why: String,
}

/// The blocks of a directory, before retention.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// Those that take part, by start.
    pub(super) loaded: Vec<Arc<Block>>,
    /// Those that go.
    pub(super) unneeded: Vec<Unneeded>,
}

/// Up to when `blocks` hold in-order samples: the end of the newest block that says so. Blocks of
/// late samples and of evicted series do not.
pub(super) fn in_order_end(blocks: &[Arc<Block>]) -> Timestamp {
    let metas = blocks.iter().map(|block| block.meta());
    let in_order = metas.filter(|meta| meta.compaction.hints.is_empty());
    in_order.map(|meta| meta.max_time).max().unwrap_or(Timestamp::MIN)
}

/// The work of looking at every block directory.
#[derive(Debug)]
pub(super) struct Reload {
    waiting: Vec<CatalogEntry>,
    open: BTreeMap<String, Arc<Block>>,
    total: usize,
    blocks: Blocks,
}

impl Reload {
    /// Looks at the directory; `open` are the blocks that are open.
    ///
    /// # Errors
    /// The storage fails.
    pub(super) fn begin(storage: &dyn Storage, open: &[Arc<Block>]) -> Result<Self> {
        let mut waiting = block::list(storage, "")?.entries;
        waiting.reverse();
        let open = open.iter().map(|block| (block.directory().to_owned(), Arc::clone(block)));
        let (total, blocks) = (waiting.len(), Blocks::default());
        Ok(Self { waiting, open: open.collect(), total, blocks })
    }

    /// How many block directories were looked at, and how many there are.
    pub(super) fn progress(&self) -> (usize, usize) {
        (self.total - self.waiting.len(), self.total)
    }

    /// Looks at the next block; all of them when none is left.
    ///
    /// # Errors
    /// The block is damaged and nothing replaces it, or the storage fails.
    pub(super) fn step(&mut self, storage: &Arc<dyn Storage>) -> Result<Option<Blocks>> {
        let Some(entry) = self.waiting.pop() else {
            let mut blocks = std::mem::take(&mut self.blocks);
            blocks.loaded.sort_by_key(|block| (block.meta().min_time, block.id()));
            return Ok(Some(blocks));
        };
        match (&entry.meta, entry.state) {
            (Err(_), _) | (_, BlockState::Unreadable) => {}
            (Ok(_), BlockState::Loaded) => {
                let block = self.open_block(storage, &entry)?;
                self.blocks.loaded.push(block);
            }
            (Ok(meta), state) => self.blocks.unneeded.push(Unneeded {
                directory: entry.directory,
                id: meta.ulid,
                why: match state {
                    BlockState::Deletable => "nothing of it was left when it was merged".to_owned(),
                    _ => "it was merged into another block".to_owned(),
                },
            }),
        }
        Ok(None)
    }

    fn open_block(
        &mut self,
        storage: &Arc<dyn Storage>,
        entry: &CatalogEntry,
    ) -> Result<Arc<Block>> {
        if let Some(open) = self.open.remove(&entry.directory)
            && entry.meta.as_ref().is_ok_and(|meta| meta == open.meta())
        {
            return Ok(open);
        }
        let block = entry.open(storage)?;
        match block.refusal() {
            Some(error) => Err(refused(&block, &error)),
            None => Ok(Arc::new(block)),
        }
    }
}

#[cold]
fn refused(block: &Block, error: &Error) -> Error {
    let what = format!("corrupted block {}: {error}", block.id());
    Error::refused(format!(
        "{what}; to go on without the block, move its directory away; to see what of it can be \
         read, use `verify` and `dump`"
    ))
}
