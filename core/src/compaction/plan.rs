//! Which blocks to merge next, and why: a pure function of what their `meta.json` files say.
//!
//! Rules, in this order; the first that finds something decides, and the caller asks again after
//! each merge. They are those of Prometheus 3.14.
//!
//! 1. Blocks are taken by name up to the first that is held back.
//! 2. Blocks of evicted series are no company for others: all others are planned first, then those
//!    of series that had ended, then those of series somebody chose.
//! 3. **Overlap.** By start, the first run of blocks that begin before an earlier one ends. A merge
//!    that failed before does not count here.
//! 4. The newest block, by start, is left alone, so that data can be put beside it.
//! 5. **Range.** For each range of the ladder but the first: blocks that lie in one range of that
//!    length, two or more, none marked as failed, where they reach from its one end to the other or
//!    a later block has begun where they end.
//! 6. **Deleted.** From the newest to the oldest: a block of at least the middle range of the
//!    ladder with more than 5 % deleted intervals per series. A shorter one is taken when it has as
//!    many of them as series, and otherwise ends the search: it will be merged anyway.
//!
//! A caller that met an error stops the round: an overlap that cannot be merged stays planned.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::lineage::{FROM_SELECTED_SERIES, FROM_STALE_SERIES, has_hint};
use super::ranges::{Group, split_by_range};
use super::reason::{DeletedVerdict, Reason, Verdict};
use crate::block::BlockMeta;
use crate::types::{BlockId, Duration, Timestamp};

/// Deleted intervals per series above which a large block is rewritten.
const DELETED_RATIO: f64 = 0.05;

/// What the planner is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanOptions {
    /// The ladder of block ranges, ascending: [`super::block_ranges`].
    pub ranges: Vec<Duration>,
    /// Merge blocks whose times overlap.
    pub merge_overlaps: bool,
    /// Blocks somebody still needs as they are, such as an uploader: by name, the first of them and
    /// all after it are left out.
    pub held_back: BTreeSet<BlockId>,
}

impl PlanOptions {
    /// The settings of a server with this ladder of ranges.
    #[must_use]
    pub const fn new(ranges: Vec<Duration>) -> Self {
        Self { ranges, merge_overlaps: true, held_back: BTreeSet::new() }
    }
}

/// What to do next, and what is to be said of every block.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The merge to do next; none when nothing is left to do.
    pub next: Option<PlannedMerge>,
    /// All blocks by start, then by name.
    pub blocks: Vec<BlockPlan>,
}

/// Blocks to merge into one. It can be a single block, rewritten without what is deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedMerge {
    /// The blocks, by start.
    pub sources: Vec<BlockId>,
    /// First millisecond of the new block's range, inside.
    pub min_time: Timestamp,
    /// End of the new block's range, **outside**.
    pub max_time: Timestamp,
    /// Why.
    pub reason: Reason,
}

/// What the plan says of one block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockPlan {
    /// The block.
    pub id: BlockId,
    /// First millisecond of its range, inside.
    pub min_time: Timestamp,
    /// End of its range, **outside**.
    pub max_time: Timestamp,
    /// Whether it is merged, and why not.
    pub verdict: Verdict,
    /// What is to be said of its deleted intervals; none when it has none.
    pub deleted: Option<DeletedVerdict>,
}

impl BlockPlan {
    /// What is to be said of the block, in words; of what is deleted only where nothing else is
    /// going to remove it. `time` writes a time.
    pub fn explain(&self, time: impl Fn(Timestamp) -> String) -> String {
        let verdict = self.verdict.explain(time);
        let merged = matches!(self.verdict, Verdict::Chosen | Verdict::Queued { .. });
        match self.deleted.filter(|_| !merged) {
            Some(deleted) => format!("{verdict}; {}", deleted.explain()),
            None => verdict,
        }
    }
}

/// Blocks the rules would merge.
#[derive(Debug, Clone, Copy)]
struct Candidate<'a> {
    blocks: &'a [&'a BlockMeta],
    reason: Reason,
}

/// What the rules say of the blocks of one class.
#[derive(Debug, Default)]
struct Review<'a> {
    candidates: Vec<Candidate<'a>>,
    groups: Vec<Group<'a>>,
    deleted: Vec<(BlockId, DeletedVerdict)>,
}

/// Decides which of the blocks with these descriptions to merge next.
#[must_use]
pub fn plan(metas: &[BlockMeta], options: &PlanOptions) -> Plan {
    let mut by_name: Vec<&BlockMeta> = metas.iter().collect();
    by_name.sort_by_key(|meta| meta.ulid);
    let first_held = by_name.iter().position(|meta| options.held_back.contains(&meta.ulid));
    let held = by_name.split_off(first_held.unwrap_or(by_name.len()));
    let mut plan = Plan::default();
    for class in classes(by_name) {
        let review = review(&class, options);
        if plan.next.is_none() {
            plan.next = review.candidates.first().map(planned);
        }
        plan.blocks.extend(class.iter().enumerate().map(|(at, meta)| {
            let newest = at + 1 == class.len();
            let verdict = verdict(meta, newest, plan.next.as_ref(), &review);
            let deleted = review.deleted.iter().find(|(id, _)| *id == meta.ulid);
            block_plan(meta, verdict, deleted.map(|(_, verdict)| *verdict))
        }));
    }
    plan.blocks.extend(held.into_iter().map(|meta| block_plan(meta, Verdict::HeldBack, None)));
    plan.blocks.sort_by_key(|block| (block.min_time, block.id));
    plan
}

/// The blocks in the order in which their classes are planned, each class by start.
fn classes(by_name: Vec<&BlockMeta>) -> [Vec<&BlockMeta>; 3] {
    let mut classes = [const { Vec::new() }; 3];
    for meta in by_name {
        let class = match meta {
            meta if has_hint(meta, FROM_STALE_SERIES) => 1,
            meta if has_hint(meta, FROM_SELECTED_SERIES) => 2,
            _ => 0,
        };
        classes[class].push(meta);
    }
    for class in &mut classes {
        class.sort_by_key(|meta| meta.min_time);
    }
    classes
}

/// Applies all rules to the blocks of one class, which are sorted by start.
fn review<'a>(blocks: &'a [&'a BlockMeta], options: &PlanOptions) -> Review<'a> {
    let mut review = Review::default();
    if options.merge_overlaps {
        let overlapping = overlaps(blocks).into_iter();
        review
            .candidates
            .extend(overlapping.map(|blocks| Candidate { blocks, reason: Reason::Overlap }));
    }
    let Some((_, older)) = blocks.split_last() else { return review };
    let begun = older.last().map_or(Timestamp::MIN, |meta| meta.min_time);
    for length in options.ranges.iter().skip(1) {
        review.groups.extend(split_by_range(older, *length));
    }
    let due = review.groups.iter().filter_map(|group| {
        Some(Candidate { blocks: group.blocks, reason: range_reason(group, begun)? })
    });
    review.candidates.extend(due);
    let middle = options.ranges.get(options.ranges.len() / 2).copied().unwrap_or_default();
    search_deleted(older, middle, &mut review);
    review
}

/// Runs of two or more blocks that begin before an earlier one ends.
fn overlaps<'a>(blocks: &'a [&'a BlockMeta]) -> Vec<&'a [&'a BlockMeta]> {
    let mut runs = Vec::new();
    let (mut start, mut end) = (0, Timestamp::MIN);
    for at in 0..=blocks.len() {
        let next = blocks.get(at);
        if next.is_none_or(|meta| meta.min_time >= end) {
            if at > start + 1 {
                runs.push(&blocks[start..at]);
            }
            start = at;
        }
        end = end.max(next.map_or(end, |meta| meta.max_time));
    }
    runs
}

/// Why a group is due, when it is. `begun` is the start of the last block considered.
fn range_reason(group: &Group<'_>, begun: Timestamp) -> Option<Reason> {
    let (first, last) = (group.blocks.first()?, group.blocks.last()?);
    let (start, length) = (group.start, group.length);
    if group.blocks.len() < 2 || failed(group).is_some() {
        None
    } else if last.max_time.saturating_sub(first.min_time) == length {
        Some(Reason::RangeComplete { start, length })
    } else if last.max_time <= begun {
        Some(Reason::RangePassed { start, length })
    } else {
        None
    }
}

fn failed(group: &Group<'_>) -> Option<BlockId> {
    group.blocks.iter().find(|meta| meta.compaction.failed).map(|meta| meta.ulid)
}

/// Goes through `older` from the newest on and adds blocks of which enough is deleted.
fn search_deleted<'a>(older: &'a [&'a BlockMeta], middle: Duration, review: &mut Review<'a>) {
    let mut stopped_by = None;
    for (at, meta) in older.iter().enumerate().rev() {
        let (tombstones, series) = (meta.stats.num_tombstones, meta.stats.num_series);
        let small = meta.max_time.saturating_sub(meta.min_time) < middle;
        let ratio = tombstones as f64 / (series as f64 + 1.0);
        let reason = match small {
            true => Some(Reason::AllDeleted { tombstones, series })
                .filter(|_| tombstones > 0 && tombstones >= series),
            false => {
                Some(Reason::ManyDeleted { tombstones, series }).filter(|_| ratio > DELETED_RATIO)
            }
        };
        let verdict = match (stopped_by, reason) {
            (Some(stopped_by), _) => DeletedVerdict::Behind { stopped_by },
            (None, Some(reason)) => {
                review.candidates.push(Candidate { blocks: &older[at..=at], reason });
                DeletedVerdict::Enough
            }
            (None, None) if small => {
                stopped_by = Some(meta.ulid);
                DeletedVerdict::Small { at_least: middle }
            }
            (None, None) => DeletedVerdict::Few,
        };
        if tombstones > 0 {
            review.deleted.push((meta.ulid, verdict));
        }
    }
}

fn planned(candidate: &Candidate<'_>) -> PlannedMerge {
    let blocks = candidate.blocks;
    PlannedMerge {
        sources: blocks.iter().map(|meta| meta.ulid).collect(),
        min_time: blocks.iter().map(|meta| meta.min_time).min().unwrap_or(Timestamp::MAX),
        max_time: blocks.iter().map(|meta| meta.max_time).max().unwrap_or(Timestamp::MIN),
        reason: candidate.reason,
    }
}

fn block_plan(meta: &BlockMeta, verdict: Verdict, deleted: Option<DeletedVerdict>) -> BlockPlan {
    let BlockMeta { ulid, min_time, max_time, .. } = *meta;
    BlockPlan { id: ulid, min_time, max_time, verdict, deleted }
}

/// What the rules say of one block: the shortest range in which it has company decides.
fn verdict(
    meta: &BlockMeta,
    newest: bool,
    next: Option<&PlannedMerge>,
    review: &Review<'_>,
) -> Verdict {
    let holds = |blocks: &[&BlockMeta]| blocks.iter().any(|other| other.ulid == meta.ulid);
    if next.is_some_and(|next| next.sources.contains(&meta.ulid)) {
        return Verdict::Chosen;
    }
    if let Some(due) = review.candidates.iter().find(|candidate| holds(candidate.blocks)) {
        return Verdict::Queued { reason: due.reason };
    }
    if newest {
        return Verdict::Newest;
    }
    let mut own = review.groups.iter().filter(|group| holds(group.blocks)).peekable();
    let fits = own.peek().is_some();
    match own.find(|group| group.blocks.len() > 1) {
        Some(group) => match failed(group) {
            Some(block) => Verdict::Failed { block, length: group.length },
            None => Verdict::Waiting { end: group.end(), length: group.length },
        },
        None if fits => Verdict::Alone,
        None => Verdict::NoRange,
    }
}

#[cfg(test)]
mod tests {
    use super::super::ranges::block_ranges;
    use super::*;
    use crate::block::{BlockStats, Compaction};

    /// A block of the range, named by `id`.
    fn block(id: u128, min_time: i64, max_time: i64) -> BlockMeta {
        let stats = BlockStats { num_series: 10, ..BlockStats::default() };
        BlockMeta { ulid: BlockId(id), min_time, max_time, stats, ..BlockMeta::default() }
    }

    fn with_deleted(mut meta: BlockMeta, num_tombstones: u64) -> BlockMeta {
        meta.stats.num_tombstones = num_tombstones;
        meta
    }

    fn with_hint(mut meta: BlockMeta, hint: &str) -> BlockMeta {
        meta.compaction.hints.push(hint.to_owned());
        meta
    }

    fn failed_block(id: u128, min_time: i64, max_time: i64) -> BlockMeta {
        let compaction = Compaction { failed: true, ..Compaction::default() };
        BlockMeta { compaction, ..block(id, min_time, max_time) }
    }

    /// The plan for ranges of 20, 60 and 180.
    fn planned(metas: &[BlockMeta]) -> Plan {
        plan(metas, &PlanOptions::new(block_ranges(20, 200)))
    }

    fn next(metas: &[BlockMeta]) -> Vec<u128> {
        let sources = planned(metas).next.map(|next| next.sources).unwrap_or_default();
        sources.into_iter().map(|id| id.0).collect()
    }

    fn verdicts(metas: &[BlockMeta]) -> Vec<Verdict> {
        planned(metas).blocks.into_iter().map(|block| block.verdict).collect()
    }

    #[test]
    fn a_full_range_is_merged_once_it_is_not_the_newest() {
        let three = [block(1, 0, 20), block(2, 20, 40), block(3, 40, 60)];
        assert_eq!(next(&three), [0; 0], "the third is the newest, and the range goes on");
        let waiting = Verdict::Waiting { end: 60, length: 60 };
        assert_eq!(verdicts(&three), [waiting, waiting, Verdict::Newest]);
        let four = [&three[..], &[block(4, 60, 80)]].concat();
        let plan = planned(&four);
        let reason = Reason::RangeComplete { start: 0, length: 60 };
        let sources = [1, 2, 3].map(BlockId).to_vec();
        assert_eq!(plan.next, Some(PlannedMerge { sources, min_time: 0, max_time: 60, reason }));
    }

    #[test]
    fn a_range_with_holes_is_merged_when_it_is_behind() {
        let blocks = [block(1, 0, 20), block(2, 20, 40), block(3, 60, 80), block(4, 80, 100)];
        let plan = planned(&blocks);
        assert_eq!(plan.next.unwrap().reason, Reason::RangePassed { start: 0, length: 60 });
        assert_eq!(verdicts(&blocks)[2], Verdict::Waiting { end: 180, length: 180 });
        // What reaches over the border of its range is merged with nothing.
        let odd = [block(2, 50, 70), block(3, 80, 100), block(4, 200, 220), block(5, 400, 420)];
        assert_eq!(next(&odd), [2, 3], "but in a longer range with others");
        let across = [block(1, 170, 190), block(2, 200, 220), block(3, 400, 420)];
        assert_eq!(next(&[&across[..], &[block(4, 600, 620)]].concat()), [0; 0]);
        assert_eq!(verdicts(&across)[..2], [Verdict::NoRange, Verdict::Alone]);
    }

    #[test]
    fn short_ranges_go_first_and_times_before_1970_are_no_exception() {
        let blocks = [block(1, -60, -40), block(2, -40, -20), block(3, -20, 0), block(4, 0, 20)];
        assert_eq!(next(&blocks), [1, 2, 3]);
        let long = [block(1, 0, 60), block(2, 60, 80), block(3, 80, 100), block(4, 120, 180)];
        let long = [&long[..], &[block(5, 180, 200)]].concat();
        assert_eq!(next(&long), [2, 3], "60 before 180");
        let due_later = Reason::RangeComplete { start: 0, length: 180 };
        assert_eq!(verdicts(&long)[0], Verdict::Queued { reason: due_later });
    }

    #[test]
    fn a_failed_block_holds_its_range_back() {
        let blocks = [failed_block(1, 0, 20), block(2, 20, 40), block(3, 40, 60), block(4, 60, 80)];
        assert_eq!(next(&blocks), [0; 0]);
        let failed = Verdict::Failed { block: BlockId(1), length: 60 };
        assert_eq!(verdicts(&blocks), [failed, failed, failed, Verdict::Newest]);
        // The other rules do not look at the mark.
        assert_eq!(next(&[failed_block(1, 0, 20), block(2, 10, 30)]), [1, 2]);
        let deleted = with_deleted(failed_block(1, 0, 20), 10);
        assert_eq!(next(&[deleted, block(2, 60, 80)]), [1]);
    }

    #[test]
    fn the_first_run_of_overlaps_goes_first() {
        let blocks = [
            block(1, 0, 20),
            block(2, 20, 40),
            block(3, 30, 35),
            block(4, 39, 60),
            block(5, 60, 80),
            block(6, 70, 90),
        ];
        assert_eq!(next(&blocks), [2, 3, 4]);
        let later = Verdict::Queued { reason: Reason::Overlap };
        assert_eq!(verdicts(&blocks)[4..], [later, later], "also with the newest block");
        let mut options = PlanOptions::new(block_ranges(20, 200));
        options.merge_overlaps = false;
        assert_ne!(plan(&blocks, &options).next.unwrap().reason, Reason::Overlap);
        // A library's default ladder has one step: overlaps are all it merges.
        let one_step = PlanOptions::new(block_ranges(20, 20));
        assert!(plan(&blocks, &one_step).next.is_some());
        assert_eq!(plan(&blocks[..2], &one_step).next, None);
        assert_eq!(plan(&blocks[..2], &one_step).blocks[0].verdict, Verdict::NoRange);
    }

    #[test]
    fn what_is_deleted_counts_from_the_newest_to_the_oldest() {
        // 60 is the middle of the ladder. Of 10 series, 5 % of 11 are less than one interval.
        let large = with_deleted(block(1, 0, 60), 1);
        let newest = with_deleted(block(9, 240, 260), 10);
        assert_eq!(next(&[large.clone(), newest.clone()]), [1]);
        let reason = planned(&[large.clone(), newest.clone()]).next.unwrap().reason;
        assert_eq!(reason, Reason::ManyDeleted { tombstones: 1, series: 10 });
        let small = with_deleted(block(2, 180, 200), 9);
        let plan = planned(&[large.clone(), small.clone(), newest.clone()]);
        assert_eq!(plan.next, None, "the small block ends the search");
        let deleted: Vec<_> = plan.blocks.iter().map(|block| block.deleted).collect();
        let behind = DeletedVerdict::Behind { stopped_by: BlockId(2) };
        assert_eq!(deleted, [Some(behind), Some(DeletedVerdict::Small { at_least: 60 }), None]);
        let words = plan.blocks[1].explain(|time| time.to_string());
        assert_eq!(
            words,
            "the only block in every range it fits into; not rewritten for what is \
                           deleted: shorter than 60ms"
        );
        let gone = with_deleted(small, 10);
        assert_eq!(next(&[large, gone, newest]), [2]);
        let mut few = with_deleted(block(1, 0, 60), 5);
        few.stats.num_series = 100;
        assert_eq!(next(&[few.clone(), block(2, 180, 200)]), [0; 0], "5 of 101 are less than 5 %");
        few.stats.num_tombstones = 6;
        assert_eq!(next(&[few, block(2, 180, 200)]), [1]);
    }

    #[test]
    fn blocks_of_evicted_series_are_merged_among_themselves() {
        let stale = |id, at| with_hint(block(id, at, at + 20), FROM_STALE_SERIES);
        let selected = |id, at| with_hint(block(id, at, at + 20), FROM_SELECTED_SERIES);
        let late = with_hint(block(9, 65, 70), super::super::lineage::FROM_OUT_OF_ORDER);
        // They overlap blocks of other classes, and nobody minds.
        let apart = [block(1, 0, 20), stale(2, 0), selected(3, 0), block(4, 60, 80)];
        assert_eq!(next(&apart), [0; 0]);
        assert_eq!(next(&[&apart[..], &[stale(5, 10)]].concat()), [2, 5]);
        assert_eq!(next(&[&apart[..], &[selected(6, 10), stale(5, 10)]].concat()), [2, 5]);
        assert_eq!(next(&[&apart[..], &[selected(6, 10), late]].concat()), [4, 9]);
    }

    #[test]
    fn from_the_first_block_held_back_all_stay() {
        let four = [block(1, 0, 20), block(2, 20, 40), block(3, 40, 60), block(4, 60, 80)];
        let mut options = PlanOptions::new(block_ranges(20, 200));
        options.held_back.insert(BlockId(4));
        let held = plan(&four, &options);
        assert_eq!(held.next, None, "the third is now the newest");
        assert_eq!(held.blocks[3].verdict, Verdict::HeldBack);
        options.held_back.insert(BlockId(1));
        assert!(plan(&four, &options).blocks.iter().all(|b| b.verdict == Verdict::HeldBack));
        assert_eq!(planned(&[]), Plan::default());
    }
}
