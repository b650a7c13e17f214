//! Compacting samples that came late.
//!
//! 1. All late samples go to head chunk files, and the write-behind log names the chunks.
//! 2. It goes on in a new segment: all before it will be in blocks.
//! 3. For each chunk range that they reach into, a block of them is written, marked
//!    `from-out-of-order`: it does not say up to when in-order data is complete.
//! 4. The blocks are opened, and in the same step the head forgets the samples; old segments of the
//!    write-behind log go.
//!
//! Unlike upstream, deleted samples stay deleted: they are left out of the blocks.

use super::outcome::{Upkeep, UpkeepWork};
use super::round::{After, LateWork, Task};
use super::state::{LiveDb, Writing};
use crate::block::{BlockMeta, Compaction};
use crate::compaction::{self, WriteBlock, aligned_start, first_meta};
use crate::error::Result;
use crate::event::{Event, LogName};
use crate::head::ViewHead;
use crate::query::ChunkSource;
use crate::types::Timestamp;
use crate::wal::remove_segments;

/// What `meta.json` says of a block of late samples.
pub(super) const LATE_HINT: &str = "from-out-of-order";

impl LiveDb {
    /// Begins to compact late samples; false when there are none.
    ///
    /// # Errors
    /// The storage is full or fails: they stay where they are.
    pub(super) fn begin_late(&mut self) -> Result<bool> {
        let Writing { head, logs, story } = self.writing()?;
        if head.out_of_order_range().is_empty() {
            return Ok(false);
        }
        let last = head.map_late_samples(logs);
        story.append(head.story());
        let last = last?;
        let mut segment = None;
        if let Some(behind) = logs.behind() {
            behind.next_segment()?;
            segment = Some(behind.segment());
        }
        if let Some(segment) = segment {
            let segment = segment as u32;
            story.tell(|| Event::SegmentStarted { log: LogName::Wbl, segment });
        }
        let Some(last) = last else { return Ok(false) };
        let (viewing, length) = (ViewHead::out_of_order(head, last), head.chunk_range());
        self.tell(|| Event::Compacting {
            sources: Vec::new(),
            why: "samples came late".to_owned(),
        });
        let work = LateWork { viewing, view: None, last, segment, start: 0, length, write: None };
        self.round.task = Some(Task::Late(Box::new(work)));
        Ok(true)
    }

    /// Writes a piece of a block of late samples; behind the last, looks at the directory anew.
    pub(super) fn late_step(&mut self, mut work: Box<LateWork>) -> Result<Upkeep> {
        let Some(view) = &work.view else {
            work.view = work.viewing.step(self.writing()?.head);
            if let Some(view) = &work.view {
                // Rounded down. Upstream rounds towards zero here, which before 1970 leaves samples
                // out.
                work.start = aligned_start(view.range().min_time, work.length);
            }
            self.round.task = Some(Task::Late(work));
            return Ok(Upkeep::Working { what: UpkeepWork::Late });
        };
        let end = work.start.saturating_add(work.length);
        if work.write.is_none() {
            if work.start > view.range().max_time {
                self.round.late_to = Some((work.last, work.segment));
                self.begin_reload(After::Late)?;
                return Ok(Upkeep::Working { what: UpkeepWork::Late });
            }
            let options = compaction::WriteOptions {
                meta: self.late_meta(work.start, end),
                ..self.options.write_late()
            };
            work.write = Some(WriteBlock::new(self.view.storage(), options));
        }
        let source = view.of(self.writing()?.head);
        if let Some(write) = &mut work.write
            && let Some(written) = write.step(&[&source as &dyn ChunkSource])?
        {
            if let Some(meta) = written {
                self.tell_written(&meta, "samples that came late");
            }
            work.write = None;
            work.start = end;
        }
        self.round.task = Some(Task::Late(work));
        Ok(Upkeep::Working { what: UpkeepWork::Late })
    }

    /// A block of late samples names the zero ULID as its parent, as upstream's do.
    fn late_meta(&self, start: Timestamp, end: Timestamp) -> BlockMeta {
        let hints = vec![LATE_HINT.to_owned()];
        let compaction = Compaction { hints, ..Compaction::default() };
        let parent = BlockMeta { compaction, ..BlockMeta::default() };
        first_meta(self.new_block_id(), (start, end), Some(&parent))
    }

    /// Lets the head forget late samples that are in blocks, once those are in the view.
    pub(super) fn forget_late(&mut self) -> Result<()> {
        let Some((last, segment)) = self.round.late_to.take() else { return Ok(()) };
        self.writing()?.head.begin_late_truncation(last);
        let Some(before) = segment.and_then(|segment| segment.checked_sub(1)) else {
            return Ok(());
        };
        let removed = remove_segments(self.view.storage().as_ref(), "wbl", before)?;
        for path in removed {
            self.tell(|| Event::Removed { path, why: "its samples are in blocks".to_owned() });
        }
        Ok(())
    }
}
