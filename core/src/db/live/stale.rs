//! Evicting stale series: those whose last sample is a stale marker leave the head before it is
//! cut, into blocks of their own.
//!
//! 1. It is asked for, so many of the head's series are stale, and the head will not be cut in the
//!    next ten minutes anyway.
//! 2. For each chunk range that the head reaches into, a block of those series is written, marked
//!    `from-stale-series`: it does not say up to when in-order data is complete.
//! 3. The blocks are opened, and in the same step the series leave the head, but for those that got
//!    samples meanwhile. The log is told first, so that a replay leaves them out, too.
//!
//! A crash before 3 leaves the blocks beside the log, which has the same samples.

use super::outcome::{Upkeep, UpkeepWork};
use super::round::{After, StaleWork, Task};
use super::state::{LiveDb, Writing};
use crate::block::{BlockMeta, Compaction};
use crate::compaction::{self, FROM_STALE_SERIES, WriteBlock, aligned_start, first_meta};
use crate::error::Result;
use crate::event::Event;
use crate::query::ChunkSource;
use crate::types::{Duration, Timestamp};

/// With so little time left until the head is cut, nothing is evicted: ten minutes.
const SOON: Duration = 10 * 60_000;

impl LiveDb {
    /// Begins to write stale series; false when that is not due.
    pub(super) fn begin_stale(&mut self, now: Timestamp) -> bool {
        let threshold = self.options.stale_series_threshold;
        let Some(head) = self.view.head().filter(|_| threshold > 0.0) else { return false };
        let next_cut = self.round.last_cut.map(|last| last.saturating_add(head.chunk_range()));
        if next_cut.is_some_and(|next| now.saturating_add(SOON) > next) {
            return false;
        }
        let ratio = head.stale_ratio();
        if ratio < threshold {
            return false;
        }
        let view = head.view_stale();
        if view.num_series() == 0 {
            return false;
        }
        let (head_range, length) = (head.in_order_range(), head.chunk_range());
        // What is older than the head is in blocks, whatever its chunks still hold.
        let start = aligned_start(view.range().min_time, length).max(head_range.min_time);
        self.tell(|| Event::Compacting {
            sources: Vec::new(),
            why: format!("{:.0} % of its series are stale", ratio * 100.0),
        });
        let max_time = head_range.max_time;
        let work = StaleWork { view, start, length, max_time, write: None };
        self.round.task = Some(Task::Stale(Box::new(work)));
        true
    }

    /// Writes a piece of a block of stale series; behind the last, looks at the directory anew.
    pub(super) fn stale_step(&mut self, mut work: Box<StaleWork>) -> Result<Upkeep> {
        let end = aligned_start(work.start, work.length).saturating_add(work.length);
        if work.write.is_none() {
            if work.start > work.view.range().max_time {
                self.round.stale_to = Some((work.view, work.max_time));
                self.begin_reload(After::Stale)?;
                return Ok(Upkeep::Working { what: UpkeepWork::Stale });
            }
            let meta = self.stale_meta(work.start, end);
            let options = compaction::WriteOptions { meta, ..self.options.write() };
            work.write = Some(WriteBlock::new(self.view.storage(), options));
        }
        let source = work.view.of(self.writing()?.head);
        if let Some(write) = &mut work.write
            && let Some(written) = write.step(&[&source as &dyn ChunkSource])?
        {
            if let Some(meta) = written {
                self.tell_written(&meta, "series that are stale");
            }
            work.write = None;
            work.start = end;
        }
        self.round.task = Some(Task::Stale(work));
        Ok(Upkeep::Working { what: UpkeepWork::Stale })
    }

    /// A block of stale series names the zero ULID as its parent, as upstream's do.
    fn stale_meta(&self, start: Timestamp, end: Timestamp) -> BlockMeta {
        let hints = vec![FROM_STALE_SERIES.to_owned()];
        let compaction = Compaction { hints, ..Compaction::default() };
        let parent = BlockMeta { compaction, ..BlockMeta::default() };
        first_meta(self.new_block_id(), (start, end), Some(&parent))
    }

    /// Lets stale series leave the head, once their blocks are in the view.
    pub(super) fn forget_stale(&mut self) -> Result<()> {
        let Some((view, max_time)) = self.round.stale_to.take() else { return Ok(()) };
        let Writing { head, logs, .. } = self.writing()?;
        head.evict_stale(&view, max_time, logs).map(|_| ())
    }
}
