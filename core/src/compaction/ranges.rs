//! The ladder of block ranges: how long blocks may become, and where those ranges begin.
//!
//! ```text
//! 2h  ├──┼──┼──┼──┼──┼──┼──┼──┼──┤
//! 6h  ├────────┼────────┼────────┤      ranges of one length lie side by side and begin at
//! 18h ├──────────────────────────┤      multiples of it, counted from 1970
//! ```
//!
//! Invariants
//! 1. Each range is three times the one before, and none is longer than the largest block allowed.
//! 2. The start of a range is a multiple of its length: rounded down, before 1970 as well.

use crate::block::BlockMeta;
use crate::types::{Duration, Timestamp};

/// Most steps of the ladder, as upstream has it.
const STEPS: usize = 10;
/// How much longer each step is than the one before.
const FACTOR: Duration = 3;

/// The ladder from the shortest block, `min`, to at most `max`: `[min, 3 min, 9 min, …]`, at least
/// one step. A Prometheus server has 2 h, and as `max` a tenth of its time retention, at most 31 d.
#[must_use]
pub fn block_ranges(min: Duration, max: Duration) -> Vec<Duration> {
    let min = min.max(1);
    let next = |range: &Duration| range.checked_mul(FACTOR).filter(|range| *range <= max);
    std::iter::successors(Some(min), next).take(STEPS).collect()
}

/// Start of the range of `length` that holds `time`.
#[must_use]
pub const fn aligned_start(time: Timestamp, length: Duration) -> Timestamp {
    let length = if length < 1 { 1 } else { length };
    time.div_euclid(length).saturating_mul(length)
}

/// A range of one length, and the blocks that lie in it and nowhere else.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group<'a> {
    /// First millisecond of the range.
    pub(super) start: Timestamp,
    /// Its length.
    pub(super) length: Duration,
    /// The blocks, by start; at least one.
    pub(super) blocks: &'a [&'a BlockMeta],
}

impl Group<'_> {
    /// First millisecond after the range.
    pub(super) fn end(&self) -> Timestamp {
        self.start.saturating_add(self.length)
    }
}

/// Groups blocks, which are sorted by start, by ranges of `length`. Blocks that reach out of the
/// range they begin in are in no group.
pub(super) fn split_by_range<'a>(blocks: &'a [&'a BlockMeta], length: Duration) -> Vec<Group<'a>> {
    let mut groups = Vec::new();
    let mut rest = blocks;
    while let Some(first) = rest.first() {
        let start = aligned_start(first.min_time, length);
        let end = start.saturating_add(length);
        let inside = rest.iter().take_while(|block| block.max_time <= end).count();
        if inside > 0 {
            groups.push(Group { start, length, blocks: &rest[..inside] });
        }
        rest = &rest[inside.max(1)..];
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = 3_600_000;

    #[test]
    fn the_ladder_is_that_of_a_server() {
        let hours = |min, max| -> Vec<i64> {
            block_ranges(min * HOUR, max * HOUR).iter().map(|range| range / HOUR).collect()
        };
        assert_eq!(hours(2, 36), [2, 6, 18], "15 d of retention");
        assert_eq!(hours(2, 31 * 24), [2, 6, 18, 54, 162, 486], "the longest a server has");
        assert_eq!(hours(2, 18), [2, 6, 18], "the bound itself is allowed");
        assert_eq!(hours(2, 2), [2], "a library's default: nothing is merged by range");
        assert_eq!(hours(2, 1), [2]);
        assert_eq!(block_ranges(0, Duration::MAX).len(), STEPS);
        assert_eq!(block_ranges(Duration::MAX, Duration::MAX), [Duration::MAX]);
    }

    #[test]
    fn ranges_begin_at_multiples_before_1970_too() {
        let starts = [-101, -100, -1, 0, 99, 100].map(|time| aligned_start(time, 100));
        assert_eq!(starts, [-200, -100, -100, 0, 0, 100]);
        assert_eq!(aligned_start(Timestamp::MIN, HOUR), Timestamp::MIN, "no overflow");
    }

    #[test]
    fn blocks_are_grouped_by_the_range_they_lie_in() {
        let block = |min_time, max_time| BlockMeta { min_time, max_time, ..BlockMeta::default() };
        let metas =
            [block(-6, -4), block(-2, 0), block(0, 2), block(4, 6), block(5, 7), block(8, 9)];
        let blocks: Vec<&BlockMeta> = metas.iter().collect();
        let groups: Vec<(i64, usize)> = split_by_range(&blocks, 6)
            .iter()
            .map(|group| (group.start, group.blocks.len()))
            .collect();
        // The one from 5 to 7 reaches over the border at 6 and is left out.
        assert_eq!(groups, [(-6, 2), (0, 2), (6, 1)]);
    }
}
