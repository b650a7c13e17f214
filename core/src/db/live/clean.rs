//! Cleaning: every block with tombstones is written anew without what they delete.
//!
//! The new block begins again at level 1 and names itself as its source, so that the planner may
//! merge it with its neighbours once more. Nothing is done about deletions in the head: they go
//! when a block is cut from it.

use std::sync::Arc;

use super::outcome::{Merged, Upkeep};
use super::state::LiveDb;
use crate::block::Block;
use crate::error::Result;

impl LiveDb {
    /// Rewrites all blocks that have tombstones; gives what came of each.
    ///
    /// # Errors
    /// A block is damaged (it is marked and stays as it is), or the storage fails.
    pub fn clean_tombstones(&mut self) -> Result<Vec<Merged>> {
        self.begin_cleaning();
        let mut cleaned = Vec::new();
        while self.round.cleaning || self.round.task.is_some() {
            if let Upkeep::Merged(merged) = self.upkeep()? {
                let error = merged.error.clone();
                cleaned.push(*merged);
                if let Some(error) = error {
                    return Err(error);
                }
            }
        }
        Ok(cleaned)
    }

    /// Lets [`LiveDb::upkeep`] rewrite all blocks that have tombstones, in the steps that follow.
    pub fn begin_cleaning(&mut self) {
        self.round.cleaning = true;
    }

    /// The next block to be cleaned, if it was asked for.
    pub(super) fn next_to_clean(&mut self) -> Option<Arc<Block>> {
        let blocks = self.view.blocks().iter();
        let next = blocks.filter(|_| self.round.cleaning);
        let next = next.clone().find(|block| !block.tombstones().is_empty()).cloned();
        self.round.cleaning &= next.is_some();
        next
    }
}
