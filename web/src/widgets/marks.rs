//! How blocks, head and logs look: one meaning, one colour, one second sign, in every view.
//!
//! Used by all views, so that a mark means the same everywhere.

use super::lanes::{Look, Pattern};
use crate::protocol::{BlockFacts, BlockHint};

const fn look(
    fill: &'static str,
    edge: &'static str,
    text: &'static str,
    pattern: Pattern,
) -> Look {
    Look { fill, edge, text, pattern, struck: false, damaged: false }
}

/// In-order samples of the head.
pub const HEAD: Look = look("--head", "--head-edge", "--on-head", Pattern::Solid);
/// Head chunks in `chunks_head/`.
pub const MAPPED: Look = look("--head-soft", "--head-edge", "--text", Pattern::Hatched);
/// Out-of-order samples.
pub const OUT_OF_ORDER: Look =
    look("--disorder-soft", "--disorder-edge", "--text", Pattern::Hatched);
/// The write-ahead log.
pub const WAL: Look = look("--wal", "--wal-edge", "--on-wal", Pattern::Solid);
/// The out-of-order log.
pub const OUT_OF_ORDER_LOG: Look = look("--wal-soft", "--wal-edge", "--text", Pattern::Dashed);
/// A checkpoint.
pub const CHECKPOINT: Look = look("--wal-soft", "--wal-edge", "--text", Pattern::Outlined);
/// A memory snapshot.
pub const SNAPSHOT: Look = look("--head-soft", "--head-edge", "--text", Pattern::Outlined);

/// A block: blue by level; hatched violet when out of order; grey and struck when it will go.
#[must_use]
pub fn block(block: &BlockFacts) -> Look {
    let damaged = !block.problem.is_empty() || block.failed;
    if block.deletable || !block.hidden.is_empty() {
        let dropped = look("--dropped", "--dropped-edge", "--text", Pattern::Solid);
        return Look { struck: true, damaged, ..dropped };
    }
    if block.hints.contains(&BlockHint::OutOfOrder) {
        return Look { damaged, ..OUT_OF_ORDER };
    }
    Look { damaged, ..level(block.level) }
}

/// A block of a compaction level; all from level 6 on look the same and tell their number.
#[must_use]
pub fn level(level: u32) -> Look {
    const FILLS: [&str; 6] =
        ["--level-1", "--level-2", "--level-3", "--level-4", "--level-5", "--level-6"];
    let step = (level.clamp(1, 6) - 1) as usize;
    let text = if step < 3 { "--on-level-light" } else { "--on-level-deep" };
    look(FILLS[step], "--level-edge", text, Pattern::Solid)
}
