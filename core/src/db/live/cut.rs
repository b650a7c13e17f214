//! Cutting a block off the head: its oldest chunk range becomes a block, and leaves memory.
//!
//! 1. The head reaches over more than one and a half chunk ranges: nobody can append in order to
//!    the oldest any more.
//! 2. Its in-order samples are written as a block, a piece at a time; appending goes on meanwhile.
//! 3. The block is opened, and in the same step the head forgets what is in it: no query sees a
//!    sample twice or not at all.
//! 4. When no range is left to cut, the log is [truncated](super::truncate_log), and samples that
//!    came late are [compacted](super::late).
//!
//! A crash before 3 leaves the block beside the log, which replay then skips up to its end.

use super::outcome::{Upkeep, UpkeepWork};
use super::round::{After, CutWork, Task};
use super::state::LiveDb;
use crate::compaction::{self, WriteBlock, first_meta};
use crate::error::Result;
use crate::event::Event;
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
        let view = head.view_in_order();
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
        self.round.task = Some(Task::Cut(Box::new(CutWork { end: range.1, view, write })));
        true
    }

    /// Writes a piece of the block; at the end, looks at the directory anew.
    pub(super) fn cut_step(&mut self, mut work: Box<CutWork>) -> Result<Upkeep> {
        let source = work.view.of(self.writing()?.head);
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

    /// Lets the head forget what was cut, once the block is in the view.
    pub(super) fn forget_cut(&mut self) -> Result<()> {
        let Some(end) = self.round.cut_to.take() else { return Ok(()) };
        self.round.last_cut = Some(self.clock.now());
        self.round.truncate_log_to = Some(end);
        self.round.late_due = true;
        self.round.merges_due = true;
        self.writing()?.head.truncate(end)
    }
}
