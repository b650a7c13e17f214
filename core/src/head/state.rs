//! The head itself: what a replay builds and queries read.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::bounds::Bounds;
use super::counters::ReplayCounters;
use super::exemplars::Exemplars;
use super::index::HeadIndex;
use super::options::ReplayOptions;
use super::registry::Registry;
use crate::event::Finding;
use crate::storage::ReadFile;
use crate::tombstones::Intervals;
use crate::types::{SeriesRef, TimeRange, Timestamp};

/// Everything that is not in blocks yet: series with their newest samples, in memory and in head
/// chunk files. Built by a [`Replay`](super::Replay).
#[derive(Debug)]
pub struct Head {
    pub(super) options: ReplayOptions,
    pub(super) bounds: Bounds,
    /// The highest reference that was given to a series.
    pub(super) last_series: u64,
    pub(super) registry: Registry,
    pub(super) tombstones: BTreeMap<SeriesRef, Deleted>,
    pub(super) wal_expiries: BTreeMap<SeriesRef, Timestamp>,
    pub(super) exemplars: Exemplars,
    /// Open head chunk files by number.
    pub(super) files: BTreeMap<u32, ChunkFile>,
    pub(super) counters: ReplayCounters,
    pub(super) findings: Vec<Finding>,
    /// Made when it is first asked for.
    pub(super) index: OnceLock<HeadIndex>,
}

/// A head chunk file.
#[derive(Debug, Clone)]
pub(super) struct ChunkFile {
    /// Its path in the data directory.
    pub(super) path: String,
    /// Its bytes.
    pub(super) file: Arc<dyn ReadFile>,
}

/// What was deleted of a series.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Deleted {
    /// Times whose samples do not count.
    pub(super) intervals: Intervals,
    /// Inverted intervals, which upstream logs for series outside a deleted range. They match
    /// nothing and are only reported.
    pub(super) inverted: Vec<TimeRange>,
}

impl Deleted {
    pub(super) fn add(&mut self, range: TimeRange) {
        if range.is_empty() {
            self.inverted.push(range);
        } else {
            self.intervals.add(range);
        }
    }
}

impl Head {
    /// A head without series.
    pub(super) fn new(options: ReplayOptions) -> Self {
        let exemplars = Exemplars::new(options.max_exemplars, options.out_of_order_window);
        Self {
            bounds: Bounds::new(options.min_valid_time),
            options,
            last_series: 0,
            registry: Registry::default(),
            tombstones: BTreeMap::new(),
            wal_expiries: BTreeMap::new(),
            exemplars,
            files: BTreeMap::new(),
            counters: ReplayCounters::default(),
            findings: Vec::new(),
            index: OnceLock::new(),
        }
    }

    /// First to last in-order sample, as upstream keeps it: `min_time` is at least the end of the
    /// newest block. Empty when there was never a sample or block.
    #[must_use]
    pub fn in_order_range(&self) -> TimeRange {
        self.bounds.in_order
    }

    /// First to last out-of-order sample; empty when there is none.
    #[must_use]
    pub fn out_of_order_range(&self) -> TimeRange {
        self.bounds.out_of_order
    }

    /// First to last sample of the complete in-order chunks: those in `chunks_head/`, and those
    /// that a server which opened this would map there. Empty when there is none. Looks at every
    /// series.
    #[must_use]
    pub fn mapped_range(&self) -> TimeRange {
        let chunks = self.registry.iter().flat_map(|(_, series)| series.chunks());
        chunks.fold(TimeRange::EMPTY, |range, chunk| range.cover(&chunk.range))
    }

    /// Number of series.
    #[must_use]
    pub fn num_series(&self) -> usize {
        self.registry.len()
    }

    /// What was read, and what became of it.
    #[must_use]
    pub fn counters(&self) -> &ReplayCounters {
        &self.counters
    }

    /// What is damaged or unusual, in the order it was met.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Bytes that completed chunks take in memory.
    #[must_use]
    pub fn chunk_bytes(&self) -> usize {
        self.registry.chunk_bytes()
    }

    /// Drops everything, as before the first sample; findings stay.
    pub(super) fn clear(&mut self) {
        let findings = std::mem::take(&mut self.findings);
        *self = Self { findings, ..Self::new(self.options.clone()) };
    }

    /// Drops what lies before the head's time, and series of which nothing is left.
    pub(super) fn collect_garbage(&mut self) {
        self.bounds.raise_min_time();
        let min_time = self.bounds.in_order.min_time;
        let mut oldest = Timestamp::MAX;
        let mut empty = Vec::new();
        for series in self.registry.iter_mut() {
            series.drop_before(min_time);
        }
        for (slot, series) in self.registry.iter() {
            if series.is_empty() {
                empty.push(slot);
                continue;
            }
            // Upstream takes a series with out-of-order samples only for infinitely old.
            let range = series.in_order_range();
            oldest = oldest.min(if range.is_empty() { Timestamp::MIN } else { range.min_time });
        }
        for slot in empty {
            if let Some(series) = self.registry.remove(slot) {
                self.tombstones.remove(&series.reference());
                self.wal_expiries.insert(series.reference(), oldest);
            }
        }
        for deleted in self.tombstones.values_mut() {
            let kept = deleted.intervals.ranges().iter().filter(|kept| kept.max_time >= min_time);
            deleted.intervals = kept.copied().collect();
        }
        self.tombstones
            .retain(|_, deleted| !deleted.intervals.is_empty() || !deleted.inverted.is_empty());
    }
}
