//! How far upkeep is: what it is in the middle of, and what it knows to be due.

use std::collections::VecDeque;
use std::fmt;

use super::outcome::Merged;
use super::reload::{Reload, Unneeded};
use crate::compaction::{MergeBlocks, Reason, WriteBlock};
use crate::head::{HeadView, ViewHead};
use crate::types::{BlockId, ChunkRef, Duration, SeriesRef, Timestamp};
use crate::wal::CheckpointJob;

/// How far upkeep is.
#[derive(Debug)]
pub(super) struct Round {
    /// When the next round begins.
    pub(super) next: Timestamp,
    /// Blocks may be due to be merged.
    pub(super) merges_due: bool,
    /// All blocks with tombstones are to be rewritten.
    pub(super) cleaning: bool,
    /// What is being done.
    pub(super) task: Option<Task>,
    /// After an error no block is cut before this time.
    pub(super) not_before: Timestamp,
    /// Complete chunks of the head are to be mapped.
    pub(super) mapping_due: bool,
    /// A block up to this time is written; the head still has its samples.
    pub(super) cut_to: Option<Timestamp>,
    /// The log is to be truncated: blocks hold all before this time.
    pub(super) truncate_log_to: Option<Timestamp>,
    /// Samples that came late are to be compacted.
    pub(super) late_due: bool,
    /// Late samples up to this chunk are in blocks, and those in the write-behind log before this
    /// segment; the head still has them.
    pub(super) late_to: Option<(ChunkRef, Option<u64>)>,
    /// Stale series may be due to be evicted.
    pub(super) stale_due: bool,
    /// Stale series are in blocks, with their samples up to this time; the head still has them.
    pub(super) stale_to: Option<(HeadView, Timestamp)>,
    /// When a block was last cut off the head.
    pub(super) last_cut: Option<Timestamp>,
    /// Blocks that are set aside.
    pub(super) unneeded: VecDeque<Unneeded>,
}

/// A piece of work that takes several steps.
#[derive(Debug)]
pub(super) enum Task {
    /// Looking at the directory.
    Reload(Reload, After),
    /// Merging blocks.
    Merge(Box<MergeWork>),
    /// Cutting a block off the head.
    Cut(Box<CutWork>),
    /// Truncating the write-ahead log.
    Truncate(Box<TruncateWork>),
    /// Compacting samples that came late.
    Late(Box<LateWork>),
    /// Writing stale series.
    Stale(Box<StaleWork>),
}

/// What a look at the directory follows, and what comes after it.
#[derive(Debug)]
pub(super) enum After {
    /// The beginning of a round.
    Begin,
    /// A merge, which is then told of.
    Merge(Box<Merged>),
    /// A block that was cut off the head.
    Cut,
    /// Blocks of late samples.
    Late,
    /// Blocks of stale series.
    Stale,
}

/// A block that is cut off the head.
#[derive(Debug)]
pub(super) struct CutWork {
    /// Its end, outside.
    pub(super) end: Timestamp,
    pub(super) viewing: ViewHead,
    /// None while it is made.
    pub(super) view: Option<HeadView>,
    pub(super) write: WriteBlock,
}

/// Which series records a checkpoint keeps.
pub(super) type Keep = Box<dyn FnMut(SeriesRef) -> bool + Send>;

/// A checkpoint that is written.
pub(super) struct TruncateWork {
    pub(super) min_time: Timestamp,
    pub(super) job: CheckpointJob<Keep>,
}

impl fmt::Debug for TruncateWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TruncateWork").field("min_time", &self.min_time).finish_non_exhaustive()
    }
}

/// Blocks of late samples that are written.
#[derive(Debug)]
pub(super) struct LateWork {
    pub(super) viewing: ViewHead,
    /// None while it is made.
    pub(super) view: Option<HeadView>,
    /// The last chunk of the view.
    pub(super) last: ChunkRef,
    /// The segment with which the write-behind log goes on.
    pub(super) segment: Option<u64>,
    /// First time of the block that is written, or is next.
    pub(super) start: Timestamp,
    /// Length of the blocks.
    pub(super) length: Duration,
    pub(super) write: Option<WriteBlock>,
}

/// Blocks of stale series that are written.
#[derive(Debug)]
pub(super) struct StaleWork {
    pub(super) view: HeadView,
    /// First time of the block that is written, or is next.
    pub(super) start: Timestamp,
    /// Length of the blocks.
    pub(super) length: Duration,
    /// The head's newest sample when the view was made.
    pub(super) max_time: Timestamp,
    pub(super) write: Option<WriteBlock>,
}

/// A merge that is being written.
#[derive(Debug)]
pub(super) struct MergeWork {
    pub(super) reason: Option<Reason>,
    /// In the order of the plan.
    pub(super) sources: Vec<BlockId>,
    pub(super) merge: MergeBlocks,
}

impl Round {
    /// No round runs; the first begins at `next`.
    pub(super) fn due_at(next: Timestamp) -> Self {
        Self {
            next,
            merges_due: false,
            cleaning: false,
            not_before: Timestamp::MIN,
            mapping_due: false,
            cut_to: None,
            truncate_log_to: None,
            late_due: false,
            late_to: None,
            stale_due: false,
            stale_to: None,
            last_cut: None,
            task: None,
            unneeded: VecDeque::new(),
        }
    }
}
