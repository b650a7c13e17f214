//! Compaction: which blocks become one, and writing that one.
//!
//! ```text
//! metas of all blocks ── plan ──► which to merge next, and why ── write ──► one new block
//! ```
//!
//! Deciding is pure and tells its reasons: the planner view, a dry run on the command line and the
//! engine itself ask the same function. Writing goes series by series through the chunks of its
//! sources and knows nothing of why.

mod chunk_merge;
mod chunk_trim;
mod lineage;
mod merge_blocks;
mod outcome;
mod plan;
mod ranges;
mod reason;
mod series_chunks;
mod series_merge;
mod symbol_union;
mod write;

pub use lineage::{FROM_STALE_SERIES, first_meta, merged_meta};
pub use merge_blocks::{MergeBlocks, MergeOutcome};
pub use outcome::{Mark, mark};
pub use plan::{BlockPlan, Plan, PlanOptions, PlannedMerge, plan};
pub use ranges::{aligned_start, block_ranges};
pub use reason::{DeletedVerdict, Reason, Verdict};
pub use write::{WriteBlock, WriteJob, WriteOptions, write};
