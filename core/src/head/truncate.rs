//! Forgetting what blocks hold by now.
//!
//! When a block was cut from the head up to a time, everything before that time leaves: chunks,
//! series of which nothing is left, tombstones, and head chunk files that nobody refers to. The
//! write-ahead log still has samples of series that left, so their records must stay in the log as
//! long: until when, the head remembers ([`Head::keeps_record`]).

use super::state::{Deleted, Head};
use crate::error::Result;
use crate::event::Event;
use crate::types::{ChunkRef, Duration, SeriesRef, TimeRange, Timestamp};

/// What a pass of garbage collection found.
#[derive(Debug)]
struct Collected {
    /// First in-order sample that is left, as upstream counts; `Timestamp::MAX` when no series is.
    oldest: Timestamp,
    /// First out-of-order sample that is left; `Timestamp::MAX` when none is.
    oldest_late: Timestamp,
    /// Lowest number of a head chunk file that is referred to.
    lowest_file: u32,
    series: usize,
    chunks: usize,
}

/// Series whose records are kept; see [`Head::kept_records`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeptRecords(Vec<SeriesRef>);

impl KeptRecords {
    /// True when the record of `series` is kept.
    #[must_use]
    pub fn contains(&self, series: SeriesRef) -> bool {
        self.0.binary_search(&series).is_ok()
    }
}

impl Head {
    /// True when the head reaches over more than one and a half chunk ranges: its oldest range is
    /// then closed for in-order samples and can be cut into a block.
    #[must_use]
    pub fn is_compactable(&self) -> bool {
        let TimeRange { min_time, max_time } = self.bounds.in_order;
        !self.bounds.in_order.is_empty()
            && max_time.saturating_sub(min_time) > self.options.chunk_range / 2 * 3
    }

    /// The times of the block that is cut next: from the head's first sample to the end of its
    /// chunk range, which does not belong to it. `None` for a head without samples.
    #[must_use]
    pub fn next_block_range(&self) -> Option<(Timestamp, Timestamp)> {
        let min_time = self.bounds.in_order.min_time;
        let is_empty = self.bounds.in_order.is_empty();
        (!is_empty).then(|| (min_time, self.options.range_end(min_time)))
    }

    /// Length of the head's chunk ranges, in milliseconds.
    #[must_use]
    pub fn chunk_range(&self) -> Duration {
        self.options.chunk_range
    }

    /// In-order samples before this are refused or in blocks.
    #[must_use]
    pub fn min_valid_time(&self) -> Timestamp {
        self.bounds.min_valid_time
    }

    /// Forgets in-order samples before `min_time`, which a block holds. Nothing happens when the
    /// head begins there already. Appenders that are open lose what they hold of that time.
    ///
    /// # Errors
    /// A head chunk file cannot be finished or removed. Memory is truncated all the same; the files
    /// go with the next truncation.
    pub fn truncate(&mut self, min_time: Timestamp) -> Result<()> {
        let bounds = &mut self.bounds;
        if bounds.in_order.is_empty() {
            bounds.begin_at(min_time);
            bounds.min_valid_time = min_time;
            return Ok(());
        }
        if bounds.in_order.min_time >= min_time {
            return Ok(());
        }
        bounds.in_order = TimeRange::new(min_time, bounds.in_order.max_time.max(min_time));
        bounds.min_valid_time = min_time;
        self.collect_and_set_bounds()
    }

    /// Forgets out-of-order chunks in files up to `last`, which blocks hold.
    ///
    /// # Errors
    /// As [`Head::truncate`].
    pub fn truncate_out_of_order(&mut self, last: ChunkRef) -> Result<()> {
        self.late_in_blocks = self.late_in_blocks.max(last);
        self.collect_and_set_bounds()
    }

    /// Whether a checkpoint that drops samples before `min_time` keeps the record of `series`: the
    /// series is in the head, or samples in the log still need it.
    #[must_use]
    pub fn keeps_record(&self, series: SeriesRef, min_time: Timestamp) -> bool {
        let in_head = self
            .registry
            .find(series)
            .is_some_and(|found| !found.alias && self.registry.get(found.slot).is_some());
        in_head || self.wal_expiries.get(&series).is_some_and(|until| *until >= min_time)
    }

    /// The series whose records a checkpoint keeps that drops samples before `min_time`, as they
    /// are now: for a checkpoint that is written while the head goes on. See
    /// [`Head::keeps_record`].
    #[must_use]
    pub fn kept_records(&self, min_time: Timestamp) -> KeptRecords {
        let needed = self.wal_expiries.iter().filter(|(_, until)| **until >= min_time);
        let in_head = self.registry.iter().map(|(_, series)| series.reference());
        let mut kept: Vec<SeriesRef> = in_head.chain(needed.map(|(series, _)| *series)).collect();
        kept.sort_unstable();
        KeptRecords(kept)
    }

    /// Forgets until when the log is needed for series, where that was before `min_time`. To be
    /// called when the log was truncated to it.
    pub fn forget_expiries(&mut self, min_time: Timestamp) {
        self.wal_expiries.retain(|_, until| *until >= min_time);
    }

    fn collect_and_set_bounds(&mut self) -> Result<()> {
        let collected = self.collect();
        let bounds = &mut self.bounds;
        let head_max_time = bounds.in_order.max_time;
        if collected.oldest > bounds.in_order.min_time {
            let closed = head_max_time.saturating_sub(self.options.chunk_range / 2);
            let min_time = collected.oldest.min(closed.max(bounds.min_valid_time));
            bounds.in_order.min_time = min_time;
            bounds.min_valid_time = min_time;
        }
        if !bounds.out_of_order.is_empty() {
            // A late sample may have come that old since the series were looked at, upstream says.
            let window = self.options.out_of_order_window;
            let oldest = collected.oldest_late.min(head_max_time.saturating_sub(window));
            bounds.out_of_order.min_time = oldest;
        }
        let min_time = bounds.in_order.min_time;
        let Collected { series, chunks, lowest_file, .. } = collected;
        self.story.tell(|| Event::HeadTruncated { min_time, series, chunks });
        self.remove_chunk_files_below(lowest_file)
    }

    /// At the end of a replay: drops what lies before the head's time, and series of which nothing
    /// is left.
    pub(super) fn collect_garbage(&mut self) {
        self.bounds.raise_min_time();
        self.collect();
    }

    fn collect(&mut self) -> Collected {
        let min_time = self.bounds.in_order.min_time;
        let mut collected = Collected {
            oldest: Timestamp::MAX,
            oldest_late: Timestamp::MAX,
            lowest_file: u32::MAX,
            series: 0,
            chunks: 0,
        };
        let mut empty = Vec::new();
        for slot in 0..self.registry.num_slots() {
            let Some((series, bytes)) = self.registry.with_bytes(slot) else { continue };
            collected.chunks += series.drop_before(min_time, bytes);
            collected.chunks += series.drop_late_up_to(self.late_in_blocks);
            if series.is_empty() {
                empty.push(slot);
                continue;
            }
            // Upstream takes a series with out-of-order samples only for infinitely old.
            let range = series.in_order_range();
            let oldest = if range.is_empty() { Timestamp::MIN } else { range.min_time };
            collected.oldest = collected.oldest.min(oldest);
            collected.oldest_late = collected.oldest_late.min(series.late_range().min_time);
            if let Some(file) = series.lowest_file() {
                collected.lowest_file = collected.lowest_file.min(file);
            }
        }
        self.remove_series(&empty, collected.oldest);
        collected.series = empty.len();
        self.drop_tombstones(min_time);
        collected
    }

    /// Removes series; the log is needed for them until `keep_until`.
    fn remove_series(&mut self, slots: &[u32], keep_until: Timestamp) {
        for slot in slots {
            let Some(series) = self.registry.remove(*slot) else { continue };
            let reference = series.reference();
            self.tombstones.remove(&reference);
            self.wal_expiries.insert(reference, keep_until);
            self.story.tell(|| Event::SeriesRemoved {
                series: reference,
                labels: series.labels().to_string(),
                why: "nothing is left of it in the head".to_owned(),
            });
        }
        if !slots.is_empty() {
            self.exemplars.remove(slots);
            self.registry.tidy();
            self.index.take();
        }
    }

    /// The first time that the log must tell deletions of, when in-order samples before `min_time`
    /// are in blocks: late samples may be older, and are deleted until they are in blocks, too.
    #[must_use]
    pub fn oldest_deletion(&self, min_time: Timestamp) -> Timestamp {
        let of_late = self.tombstones.iter().filter_map(|(reference, deleted)| {
            let found = self.registry.find(*reference)?;
            let late = self.registry.get(found.slot)?.late_range();
            let ends = deleted.intervals.ranges().iter().map(|range| range.max_time);
            ends.filter(|end| *end >= late.min_time).min()
        });
        of_late.min().map_or(min_time, |oldest| oldest.min(min_time))
    }

    /// Drops deleted intervals that end before `min_time`, and before the out-of-order samples of
    /// their series: those are not in a block yet, and stay deleted when they are. (Upstream drops
    /// such intervals, too, and the samples come back.)
    fn drop_tombstones(&mut self, min_time: Timestamp) {
        let registry = &self.registry;
        for (reference, deleted) in &mut self.tombstones {
            let found = registry.find(*reference).and_then(|found| registry.get(found.slot));
            let oldest_late = found.map_or(Timestamp::MAX, |own| own.late_range().min_time);
            let from = min_time.min(oldest_late);
            let kept = deleted.intervals.ranges().iter().filter(|kept| kept.max_time >= from);
            deleted.intervals = kept.copied().collect();
        }
        let says_something = |own: &Deleted| !own.intervals.is_empty() || !own.inverted.is_empty();
        self.tombstones.retain(|_, deleted| says_something(deleted));
    }
}
