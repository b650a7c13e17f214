//! Deleting: samples are hidden by tombstones at once, and leave the files when a block is merged
//! or [cleaned](super::clean).
//!
//! In a block, `tombstones` is replaced first and then `meta.json`, which counts them: between the
//! two the samples are deleted already, and only the planner does not know yet how many. In the
//! head, one record is logged, then applied. So it is for blocks of late samples that lie ahead of
//! all others: the log has those samples, too. There is no atomicity over all of it: after a crash
//! some blocks may have forgotten what was being deleted.

use std::sync::Arc;

use super::merge::is_ahead;
use super::state::{LiveDb, Writing};
use crate::block::{Block, BlockMeta, BlockStats, write_meta, write_tombstones_file};
use crate::error::Result;
use crate::event::Event;
use crate::labels::Matcher;
use crate::tombstones::Tombstones;
use crate::types::TimeRange;

/// What a deletion did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Deleted {
    /// Blocks with tombstones for it.
    pub blocks: usize,
    /// Series that lost samples, counted in each block and in the head.
    pub series: usize,
}

impl LiveDb {
    /// Deletes the samples in `range` of the series that `matchers` choose: no query sees them from
    /// now on. Label names and values stay listed until the samples leave the files.
    ///
    /// # Errors
    /// A part of an index that leads to those series is damaged, or the storage fails. Some blocks
    /// may then have lost the samples and others not; asking again is safe.
    pub fn delete_series(&mut self, range: TimeRange, matchers: &[Matcher]) -> Result<Deleted> {
        // A merge under way has read tombstones that are about to change, and a block that is
        // written and not shown yet has none of them.
        self.look_now()?;
        let mut done = Deleted::default();
        let mut in_log = Vec::new();
        for block in self.view.blocks().to_vec() {
            let deletions = block.deletions(matchers, range)?;
            let series = deletions.iter().count();
            if series == 0 {
                continue;
            }
            let head = self.view.head();
            if head.is_some_and(|head| is_ahead(block.meta(), head.min_valid_time())) {
                in_log.extend(block.name_series(&deletions)?);
            }
            let changed = self.add_tombstones(&block, &deletions)?;
            self.view.replace_block(Arc::new(changed));
            done.blocks += 1;
            done.series += series;
            self.tell(|| Event::Deleted { block: Some(block.id()), series, range });
        }
        let now = self.clock.now();
        if let Ok(Writing { head, logs, .. }) = self.writing() {
            head.delete_from_log(&in_log, logs)?;
            done.series += head.delete(matchers, range, logs)?;
            logs.sync_if_due(now)?;
        }
        Ok(done)
    }

    /// The block with these deletions besides those it has.
    fn add_tombstones(&self, block: &Block, deletions: &Tombstones) -> Result<Block> {
        let mut tombstones = block.tombstones().clone();
        for (series, intervals) in deletions.iter() {
            intervals.ranges().iter().for_each(|range| tombstones.add(series, *range));
        }
        let storage = self.view.storage();
        let num_tombstones = tombstones.interval_count() as u64;
        write_tombstones_file(storage.as_ref(), block.directory(), &tombstones)?;
        let stats = BlockStats { num_tombstones, ..block.meta().stats };
        let meta = BlockMeta { stats, ..block.meta().clone() };
        write_meta(storage.as_ref(), block.directory(), &meta)?;
        Block::open(storage, block.directory())
    }
}
