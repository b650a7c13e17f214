//! The head itself: what a replay builds and queries read.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::append::Buffers;
use super::bounds::Bounds;
use super::chunk_file::ChunkFile;
use super::chunk_writer::ChunkWriter;
use super::collecting::Collecting;
use super::counters::ReplayCounters;
use super::exemplars::Exemplars;
use super::index::HeadIndex;
use super::options::ReplayOptions;
use super::registry::Registry;
use crate::event::{Finding, Story};
use crate::tombstones::Intervals;
use crate::types::{ChunkRef, SeriesRef, TimeRange, Timestamp};
use crate::wal::SeriesEntry;

/// Everything that is not in blocks yet: series with their newest samples, in memory and in head
/// chunk files. Built by a [`Replay`](super::Replay).
#[derive(Debug)]
pub struct Head {
    pub(super) options: ReplayOptions,
    pub(super) bounds: Bounds,
    /// The highest reference that was given to a series.
    pub(super) last_series: u64,
    /// The highest reference that files use for a series no record names: the log may have lost
    /// the record in a power loss. No new series gets it, or it would get their samples.
    pub(super) last_unnamed: u64,
    pub(super) registry: Registry,
    pub(super) tombstones: BTreeMap<SeriesRef, Deleted>,
    pub(super) wal_expiries: BTreeMap<SeriesRef, Timestamp>,
    pub(super) exemplars: Exemplars,
    /// Out-of-order chunks in files up to this one are in blocks.
    pub(super) late_in_blocks: ChunkRef,
    /// Finished head chunk files by number.
    pub(super) files: BTreeMap<u32, ChunkFile>,
    /// Writes head chunk files, once the head is written to.
    pub(super) chunk_writer: Option<ChunkWriter>,
    /// Under way: a pass that forgets what blocks hold.
    pub(super) collecting: Option<Box<Collecting>>,
    /// The slot at which the next step of a pass over all series begins.
    pub(super) next_to_map: u32,
    pub(super) counters: ReplayCounters,
    pub(super) findings: Vec<Finding>,
    /// Made when it is first asked for.
    pub(super) index: OnceLock<HeadIndex>,
    /// What happens, for whoever listens.
    pub(super) story: Story,
    /// Buffers of appenders that ended.
    pub(super) spare_buffers: Vec<Buffers>,
    /// Series that are not in the log: the next commit, or roll back, logs them.
    pub(super) unlogged: Vec<SeriesEntry>,
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
    /// A head without series and without files. What is appended is committed with
    /// [`Appender::commit_without_log`](super::Appender::commit_without_log), or to logs that are
    /// opened beside it.
    #[must_use]
    pub fn new(options: ReplayOptions) -> Self {
        let exemplars = Exemplars::new(options.max_exemplars, options.out_of_order_window);
        Self {
            bounds: Bounds::new(options.min_valid_time),
            options,
            last_series: 0,
            last_unnamed: 0,
            registry: Registry::default(),
            tombstones: BTreeMap::new(),
            wal_expiries: BTreeMap::new(),
            exemplars,
            late_in_blocks: ChunkRef::default(),
            files: BTreeMap::new(),
            chunk_writer: None,
            collecting: None,
            next_to_map: 0,
            counters: ReplayCounters::default(),
            findings: Vec::new(),
            index: OnceLock::new(),
            story: Story::default(),
            spare_buffers: Vec::new(),
            unlogged: Vec::new(),
        }
    }

    /// Notes that a file uses this reference, and no record names its series. Damaged bytes can say
    /// anything: what no chunk reference of a query could hold is not believed.
    pub(super) fn note_unnamed(&mut self, reference: SeriesRef) {
        if reference.0 < 1 << 40 {
            self.last_unnamed = self.last_unnamed.max(reference.0);
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

    /// What the head tells: take the events from time to time. Nobody listens at first.
    pub fn story(&mut self) -> &mut Story {
        &mut self.story
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
}
