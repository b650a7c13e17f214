//! Merging blocks: what the planner chose becomes one block.

use std::sync::Arc;

use super::late::LATE_HINT;
use super::outcome::{Merged, Upkeep, UpkeepWork};
use super::reload::in_order_end;
use super::round::{After, MergeWork, Task};
use super::state::LiveDb;
use crate::block::{Block, BlockMeta};
use crate::compaction::{Mark, MergeBlocks, MergeOutcome, Reason, plan};
use crate::error::Result;
use crate::event::{Event, Job};
use crate::types::{BlockId, TimeRange, Timestamp};
use crate::wal::Log;

impl LiveDb {
    /// Begins the merge that is due next; false when none is.
    pub(super) fn begin_merge(&mut self) -> Result<bool> {
        if let Some(block) = self.next_to_clean() {
            self.begin_write(None, vec![block]);
            return Ok(true);
        }
        if !self.round.merges_due {
            return Ok(false);
        }
        let (end, blocks) = (self.in_order_end()?, self.view.blocks());
        let due = blocks.iter().map(|block| block.meta()).filter(|meta| !is_ahead(meta, end));
        let metas: Vec<BlockMeta> = due.cloned().collect();
        let Some(planned) = plan(&metas, &self.options.plan()).next else { return Ok(false) };
        let find = |id: &BlockId| blocks.iter().find(|block| block.id() == *id).cloned();
        let sources = planned.sources.iter().filter_map(find).collect();
        self.begin_write(Some(planned.reason), sources);
        Ok(true)
    }

    /// The time behind which in-order samples may be that no block holds. Where the log is not
    /// read, it may hold all that the next start would take from it.
    fn in_order_end(&self) -> Result<Timestamp> {
        if let Some(head) = self.view.head() {
            return Ok(head.min_valid_time());
        }
        let storage = self.view.storage().as_ref();
        let segments = Log::list(storage, "wal")?.segments;
        let nothing_logged = segments.iter().all(|segment| segment.len == 0)
            && Log::checkpoints(storage, "wal")?.is_empty();
        Ok(if nothing_logged { Timestamp::MAX } else { in_order_end(self.view.blocks()) })
    }

    fn begin_write(&mut self, reason: Option<Reason>, blocks: Vec<Arc<Block>>) {
        let sources: Vec<BlockId> = blocks.iter().map(|block| block.id()).collect();
        self.tell(|| Event::Compacting { sources: sources.clone(), why: explain(reason) });
        let (storage, id) = (self.view.storage(), self.new_block_id());
        let options = self.options.write();
        let merge = match (reason, blocks.first()) {
            (None, Some(block)) => MergeBlocks::cleaning(storage, Arc::clone(block), id, options),
            _ => MergeBlocks::new(storage, blocks, id, options),
        };
        self.round.task = Some(Task::Merge(Box::new(MergeWork { reason, sources, merge })));
    }

    /// Writes a piece of the new block; at the end, looks at the directory anew.
    pub(super) fn merge_step(&mut self, mut work: Box<MergeWork>) -> Result<Upkeep> {
        match work.merge.step()? {
            Some(outcome) => {
                let merged = self.end_merge(*work, outcome);
                self.begin_reload(After::Merge(Box::new(merged)))?;
            }
            None => self.round.task = Some(Task::Merge(work)),
        }
        Ok(Upkeep::Working { what: UpkeepWork::Merge })
    }

    fn end_merge(&mut self, work: MergeWork, outcome: MergeOutcome) -> Merged {
        let MergeWork { reason, sources, .. } = work;
        let mut merged = Merged {
            sources,
            reason,
            result: None,
            dropped: Vec::new(),
            marked_failed: Vec::new(),
            error: None,
        };
        match outcome {
            MergeOutcome::Written(meta) => {
                self.tell_written(&meta, &explain(reason));
                merged.result = Some(meta);
            }
            MergeOutcome::Nothing => {
                self.tell_marked(&merged.sources, Mark::Deletable, "nothing of it was left");
            }
            MergeOutcome::Failed(error) => {
                self.tell_marked(&merged.sources, Mark::Failed, &error.to_string());
                merged.marked_failed.clone_from(&merged.sources);
                merged.error = Some(error);
                // The mark keeps blocks out of ranges, but out of nothing else: planned again at
                // once, they would fail for ever.
                self.round.merges_due &= matches!(
                    reason,
                    Some(Reason::RangeComplete { .. } | Reason::RangePassed { .. })
                );
                self.round.cleaning = false;
            }
        }
        merged
    }

    fn tell_marked(&mut self, blocks: &[BlockId], mark: Mark, why: &str) {
        for block in blocks {
            let (block, mark, why) = (*block, mark.name(), why.to_owned());
            self.tell(|| Event::BlockMarked { block, mark, why });
        }
    }

    /// Tells of a new block.
    pub(super) fn tell_written(&mut self, meta: &BlockMeta, why: &str) {
        self.tell(|| Event::BlockWritten {
            block: meta.ulid,
            range: TimeRange::new(meta.min_time, meta.max_time),
            level: u32::try_from(meta.compaction.level).unwrap_or(0),
            series: meta.stats.num_series,
            chunks: meta.stats.num_chunks,
            samples: meta.stats.num_samples,
            why: why.to_owned(),
        });
    }
}

/// True for a block of late samples that reaches over times whose in-order samples are in no block
/// yet. Merged with in-order data it would lose its hint, and the next start would take it for all
/// there is of that time: the log's samples would be left out. Upstream merges it.
pub(super) fn is_ahead(meta: &BlockMeta, in_order_end: Timestamp) -> bool {
    let is_late = meta.compaction.hints.iter().any(|hint| hint == LATE_HINT);
    is_late && meta.max_time > in_order_end
}

fn explain(reason: Option<Reason>) -> String {
    match reason {
        Some(reason) => reason.explain(|time| time.to_string()),
        None => "to be rid of what is deleted".to_owned(),
    }
}
