//! Forgetting what blocks hold by now, in steps.
//!
//! When a block was cut from the head up to a time, everything before that time leaves: chunks,
//! series of which nothing is left, tombstones, and head chunk files that nobody refers to. The
//! write-ahead log still has samples of series that left, so their records must stay in the log as
//! long: until when, the head remembers ([`Head::keeps_record`]).
//!
//! Invariants
//! 1. From the first step on, no query sees what leaves: the head's first time, and the last late
//!    chunk that is in a block, are moved at once ([`Head::begin_truncation`]). The memory follows.
//! 2. Samples may come between the steps. A series that gets some before it is looked at stays; the
//!    head's first time is not raised above any of them at the end.
//! 3. A slot is given to no other series before the pass is over and the index of queries is gone.

use std::ops::Bound;

use super::chunk_writer::ChunkWriter;
use super::collecting::{Collecting, Stage};
use super::state::Head;
use crate::error::Result;
use crate::event::Event;
use crate::types::{ChunkRef, Duration, SeriesRef, TimeRange, Timestamp};

/// Slots that one step looks at, and entries of maps that it changes.
const STEP_SLOTS: u32 = 1 << 12;
const STEP_ENTRIES: usize = 1 << 14;

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
        self.begin_truncation(min_time);
        while !self.collect_step()? {}
        Ok(())
    }

    /// Forgets out-of-order chunks in files up to `last`, which blocks hold.
    ///
    /// # Errors
    /// As [`Head::truncate`].
    pub fn truncate_out_of_order(&mut self, last: ChunkRef) -> Result<()> {
        self.begin_late_truncation(last);
        while !self.collect_step()? {}
        Ok(())
    }

    /// As [`Head::truncate`], a step at a time: no query sees those samples any more, and
    /// [`Head::collect_step`] frees them.
    pub fn begin_truncation(&mut self, min_time: Timestamp) {
        let bounds = &mut self.bounds;
        if bounds.in_order.is_empty() {
            bounds.begin_at(min_time);
            bounds.min_valid_time = min_time;
        } else if bounds.in_order.min_time < min_time {
            bounds.in_order = TimeRange::new(min_time, bounds.in_order.max_time.max(min_time));
            bounds.min_valid_time = min_time;
            self.begin_collecting();
        }
    }

    /// As [`Head::truncate_out_of_order`], a step at a time.
    pub fn begin_late_truncation(&mut self, last: ChunkRef) {
        self.late_in_blocks = self.late_in_blocks.max(last);
        self.begin_collecting();
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

    /// At the end of a replay: drops what lies before the head's time, and series of which nothing
    /// is left.
    pub(super) fn collect_garbage(&mut self) {
        self.bounds.raise_min_time();
        self.begin_collecting();
        while self.collect_piece() {}
        self.collecting = None;
    }

    fn begin_collecting(&mut self) {
        // One that was under way begins anew; who left with it has left.
        let before = self.collecting.take();
        let before = before.map(|own| (own.left, own.slots, own.series, own.chunks));
        let (left, slots, series, chunks) = before.unwrap_or_default();
        self.bounds.taken_since = (Timestamp::MAX, Timestamp::MAX);
        self.collecting = Some(Box::new(Collecting {
            stage: Stage::Series(0),
            oldest: Timestamp::MAX,
            oldest_late: Timestamp::MAX,
            // What is mapped between the steps goes to this file, or to later ones.
            lowest_file: self.chunk_writer.as_ref().map_or(u32::MAX, ChunkWriter::newest_file),
            series,
            chunks,
            left,
            slots,
        }));
    }

    /// True when memory is to be freed of what blocks hold: see [`Head::collect_step`].
    #[must_use]
    pub fn is_collecting(&self) -> bool {
        self.collecting.is_some()
    }

    /// Frees some of what blocks hold; true when nothing is left to be freed. The head may take
    /// samples between two steps.
    ///
    /// # Errors
    /// As [`Head::truncate`].
    pub fn collect_step(&mut self) -> Result<bool> {
        if self.collect_piece() {
            return Ok(false);
        }
        let Some(collected) = self.collecting.take() else { return Ok(true) };
        let bounds = &mut self.bounds;
        let head_max_time = bounds.in_order.max_time;
        let (in_order, late) = bounds.taken_since;
        let oldest = collected.oldest.min(in_order);
        if oldest > bounds.in_order.min_time {
            let closed = head_max_time.saturating_sub(self.options.chunk_range / 2);
            let min_time = oldest.min(closed.max(bounds.min_valid_time));
            bounds.in_order.min_time = min_time;
            bounds.min_valid_time = min_time;
        }
        if !bounds.out_of_order.is_empty() {
            // A late sample may have come that old since the series were looked at, upstream says.
            let window = self.options.out_of_order_window;
            let oldest = collected.oldest_late.min(late);
            bounds.out_of_order.min_time = oldest.min(head_max_time.saturating_sub(window));
        }
        let min_time = bounds.in_order.min_time;
        let Collecting { series, chunks, lowest_file, .. } = *collected;
        self.story.tell(|| Event::HeadTruncated { min_time, series, chunks });
        self.remove_chunk_files_below(lowest_file)?;
        Ok(true)
    }

    /// Does a piece of the pass that is under way; false when none is left.
    fn collect_piece(&mut self) -> bool {
        let Some(mut pass) = self.collecting.take() else { return false };
        pass.stage = match pass.stage {
            Stage::Series(slot) if slot < self.registry.num_slots() => {
                self.collect_series(slot, &mut pass)
            }
            Stage::Series(_) => {
                if !pass.slots.is_empty() {
                    self.registry.give_again(&pass.slots);
                    self.registry.tidy();
                    self.index.take();
                }
                Stage::Expiries
            }
            Stage::Expiries if pass.left.is_empty() => Stage::Tombstones(None),
            Stage::Expiries => {
                let rest = pass.left.len().saturating_sub(STEP_ENTRIES);
                let left = pass.left.drain(rest..).map(|series| (series, pass.oldest));
                self.wal_expiries.extend(left);
                Stage::Expiries
            }
            Stage::Tombstones(from) => match self.drop_tombstones(from) {
                Some(last) => Stage::Tombstones(Some(last)),
                None => Stage::Over,
            },
            Stage::Over => Stage::Over,
        };
        let more = !matches!(pass.stage, Stage::Over);
        self.collecting = Some(pass);
        more
    }

    /// Looks at the series from `slot` on, and drops what blocks hold of them.
    fn collect_series(&mut self, slot: u32, pass: &mut Collecting) -> Stage {
        let end = slot.saturating_add(STEP_SLOTS).min(self.registry.num_slots());
        let min_time = self.bounds.in_order.min_time;
        let mut empty = Vec::new();
        for slot in slot..end {
            let Some((series, bytes)) = self.registry.with_bytes(slot) else { continue };
            pass.chunks += series.drop_before(min_time, bytes);
            pass.chunks += series.drop_late_up_to(self.late_in_blocks);
            if series.is_empty() {
                empty.push(slot);
                continue;
            }
            // Upstream takes a series with out-of-order samples only for infinitely old.
            let range = series.in_order_range();
            let oldest = if range.is_empty() { Timestamp::MIN } else { range.min_time };
            pass.oldest = pass.oldest.min(oldest);
            pass.oldest_late = pass.oldest_late.min(series.late_range().min_time);
            if let Some(file) = series.lowest_file() {
                pass.lowest_file = pass.lowest_file.min(file);
            }
        }
        self.remove_series(&empty, pass);
        Stage::Series(end)
    }

    /// Removes series. Until it is known how long the log is needed for them, it is.
    fn remove_series(&mut self, slots: &[u32], pass: &mut Collecting) {
        for slot in slots {
            let Some(series) = self.registry.take_out(*slot) else { continue };
            let reference = series.reference();
            self.tombstones.remove(&reference);
            self.wal_expiries.insert(reference, Timestamp::MAX);
            pass.left.push(reference);
            self.story.tell(|| Event::SeriesRemoved {
                series: reference,
                labels: series.labels().to_string(),
                why: "nothing is left of it in the head".to_owned(),
            });
        }
        pass.series += slots.len();
        pass.slots.extend(slots);
        self.exemplars.remove(slots);
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

    /// Drops deleted intervals that end before the head's time, and before the out-of-order samples
    /// of their series: those are not in a block yet, and stay deleted when they are. (Upstream
    /// drops such intervals, too, and the samples come back.) Begins behind series `from`; gives
    /// the last series that it looked at, none at the end.
    fn drop_tombstones(&mut self, from: Option<SeriesRef>) -> Option<SeriesRef> {
        let Self { registry, tombstones, bounds, .. } = self;
        let behind = from.map_or(Bound::Unbounded, Bound::Excluded);
        let (mut last, mut gone, mut looked_at) = (None, Vec::new(), 0);
        for (reference, deleted) in tombstones.range_mut((behind, Bound::Unbounded)) {
            let found = registry.find(*reference).and_then(|found| registry.get(found.slot));
            let oldest_late = found.map_or(Timestamp::MAX, |own| own.late_range().min_time);
            let from = bounds.in_order.min_time.min(oldest_late);
            let kept = deleted.intervals.ranges().iter().filter(|kept| kept.max_time >= from);
            deleted.intervals = kept.copied().collect();
            if deleted.intervals.is_empty() && deleted.inverted.is_empty() {
                gone.push(*reference);
            }
            last = Some(*reference);
            looked_at += 1;
            if looked_at == STEP_ENTRIES {
                break;
            }
        }
        for reference in gone {
            tombstones.remove(&reference);
        }
        last
    }
}
