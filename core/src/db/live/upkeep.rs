//! What a database does when nobody asks: one bounded step at a time, when the caller has time.
//!
//! A round goes over everything once, in this order; each part is repeated while it finds work:
//!
//! 1. **Look** at the directory: blocks that others put there are opened, retention is applied.
//!    First, so that a full disk gets room before anything is written.
//! 2. **Drop** the blocks that are not needed.
//! 3. **Map** complete chunks of the head to files, so that they leave memory.
//! 4. **Cut** blocks off the head while it reaches over more than one and a half chunk ranges.
//! 5. **Forget** what the blocks hold: the head's memory of it is freed.
//! 6. **Truncate** the write-ahead log, if a block was cut.
//! 7. **Late** samples are compacted, if a block was cut.
//! 8. **Stale** series are evicted, if that is [asked for][threshold].
//! 9. **Merge** blocks as [`compaction::plan`](crate::compaction::plan()) says.
//!
//! A round begins every minute ([`WriteOptions::upkeep_interval`]) and when the head is cut. What
//! fails ends the round: nothing is lost, the database goes on, and the next round tries again.
//!
//! [`WriteOptions::upkeep_interval`]: super::WriteOptions::upkeep_interval
//! [threshold]: super::WriteOptions::stale_series_threshold

use super::drop_block::drop_block;
use super::outcome::{Upkeep, UpkeepWork};
use super::reload::{Blocks, Reload};
use super::retain::retain;
use super::round::{After, Round, Task};
use super::state::{LiveDb, Writing};
use crate::error::Result;
use crate::head::Head;
use crate::types::{BlockId, Timestamp};

impl LiveDb {
    /// Does one bounded piece of work, or says that nothing is left. To be called whenever there is
    /// time, and again until it is idle.
    ///
    /// # Errors
    /// What was being done failed, and the round is over. Nothing is lost, and the database can be
    /// used as before; the next round tries again.
    pub fn upkeep(&mut self) -> Result<Upkeep> {
        let done = self.upkeep_step();
        if done.is_err() {
            self.abandon_work();
            let next = self.clock.now().saturating_add(self.options.upkeep_interval);
            let Round { cut_to, late_to, last_cut, .. } = self.round;
            let stale_to = self.round.stale_to.take();
            let due = Round::due_at(next);
            self.round = Round { not_before: next, cut_to, late_to, stale_to, last_cut, ..due };
        }
        done
    }

    fn upkeep_step(&mut self) -> Result<Upkeep> {
        match self.round.task.take() {
            Some(Task::Reload(reload, after)) => return self.reload_step(reload, after),
            Some(Task::Cut(work)) => return self.cut_step(work),
            Some(Task::Truncate(work)) => return self.truncation_step(work),
            Some(Task::Late(work)) => return self.late_step(work),
            Some(Task::Stale(work)) => return self.stale_step(work),
            Some(Task::Merge(work)) => return self.merge_step(work),
            None => {}
        }
        if self.view.head().is_some_and(Head::is_collecting) {
            self.writing()?.head.collect_step()?;
            return Ok(Upkeep::Working { what: UpkeepWork::Forget });
        }
        if let Some(block) = self.round.unneeded.pop_front() {
            drop_block(self.view.storage().as_ref(), &block, &mut self.story)?;
            return Ok(Upkeep::Working { what: UpkeepWork::Drop });
        }
        let now = self.clock.now();
        if now >= self.round.next {
            self.round.next = now.saturating_add(self.options.upkeep_interval);
            self.round.mapping_due = self.logs.is_some();
            self.round.stale_due = true;
            self.round.merges_due = true;
            self.begin_reload(After::Begin)?;
            return Ok(Upkeep::Working { what: UpkeepWork::Look });
        }
        if let Some(done) = self.head_step(now)? {
            return Ok(done);
        }
        if self.round.merges_due || self.round.cleaning {
            self.round.merges_due = self.begin_merge()?;
            if self.round.merges_due {
                return Ok(Upkeep::Working { what: UpkeepWork::Merge });
            }
        }
        Ok(Upkeep::Idle { until: self.round.next })
    }

    /// What the head needs next; none when nothing is due.
    fn head_step(&mut self, now: Timestamp) -> Result<Option<Upkeep>> {
        let mapping_due = self.round.mapping_due;
        let Ok(Writing { head, logs, .. }) = self.writing() else { return Ok(None) };
        logs.sync_if_due(now)?;
        if mapping_due {
            let over = head.map_chunks()?;
            self.round.mapping_due = !over;
            return Ok(Some(Upkeep::Working { what: UpkeepWork::Map }));
        }
        if now >= self.round.not_before && self.round.cut_to.is_none() && self.begin_cut() {
            return Ok(Some(Upkeep::Working { what: UpkeepWork::Cut }));
        }
        if let Some(min_time) = self.round.truncate_log_to.take() {
            return self.begin_truncation(min_time).map(Some);
        }
        if std::mem::take(&mut self.round.late_due) && self.begin_late()? {
            return Ok(Some(Upkeep::Working { what: UpkeepWork::Late }));
        }
        if std::mem::take(&mut self.round.stale_due) && self.begin_stale(now) {
            return Ok(Some(Upkeep::Working { what: UpkeepWork::Stale }));
        }
        Ok(None)
    }

    /// Looks at the directory in the steps that follow.
    pub(super) fn begin_reload(&mut self, after: After) -> Result<()> {
        let reload = Reload::begin(self.view.storage().as_ref(), self.view.blocks())?;
        self.round.task = Some(Task::Reload(reload, after));
        Ok(())
    }

    fn reload_step(&mut self, mut reload: Reload, after: After) -> Result<Upkeep> {
        let storage = self.view.storage().clone();
        let Some(blocks) = reload.step(&storage)? else {
            self.round.task = Some(Task::Reload(reload, after));
            return Ok(Upkeep::Working { what: UpkeepWork::Look });
        };
        let dropped = self.publish(blocks)?;
        self.forget_cut()?;
        self.forget_late()?;
        self.forget_stale()?;
        Ok(match after {
            After::Merge(mut merged) => {
                merged.dropped = dropped;
                Upkeep::Merged(merged)
            }
            After::Begin | After::Cut | After::Late | After::Stale => {
                Upkeep::Working { what: UpkeepWork::Look }
            }
        })
    }

    /// Shows these blocks from now on; those that go are dropped in the steps that follow. Gives
    /// the names of those.
    pub(super) fn publish(&mut self, mut blocks: Blocks) -> Result<Vec<BlockId>> {
        retain(self.view.storage().as_ref(), &self.options.retention, &mut blocks)?;
        let mut dropped: Vec<BlockId> = blocks.unneeded.iter().map(|block| block.id).collect();
        dropped.sort_unstable();
        self.view.set_blocks(blocks.loaded);
        self.round.unneeded = blocks.unneeded.into();
        Ok(dropped)
    }

    /// Looks at the directory at once: what is on disk is what is shown.
    ///
    /// # Errors
    /// A block is damaged and nothing replaces it, or the storage fails.
    pub(super) fn look_now(&mut self) -> Result<()> {
        self.abandon_work();
        self.begin_reload(After::Begin)?;
        while let Some(Task::Reload(reload, after)) = self.round.task.take() {
            self.reload_step(reload, after)?;
        }
        Ok(())
    }

    /// Gives up what upkeep was doing: what it wrote so far goes. It is begun anew later.
    pub(super) fn abandon_work(&mut self) {
        // A block that is let go of before it is finished removes its files.
        match self.round.task.take() {
            Some(Task::Truncate(work)) => self.round.truncate_log_to = Some(work.min_time),
            Some(Task::Late(_)) => self.round.late_due = true,
            Some(Task::Stale(_)) => self.round.stale_due = true,
            Some(Task::Reload(..) | Task::Merge(_) | Task::Cut(_)) | None => {}
        }
    }
}
