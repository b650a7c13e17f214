//! How far upkeep is: what it is in the middle of, and what it knows to be due.

use std::collections::VecDeque;

use super::outcome::Merged;
use super::reload::{Reload, Unneeded};
use crate::compaction::{MergeBlocks, Reason};
use crate::types::{BlockId, Timestamp};

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
}

/// What a look at the directory follows, and what comes after it.
#[derive(Debug)]
pub(super) enum After {
    /// The beginning of a round.
    Begin,
    /// A merge, which is then told of.
    Merge(Box<Merged>),
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
        Self { next, merges_due: false, cleaning: false, task: None, unneeded: VecDeque::new() }
    }
}
