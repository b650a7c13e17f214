//! What a merged block says of itself before a sample is written: range, level, ancestors, hints.
//!
//! Invariants
//! 1. Its range covers those of all inputs; its level is one above the highest of them.
//! 2. `sources` are the level 1 ancestors of all inputs, each once, by ULID; `parents` the inputs
//!    in the order of the plan. A reload deletes every parent, which is how inputs disappear.
//! 3. `from-out-of-order` stays only where every input has it: such blocks do not say up to when
//!    in-order data is complete. The other hints stay where any input has them.

use std::collections::BTreeSet;

use crate::block::{BlockMeta, BlockParent, Compaction};
use crate::types::{BlockId, Timestamp};

/// Samples that came late.
pub(super) const FROM_OUT_OF_ORDER: &str = "from-out-of-order";
/// Series that had ended, taken out of the head before their time.
pub const FROM_STALE_SERIES: &str = "from-stale-series";
/// Series somebody chose to take out of the head.
pub(super) const FROM_SELECTED_SERIES: &str = "from-selected-series";

/// The `meta.json` of the block `id` that `inputs` are merged into; `stats` are for its writer.
#[must_use]
pub fn merged_meta(id: BlockId, inputs: &[&BlockMeta]) -> BlockMeta {
    let sources: BTreeSet<BlockId> =
        inputs.iter().flat_map(|meta| meta.compaction.sources.iter().copied()).collect();
    let parents = inputs.iter().map(|meta| BlockParent {
        ulid: meta.ulid,
        min_time: meta.min_time,
        max_time: meta.max_time,
    });
    BlockMeta {
        ulid: id,
        min_time: inputs.iter().map(|meta| meta.min_time).min().unwrap_or(Timestamp::MAX),
        max_time: inputs.iter().map(|meta| meta.max_time).max().unwrap_or(Timestamp::MIN),
        compaction: Compaction {
            level: inputs.iter().map(|meta| meta.compaction.level).max().unwrap_or(0) + 1,
            sources: sources.into_iter().collect(),
            parents: parents.collect(),
            hints: merged_hints(inputs),
            ..Compaction::default()
        },
        version: 1,
        ..BlockMeta::default()
    }
}

/// The `meta.json` of the level 1 block `id`: cut from the head, or written again without the
/// samples that were deleted of `parent`, whose hints it keeps. Its times are `min_time` to before
/// `max_time`.
///
/// Upstream names the zero ULID as the parent of blocks from late samples and from evicted series;
/// for those hand in a parent with nothing but the hint.
#[must_use]
pub fn first_meta(
    id: BlockId,
    (min_time, max_time): (Timestamp, Timestamp),
    parent: Option<&BlockMeta>,
) -> BlockMeta {
    let named = parent.map(|parent| BlockParent {
        ulid: parent.ulid,
        min_time: parent.min_time,
        max_time: parent.max_time,
    });
    BlockMeta {
        ulid: id,
        min_time,
        max_time,
        compaction: Compaction {
            level: 1,
            sources: vec![id],
            parents: named.into_iter().collect(),
            hints: parent.map(|parent| parent.compaction.hints.clone()).unwrap_or_default(),
            ..Compaction::default()
        },
        version: 1,
        ..BlockMeta::default()
    }
}

/// The hints, sorted as in the file.
fn merged_hints(inputs: &[&BlockMeta]) -> Vec<String> {
    let has = |meta: &&BlockMeta, hint: &str| has_hint(meta, hint);
    let kept = [
        (FROM_OUT_OF_ORDER, inputs.iter().all(|meta| has(meta, FROM_OUT_OF_ORDER))),
        (FROM_SELECTED_SERIES, inputs.iter().any(|meta| has(meta, FROM_SELECTED_SERIES))),
        (FROM_STALE_SERIES, inputs.iter().any(|meta| has(meta, FROM_STALE_SERIES))),
    ];
    let kept = kept.into_iter().filter(|(_, kept)| *kept && !inputs.is_empty());
    kept.map(|(hint, _)| hint.to_owned()).collect()
}

/// Whether the block carries `hint`.
pub(super) fn has_hint(meta: &BlockMeta, hint: &str) -> bool {
    meta.compaction.hints.iter().any(|own| own == hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(id: u128, range: (i64, i64), level: i64, hints: &[&str]) -> BlockMeta {
        let hints = hints.iter().map(ToString::to_string).collect();
        let sources = vec![BlockId(id), BlockId(100 - id)];
        BlockMeta {
            ulid: BlockId(id),
            min_time: range.0,
            max_time: range.1,
            compaction: Compaction { level, sources, hints, ..Compaction::default() },
            ..BlockMeta::default()
        }
    }

    #[test]
    fn a_merged_block_knows_its_ancestors() {
        let (first, second) = (block(7, (-5, 10), 2, &[]), block(3, (2, 8), 4, &[]));
        let merged = merged_meta(BlockId(50), &[&first, &second]);
        assert_eq!((merged.min_time, merged.max_time, merged.version), (-5, 10, 1));
        assert_eq!(merged.compaction.level, 5);
        assert_eq!(merged.compaction.sources, [3, 7, 93, 97].map(BlockId));
        let parents: Vec<u128> =
            merged.compaction.parents.iter().map(|parent| parent.ulid.0).collect();
        assert_eq!(parents, [7, 3], "in the order of the plan");
    }

    #[test]
    fn hints_follow_two_rules() {
        let late = block(1, (0, 1), 1, &[FROM_OUT_OF_ORDER]);
        let late_and_stale = block(2, (0, 1), 1, &[FROM_OUT_OF_ORDER, FROM_STALE_SERIES]);
        let plain = block(3, (0, 1), 1, &[]);
        let hints = |inputs: &[&BlockMeta]| merged_meta(BlockId(9), inputs).compaction.hints;
        assert_eq!(hints(&[&late, &late_and_stale]), [FROM_OUT_OF_ORDER, FROM_STALE_SERIES]);
        assert_eq!(hints(&[&late_and_stale, &plain]), [FROM_STALE_SERIES]);
        assert_eq!(hints(&[&late, &plain]).len(), 0);
        assert_eq!(hints(&[]).len(), 0);
    }
}
