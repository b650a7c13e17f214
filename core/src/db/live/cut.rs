//! Cutting a block off the head: its oldest chunk range becomes a block, and leaves memory.
//!
//! 1. The head reaches over more than one and a half chunk ranges: nobody can append in order to
//!    the oldest any more.
//! 2. The range is closed: an appender that is older loses what it holds of it. Then a view of all
//!    series is made, and their in-order samples are written as a block, a piece at a time;
//!    appending goes on meanwhile.
//! 3. The block is opened, and in the same step the head moves its first time: no query sees a
//!    sample twice or not at all.
//! 4. The memory of those samples is freed, a piece at a time.
//! 5. When no range is left to cut, the log is [truncated](super::truncate_log), and samples that
//!    came late are [compacted](super::late).
//!
//! A crash before 3 leaves the block beside the log, which replay then skips up to its end.
//!
//! Invariants
//! 1. What is appended between two steps is in the head and stays there: it is not of the range
//!    that is cut, or it is a late sample. (`head/view.rs` says why.)
//! 2. Whatever gives up the cut before 3, a failure, a deletion, the end, leaves the head as it
//!    was.

use super::outcome::{Upkeep, UpkeepWork};
use super::round::{After, CutWork, Task};
use super::state::{LiveDb, Writing};
use crate::compaction::{self, WriteBlock, first_meta};
use crate::error::Result;
use crate::event::Event;
use crate::head::ViewHead;
use crate::query::ChunkSource;
use crate::types::show_duration;

impl LiveDb {
    /// Begins to cut a block off the head, if it is due; false if not.
    pub(super) fn begin_cut(&mut self) -> bool {
        let due = self.view.head().filter(|head| head.is_compactable());
        let Some(head) = due else { return false };
        let (Some(range), length) = (head.next_block_range(), head.chunk_range()) else {
            return false;
        };
        let meta = first_meta(self.new_block_id(), range, None);
        let options = compaction::WriteOptions { meta, ..self.options.write() };
        let write = WriteBlock::new(self.view.storage(), options);
        self.tell(|| Event::Compacting {
            sources: Vec::new(),
            why: format!(
                "it reaches over more than one and a half times {}",
                show_duration(length)
            ),
        });
        let Ok(Writing { head, .. }) = self.writing() else { return false };
        head.close_before(range.1);
        let work = CutWork { end: range.1, viewing: ViewHead::in_order(head), view: None, write };
        self.round.task = Some(Task::Cut(Box::new(work)));
        true
    }

    /// Writes a piece of the block; at the end, looks at the directory anew.
    pub(super) fn cut_step(&mut self, mut work: Box<CutWork>) -> Result<Upkeep> {
        let head = self.writing()?.head;
        let Some(view) = &work.view else {
            work.view = work.viewing.step(head);
            self.round.task = Some(Task::Cut(work));
            return Ok(Upkeep::Working { what: UpkeepWork::Cut });
        };
        let source = view.of(head);
        match work.write.step(&[&source as &dyn ChunkSource])? {
            None => self.round.task = Some(Task::Cut(work)),
            Some(written) => {
                if let Some(meta) = written {
                    self.tell_written(&meta, "cut from the head");
                }
                self.round.cut_to = Some(work.end);
                self.begin_reload(After::Cut)?;
            }
        }
        Ok(Upkeep::Working { what: UpkeepWork::Cut })
    }

    /// Lets the head forget what was cut, once the block is in the view: at once for queries, in
    /// the steps that follow for its memory.
    pub(super) fn forget_cut(&mut self) -> Result<()> {
        let Some(end) = self.round.cut_to.take() else { return Ok(()) };
        self.round.last_cut = Some(self.clock.now());
        self.round.truncate_log_to = Some(end);
        self.round.late_due = true;
        self.round.merges_due = true;
        self.writing()?.head.begin_truncation(end);
        Ok(())
    }
}
