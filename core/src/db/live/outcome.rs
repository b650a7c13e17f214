//! What upkeep says it did.

use std::fmt;

use serde::Serialize;

use crate::block::BlockMeta;
use crate::compaction::Reason;
use crate::error::Error;
use crate::types::{BlockId, Timestamp};

/// What one step of upkeep did.
#[derive(Debug, Clone, PartialEq)]
pub enum Upkeep {
    /// A piece of work was done, and more is left.
    Working {
        /// What was done.
        what: UpkeepWork,
    },
    /// A merge has ended; more may be left.
    Merged(Box<Merged>),
    /// Nothing is left to do before this time, unless samples are appended.
    Idle {
        /// When the next round begins.
        until: Timestamp,
    },
}

/// The kinds of work that upkeep does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UpkeepWork {
    /// Looking for blocks, those that others put there included.
    Look,
    /// Dropping blocks that are not needed.
    Drop,
    /// Mapping complete chunks of the head to files.
    Map,
    /// Cutting a block off the head.
    Cut,
    /// Freeing memory of the head that held what is in a block.
    Forget,
    /// Truncating the write-ahead log.
    Truncate,
    /// Compacting samples that came late.
    Late,
    /// Evicting stale series from the head.
    Stale,
    /// Merging blocks.
    Merge,
}

impl UpkeepWork {
    /// What is being done, in words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Look => "looking for blocks",
            Self::Drop => "dropping blocks that are not needed",
            Self::Map => "mapping complete chunks to files",
            Self::Cut => "cutting a block off the head",
            Self::Forget => "forgetting what blocks hold",
            Self::Truncate => "truncating the write-ahead log",
            Self::Late => "compacting samples that came late",
            Self::Stale => "evicting stale series",
            Self::Merge => "merging blocks",
        }
    }
}

impl fmt::Display for UpkeepWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a merge came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// The blocks, in the order of the plan.
    pub sources: Vec<BlockId>,
    /// Why they were to be merged; none when somebody asked for it, see
    /// [`LiveDb::clean_tombstones`](super::LiveDb::clean_tombstones).
    pub reason: Option<Reason>,
    /// The new block; none when nothing was left, or on an error.
    pub result: Option<BlockMeta>,
    /// The blocks that go now, by name.
    pub dropped: Vec<BlockId>,
    /// The blocks that were marked as failed, in the order of the plan.
    pub marked_failed: Vec<BlockId>,
    /// Why there is no new block although samples are left.
    pub error: Option<Error>,
}
