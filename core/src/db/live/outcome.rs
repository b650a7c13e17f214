//! What upkeep says it did.

use crate::block::BlockMeta;
use crate::compaction::Reason;
use crate::error::Error;
use crate::types::{BlockId, Timestamp};

/// What one step of upkeep did.
#[derive(Debug, Clone, PartialEq)]
pub enum Upkeep {
    /// A piece of work was done, and more is left.
    Working {
        /// What, in words.
        what: &'static str,
    },
    /// A merge has ended; more may be left.
    Merged(Box<Merged>),
    /// Nothing is left to do before this time, unless samples are appended.
    Idle {
        /// When the next round begins.
        until: Timestamp,
    },
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
