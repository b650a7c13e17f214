//! Opening a data directory to write, in numbered steps.
//!
//! 1. **Lock.** Before anything is touched. (Prometheus repairs and cleans up first, so that a
//!    second one started by mistake removes what the first is just writing.)
//! 2. **Clean up** what a crash left: directories of blocks, checkpoints and snapshots that were
//!    never finished or were about to go.
//! 3. **Correct** blocks of the first 2.1 release, which name a wrong version.
//! 4. **Blocks.** Open all. A damaged one that nothing replaces ends it here, with its address;
//!    those that merges replaced and those that retention is done with are set aside.
//! 5. **Head.** Replay of snapshot, head chunk files, checkpoint, log and out-of-order log.
//!    In-order samples older than the end of the newest block with in-order data are in blocks.
//! 6. **Damage in a log** is repaired only as far as [`DamagedLog`](super::DamagedLog) allows;
//!    otherwise it ends here, and the error says what a repair would lose.
//! 7. **Write.** The logs go on in new segments, head chunks in a new file.
//! 8. **Drop** the blocks that were set aside. From here on the directory is open.
//!
//! Up to step 7 nothing is written but what steps 2 and 3 say, so that an attempt that ends early
//! leaves the evidence alone.

use std::collections::VecDeque;
use std::sync::Arc;

use super::super::state::Db;
use super::damaged_log::{settle, suspicious_logs};
use super::drop_block::drop_block;
use super::leftovers::remove_leftovers;
use super::options::WriteOptions;
use super::reload::{Blocks, Reload, Unneeded, in_order_end};
use super::repair_version::VersionRepair;
use super::retain::retain;
use super::round::Round;
use super::state::LiveDb;
use crate::block::{self, CatalogEntry};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::event::{Event, Job, LogName, Progress, Story};
use crate::head::{DEFAULT_WRITE_BUFFER, Head, Logs, Replay};
use crate::storage::{Storage, StorageLock};
use crate::wal::{Log, RehearseJob};

/// The file whose lock says who owns the directory.
const LOCK: &str = "lock";

/// The work of opening; see the module's head for its steps.
#[derive(Debug)]
pub struct OpenLive {
    storage: Arc<dyn Storage>,
    options: WriteOptions,
    clock: Arc<dyn Clock>,
    story: Story,
    with_head: bool,
    lock: Option<Box<dyn StorageLock>>,
    blocks: Blocks,
    logs: Option<Logs>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Lock,
    CleanUp,
    Correct { waiting: Vec<CatalogEntry>, current: Option<VersionRepair> },
    Blocks(Reload),
    Head(Box<Replay>),
    Damage { head: Box<Head>, waiting: Vec<&'static str>, current: Option<Box<RehearseJob>> },
    Drop { head: Option<Box<Head>>, waiting: VecDeque<Unneeded> },
    Done,
}

impl OpenLive {
    /// Opens what `storage` holds; an empty directory becomes an empty database.
    ///
    /// # Errors
    /// The options make no sense.
    pub fn new(
        storage: Arc<dyn Storage>,
        options: WriteOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        Ok(Self {
            storage,
            options: options.checked()?,
            clock,
            story: Story::default(),
            with_head: true,
            lock: None,
            blocks: Blocks::default(),
            logs: None,
            stage: Stage::Lock,
        })
    }

    /// Opens the blocks alone: the logs are neither read nor continued, and nothing can be
    /// appended. For merging, cleaning and copying blocks of a directory that nobody ingests into.
    #[must_use]
    pub fn blocks_only(mut self) -> Self {
        self.with_head = false;
        self
    }

    /// Collects events, from the first step on: see [`LiveDb::take_events`].
    #[must_use]
    pub fn told(mut self) -> Self {
        self.story.set(true);
        self
    }

    /// What happened since the last time, in order. What is left goes to the [`LiveDb`].
    pub fn take_events(&mut self) -> Vec<Event> {
        self.story.take()
    }

    fn begin(&mut self, number: u8, what: &str) {
        self.story.tell(|| Event::Step { number, what: what.to_owned() });
    }

    fn lock(&mut self) -> Result<Stage> {
        self.begin(1, "lock the directory");
        let lock = self.storage.lock(LOCK).map_err(|error| {
            Error::refused(format!(
                "lock DB directory: {error}; another process, or another tab, has the directory \
                 open: nothing in it was touched"
            ))
        })?;
        if lock.was_left_behind() {
            self.story.tell(|| Event::Note {
                what: "the lock was left behind: the last run did not close the directory".into(),
            });
        }
        self.lock = Some(lock);
        Ok(Stage::CleanUp)
    }

    fn clean_up(&mut self) -> Result<Stage> {
        self.begin(2, "clean up after a crash");
        remove_leftovers(self.storage.as_ref(), &mut self.story)?;
        self.begin(3, "correct blocks of the first 2.1 release");
        let waiting = block::list(self.storage.as_ref(), "")?.entries;
        Ok(Stage::Correct { waiting, current: None })
    }

    fn correct(
        &mut self,
        mut waiting: Vec<CatalogEntry>,
        current: Option<VersionRepair>,
    ) -> Result<Stage> {
        let storage = self.storage.as_ref();
        let current = match (current, waiting.pop()) {
            (Some(current), next) => {
                waiting.extend(next);
                current.step(storage, &mut self.story)?
            }
            (None, Some(entry)) => VersionRepair::of(storage, &entry)?,
            (None, None) => {
                self.begin(4, "open the blocks");
                return Ok(Stage::Blocks(Reload::begin(self.storage.as_ref(), &[])?));
            }
        };
        Ok(Stage::Correct { waiting, current })
    }

    fn after_blocks(&mut self, blocks: Blocks) -> Result<Stage> {
        self.blocks = blocks;
        retain(self.storage.as_ref(), &self.options.retention, &mut self.blocks)?;
        if !self.with_head {
            return Ok(self.begin_drop(None));
        }
        Ok(self.begin_replay())
    }

    fn begin_replay(&mut self) -> Stage {
        self.begin(5, "replay the head");
        let options = self.options.replay(in_order_end(&self.blocks.loaded));
        Stage::Head(Box::new(Replay::new(Arc::clone(&self.storage), options)))
    }

    /// A log in which replay met something is read once more, to see what a repair would lose.
    fn after_replay(&mut self, head: Head) -> Stage {
        let waiting = suspicious_logs(head.findings());
        if !waiting.is_empty() {
            self.begin(6, "look at damage in the logs");
        }
        Stage::Damage { head: Box::new(head), waiting, current: None }
    }

    /// Looks at the next log; replays all of it again when one was repaired.
    fn look_at_damage(
        &mut self,
        head: Box<Head>,
        mut waiting: Vec<&'static str>,
        current: Option<Box<RehearseJob>>,
    ) -> Result<Stage> {
        let current = match (current, waiting.pop()) {
            (Some(mut job), next) => {
                waiting.extend(next);
                match job.step()? {
                    None => Some(job),
                    Some(rehearsal) => {
                        let (storage, allowed) = (&self.storage, self.options.damaged_log);
                        if settle(storage, &rehearsal, allowed, &mut self.story)? {
                            return Ok(self.begin_replay());
                        }
                        None
                    }
                }
            }
            (None, Some(folder)) => {
                let job = RehearseJob::new(Arc::clone(&self.storage), folder)?;
                Some(Box::new(job))
            }
            (None, None) => return self.begin_writing(head),
        };
        Ok(Stage::Damage { head, waiting, current })
    }

    fn begin_writing(&mut self, mut head: Box<Head>) -> Result<Stage> {
        self.begin(7, "continue the logs in new segments, head chunks in a new file");
        head.write_chunks_to(Arc::clone(&self.storage), DEFAULT_WRITE_BUFFER)?;
        head.story().set(self.story.is_on());
        // Late samples of an earlier run are compacted like new ones.
        let behind = self.options.out_of_order_window > 0
            || !Log::list(self.storage.as_ref(), "wbl")?.is_empty();
        let mut logs = Logs::open(&self.storage, self.options.log, behind)?;
        logs.when_full = self.options.when_full;
        logs.start_times = self.options.records();
        let segment = logs.ahead().segment() as u32;
        self.story.tell(|| Event::SegmentStarted { log: LogName::Wal, segment });
        if let Some(behind) = logs.behind() {
            let segment = behind.segment() as u32;
            self.story.tell(|| Event::SegmentStarted { log: LogName::Wbl, segment });
        }
        self.logs = Some(logs);
        Ok(self.begin_drop(Some(head)))
    }

    fn begin_drop(&mut self, head: Option<Box<Head>>) -> Stage {
        self.begin(8, "drop blocks that are not needed");
        let waiting = std::mem::take(&mut self.blocks.unneeded).into();
        Stage::Drop { head, waiting }
    }

    fn finish(&mut self, head: Option<Head>) -> Result<LiveDb> {
        let blocks = std::mem::take(&mut self.blocks.loaded);
        let mut findings: Vec<_> = blocks.iter().flat_map(|block| block.findings()).collect();
        findings.extend(head.iter().flat_map(Head::findings).cloned());
        let lock = self.lock.take().ok_or_else(|| Error::refused("opening is over"))?;
        let view = Db::new(Arc::clone(&self.storage), blocks, Vec::new(), head, findings);
        Ok(LiveDb {
            view,
            options: self.options.clone(),
            clock: Arc::clone(&self.clock),
            lock,
            story: std::mem::take(&mut self.story),
            round: Round::due_at(self.clock.now()),
            logs: self.logs.take(),
        })
    }

    fn advance(&mut self) -> Result<Option<LiveDb>> {
        self.stage = match std::mem::replace(&mut self.stage, Stage::Done) {
            Stage::Lock => self.lock()?,
            Stage::CleanUp => self.clean_up()?,
            Stage::Correct { waiting, current } => self.correct(waiting, current)?,
            Stage::Blocks(mut reload) => match reload.step(&self.storage)? {
                Some(blocks) => self.after_blocks(blocks)?,
                None => Stage::Blocks(reload),
            },
            Stage::Head(mut replay) => match replay.step()? {
                Some(head) => self.after_replay(head),
                None => Stage::Head(replay),
            },
            Stage::Damage { head, waiting, current } => {
                self.look_at_damage(head, waiting, current)?
            }
            Stage::Drop { head, mut waiting } => match waiting.pop_front() {
                Some(block) => {
                    drop_block(self.storage.as_ref(), &block, &mut self.story)?;
                    Stage::Drop { head, waiting }
                }
                None => return self.finish(head.map(|head| *head)).map(Some),
            },
            Stage::Done => return Err(Error::refused("opening is over")),
        };
        Ok(None)
    }
}

impl Job for OpenLive {
    type Output = LiveDb;

    fn step(&mut self) -> Result<Option<LiveDb>> {
        let stepped = self.advance();
        if stepped.is_err()
            && let Some(lock) = self.lock.take()
        {
            // What went wrong before is what the caller needs to know.
            let _ = lock.release();
        }
        stepped
    }

    fn progress(&self) -> Progress {
        let named = |stage: &str| Progress { stage: stage.to_owned(), ..Progress::default() };
        match &self.stage {
            Stage::Lock => named("locking the directory"),
            Stage::CleanUp => named("cleaning up after a crash"),
            Stage::Correct { .. } => named("correcting old blocks"),
            Stage::Blocks(reload) => {
                let (done, total) = reload.progress();
                Progress { detail: format!("{done} of {total}"), ..named("opening blocks") }
            }
            Stage::Head(replay) => replay.progress(),
            Stage::Damage { current: Some(current), .. } => current.progress(),
            Stage::Damage { .. } => named("looking at damage in the logs"),
            Stage::Drop { .. } => named("dropping blocks that are not needed"),
            Stage::Done => named("done"),
        }
    }
}
