//! What a database does when nobody asks: one bounded step at a time, when the caller has time.
//!
//! A round goes over everything once, in this order; each part is repeated while it finds work:
//!
//! 1. **Look** at the directory: blocks that others put there are opened, retention is applied.
//!    First, so that a full disk gets room before anything is written.
//! 2. **Drop** the blocks that are not needed.
//! 3. **Merge** blocks as [`compaction::plan`](crate::compaction::plan()) says.
//!
//! A round begins every minute ([`WriteOptions::upkeep_interval`]) and when the head is cut. What
//! fails ends the round: nothing is lost, the database goes on, and the next round tries again.
//!
//! [`WriteOptions::upkeep_interval`]: super::WriteOptions::upkeep_interval

use super::drop_block::drop_block;
use super::outcome::Upkeep;
use super::reload::{Blocks, Reload};
use super::retain::retain;
use super::round::{After, Task};
use super::state::LiveDb;
use crate::error::Result;
use crate::types::BlockId;

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
            (self.round.merges_due, self.round.cleaning) = (false, false);
            self.round.next = self.clock.now().saturating_add(self.options.upkeep_interval);
        }
        done
    }

    fn upkeep_step(&mut self) -> Result<Upkeep> {
        match self.round.task.take() {
            Some(Task::Reload(reload, after)) => return self.reload_step(reload, after),
            Some(Task::Merge(work)) => return self.merge_step(work),
            None => {}
        }
        if let Some(block) = self.round.unneeded.pop_front() {
            drop_block(self.view.storage().as_ref(), &block, &mut self.story)?;
            return Ok(Upkeep::Working { what: "dropping blocks that are not needed" });
        }
        let now = self.clock.now();
        if now >= self.round.next {
            self.round.next = now.saturating_add(self.options.upkeep_interval);
            self.round.merges_due = true;
            self.begin_reload(After::Begin)?;
            return Ok(Upkeep::Working { what: "looking for blocks" });
        }
        if self.round.merges_due || self.round.cleaning {
            self.round.merges_due = self.begin_merge()?;
            if self.round.merges_due {
                return Ok(Upkeep::Working { what: "merging blocks" });
            }
        }
        Ok(Upkeep::Idle { until: self.round.next })
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
            return Ok(Upkeep::Working { what: "looking for blocks" });
        };
        let dropped = self.publish(blocks)?;
        Ok(match after {
            After::Merge(mut merged) => {
                merged.dropped = dropped;
                Upkeep::Merged(merged)
            }
            After::Begin => Upkeep::Working { what: "looking for blocks" },
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

    /// Gives up what upkeep was doing: what it wrote so far goes. It is begun anew later.
    pub(super) fn abandon_work(&mut self) {
        // A block that is let go of before it is finished removes its files.
        self.round.task = None;
    }
}
