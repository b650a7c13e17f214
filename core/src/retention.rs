//! Retention: which blocks are too old or too many, and why. Pure; removing them is for the caller.
//!
//! Blocks are looked at by the end of their time, the newest first, and go as a whole.
//!
//! Rules, those of Prometheus 3.14; a block can fall under several
//! 1. **Marked**: its `meta.json` says `deletable`.
//! 2. **Time** T: the first block, not counting the newest, whose end lies T or more before the
//!    newest block's end, and all older ones. The clock does not matter: without new data, nothing
//!    expires.
//! 3. **Size** S: starting from the bytes of the logs and of `chunks_head/`, which are never
//!    removed, blocks are added up; the first that makes it more than S, and all older ones. That
//!    can be all of them.
//! 4. **Percentage** P: as size, with S = P % of the file system. It replaces a given S; where the
//!    size of the file system is not known, S counts.
//! 5. **Replaced**: a block that loads names it as a parent.
//!
//! A block that is going still counts in the sum of sizes, and still replaces its parents.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::block::BlockMeta;
use crate::types::{BlockId, Duration, Timestamp, show_duration};

/// What a server without any setting keeps: 15 days.
pub const DEFAULT_TIME: Duration = 15 * 24 * 60 * 60 * 1000;

/// How much to keep. Without a limit, only marked and replaced blocks go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct RetentionOptions {
    /// Longest time between the ends of the newest and the oldest block; none or 0 = any.
    pub time: Option<Duration>,
    /// Most bytes in the data directory; none or 0 = any.
    pub size: Option<u64>,
    /// As size, in percent of the file system; none or 0 = by size.
    pub percentage: Option<f64>,
}

/// What the data directory takes beside its blocks, and what there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Bytes of `wal/` with its checkpoints, `wbl/` and `chunks_head/`.
    pub head_bytes: u64,
    /// Bytes of the file system the directory is on; none when nobody knows.
    pub capacity: Option<u64>,
}

/// A block and what it takes.
#[derive(Debug, Clone, Copy)]
pub struct StoredBlock<'a> {
    /// Its `meta.json`.
    pub meta: &'a BlockMeta,
    /// Bytes of all its files.
    pub bytes: u64,
}

/// Why a block goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "kebab-case")]
pub enum DropReason {
    /// A compaction left nothing of it.
    Deletable,
    /// It ends `age` before the newest block, where `limit` is allowed.
    Time {
        /// From its end to that of the newest block, in milliseconds.
        age: Duration,
        /// What is allowed.
        limit: Duration,
    },
    /// With it and all newer blocks, `sum` bytes would be more than `limit`.
    Size {
        /// Bytes of the logs, of newer blocks, and of this one.
        sum: u64,
        /// What is allowed.
        limit: u64,
    },
    /// Its samples are in the block that was made from it.
    Replaced {
        /// That block.
        by: BlockId,
    },
}

/// What becomes of one block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockFate {
    /// The block.
    pub id: BlockId,
    /// First millisecond of its range, inside.
    pub min_time: Timestamp,
    /// End of its range, **outside**.
    pub max_time: Timestamp,
    /// What it takes.
    pub bytes: u64,
    /// Bytes of the logs, of all blocks that end later, and of this one.
    pub sum: u64,
    /// Why it goes; it stays when there is no reason.
    pub reasons: Vec<DropReason>,
}

/// What retention makes of a data directory.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Retention {
    /// The size limit that counted, after percentage; none when there was none.
    pub size_limit: Option<u64>,
    /// All blocks, the one that ends last first.
    pub blocks: Vec<BlockFate>,
}

impl RetentionOptions {
    /// Only by time, as a server does it without any setting.
    #[must_use]
    pub const fn default_time() -> Self {
        Self { time: Some(DEFAULT_TIME), size: None, percentage: None }
    }

    /// The size limit for a file system of `capacity` bytes.
    #[must_use]
    pub fn size_limit(&self, capacity: Option<u64>) -> Option<u64> {
        let percentage = self.percentage.filter(|percentage| *percentage > 0.0);
        match (percentage, capacity.filter(|capacity| *capacity > 0)) {
            (Some(percentage), Some(capacity)) => {
                Some((capacity as f64 * percentage / 100.0) as u64)
            }
            _ => self.size.filter(|size| *size > 0),
        }
    }
}

impl Retention {
    /// The blocks that go, the one that ends last first.
    pub fn dropped(&self) -> impl Iterator<Item = &BlockFate> {
        self.blocks.iter().filter(|block| !block.reasons.is_empty())
    }
}

impl DropReason {
    /// The reason in words.
    #[must_use]
    pub fn explain(&self) -> String {
        match self {
            Self::Deletable => "marked deletable: compacting left nothing of it".into(),
            Self::Time { age, limit } => format!(
                "ends {} before the newest block; {} are kept",
                show_duration(*age),
                show_duration(*limit)
            ),
            Self::Size { sum, limit } => {
                format!("with it the directory has {sum} bytes; {limit} are kept")
            }
            Self::Replaced { by } => format!("replaced by {by}, which was made from it"),
        }
    }
}

/// Decides which of the loadable blocks go.
#[must_use]
pub fn retention(
    blocks: &[StoredBlock<'_>],
    usage: Usage,
    options: &RetentionOptions,
) -> Retention {
    let mut newest_first: Vec<&StoredBlock<'_>> = blocks.iter().collect();
    newest_first.sort_by_key(|block| (std::cmp::Reverse(block.meta.max_time), block.meta.ulid));
    let size_limit = options.size_limit(usage.capacity);
    let newest_end = newest_first.first().map_or(0, |block| block.meta.max_time);
    let replaced = replacements(blocks);
    let mut sum = usage.head_bytes;
    let fates = newest_first.iter().enumerate().map(|(at, block)| {
        let BlockMeta { ulid, min_time, max_time, .. } = *block.meta;
        sum = sum.saturating_add(block.bytes);
        let age = newest_end.saturating_sub(max_time);
        // What is true of one block is true of all older ones: ends descend, sums ascend.
        let time = options.time.filter(|limit| *limit > 0 && at > 0 && age >= *limit);
        let size = size_limit.filter(|limit| sum > *limit);
        let reasons = [
            block.meta.compaction.deletable.then_some(DropReason::Deletable),
            time.map(|limit| DropReason::Time { age, limit }),
            size.map(|limit| DropReason::Size { sum, limit }),
            replaced.get(&ulid).map(|by| DropReason::Replaced { by: *by }),
        ];
        let reasons = reasons.into_iter().flatten().collect();
        BlockFate { id: ulid, min_time, max_time, bytes: block.bytes, sum, reasons }
    });
    Retention { size_limit, blocks: fates.collect() }
}

/// The parents of all blocks, with the one that replaces each.
fn replacements(blocks: &[StoredBlock<'_>]) -> BTreeMap<BlockId, BlockId> {
    let pairs = blocks
        .iter()
        .flat_map(|block| block.meta.replaced().map(|parent| (parent, block.meta.ulid)));
    pairs.filter(|(parent, child)| parent != child).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::BlockParent;

    /// Blocks of 10, ending at each of `ends`, named in that order from 1.
    fn blocks(ends: &[i64]) -> Vec<BlockMeta> {
        let block = |(at, end): (usize, &i64)| BlockMeta {
            ulid: BlockId(at as u128 + 1),
            min_time: end - 10,
            max_time: *end,
            ..BlockMeta::default()
        };
        ends.iter().enumerate().map(block).collect()
    }

    /// The blocks that go, of blocks of 100 bytes beside 50 bytes of logs.
    fn dropped(metas: &[BlockMeta], options: &RetentionOptions) -> Vec<u128> {
        let stored: Vec<StoredBlock<'_>> =
            metas.iter().map(|meta| StoredBlock { meta, bytes: 100 }).collect();
        let usage = Usage { head_bytes: 50, capacity: Some(1000) };
        let decided = retention(&stored, usage, options);
        assert_eq!(decided.blocks.len(), metas.len());
        decided.dropped().map(|block| block.id.0).collect()
    }

    fn by_time(time: i64) -> RetentionOptions {
        RetentionOptions { time: Some(time), ..RetentionOptions::default() }
    }

    fn by_size(size: u64) -> RetentionOptions {
        RetentionOptions { size: Some(size), ..RetentionOptions::default() }
    }

    #[test]
    fn time_counts_from_the_end_of_the_newest_block() {
        let metas = blocks(&[10, 20, 30, 40]);
        assert_eq!(dropped(&metas, &by_time(31)), [0; 0]);
        assert_eq!(dropped(&metas, &by_time(30)), [1], "exactly as old as the limit goes");
        assert_eq!(dropped(&metas, &by_time(11)), [2, 1]);
        assert_eq!(dropped(&metas, &by_time(1)), [3, 2, 1], "the newest never goes by time");
        assert_eq!(dropped(&metas, &by_time(0)), [0; 0], "0 is no limit");
        // A long block that ends late keeps its oldest samples; a short one beside it goes.
        let mut uneven = blocks(&[40, 15, 40]);
        uneven[0].min_time = 0;
        assert_eq!(dropped(&uneven, &by_time(20)), [2]);
        assert_eq!(dropped(&blocks(&[40, 40]), &by_time(1)), [0; 0], "two newest");
    }

    #[test]
    fn size_counts_logs_first_and_then_blocks_from_the_newest() {
        let metas = blocks(&[10, 20, 30, 40]);
        assert_eq!(dropped(&metas, &by_size(450)), [0; 0], "exactly as much as is allowed");
        assert_eq!(dropped(&metas, &by_size(449)), [1]);
        assert_eq!(dropped(&metas, &by_size(150)), [3, 2, 1]);
        assert_eq!(dropped(&metas, &by_size(149)), [4, 3, 2, 1], "all of them");
        assert_eq!(dropped(&metas, &by_size(0)), [0; 0], "0 is no limit");
        let both = RetentionOptions { time: Some(30), ..by_size(300) };
        assert_eq!(dropped(&metas, &both), [2, 1]);
    }

    #[test]
    fn a_percentage_replaces_a_size() {
        let metas = blocks(&[10, 20, 30, 40]);
        let options = RetentionOptions { percentage: Some(25.0), ..by_size(1) };
        assert_eq!(dropped(&metas, &options), [2, 1], "250 of 1000 bytes");
        assert_eq!(options.size_limit(None), Some(1), "unless nobody knows how much there is");
        assert_eq!(options.size_limit(Some(0)), Some(1));
        let off = RetentionOptions { percentage: Some(0.0), ..RetentionOptions::default() };
        assert_eq!(off.size_limit(Some(1000)), None);
    }

    #[test]
    fn marked_and_replaced_blocks_go_without_a_limit() {
        let mut metas = blocks(&[10, 20, 30]);
        metas[0].compaction.deletable = true;
        let parent = BlockParent { ulid: BlockId(2), ..BlockParent::default() };
        metas[2].compaction.parents = vec![parent, BlockParent::default()];
        assert_eq!(dropped(&metas, &RetentionOptions::default()), [2, 1]);
        // The sum of sizes holds both, although they go anyway.
        assert_eq!(dropped(&metas, &by_size(250)), [2, 1]);
        let stored = StoredBlock { meta: &metas[1], bytes: 0 };
        let alone = retention(&[stored], Usage::default(), &RetentionOptions::default_time());
        assert_eq!(alone.dropped().count(), 0, "its child is not here");
        assert!(retention(&[], Usage::default(), &by_size(1)).blocks.is_empty());
    }

    #[test]
    fn reasons_are_sentences() {
        let reason = DropReason::Time { age: DEFAULT_TIME, limit: 7_200_000 };
        assert_eq!(reason.explain(), "ends 15d before the newest block; 2h are kept");
    }
}
